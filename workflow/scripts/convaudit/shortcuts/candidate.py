"""A suspect before its experiment."""

from dataclasses import dataclass, field

import numpy as np

from convaudit.shortcuts.changes.experiments import Experiment


@dataclass(frozen=True)
class Evidence:
    """Association of a cue with a class: r within the true classes, AUC against the rest,
    images.
    """

    r: float
    auc: float
    n: int


@dataclass(frozen=True)
class Candidate:
    """A suspect before its experiment.

    cue, kind: as in the report; target: index of the class; name: what it is, for its hash; rank:
    how strong the case is, for the order; evidence: on the discovering half; carries: (n,) how
    much each image of the sample carries the cue, over 0 where it does, NaN where not known;
    experiment: None where the cue is not in the pixels; family: suspects of one class and family
    may be one cue, of which the best explanation is kept.
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
