"""Test each suspect by experiments on the confirming half of the images."""

import json
import logging
from pathlib import Path

import cv2

from convaudit.drawing.encoding import encode_jpeg
from convaudit.models.facts import ModelChoices, ModelFacts, ModelSource
from convaudit.models.scaling import scaling_of
from convaudit.shortcuts import storage
from convaudit.shortcuts.audit import as_json, try_suspects
from convaudit.shortcuts.collecting import collect
from convaudit.shortcuts.laboratory import strips
from convaudit.system.atomic import atomic, atomic_folder
from jobs.job import job
from jobs.tensorflow_job import open_network
from planning import plan as plans
from planning.settings import Shortcuts


def interventions(
    *,
    suspects: str,
    predictions: str,
    scores: list[str],
    ledger: str,
    facts: str,
    choices: ModelChoices,
    model: ModelSource,
    images: str,
    duplicates: str,
    plan: Path,
    interpolation: str,
    shortcuts: Shortcuts,
    threads: int,
    result: str,
    pairs: str,
) -> None:
    """Insert and remove each cue and its control, and write the results.

    Args:
        suspects: JSON of the rule ``suspects``; the other inputs as there.
        model: the model that the config names.
        interpolation: setting ``preprocess.interpolation``.
        threads: number of threads that read and change images.
        result: JSON that is written (docs/shortcuts.md).
        pairs: folder that is written: one picture ``{id}.jpg`` per suspect, with images before,
            after and with the control.
    """
    _, network = open_network(model)
    from convaudit.shortcuts.laboratory.scorer import scorer

    cv2.setNumThreads(1)
    known = ModelFacts.read(facts, choices)
    names = plans.load(plan).class_names
    sample = collect(
        predictions, scores, ledger, images, duplicates, known, names, most=shortcuts.images
    )
    found = try_suspects(
        sample,
        storage.from_json(Path(suspects).read_text(), sample.ids, sample.read),
        scorer(network, scaling_of(known), known.size, interpolation, threads),
        budget=shortcuts.budget,
        threads=threads,
    )
    logging.info("%d forward passes", found.passes)
    with atomic_folder(pairs) as temporary:
        for suspect in found.suspects:
            if suspect.pairs:
                picture = strips.draw(suspect.pairs)
                (Path(temporary) / f"{suspect.id}.jpg").write_bytes(encode_jpeg(picture))
    with atomic(result) as temporary:
        temporary.write_text(json.dumps(as_json(sample, found), indent=1) + "\n")


if __name__ == "__main__":
    with job("interventions", snakemake.log[0], snakemake.input):
        interventions(
            suspects=snakemake.input.suspects,
            predictions=snakemake.input.predictions,
            scores=snakemake.input.scores,
            ledger=snakemake.input.ledger,
            facts=snakemake.input.facts,
            choices=snakemake.params.choices,
            model=snakemake.params.model,
            images=snakemake.params.images,
            duplicates=snakemake.input.duplicates,
            plan=snakemake.params.plan,
            interpolation=snakemake.params.interpolation,
            shortcuts=snakemake.params.shortcuts,
            threads=snakemake.threads,
            result=snakemake.output.result,
            pairs=snakemake.output.pairs,
        )
