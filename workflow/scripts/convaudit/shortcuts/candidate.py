"""A suspect before its experiment."""

from dataclasses import dataclass, field

import numpy as np

from convaudit.shortcuts.changes.experiments import Experiment

MOST_DONORS = 16
"""Greatest number of images that an experiment takes the cue from."""


@dataclass(frozen=True)
class Evidence:
    """Association of a cue with a class.

    r: partial rank correlation of the cue with the model's margin within the true classes, -1..1;
    auc: ROC AUC of the cue for the class against all others, 0..1; n: number of images.
    """

    r: float
    auc: float
    n: int


@dataclass(frozen=True)
class Candidate:
    """A suspect before its experiment.

    cue, kind: as in the report; target: index of the class; name: text of which the suspect's id is
    a hash; rank: strength of the evidence, by which candidates are sorted; evidence: on the
    discovering half; carries: (n,) for each image of the sample a number over 0 if it carries the
    cue, NaN if that is not known; experiment: None if the cue is not in the pixels; family:
    suspects of one class and family may be one cue, so only the best of them is kept; likeness:
    share of the class's look that the experiment gives to other images; detail: further facts.
    """

    cue: str
    kind: str
    target: int
    name: str
    rank: float
    evidence: Evidence
    carries: np.ndarray
    experiment: Experiment | None
    family: str
    likeness: float = 1.0
    detail: dict[str, float | str] = field(default_factory=dict)


def first_positions(chosen: np.ndarray) -> tuple[int, ...]:
    """The first positions of images, as an experiment's donors or others."""
    return tuple(int(at) for at in chosen[:MOST_DONORS])
