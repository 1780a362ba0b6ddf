"""Recompute the hashes of an audit's results, images and model, and say what differs."""

import json
from array import array
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain, islice, takewhile
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from convaudit.dataset import scan
from convaudit.dataset.table_files import Columns
from convaudit.errors import AuditError, printable
from convaudit.system import checksums
from convaudit.system.progress import Progress
from jobs.job import job
from jobs.results_folder import hashed_files
from planning.settings import expanded

_TOGETHER = 1000
"""Files whose names and hashes are in memory at a time; of all others eight bytes are."""
_SHOWN = 50


def verify(
    *, origin: str, ledger: str, model: str, images: str, settings: dict[str, Any], threads: int
) -> None:
    """
    Args:
        settings: of the config, ``model`` and ``images``, which must be the audit's.

    Raises:
        AuditError: something is missing, changed or new.
    """
    folder, source = Path(origin).parent, Path(images)
    if not Path(origin).exists():
        raise AuditError(f"{origin} is not there: run the audit to its end first")
    count = 0
    with Path(origin).open() as file:
        known = _known(file)
        _require_same(known["config"], settings)
        present = hashed_files(folder, keep=known["config"]["activations"]["keep"])
        for line in chain(
            _differences(_results(file), folder, present, threads),
            _of(
                "image",
                _differences(
                    _images(ledger), scan.root(source), _scan(source, known["config"]), threads
                ),
            ),
            _of("input", _changed_inputs(known, model)),
        ):
            count += 1
            if count <= _SHOWN:
                print(printable(line))
    if count:
        differ = "file differs" if count == 1 else "files differ"
        raise AuditError(f"{count} {differ} from what the audit wrote and read: see above")
    print("verified: every result, every image, the model and the like are what they were")


def _known(file: IO[str]) -> dict[str, Any]:
    """What provenance.json says before the results' hashes, which are a line each."""
    text = "".join(takewhile(lambda line: '"results_sha256": {' not in line, file))
    try:
        return json.loads(text.rstrip().removesuffix(",") + "}")
    except ValueError:
        raise AuditError(
            f"{file.name} is not as the report wrote it: run the audit again"
        ) from None


def _require_same(audited: dict[str, Any], settings: dict[str, Any]) -> None:
    for key, value in settings.items():
        if value != audited[key]:
            raise AuditError(
                f"config: {key}: these results are of {audited[key]}, not of {value}: give verify "
                "the same --config or --configfile as the audit"
            )


def _results(file: IO[str]) -> Iterator[tuple[str, str | None]]:
    for line in takewhile(lambda line: line.strip() != "}", file):
        yield from json.loads(f"{{{line.strip().removesuffix(',')}}}").items()


def _images(ledger: str) -> Iterator[tuple[str, str | None]]:
    table = pq.ParquetFile(ledger)
    for group in range(table.num_row_groups):
        rows = table.read_row_group(group, ["path", "sha256"])
        yield from zip(rows["path"].to_pylist(), rows["sha256"].to_pylist(), strict=True)


def _scan(source: Path, config: dict[str, Any]) -> Iterator[str]:
    """What there is; of images that are gone, all is told already."""
    with suppress(AuditError):
        yield from scan.scan(source, config["exclude"], Columns(**config["columns"])).files["path"]


def _differences(
    expected: Iterable[tuple[str, str | None]], root: Path, present: Iterable[str], threads: int
) -> Iterator[str]:
    """Lines on files below ``root``: those ``expected``, with their hashes if they had one, and
    those of the ``present`` ones that are not among them.
    """
    progress, listed = Progress(None, "files"), array("q")
    remaining = iter(expected)
    while listing := dict(islice(remaining, _TOGETHER)):
        listed.extend(map(hash, listing))
        hashes = {path: sha256 for path, sha256 in listing.items() if sha256}
        there = [path for path in hashes if (root / path).is_file()]
        yield from checksums.differences(hashes, dict(checksums.hashes(there, root, threads)))
        progress.add(len(listing))
    known, found = pd.Index(np.array(listed)), iter(present)
    while some := list(islice(found, _TOGETHER)):
        places = known.get_indexer(pd.Index([hash(path) for path in some]))
        yield from (f"new: {path}" for path, at in zip(some, places, strict=True) if at < 0)


def _changed_inputs(known: dict[str, Any], model: str) -> list[str]:
    """Of the model, its weights and modules, and the class list."""
    expected = known["inputs_sha256"]
    if known["model_sha256"]:  # a name of keras.applications has none
        expected = {**expected, model: known["model_sha256"]}
    present = [path for path in expected if expanded(path).is_file()]
    return checksums.differences(
        expected, {path: checksums.sha256(expanded(path)) for path in present}
    )


def _of(what: str, lines: Iterable[str]) -> Iterator[str]:
    return (f"{what} {line}" for line in lines)


if __name__ == "__main__":
    with job("verify", snakemake.log[0]):
        verify(
            origin=snakemake.params.origin,
            ledger=snakemake.params.ledger,
            model=snakemake.params.model,
            images=snakemake.params.images,
            settings=snakemake.params.settings,
            threads=snakemake.threads,
        )
