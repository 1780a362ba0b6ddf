"""Find images that look alike, within the audited ones and among the training images."""

import json
import logging

import pandas as pd

from convaudit.checks.near_duplicates import near_duplicates
from convaudit.properties.measuring import HASH
from convaudit.system.atomic import atomic
from jobs.job import job


def find(
    *, shards: list[str], predictions: str, training: str | None, table: str, numbers: str
) -> None:
    """Write the groups of images that look alike.

    Args:
        shards: .parquet of each shard with the difference hashes, as ``preprocess`` wrote them.
        predictions: ``predictions.parquet``; its rows are in the order of the shards.
        training: ``training_hashes.parquet``; None if the training images are not known.
        table: ``duplicates.parquet`` that is written (``NearDuplicates.table``).
        numbers: ``near_duplicates.json`` that is written (``NearDuplicates.summary``).
    """
    own = ["image_id", "path", "label", "sha256", HASH]
    rows = pd.concat([pd.read_parquet(shard, columns=own) for shard in shards], ignore_index=True)
    rows["correct"] = pd.read_parquet(predictions, columns=["correct"])["correct"]
    hashes = pd.read_parquet(training, columns=["sha256", HASH]) if training else None
    found = near_duplicates(rows, hashes)
    with atomic(table) as temporary:
        found.table.to_parquet(temporary, index=False)
    with atomic(numbers) as temporary:
        temporary.write_text(json.dumps(found.summary(), indent=1, allow_nan=False) + "\n")
    logging.info("%d images in %d groups of near duplicates", found.images, found.groups)


if __name__ == "__main__":
    with job("near_duplicates", snakemake.log[0], snakemake.input):
        find(
            shards=snakemake.input.shards,
            predictions=snakemake.input.predictions,
            training=snakemake.input.get("training") or None,
            table=snakemake.output.table,
            numbers=snakemake.output.numbers,
        )
