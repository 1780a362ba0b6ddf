"""Try other scalings on a sample of labelled images: is the audit's the model's own?"""

import json
import logging
from pathlib import Path

import numpy as np
import pandas as pd

from convaudit.dataset import labels
from convaudit.models.facts import ModelChoices, ModelFacts, ModelSource
from convaudit.system.atomic import atomic
from jobs.job import job
from jobs.tensorflow_job import open_network
from planning import plan as plans


def check(
    *,
    model: ModelSource,
    facts: str,
    choices: ModelChoices,
    plan: str,
    pixels: list[str],
    images: list[str],
    result: str,
) -> None:
    _, network = open_network(model, threads=1)
    from convaudit.checks.scaling_check import SAMPLE, check_scaling

    names = labels.of_model(plans.load(Path(plan)).class_names, network.classes)
    samples = [
        _sample(*parts, names, -(-SAMPLE // len(pixels)))
        for parts in zip(pixels, images, strict=True)
    ]
    sample = np.concatenate([stack for stack, _ in samples])
    truth = np.concatenate([indices for _, indices in samples])
    if network.head == "sigmoid":  # the label is not the only right answer
        sample, truth = sample[:0], truth[:0]
    found = check_scaling(network, sample, truth, ModelFacts.read(facts, choices).scaling)
    logging.info("of %d images: %s", found["images"], found["accuracies"])
    with atomic(result) as temporary:
        temporary.write_text(json.dumps(found, indent=1) + "\n")


def _sample(
    pixels: str, images: str, names: list[str], count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Labelled images of a shard, evenly spread, and the indices of their classes."""
    truth = labels.indices(pd.read_parquet(images, columns=["label"])["label"], names)
    usable = np.flatnonzero(truth >= 0)
    chosen = usable[np.linspace(0, len(usable) - 1, min(count, len(usable))).astype(int)]
    return np.load(pixels, mmap_mode="r")[chosen], truth[chosen]


if __name__ == "__main__":
    with job("scaling_check", snakemake.log[0], snakemake.input):
        check(
            model=snakemake.params.model,
            facts=snakemake.input.facts,
            choices=snakemake.params.choices,
            plan=snakemake.params.plan,
            pixels=snakemake.input.pixels,
            images=snakemake.input.rows,
            result=snakemake.output.result,
        )
