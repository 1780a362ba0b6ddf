"""Provenance of results: versions of the packages, revision of the code, the machine."""

import os
import platform
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import convaudit
from convaudit.system.checksums import sha256
from convaudit.system.devices import gpu, processor

THREADS = 2
"""Number of TensorFlow's threads. It is fixed, because the last bits of sums depend on it."""
PACKAGES = (
    "tensorflow",
    "keras",
    "numpy",
    "numba",
    "opencv-python",
    "pandas",
    "pyarrow",
    "pillow",
    "snakemake",
)


def versions() -> dict[str, str]:
    """Versions of convaudit, Python and the packages that results depend on."""
    own = {"convaudit": convaudit.__version__, "python": platform.python_version()}
    return own | {package: version(package) for package in PACKAGES}


def revision(folder: Path) -> dict[str, str | bool | None]:
    """The git commit of a folder and whether its files differ from it; None without git.

    Files that are not in git, such as results, do not count.
    """
    # Without .git this is an installed copy, possibly inside another repository.
    if not (folder / ".git").exists():
        return {"commit": None, "dirty": None}
    commit = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit or None, "dirty": None if changes is None else bool(changes)}


def machine() -> dict[str, str]:
    """Processor and system, and which kernels compute (docs/processors.md)."""
    return {
        "system": platform.system(),
        "processor": processor.name(),
        "instruction_set": processor.instruction_set(),
        "TF_ENABLE_ONEDNN_OPTS": os.environ["TF_ENABLE_ONEDNN_OPTS"],
        "ONEDNN_MAX_CPU_ISA": os.environ.get("ONEDNN_MAX_CPU_ISA", ""),
    }


def record(
    *,
    key: str,
    code: dict[str, Any],
    devices: list[dict[str, Any]],
    config: dict[str, Any],
    model_sha256: str | None,
    inputs: Iterable[str],
    manifest: Path,
) -> dict[str, Any]:
    """The content of ``provenance.json``.

    Args:
        key: the report's key, which covers everything that the results depend on.
        code: ``versions`` and ``revision``.
        devices: devices that computed the shards (``device_records.read``).
        config: the settings of the audit.
        model_sha256: SHA-256 of the model's file; None for a model of keras.applications.
        inputs: paths of further input files; paths that are no file are left out.
        manifest: the manifest of the results.
    """
    files = {name: Path(name).expanduser() for name in inputs}
    return {
        "schema_version": 2,
        "key": key,
        **code,
        "machine": machine(),
        "gpus": gpu.devices(),
        "devices": devices,
        "tensorflow_threads": THREADS,
        "seed": config["seed"],
        "config": config,
        "model_sha256": model_sha256,
        "inputs_sha256": {name: sha256(path) for name, path in files.items() if path.is_file()},
        "manifest_sha256": sha256(manifest),
    }


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
