"""Look for shortcuts in a sample: suspects, experiments, and what follows from both."""

import logging
from dataclasses import dataclass

import numpy as np

from convaudit.shortcuts.candidates import Candidate, Discovery
from convaudit.shortcuts.decisions import Suspect, decide
from convaudit.shortcuts.sample import Sample
from convaudit.shortcuts.trials import Answer, Laboratory

LEAST_OF_A_CLASS = 12
"""Images of a class in the discovering half below which nothing is looked for."""


@dataclass(frozen=True)
class ShortcutSettings:
    """candidates: suspects that are tried at the most; classes: so many are looked at; budget:
    forward passes; threads: that read and change images.
    """

    candidates: int = 20
    classes: int = 20
    budget: int = 12_000
    threads: int = 2


def name_suspects(sample: Sample, settings: ShortcutSettings) -> list[Candidate]:
    """The strongest candidates of the discovering half, best first; C is not looked at."""
    half = sample.discover
    found: list[Candidate] = []
    for target in classes_looked_at(sample, settings.classes):
        if (sample.truth[half] == target).sum() < LEAST_OF_A_CLASS:
            continue
        named = Discovery(sample, target).candidates()
        logging.info("class %s: %d suspects", sample.class_names[target], len(named))
        found += named
    found.sort(key=lambda each: -each.rank)
    return found[: settings.candidates]


def classes_looked_at(sample: Sample, most: int) -> list[int]:
    """The classes with the most images of the sample, by truth or prediction; ties by index."""
    counts = np.bincount(sample.truth, minlength=len(sample.class_names))
    order = np.argsort(-counts, kind="stable")
    return [int(at) for at in order[:most] if counts[at]]


def try_suspects(
    sample: Sample, candidates: list[Candidate], answer: Answer, settings: ShortcutSettings
) -> tuple[list[Suspect], int]:
    """Experiment with each candidate on the confirming half.

    Returns:
        The suspects, those with proven effects first, and the forward passes that it took.
    """
    laboratory = Laboratory(
        sample,
        answer,
        candidates=len(candidates),
        budget=settings.budget,
        threads=settings.threads,
    )
    return decide(sample, candidates, laboratory), laboratory.passes


def find_shortcuts(sample: Sample, answer: Answer, settings: ShortcutSettings) -> list[Suspect]:
    """Name suspects on one half and try them on the other; see ``decisions.Suspect``."""
    return try_suspects(sample, name_suspects(sample, settings), answer, settings)[0]
