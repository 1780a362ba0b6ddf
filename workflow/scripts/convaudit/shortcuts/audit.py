"""Search for shortcuts in a sample: name suspects, experiment with them, decide."""

import logging
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from convaudit.shortcuts.candidate import Candidate
from convaudit.shortcuts.candidates import Discovery
from convaudit.shortcuts.judging.decisions import decide
from convaudit.shortcuts.judging.suspect import Suspect
from convaudit.shortcuts.laboratory.placebos import PLACEBOS, largest_effect
from convaudit.shortcuts.laboratory.trials import CONFIRMED, LEAST_PAIRS, Laboratory, Scorer, Trial
from convaudit.shortcuts.sample import Sample

LEAST_OF_A_CLASS = 12
"""Least number of images of a class in the discovering half for a search."""
_SEARCHES = {"place": "place", "border": "place", "patch": "patch", "context": "context"}
"""The search that names a cue; all other cues are looks of the whole picture."""
BLIND_TO = (
    "cues that no image of this dataset shows",
    "other objects and backgrounds that go with a class in the middle of its pictures",
    "cues smaller than 2 % of the picture that are at another place in each image, unless other "
    "classes lack their colour",
    "small parts of the thing itself that alone are no good reason for its class",
)
"""Shortcuts that this search can't find, in words for the report."""


@dataclass(frozen=True)
class Findings:
    """The result of a search.

    suspects: the proven ones first; passes: number of forward passes; placebo: the largest effect
    of a meaningless region, a difference of shares; placebos_confirmed: number of the ``PLACEBOS``
    that would count as a confirmed shortcut.
    """

    suspects: list[Suspect]
    passes: int
    placebo: float
    placebos_confirmed: int


def name_suspects(sample: Sample, *, candidates: int, classes: int) -> list[Candidate]:
    """Find the strongest candidates in the discovering half; the other half is not used.

    Each kind of search, by the whole picture, by fixed places, by returning pieces and by
    surroundings, names one in turn as long as it has any. Else one kind could take all places: if
    all pictures show one thing in the middle, each class has several fixed places.

    Args:
        sample: the images.
        candidates: greatest number of candidates.
        classes: number of classes that are searched, those with the most images.
    """
    half = sample.discover
    found: list[Candidate] = []
    for target in _classes(sample, classes):
        if (sample.truth[half] == target).sum() >= LEAST_OF_A_CLASS:
            named = Discovery(sample, target).candidates()
            logging.info("class %s: %d suspects", sample.class_names[target], len(named))
            found += named
    found.sort(key=lambda each: -each.rank)
    turns: Counter[str] = Counter()
    ordered = []
    for each in found:
        search = _SEARCHES.get(each.cue, "look")
        ordered.append((turns[search], each))
        turns[search] += 1
    ordered.sort(key=lambda each: each[0])
    return [each for _, each in ordered[:candidates]]


def try_suspects(
    sample: Sample, candidates: list[Candidate], score: Scorer, *, budget: int, threads: int
) -> Findings:
    """Experiment with each candidate on the confirming half.

    If a placebo has a proven effect, a suspect is confirmed only if its own effect is larger.

    Args:
        sample: the images that the candidates were named on.
        candidates: as ``name_suspects`` gave them.
        score: gives the model's scores for pictures.
        budget: greatest number of forward passes.
        threads: number of threads that read and change images.
    """
    laboratory = Laboratory(
        sample, score, candidates=len(candidates), budget=budget, threads=threads
    )
    suspects = decide(sample, candidates, laboratory)
    effects = largest_effect(sample, laboratory) if candidates else []
    placebo = max((effect.value for effect in effects), default=0.0)
    passed = sum(effect.low >= CONFIRMED for effect in effects)
    if passed:
        suspects = [_no_better_than(suspect, placebo) for suspect in suspects]
    return Findings(suspects, laboratory.passes, placebo, passed)


def as_json(sample: Sample, found: Findings) -> dict[str, Any]:
    """The content of ``interventions.json`` (docs/shortcuts.md)."""
    half = sample.confirm
    truth = np.bincount(sample.truth[half], minlength=len(sample.class_names))
    undecidable = [sample.class_names[at] for at in np.flatnonzero(truth < LEAST_PAIRS)]
    return {
        "suspects": [suspect.as_json() for suspect in found.suspects],
        "trials": {suspect.id: _outcomes(suspect.insert) for suspect in found.suspects},
        "cues": {
            suspect.id: {
                "checked": sample.ids[np.isfinite(suspect.carries)].tolist(),
                "carriers": sample.ids[suspect.carries > 0].tolist(),
            }
            for suspect in found.suspects
            if suspect.status == "confirmed"
        },
        "images": len(sample.ids),
        "labelled": sample.labelled,
        "forward_passes": found.passes,
        "placebos": {
            "tried": PLACEBOS if found.suspects else 0,
            "confirmed": found.placebos_confirmed,
            "largest": round(found.placebo, 6),
        },
        "undecidable": undecidable,
        "blind_to": list(BLIND_TO),
    }


def _outcomes(trial: Trial | None) -> dict[str, Any] | None:
    """List the images that were given the cue and its control, and which of them flipped.

    The rule ``compare`` pairs the images of two audits by these lists.
    """
    if trial is None:
        return None
    return {
        "images": trial.images,
        "with_cue": trial.with_cue.tolist(),
        "with_control": trial.with_control.tolist(),
    }


def _classes(sample: Sample, most: int) -> list[int]:
    """The classes with the most images of the sample; ties by index."""
    counts = np.bincount(sample.truth, minlength=len(sample.class_names))
    order = np.argsort(-counts, kind="stable")
    return [int(at) for at in order[:most] if counts[at]]


def _no_better_than(suspect: Suspect, placebo: float) -> Suspect:
    if suspect.status != "confirmed" or (
        suspect.insert and suspect.insert.difference.low > placebo
    ):
        return suspect
    text = (
        f"{suspect.text} A placebo, a meaningless region, had an effect of {placebo:.0%}, so the "
        "suspect is not decided."
    )
    title = suspect.title.replace("depends on", "may depend on")
    return replace(suspect, status="undecided", severity="note", text=text, title=title)
