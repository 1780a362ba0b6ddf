"""Choose the class that each saliency map explains, and the images that need a second map."""

import numpy as np

from convaudit.dataset import labels

THRESHOLD = 0.5
"""Decision threshold of multi-label models: a class is predicted above this probability."""


def predicted(head: str, scores: np.ndarray) -> np.ndarray:
    """The predicted class (n,): the first unit over 0 for a binary head, else the greatest score.

    Args:
        head: kind of the head (``Network.head``).
        scores: (n, units) before softmax or sigmoid.
    """
    if head == "binary":
        return (scores[:, 0] > 0).astype(np.int64)
    return scores.argmax(axis=1)


def first(target: str, truth: np.ndarray, names: list[str]) -> np.ndarray:
    """The class that the first map of each image explains, (n,); -1 stands for the predicted class.

    Args:
        target: ``predicted``, ``true``, ``both`` or one of ``names``.
        truth: (n,) index of each image's label, -1 if it has none.

    Raises:
        AuditError: ``target`` is not the name of a class.
    """
    if target in {"predicted", "both"}:
        return np.full(len(truth), -1)
    if target == "true":
        return truth
    return np.full(len(truth), labels.resolve([target], names)[0])


def further(
    target: str, head: str, probabilities: np.ndarray, explained: np.ndarray, truth: np.ndarray
) -> np.ndarray:
    """Pairs (row, class), (m, 2), that need a map beside the first one.

    For a multi-label model each further predicted class gets a map. A wrongly predicted image gets
    a map of its true class even if the config asks for the predicted class only, because the report
    shows both side by side.

    Args:
        target: setting ``gradcam.target``.
        head: kind of the head (``Network.head``).
        probabilities: (n, classes).
        explained: (n,) the class that the first map explains.
        truth: (n,) index of each image's label, -1 if it has none.
    """
    if head == "sigmoid" and target == "predicted":
        over = probabilities > THRESHOLD
        over[np.arange(len(over)), explained] = False
        return np.argwhere(over)
    if target in {"both", "predicted"}:
        rows = np.flatnonzero((truth >= 0) & (truth != explained))
        return np.stack([rows, truth[rows]], axis=1)
    return np.empty((0, 2), np.int64)
