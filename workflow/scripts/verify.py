"""Recompute the hashes of an audit's results, images and model, and say what differs."""

import json
from collections.abc import Iterator
from itertools import chain, islice, takewhile
from pathlib import Path
from typing import IO, Any

import pyarrow.parquet as pq

from convaudit import dataset, provenance
from convaudit.errors import AuditError
from convaudit.progress import Progress
from job import job

_TOGETHER = 1000
"""Files whose names and hashes are in memory at a time."""
_SHOWN = 50


def verify(*, origin: str, ledger: str, model: str, images: str, threads: int) -> None:
    """
    Raises:
        AuditError: something is missing, changed or new.
    """
    folder, top = Path(origin).parent, dataset.root(Path(images))
    if not Path(origin).exists():
        raise AuditError(f"{origin} is not there: run the audit to its end first")
    count = 0
    with Path(origin).open() as file:
        known = _known(file)
        for line in chain(
            _changed(_results(file), folder, threads),
            (f"image {line}" for line in _changed(_images(ledger), top, threads)),
            _changed_model(known["model_sha256"], Path(model)),
        ):
            count += 1
            if count <= _SHOWN:
                print(line)
    if count:
        raise AuditError(f"{count} files differ from what the audit wrote and read: see above")
    print("verified: every result, every image and the model are what they were")


def _known(file: IO[str]) -> dict[str, Any]:
    """What provenance.json says before the results' hashes, which are a line each."""
    text = "".join(takewhile(lambda line: '"results_sha256": {' not in line, file))
    try:
        return json.loads(text.rstrip().removesuffix(",") + "}")
    except ValueError:
        raise AuditError(
            f"{file.name} is not as the report wrote it: run the audit again"
        ) from None


def _results(file: IO[str]) -> Iterator[tuple[str, str]]:
    for line in takewhile(lambda line: line.strip() != "}", file):
        yield from json.loads(f"{{{line.strip().removesuffix(',')}}}").items()


def _images(ledger: str) -> Iterator[tuple[str, str]]:
    table = pq.ParquetFile(ledger)
    for group in range(table.num_row_groups):
        rows = table.read_row_group(group, ["path", "sha256"]).to_pandas().dropna()
        yield from zip(rows["path"], rows["sha256"], strict=True)


def _changed(expected: Iterator[tuple[str, str]], root: Path, threads: int) -> Iterator[str]:
    progress = Progress(None, "files")
    while some := dict(islice(expected, _TOGETHER)):
        present = [path for path in some if (root / path).is_file()]
        yield from provenance.differences(some, dict(provenance.hashes(present, root, threads)))
        progress.add(len(some))


def _changed_model(sha256: str | None, path: Path) -> list[str]:
    """Of a model that was a file: a name of keras.applications has no hash."""
    if sha256 is None:
        return []
    found = {str(path): provenance.sha256(path)} if path.is_file() else {}
    return [f"model {line}" for line in provenance.differences({str(path): sha256}, found)]


if __name__ == "__main__":
    with job("verify", snakemake.log[0]):
        verify(
            origin=snakemake.params.origin,
            ledger=snakemake.params.ledger,
            model=snakemake.params.model,
            images=snakemake.params.images,
            threads=snakemake.threads,
        )
