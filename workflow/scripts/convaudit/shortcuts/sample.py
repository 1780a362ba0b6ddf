"""The sample of images in which shortcuts are searched, with the model's scores."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from convaudit.shortcuts.halves import CONFIRM, DISCOVER, halves

TIE = 1e-4
"""A margin closer to 0 than this counts as no answer: float32 sums differ in their last bits."""


@dataclass(frozen=True)
class Sample:
    """A bounded sample of the audited images.

    ids: (n,) image ids; labels: (n,) indices of the true classes, -1 where unknown; scores: (n,
    units) before softmax or sigmoid; head: as ``Network.head``; class_names: (K,); properties: n
    rows, one column per property or a further column of the user's table; groups: (n,) texts, equal
    for near duplicates; read: gives the pixels (H, W, 3) of the image at a position.
    """

    ids: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    head: str
    class_names: list[str]
    properties: pd.DataFrame
    groups: np.ndarray
    read: Callable[[int], np.ndarray]

    @cached_property
    def predicted(self) -> np.ndarray:
        """(n,) index of the class that is predicted first."""
        if self.head == "binary":
            return (self.scores[:, 0] > 0).astype(np.int64)
        return self.scores.argmax(axis=1)

    @cached_property
    def labelled(self) -> bool:
        """True if over half of the images have a label."""
        return bool((self.labels >= 0).mean() > 0.5) if len(self.labels) else False

    @cached_property
    def truth(self) -> np.ndarray:
        """(n,) true class, or the predicted one of images without a label."""
        return np.where(self.labels >= 0, self.labels, self.predicted)

    @cached_property
    def half(self) -> np.ndarray:
        """(n,) ``DISCOVER`` or ``CONFIRM``: the half of each image."""
        return halves(self.groups, self.truth)

    @property
    def discover(self) -> np.ndarray:
        """(m,): positions of the half on which suspects are named."""
        return np.flatnonzero(self.half == DISCOVER)

    @property
    def confirm(self) -> np.ndarray:
        """(m,): positions of the half on which experiments are made."""
        return np.flatnonzero(self.half == CONFIRM)

    def margin(self, target: int) -> np.ndarray:
        """(n,): how much the model prefers a class; see ``margins``."""
        return margins(self.scores, self.head, target)


def margins(scores: np.ndarray, head: str, target: int) -> np.ndarray:
    """How much a model prefers a class to the others.

    Args:
        scores: (n, units) before softmax or sigmoid.
        head: as ``Network.head``.
        target: index of the class.

    Returns:
        (n,): its score minus the best other one; for one unit the signed score; for a head of
        several labels (``sigmoid``) its own score, whose sign is the answer.
    """
    if head == "binary":
        return scores[:, 0] * (2 * target - 1)
    if head == "sigmoid":
        return scores[:, target]
    others = np.delete(scores, target, axis=1)
    return scores[:, target] - others.max(axis=1)
