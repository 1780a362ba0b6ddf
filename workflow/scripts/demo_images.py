"""Draw the demo's photographs and write the truth about its sticker."""

from pathlib import Path

from convaudit.demo import photographs
from convaudit.system.atomic import atomic, atomic_folder
from jobs.job import job


def draw(*, training: str, images: str, truth: str, seed: int) -> None:
    """Write the demo's dataset.

    Args:
        training: folder that is written: photographs for training, one folder per class.
        images: folder that is written: photographs for the audit, one folder per class.
        truth: ``truth.csv`` that is written: path, label, tagged and the sticker's box x0..y1.
        seed: seed of the crops and stickers.
    """
    with atomic_folder(training) as folder:
        photographs.write_training(folder, seed)
    with atomic_folder(images) as folder, atomic(Path(truth)) as table:
        photographs.write_audit(folder, table, seed)


if __name__ == "__main__":
    with job("demo_images", snakemake.log[0]):
        draw(
            training=snakemake.output.training,
            images=snakemake.output.images,
            truth=snakemake.output.truth,
            seed=snakemake.params.seed,
        )
