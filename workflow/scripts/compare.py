"""Compare two finished audits."""

import json
import logging
from pathlib import Path
from typing import Any

from convaudit.comparison import results_folders
from convaudit.comparison.comparison import compare, facts, table
from convaudit.report.comparison.page import write_comparison
from convaudit.system.atomic import atomic, atomic_folder
from jobs.job import job
from planning.settings import expanded


def compare_audits(
    *, audits: list[str], own: dict[str, Any] | None, key: str, page: str, numbers: str
) -> None:
    """Write the comparison of two audits: its page, its numbers and the table of images.

    Args:
        audits: two results folders, the earlier audit first.
        own: model, images and shortcuts of the second audit's config if it is not finished yet;
            else None.
        key: key of this job, which ``comparison.json`` stores.
        page: folder that is written, with ``index.html`` and, for two models, ``images.parquet``.
        numbers: ``comparison.json`` that is written.
    """
    first = results_folders.read(expanded(audits[0]))
    second = results_folders.read(expanded(audits[1]), own)
    found = compare(first, second)
    with atomic_folder(page) as temporary:
        if found.models is not None:
            table(found).to_parquet(temporary / "images.parquet", index=False)
        write_comparison(temporary, found, Path(page))
    with atomic(numbers) as temporary:
        text = json.dumps({"key": key, **facts(found)}, indent=1, allow_nan=False)
        temporary.write_text(text + "\n")
    logging.info("%s: %d images in both", found.kind, len(found.pairs.first))


if __name__ == "__main__":
    with job("compare", snakemake.log[0], snakemake.input):
        settings = snakemake.params.settings
        own = settings.model_dump(include={"model", "images", "shortcuts"})
        compare_audits(
            audits=settings.compare or [settings.reference, settings.results],
            own=None if settings.compare else own,
            key=snakemake.params.key,
            page=snakemake.output.page,
            numbers=snakemake.output.numbers,
        )
