"""Which class each map explains, and which images need a second map."""

import numpy as np

from convaudit.dataset import labels

THRESHOLD = 0.5
"""Probability over which a class of several an image is said."""


def predicted(head: str, scores: np.ndarray) -> np.ndarray:
    """The class that is said first, (n,), by scores (n, units) of a head (``Network.head``)."""
    if head == "binary":
        return (scores[:, 0] > 0).astype(np.int64)
    return scores.argmax(axis=1)


def first(target: str, truth: np.ndarray, names: list[str]) -> np.ndarray:
    """The class to explain for each image, (n,); -1 stands for the predicted one.

    Args:
        target: ``predicted``, ``true``, ``both`` or one of ``names``.
        truth: (n,) indices of the images' own classes, -1 where not known.

    Raises:
        AuditError: ``target`` is no class.
    """
    if target in {"predicted", "both"}:
        return np.full(len(truth), -1)
    if target == "true":
        return truth
    return np.full(len(truth), labels.resolve([target], names)[0])


def further(
    target: str, head: str, probabilities: np.ndarray, said: np.ndarray, truth: np.ndarray
) -> np.ndarray:
    """Pairs (row, class), (m, 2), that need a map beside the first one.

    Where an image may have several classes, each that is said. Errors need one of what is true
    even where only the predicted class is asked for: the report shows them side by side.

    Args:
        target, head, truth: as above.
        probabilities: (n, classes).
        said: (n,) the class that the first map explains.
    """
    if head == "sigmoid" and target == "predicted":
        over = probabilities > THRESHOLD
        over[np.arange(len(over)), said] = False
        return np.argwhere(over)
    if target in {"both", "predicted"}:
        rows = np.flatnonzero((truth >= 0) & (truth != said))
        return np.stack([rows, truth[rows]], axis=1)
    return np.empty((0, 2), np.int64)
