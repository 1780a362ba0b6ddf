"""Recompute the hashes of an audit's results, images and model, and say what differs."""

import json
from pathlib import Path

import pandas as pd

from belongings import hashed_files
from convaudit import dataset, provenance
from convaudit.errors import AuditError, printable
from job import job
from planning.settings import expanded


def verify(*, origin: str, ledger: str, model: str, images: str, threads: int) -> None:
    """
    Raises:
        AuditError: something is missing, changed or new.
    """
    folder = Path(origin).parent
    if not Path(origin).exists():
        raise AuditError(f"{origin} is not there: run the audit to its end first")
    known = json.loads(Path(origin).read_text())
    expected = known["results_sha256"]
    found = provenance.hashes(hashed_files(folder), folder, threads)
    lines = provenance.differences(expected, dict(found))
    lines += _changed_images(pd.read_parquet(ledger), Path(images), threads)
    read = known.get("inputs_sha256", {})
    if known["model_sha256"]:  # a name of keras.applications has none
        read[model] = known["model_sha256"]
    lines += _changed_inputs(read)
    for line in lines[:50]:
        print(printable(line))
    if lines:
        raise AuditError(f"{len(lines)} files differ from what the audit wrote and read: see above")
    print(
        f"verified: {len(expected)} results, every image, the model and the like are what they were"
    )


def _changed_inputs(expected: dict[str, str]) -> list[str]:
    """Of the model, its weights and modules, and the class list."""
    present = [path for path in expected if expanded(path).is_file()]
    found = {path: provenance.sha256(expanded(path)) for path in present}
    return [f"input {line}" for line in provenance.differences(expected, found)]


def _changed_images(ledger: pd.DataFrame, source: Path, threads: int) -> list[str]:
    top = dataset.root(source)
    known = ledger[ledger["sha256"].notna()]
    expected = dict(zip(known["path"], known["sha256"], strict=True))
    present = [path for path in expected if (top / path).is_file()]
    found = dict(provenance.hashes(present, top, threads))
    found |= dict.fromkeys(sorted(set(dataset.scan(source)["path"]) - set(ledger["path"])), "new")
    return [f"image {line}" for line in provenance.differences(expected, found)]


if __name__ == "__main__":
    with job("verify", snakemake.log[0]):
        verify(
            origin=snakemake.params.origin,
            ledger=snakemake.params.ledger,
            model=snakemake.params.model,
            images=snakemake.params.images,
            threads=snakemake.threads,
        )
