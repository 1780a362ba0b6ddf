"""Pack the report and what its pages show as one zip."""

import logging
from pathlib import Path

import pyarrow.parquet as pq

from convaudit.dataset import scan
from convaudit.report.bundle import collect, write
from convaudit.system.atomic import atomic
from jobs.job import job


def bundle(*, images: Path, predictions: str, target: str) -> None:
    """Say how large the bundle is, and make it.

    Args:
        images: the folder that the images' paths start from, or the table that lists them.
        predictions: ``predictions.parquet``, in the results folder.
        target: ``bundle.zip`` that is written.
    """
    paths = pq.read_table(predictions, columns=["path"])["path"].to_pylist()
    found = collect(Path(predictions).parent, scan.root(images), paths)
    print(f"convaudit bundle: {found.in_words()}", flush=True)
    with atomic(target) as temporary:
        write(found, temporary)
    size = Path(target).stat().st_size
    print(f"convaudit bundle: {target}, {size / 1e6:,.1f} MB", flush=True)
    logging.info("%s", found.in_words())


if __name__ == "__main__":
    with job("bundle", snakemake.log[0], snakemake.input):
        bundle(
            images=snakemake.params.images,
            predictions=snakemake.input.predictions,
            target=snakemake.output.target,
        )
