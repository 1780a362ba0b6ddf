"""Recompute the hashes of an audit's results, images and model, and list the differences."""

import json
from collections.abc import Iterable
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from convaudit.dataset import scan
from convaudit.dataset.table_files import Columns
from convaudit.errors import AuditError, printable
from convaudit.system.checksums import differences, read_manifest, sha256
from jobs.job import job
from jobs.results_folder import MANIFEST, PROVENANCE, hashed_files
from planning.settings import Settings, expanded

SHOWN = 50
"""Lines that are printed; the number of all differing files follows."""


def verify(*, results: Path, model: str, images: Path, settings: Settings, threads: int) -> None:
    """Compare everything with ``manifest-sha256.txt``, ``provenance.json`` and the ledger.

    Args:
        results: the results folder.
        model: path of the model's file, or its name in keras.applications.
        images: the folder that the images' paths start from, or the table that lists them.
        settings: the config; its model and images must be those of the audit.
        threads: how many files are read at the same time.

    Raises:
        AuditError: a file is missing, changed or new, or the config names another audit.
    """
    manifest, origin = results / MANIFEST, results / PROVENANCE
    for path in (manifest, origin):
        if not path.exists():
            raise AuditError(f"{path} does not exist: run the audit to its end first")
    try:
        known = json.loads(origin.read_text(encoding="utf-8"))
    except ValueError:
        raise AuditError(f"{origin} is not as the report wrote it: run the audit again") from None
    if sha256(manifest) != known["manifest_sha256"]:
        raise AuditError(f"{manifest} is not as the report wrote it: run the audit again")
    _require_same(known["config"], settings, known["model_sha256"])
    top = scan.root(images)
    ledger = pq.read_table(results / "index" / "ledger.parquet", columns=["path", "sha256"])
    expected = dict(zip(*(ledger[name].to_pylist() for name in ledger.column_names), strict=True))
    present: Iterable[str] = ()
    with suppress(AuditError):  # If no image is left, all are reported as missing.
        columns = Columns(**known["config"]["columns"])
        present = scan.scan(images, known["config"]["exclude"], columns).files["path"]
    inputs = dict(known["inputs_sha256"])
    if known["model_sha256"]:  # a name of keras.applications has no file
        inputs[model] = known["model_sha256"]
    inputs = {str(expanded(path)): digest for path, digest in inputs.items()}
    kept = hashed_files(results, keep=known["config"]["activations"]["keep"])
    lines = chain(
        differences(read_manifest(manifest), kept, results, threads),
        (f"image {line}" for line in differences(expected, present, top, threads)),
        (f"input {line}" for line in differences(inputs, (), Path(), threads)),
    )
    count = 0
    for count, line in enumerate(lines, 1):
        if count <= SHOWN:
            print(printable(line))
    if count:
        differ = "file differs" if count == 1 else "files differ"
        raise AuditError(f"{count} {differ} from what the audit wrote and read: see above")
    print("verified: every result, every image, the model and the like are what they were")


def _require_same(audited: dict[str, Any], settings: Settings, model_sha256: str | None) -> None:
    """The model may lie somewhere else by now; its content counts."""
    for key in ("model", "images"):
        given, known = expanded(getattr(settings, key)), expanded(audited[key])
        moved = key == "model" and given.is_file() and sha256(given) == model_sha256
        if given.resolve() != known.resolve() and not moved:
            raise AuditError(
                f"config: {key}: these results are of {audited[key]}, not of {given}: give verify "
                "the same --config or --configfile as the audit"
            )


if __name__ == "__main__":
    with job("verify", snakemake.log[0]):
        verify(
            results=snakemake.params.results,
            model=snakemake.params.model,
            images=snakemake.params.images,
            settings=snakemake.params.settings,
            threads=snakemake.threads,
        )
