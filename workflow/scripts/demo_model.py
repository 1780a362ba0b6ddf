"""Train the demo's classifier."""

from pathlib import Path

from convaudit.atomic import atomic
from job import job
from tensorflow_job import start_tensorflow


def train(*, training: str, model: str, seed: int) -> None:
    # More threads would sum the filters' gradients in an order that changes from run to run.
    start_tensorflow(threads=1)
    from convaudit import demo_training

    with atomic(model) as temporary:
        demo_training.train(Path(training), temporary, seed)


if __name__ == "__main__":
    with job("demo_model", snakemake.log[0]):
        train(
            training=snakemake.input.training,
            model=snakemake.output.model,
            seed=snakemake.params.seed,
        )
