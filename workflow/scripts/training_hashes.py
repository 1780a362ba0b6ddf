"""Hash the images that the model was trained on, if the config names them."""

from pathlib import Path

import cv2

from convaudit.checks.training_hashes import training_hashes
from convaudit.system.atomic import atomic
from jobs.job import job


def write(*, source: Path, table: str, threads: int) -> None:
    """Write the hashes of the training images.

    Args:
        source: setting ``training_images``: a folder, a table, or saved hashes.
        table: ``training_hashes.parquet`` that is written: path, sha256 and dhash of each image.
        threads: number of files that are read at the same time.
    """
    cv2.setNumThreads(1)  # each image has a thread of its own
    with atomic(table) as temporary:
        training_hashes(source, threads).to_parquet(temporary, index=False)


if __name__ == "__main__":
    with job("training_hashes", snakemake.log[0]):
        write(
            source=Path(snakemake.params.source),
            table=snakemake.output.table,
            threads=snakemake.threads,
        )
