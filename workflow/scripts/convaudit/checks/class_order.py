"""Check whether the class names are in the order of the model's outputs."""

import math
import re
from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.special import gammaln
from scipy.stats import binom

_LEVEL = 0.001


def other_number_order(names: Sequence[str]) -> tuple[str, np.ndarray] | None:
    """Find the other usual order of classes whose names are numbers.

    Loaders sort folders as texts (0, 1, 10, 11, 2). For names in the order of the numbers the other
    order is that of the texts, and the reverse.

    Args:
        names: names of the classes in the audit's index order ("7", "class 7").

    Returns:
        The value for the setting ``classes`` and the order as in ``better_order``; None if both
        orders are equal or the names are no numbers.
    """
    texts = [name.removeprefix("class ") for name in names]
    if not all(re.fullmatch("[0-9]{1,9}", text) for text in texts):
        return None
    by_text = np.argsort(np.argsort(np.array(texts)))
    by_number = np.argsort(np.argsort([int(text) for text in texts]))
    here = np.arange(len(texts))
    if (by_text == by_number).all():
        return None
    if (by_number == here).all():
        return "alphanumeric", by_text
    return ("auto", by_number) if (by_text == here).all() else None


def is_better(order: np.ndarray, labels: np.ndarray, predicted: np.ndarray) -> bool:
    """True if clearly more images would be right with another order: one-sided sign test, p <
    0.001. The order must not have been chosen because it is the best one.

    Args:
        order, labels, predicted: as in ``better_order``.
    """
    before, after = labels == predicted, order[labels] == predicted
    wins, losses = int((after & ~before).sum()), int((before & ~after).sum())
    return bool(binom.sf(wins - 1, wins + losses, 0.5) < _LEVEL)


def better_order(labels: np.ndarray, predicted: np.ndarray, count: int) -> np.ndarray | None:
    """Find an order of the class names with which clearly more images would be right.

    It is the assignment of names to outputs with the most right images. Images that are right with
    only one of both orders are compared by a one-sided sign test. The new order must win with p <
    0.001 / ``count``!, because it is the best of ``count``! orders (Bonferroni).

    Args:
        labels: (n,) index of each image's class, with the names as they are.
        predicted: (n,) index of the greatest output.
        count: number of classes.

    Returns:
        (count,) for each class the output that should have its name; None if the order is right or
        not clearly wrong.
    """
    confusion = np.zeros((count, count), np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    classes, outputs = linear_sum_assignment(confusion, maximize=True)
    moved = classes != outputs
    wins = confusion[classes, outputs][moved].sum()
    losses = confusion[classes, classes][moved].sum()
    surprise = binom.logsf(wins - 1, wins + losses, 0.5) + gammaln(count + 1)
    return outputs if moved.any() and surprise < math.log(_LEVEL) else None
