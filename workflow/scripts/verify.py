"""Recompute the hashes of an audit's results and dataset, and say what differs."""

import json
from pathlib import Path

import pandas as pd

from convaudit import dataset, provenance
from convaudit.errors import AuditError
from job import job


def verify(*, origin: str, ledger: str, images: str, threads: int) -> None:
    """
    Raises:
        AuditError: something is missing, changed or new.
    """
    folder = Path(origin).parent
    if not Path(origin).exists():
        raise AuditError(f"{origin} is not there: run the audit to its end first")
    expected = json.loads(Path(origin).read_text())["results_sha256"]
    present = [path for path in expected if (folder / path).is_file()]
    lines = provenance.differences(expected, provenance.hashes(present, folder, threads))
    lines += _changed_images(pd.read_parquet(ledger), dataset.root(Path(images)), threads)
    for line in lines[:50]:
        print(line)
    if lines:
        raise AuditError(f"{len(lines)} of {len(expected)} results and images differ: see above")
    print(f"verified: {len(expected)} results and every image are what they were")


def _changed_images(ledger: pd.DataFrame, top: Path, threads: int) -> list[str]:
    known = ledger[ledger["sha256"].notna()]
    expected = dict(zip(known["path"], known["sha256"], strict=True))
    present = [path for path in expected if (top / path).is_file()]
    found = provenance.hashes(present, top, threads)
    return [f"image {line}" for line in provenance.differences(expected, found)]


if __name__ == "__main__":
    with job("verify", snakemake.log[0]):
        verify(
            origin=snakemake.params.origin,
            ledger=snakemake.params.ledger,
            images=snakemake.params.images,
            threads=snakemake.threads,
        )
