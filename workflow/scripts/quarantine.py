"""List every image that could not be audited, and stop if there are too many."""

import csv
from pathlib import Path

import pandas as pd

from convaudit.errors import AuditError
from convaudit.system.atomic import atomic
from jobs.job import job
from jobs.stop import stop

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""First characters that a spreadsheet reads as a formula, which could run a program. Such a path
gets "./" in front, which names the same file."""


_NAMED = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".heic")
"""Endings of image files: a text file with such a name is a damaged image."""


def quarantine(*, shards: list[str], table: str, files: int, max_quarantined: float) -> None:
    """Write the table of files that can't be audited.

    Texts, web pages and videos whose names are not those of images are listed but do not count as
    unreadable images.

    Args:
        shards: .csv of each shard with path and reason, as ``preprocess`` wrote them.
        table: ``quarantine.csv`` that is written: all of them, sorted by path.
        files: number of files in the dataset.
        max_quarantined: setting of this name, 0 to 1.

    Raises:
        AuditError: more than the share ``max_quarantined`` of the files, or all, are unreadable.
    """
    rows = pd.concat(
        [pd.read_csv(path, dtype=str, keep_default_na=False) for path in shards], ignore_index=True
    )
    named = rows["path"].str.lower().str.endswith(_NAMED)
    broken = rows[named | ~rows["reason"].str.contains(", not an image")]
    if len(rows) == files or len(broken) > max_quarantined * files:
        commonest = rows["reason"].value_counts().head(3)
        reasons = "; ".join(f"{count} × {reason}" for reason, count in commonest.items())
        why = (
            f"{len(rows)} of {files} files can't be audited (config: max_quarantined: "
            f"{max_quarantined}): {reasons}. They are listed in "
            f"{Path(shards[0]).parent}/*.quarantine.csv"
        )
        stop(Path(table).parent, f"{len(rows)} of {files} files can't be audited")
        raise AuditError(why)
    rows["path"] = rows["path"].mask(rows["path"].str.startswith(FORMULA), "./" + rows["path"])
    with atomic(table) as temporary:
        rows.sort_values("path").to_csv(temporary, index=False, quoting=csv.QUOTE_ALL)


if __name__ == "__main__":
    with job("quarantine", snakemake.log[0], snakemake.input):
        quarantine(
            shards=snakemake.input.shards,
            table=snakemake.output.table,
            files=snakemake.params.files,
            max_quarantined=snakemake.params.max_quarantined,
        )
