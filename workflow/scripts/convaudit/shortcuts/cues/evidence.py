"""Measure the association of an image property with a class and with the model's scores."""

import numpy as np
from scipy.stats import rankdata


def class_auc(values: np.ndarray, member: np.ndarray) -> float:
    """Area under the ROC curve of a number for membership in a class (Mann and Whitney 1947).

    Args:
        values: (n,) numbers; NaN is left out.
        member: (n,) booleans.

    Returns:
        0..1: probability that a member's number is the larger one, ties counted half; 0.5 if one
        side is empty.
    """
    usable = np.isfinite(values)
    values, member = values[usable], member[usable]
    inside, outside = int(member.sum()), int((~member).sum())
    if not inside or not outside:
        return 0.5
    ranks = rankdata(values)
    return float((ranks[member].sum() - inside * (inside + 1) / 2) / (inside * outside))


def partial_spearman(
    values: np.ndarray, margins: np.ndarray, strata: np.ndarray
) -> tuple[float, float]:
    """Rank correlation of a number with the model's margin, within the true classes.

    The correlations r_y of the strata are joined after Fisher's transformation with the weights
    n_y - 3 (Hedges and Olkin 1985): r = tanh(sum w atanh r_y / sum w), z = sum w atanh r_y /
    sqrt(sum w).

    Args:
        values: (n,) numbers; NaN is left out.
        margins: (n,) score of the class minus the best other one.
        strata: (n,) true class of each image, so that what classes have in common does not count.

    Returns:
        r, -1..1, and z, which is standard normal without a correlation; (0, 0) if no stratum has
        more than 4 images.
    """
    usable = np.isfinite(values) & np.isfinite(margins)
    weight = total = 0.0
    for stratum in np.unique(strata[usable]):
        inside = usable & (strata == stratum)
        n = int(inside.sum())
        if n <= 4 or np.ptp(values[inside]) == 0 or np.ptp(margins[inside]) == 0:
            continue
        first, second = rankdata(values[inside]), rankdata(margins[inside])
        r = float(np.clip(np.corrcoef(first, second)[0, 1], -0.999, 0.999))
        weight += n - 3
        total += (n - 3) * np.arctanh(r)
    if not weight:
        return 0.0, 0.0
    return float(np.tanh(total / weight)), float(total / np.sqrt(weight))


def best_threshold(values: np.ndarray, member: np.ndarray) -> float:
    """The threshold that separates members from others best (Youden 1950).

    It maximises J = (share of members above it) + (share of others below it) - 1.

    Args:
        values: (n,) numbers; NaN is left out.
        member: (n,) booleans.

    Returns:
        The middle between two neighbouring values; 0 without values.
    """
    usable = np.isfinite(values)
    values, member = values[usable], member[usable]
    if not len(values):
        return 0.0
    order = np.argsort(values, kind="stable")
    ordered, own = values[order], member[order]
    missed = np.cumsum(own) / max(own.sum(), 1)
    passed = np.cumsum(~own) / max((~own).sum(), 1)
    best = int(np.argmax(passed - missed))
    return float((ordered[best] + ordered[min(best + 1, len(ordered) - 1)]) / 2)
