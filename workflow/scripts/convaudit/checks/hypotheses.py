"""Judge hypotheses about a model's training together: scaling, channels, class order."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

_LEVEL = 1e-3
"""Significance level of the sign test, before the correction for the number of hypotheses."""
_ALIKE = 0.05
"""A hypothesis explains as much as the best one if the p-value of their difference, corrected for
the number of hypotheses, is over this and their accuracies differ by less than this."""


@dataclass(frozen=True)
class Hypothesis:
    """One hypothesis about how the model was trained.

    Attributes:
        name: scaling and channels, as "unit, BGR".
        changes: settings to change in the config, by key; empty for the audit's own settings.
        right: (n,) bool, which images are right under it.
        surety: mean logarithm of the true class's probability.
        tried: natural logarithm of the number of hypotheses that it was chosen from.
    """

    name: str
    changes: dict[str, str]
    right: np.ndarray
    surety: float
    tried: float

    @property
    def accuracy(self) -> float:
        """Share of right images, 0 to 1; 0 without images."""
        return float(self.right.mean()) if len(self.right) else 0.0

    @property
    def effort(self) -> int:
        """Number of changed settings; an arbitrary order of classes counts as two."""
        return len(self.changes) + (self.changes.get("classes") == "FILE")


def in_words(changes: dict[str, str]) -> str:
    """Settings as in a config: "preprocess.channels: bgr and classes: FILE"."""
    return " and ".join(f"{key}: {value}" for key, value in changes.items())


def judge(
    base: Hypothesis, others: Sequence[Hypothesis]
) -> tuple[Hypothesis | None, list[Hypothesis]]:
    """Choose the best of the hypotheses that are clearly better than the audit's own settings.

    Args:
        base: the audit's own settings.
        others: other hypotheses about the same images.

    Returns:
        The best hypothesis, or None if none is clearly better (one-sided sign test, p < 0.001
        divided by the number of hypotheses); and at most one other that explains as much by other
        settings.
    """
    clear = [
        each for each in others if _log_tail(each.right, base.right) + each.tried < math.log(_LEVEL)
    ]
    if not clear:
        return None, []
    top = max(clear, key=lambda each: each.accuracy)
    alike = [
        each for each in clear if _log_tail(top.right, each.right) > math.log(_ALIKE) - each.tried
    ]
    alike = [each for each in alike if each.accuracy > top.accuracy - _ALIKE]
    best = min(alike, key=lambda each: (each.effort, -each.surety))
    also = [each for each in alike if not set(best.changes) <= set(each.changes)]
    least = min((each.effort for each in also), default=0)
    surest = sorted((e for e in also if e.effort == least), key=lambda each: -each.surety)
    return best, surest[:1]


def can_be_proven(wrong: int, tried: int) -> bool:
    """True if a hypothesis that corrects all errors would be significant.

    Args:
        wrong: number of wrong images with the audit's own settings.
        tried: number of hypotheses.
    """
    return bool(binom.sf(wrong - 1, wrong, 0.5) * tried < _LEVEL)


def _log_tail(first: np.ndarray, second: np.ndarray) -> float:
    """Natural logarithm of the p-value of a one-sided sign test: the probability that, by chance,
    at least as many of the images that only one hypothesis gets right are right under the first.
    """
    wins, losses = int((first & ~second).sum()), int((second & ~first).sum())
    return float(binom.logsf(wins - 1, wins + losses, 0.5))
