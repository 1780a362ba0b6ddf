"""Whether the classes are named in another order than the model's outputs."""

import math

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.special import gammaln
from scipy.stats import binom

_LEVEL = 0.001


def better_order(labels: np.ndarray, predicted: np.ndarray, count: int) -> np.ndarray | None:
    """The order in which clearly more images would be right, if there is one.

    It is the assignment of names to outputs with the most right images. Of those that are right in
    one order alone, more must be so in the new one than chance would have it, and more than the
    best of all orders by chance: one-sided sign test, p < 0.001 / ``count``!.

    Args:
        labels: (n,) index of each image's class, as the classes are named.
        predicted: (n,) index of the output that was the greatest.
        count: number of classes.

    Returns:
        (count,) for each class, the output that should have its name; None where the order is
        right, or not clearly wrong.
    """
    confusion = np.zeros((count, count), np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    classes, outputs = linear_sum_assignment(confusion, maximize=True)
    moved = classes != outputs
    wins = confusion[classes, outputs][moved].sum()
    losses = confusion[classes, classes][moved].sum()
    surprise = binom.logsf(wins - 1, wins + losses, 0.5) + gammaln(count + 1)
    return outputs if moved.any() and surprise < math.log(_LEVEL) else None
