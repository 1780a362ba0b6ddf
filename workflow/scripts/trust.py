"""Test the model's saliency maps on a sample of the images."""

import json
import logging

import numpy as np
import pandas as pd

from convaudit.models.facts import ModelChoices, ModelFacts, ModelSource
from convaudit.models.scaling import scaling_of
from convaudit.system.array_files import taken
from convaudit.system.atomic import atomic
from convaudit.trust.sample import sample
from jobs.job import job
from jobs.tensorflow_job import open_network


def check(
    *,
    model: ModelSource,
    facts: str,
    choices: ModelChoices,
    pixels: list[str],
    rows: list[str],
    gradcam: dict[str, str],
    images: int,
    tests: str,
) -> None:
    """Test the saliency maps on images of the sampled shards.

    Args:
        model: the model that the config names.
        facts: ``model.json``.
        choices: what the config sets about the model.
        pixels: .npy of each sampled shard with the images (n, H, W, 3), uint8 RGB.
        rows: .parquet of each of these shards with the predictions, as ``predict`` wrote them.
        gradcam: settings ``method`` and ``score`` of ``gradcam``.
        images: setting ``trust.images``.
        tests: ``trust.json`` that is written (``map_tests.Trust``).
    """
    _, network = open_network(model)
    from convaudit.system.out_of_memory import within_memory
    from convaudit.trust.explainer import Explainer
    from convaudit.trust.map_tests import Trust, check_maps

    known = ModelFacts.read(facts, choices)
    columns = ["image_id", "predicted_index", "probability", "row"]
    table = pd.concat(
        [
            pd.read_parquet(part, columns=columns).assign(file=file)
            for part, file in zip(rows, pixels, strict=True)
        ],
        ignore_index=True,
    )
    chosen = table.iloc[sample(table["image_id"], table["predicted_index"], images)]
    height, width = known.size
    stack = np.zeros((len(chosen), height, width, 3), np.uint8)
    for at, row in enumerate(chosen.itertuples()):
        stack[at] = taken(row.file, np.array([row.row]))[0]
    passes = 0

    def tested(size: int) -> Trust:
        nonlocal passes
        explainer = Explainer(
            network,
            scaling_of(known),
            known.target_layer,
            method=known.method,
            score=gradcam["score"],
            batch_size=size,
        )
        predicted, probability = (
            chosen[name].to_numpy() for name in ("predicted_index", "probability")
        )
        found = check_maps(explainer, stack, predicted, probability)
        passes = explainer.passes
        return found

    found = within_memory(tested, min(32, images))
    for test in found.tests:
        logging.info("%s: %s (%s)", test.name, test.value, test.passed)
    logging.info("%d images, %d forward passes", len(stack), passes)
    with atomic(tests) as temporary:
        temporary.write_text(json.dumps(found.facts(), indent=1, allow_nan=False) + "\n")


if __name__ == "__main__":
    with job("trust", snakemake.log[0], snakemake.input):
        check(
            model=snakemake.params.model,
            facts=snakemake.input.facts,
            choices=snakemake.params.choices,
            pixels=snakemake.input.pixels,
            rows=snakemake.input.rows,
            gradcam=snakemake.params.gradcam,
            images=snakemake.params.images,
            tests=snakemake.output.tests,
        )
