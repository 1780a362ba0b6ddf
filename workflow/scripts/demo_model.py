"""Train the demo's classifier."""

from pathlib import Path

from convaudit.system.atomic import atomic
from jobs.job import job
from jobs.tensorflow_job import start_tensorflow


def train_demo(*, training: str, model: str, seed: int) -> None:
    """Train on the folder ``training`` and write the classifier to ``model`` (.keras)."""
    # More threads would sum the filters' gradients in an order that changes from run to run.
    start_tensorflow(threads=1)
    from convaudit.demo.training import train

    with atomic(model) as temporary:
        train(Path(training), temporary, seed)


if __name__ == "__main__":
    with job("demo_model", snakemake.log[0]):
        train_demo(
            training=snakemake.input.training,
            model=snakemake.output.model,
            seed=snakemake.params.seed,
        )
