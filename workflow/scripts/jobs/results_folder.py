"""The files in a results folder: list those to hash, remove those of an earlier state of the
audit.
"""

import os
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

_BY_SHARD = (
    *("preprocess", "predict", "devices", "activation_maps"),
    *("gradcam/maps", "gradcam/overlays", "gradcam/sprites"),
)
MANIFEST, PROVENANCE = "manifest-sha256.txt", "provenance.json"
_UNHASHED = (
    "logs",
    "benchmarks",
    "devices",
    "channels",
    "bundle.zip",
    MANIFEST,
    PROVENANCE,
    "plan.json",
    "files.parquet",
)
"""Files that are not hashed: they differ from run to run, are made on request, or hold the
hashes."""


def sweep(folder: Path, shards: Collection[str], layers: Collection[str]) -> list[str]:
    """Remove the results of shards and layers that are no longer part of the audit.

    Returns:
        The removed paths, relative to ``folder``.
    """
    stale = [
        entry
        for part in _BY_SHARD
        for entry in _entries(folder / part)
        if (shard := entry.name.partition(".")[0]).isdecimal() and shard not in shards
    ]
    stale += [
        entry
        for entry in _entries(folder / "filters")
        if entry.suffix in {".png", ".csv"} and entry.stem not in layers
    ]
    for entry in stale:
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    return [entry.relative_to(folder).as_posix() for entry in stale]


def hashed_files(folder: Path, *, keep: str) -> Iterator[str]:
    """Yield the files that the manifest lists, relative to ``folder``, sorted within each folder.

    Args:
        keep: setting ``activations.keep``; with "none", activation maps that an earlier audit kept
            are left out.
    """
    left_out = _UNHASHED if keep == "maps" else (*_UNHASHED, "activation_maps")
    for parent, folders, files in os.walk(folder):
        inside = Path(parent).relative_to(folder)
        at_top = inside == Path()
        folders[:] = sorted(
            name for name in folders if name[0] != "." and not (at_top and name in left_out)
        )
        prefix = "" if at_top else f"{inside.as_posix()}/"
        yield from (
            f"{prefix}{name}" for name in sorted(files) if name[0] != "." and name not in left_out
        )


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
