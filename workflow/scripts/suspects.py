"""Find suspects, cues that the model may wrongly depend on, in the discovering half of the
images.
"""

import logging
from pathlib import Path

import cv2

from convaudit.models.facts import ModelChoices, ModelFacts
from convaudit.shortcuts import storage
from convaudit.shortcuts.audit import name_suspects
from convaudit.shortcuts.collecting import collect
from convaudit.system.atomic import atomic
from jobs.job import job
from planning import plan as plans
from planning.settings import Shortcuts


def suspects(
    *,
    predictions: str,
    scores: list[str],
    ledger: str,
    facts: str,
    choices: ModelChoices,
    images: str,
    duplicates: str,
    plan: Path,
    shortcuts: Shortcuts,
    result: str,
) -> None:
    """Write the suspects with everything that their experiments need except the pixels.

    Args:
        predictions: ``predictions.parquet``, with the images' properties.
        scores: .npz of each shard, as ``predict`` wrote them.
        ledger: ``ledger.parquet``.
        facts, choices: ``model.json`` and what the config sets about the model.
        images: the folder or table of the images.
        duplicates: ``duplicates.parquet``: near duplicates come into the same half.
        plan: folder with ``plan.json``.
        shortcuts: settings.
        result: JSON that is written (``storage.to_json``).
    """
    cv2.setNumThreads(1)
    known = ModelFacts.read(facts, choices)
    names = plans.load(plan).class_names
    sample = collect(
        predictions, scores, ledger, images, duplicates, known, names, most=shortcuts.images
    )
    found = name_suspects(sample, candidates=shortcuts.candidates, classes=shortcuts.classes)
    logging.info("%d images, %d suspects", len(sample.ids), len(found))
    with atomic(result) as temporary:
        temporary.write_text(storage.to_json(found, sample.ids))


if __name__ == "__main__":
    with job("suspects", snakemake.log[0], snakemake.input):
        suspects(
            predictions=snakemake.input.predictions,
            scores=snakemake.input.scores,
            ledger=snakemake.input.ledger,
            facts=snakemake.input.facts,
            choices=snakemake.params.choices,
            images=snakemake.params.images,
            duplicates=snakemake.input.duplicates,
            plan=snakemake.params.plan,
            shortcuts=snakemake.params.shortcuts,
            result=snakemake.output.suspects,
        )
