"""How a model may have been trained, in hypotheses that are judged together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

_LEVEL = 1e-3
_ALIKE = 0.05


@dataclass(frozen=True)
class Hypothesis:
    """How the model may have been trained.

    Attributes:
        name: of scaling and channels, as "unit, BGR".
        changes: what to set in the config, by key; empty for the audit's own way.
        right: (n,) bool, which images are right so.
        surety: mean logarithm of the true class's probability.
        tried: among how many hypotheses it was chosen, as a natural logarithm.
    """

    name: str
    changes: dict[str, str]
    right: np.ndarray
    surety: float
    tried: float

    @property
    def accuracy(self) -> float:
        return float(self.right.mean()) if len(self.right) else 0.0

    @property
    def effort(self) -> int:
        """How much is different from the audit's own way; any order of classes counts for two."""
        return len(self.changes) + (self.changes.get("classes") == "FILE")


def in_words(changes: dict[str, str]) -> str:
    """Settings as they stand in a config: "preprocess.channels: bgr and classes: FILE"."""
    return " and ".join(f"{key}: {value}" for key, value in changes.items())


def judge(
    base: Hypothesis, others: Sequence[Hypothesis]
) -> tuple[Hypothesis | None, list[Hypothesis]]:
    """The hypothesis that explains most, and others that explain as much in another way."""
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
    """Would it be clear if another of so many hypotheses put right all that is wrong?"""
    return bool(binom.sf(wrong - 1, wrong, 0.5) * tried < _LEVEL)


def _log_tail(first: np.ndarray, second: np.ndarray) -> float:
    """Of what is right in one way alone, how probable it is that so much is so in the first; the
    natural logarithm.
    """
    wins, losses = int((first & ~second).sum()), int((second & ~first).sum())
    return float(binom.logsf(wins - 1, wins + losses, 0.5))
