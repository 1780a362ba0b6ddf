"""Test the model's saliency maps on a sample of the images."""

import json
import logging
from pathlib import Path

import pandas as pd

from convaudit.dataset import scan
from convaudit.dataset.prepared import prepared
from convaudit.models.facts import ModelChoices, ModelFacts, ModelSource
from convaudit.models.scaling import scaling_of
from convaudit.system.atomic import atomic
from convaudit.trust.sample import sample
from jobs.job import job
from jobs.tensorflow_job import open_network


def check(
    *,
    model: ModelSource,
    facts: str,
    choices: ModelChoices,
    listed: list[str],
    rows: list[str],
    source: Path,
    interpolation: str,
    gradcam: dict[str, str],
    images: int,
    tests: str,
) -> None:
    """Test the saliency maps on images of the sampled shards.

    Args:
        model: the model that the config names.
        facts: ``model.json``.
        choices: what the config sets about the model.
        listed: .parquet of each sampled shard with path and sha256, as ``preprocess`` wrote them.
        rows: .parquet of each of these shards with the predictions, as ``predict`` wrote them.
        source: the folder that the images' paths start from, or the table that lists them.
        interpolation: setting ``preprocess.interpolation``.
        gradcam: settings ``method`` and ``score`` of ``gradcam``.
        images: setting ``trust.images``.
        tests: ``trust.json`` that is written (``map_tests.Trust``).
    """
    _, network = open_network(model)
    from convaudit.system.out_of_memory import within_memory
    from convaudit.trust.explainer import Explainer
    from convaudit.trust.map_tests import Trust, check_maps

    known = ModelFacts.read(facts, choices)
    table, files = (
        pd.concat([pd.read_parquet(part, columns=columns) for part in parts], ignore_index=True)
        for parts, columns in (
            (rows, ["image_id", "predicted_index", "probability"]),
            (listed, ["image_id", "path", "sha256"]),
        )
    )
    at = sample(table["image_id"], table["predicted_index"], images)
    chosen = table.iloc[at]
    located = files.set_index("image_id").loc[chosen["image_id"]].itertuples(index=False)
    stack = prepared(scan.root(source), located, known.size, interpolation)
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
            listed=snakemake.input.listed,
            rows=snakemake.input.rows,
            source=snakemake.params.source,
            interpolation=snakemake.params.interpolation,
            gradcam=snakemake.params.gradcam,
            images=snakemake.params.images,
            tests=snakemake.output.tests,
        )
