"""Compare other scalings and ways to resize with those of the audit on a sample."""

import json
import logging
from pathlib import Path

import numpy as np
import pandas as pd

from convaudit.dataset import images, labels, scan
from convaudit.models.facts import ModelChoices, ModelFacts, ModelSource
from convaudit.models.scaling import scaling_of
from convaudit.system.atomic import atomic
from jobs.job import job
from jobs.tensorflow_job import open_network
from planning import plan as plans


def check(
    *,
    model: ModelSource,
    facts: str,
    choices: ModelChoices,
    plan: Path,
    rows: list[str],
    source: str,
    interpolation: str,
    result: str,
) -> None:
    """Check scaling, channel order, class order and resizing on a sample of the images.

    Args:
        model: the model that the config names.
        facts: ``model.json``.
        choices: what the config sets about the model.
        plan: folder with ``plan.json``.
        rows: .parquet of the sampled shards, as ``preprocess`` wrote them.
        source: the folder that the images' paths start from, or the table that lists them.
        interpolation: setting ``preprocess.interpolation``.
        result: ``scaling.json`` that is written: the result of ``check_scaling``; with images also
            ``resizing`` (``check_resizing``) and, if the scaling is a guess, ``guess``
            (``check_guess``).
    """
    _, network = open_network(model)
    from convaudit.checks.guess_check import check_guess
    from convaudit.checks.resizing_check import check_resizing
    from convaudit.checks.scaling_check import SAMPLE, check_scaling

    names = labels.of_model(plans.load(plan).class_names, network.classes)
    known, top = ModelFacts.read(facts, choices), scan.root(Path(source))
    each = -(-SAMPLE // len(rows))
    samples = [_sample(part, names, each, top, known.size, interpolation) for part in rows]
    by_way = {
        name: np.concatenate([pictures[name] for pictures, _ in samples if pictures])
        for name in next((pictures for pictures, _ in samples if pictures), {})
    }
    truth = np.concatenate([indices for _, indices in samples])
    if network.head == "sigmoid":  # the label is not the only right answer
        truth[:] = -1
    seen = by_way.get(interpolation, np.zeros((0, *known.size, 3), np.uint8))
    labelled = truth >= 0
    found = check_scaling(network, seen[labelled], truth[labelled], known.scaling_name, names)
    logging.info("of %d images: %s", found["images"], found["accuracies"])
    if by_way:
        scaling = scaling_of(known)
        found["resizing"] = check_resizing(network, by_way, truth, scaling, interpolation)
        logging.info("resized otherwise: %s", found["resizing"])
        if not known.scaling_known:
            found["guess"] = check_guess(network, seen, known.scaling, known.channels)
            logging.info("the guess: %s", found["guess"])
    with atomic(result) as temporary:
        temporary.write_text(json.dumps(found, indent=1) + "\n")


def _sample(
    rows: str,
    names: list[str],
    count: int,
    top: Path,
    size: tuple[int, int],
    interpolation: str,
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Some images of a shard, resized in each way, and the indices of their classes (-1 without a
    label).
    """
    table = pd.read_parquet(rows, columns=["path", "sha256", "label"])
    truth = labels.indices(table["label"], names)
    chosen = _chosen(truth, count)
    by_image = [
        images.variants(images.decode(scan.read_unchanged(top / path, sha256)), size, interpolation)
        for path, sha256 in table[["path", "sha256"]].iloc[chosen].itertuples(index=False)
    ]
    ways = by_image[0] if by_image else {}
    return {way: np.array([each[way] for each in by_image]) for way in ways}, truth[chosen]


def _chosen(truth: np.ndarray, count: int) -> np.ndarray:
    """Positions of evenly spread images with a label; if these are too few, of others too."""
    labelled, others = (np.flatnonzero(part) for part in (truth >= 0, truth < 0))
    first = _spread(labelled, count)
    return np.sort(np.concatenate([first, _spread(others, count - len(first))]))


def _spread(positions: np.ndarray, count: int) -> np.ndarray:
    at = np.linspace(0, len(positions) - 1, min(count, len(positions))).astype(int)
    return positions[at]


if __name__ == "__main__":
    with job("scaling_check", snakemake.log[0], snakemake.input):
        check(
            model=snakemake.params.model,
            facts=snakemake.input.facts,
            choices=snakemake.params.choices,
            plan=snakemake.params.plan,
            rows=snakemake.input.rows,
            source=snakemake.params.images,
            interpolation=snakemake.params.interpolation,
            result=snakemake.output.result,
        )
