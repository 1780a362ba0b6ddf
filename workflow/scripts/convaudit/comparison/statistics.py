"""Statistics of a comparison: functions of counts and arrays."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls
from scipy.stats import binomtest, kstwo, rankdata

from convaudit.metrics.intervals import LEVEL, Interval, z_of


class TwoSamples(NamedTuple):
    """Difference between two samples of one number.

    ks: greatest distance of the distribution functions, 0 (the same) to 1 (nothing in common).
    p: p-value: probability of such a distance if both samples have the same distribution.
    auc: probability that a value of the second sample is greater than one of the first, ties
        counted half; 0.5 if neither tends to be greater.
    """

    ks: float
    p: float
    auc: float


def mcnemar(first_only: int, second_only: int) -> float:
    """Exact two-sided McNemar test: p-value for the cases that only one of two models gets
    right.
    """
    changed = first_only + second_only
    return float(binomtest(second_only, changed).pvalue) if changed else 1.0


def two_samples(first: np.ndarray, second: np.ndarray, sizes: tuple[int, int]) -> TwoSamples:
    """Two-sample Kolmogorov-Smirnov test with effect sizes, of numbers that are mostly zero.

    Args:
        first, second: (m,) the samples' values over zero; all other values, up to ``sizes``, are
            zero and are not stored.
        sizes: number of values in each sample with zeros, at least 1.
    """
    some, others = np.sort(first), np.sort(second)
    at = np.concatenate([some, others])
    above = [
        (len(values) - np.searchsorted(values, at, side)) / size
        for side in ("left", "right")
        for values, size in ((some, sizes[0]), (others, sizes[1]))
    ]
    distances = [np.abs(above[0] - above[1]), np.abs(above[2] - above[3])]
    ks = max((float(part.max()) for part in distances if len(part)), default=0.0)
    effective = sizes[0] * sizes[1] / (sizes[0] + sizes[1])
    p = float(kstwo.sf(ks, max(1, round(effective)))) if ks else 1.0
    zeros = sizes[0] - len(some), sizes[1] - len(others)
    below = np.searchsorted(some, others, "left") + np.searchsorted(some, others, "right")
    greater = float(below.sum()) / 2 + zeros[0] * len(others) + zeros[0] * zeros[1] / 2
    return TwoSamples(ks, p, greater / (sizes[0] * sizes[1]))


def class_aucs(values: np.ndarray, group: np.ndarray, classes: int) -> list[Interval | None]:
    """ROC AUC of a number for each class against the rest, with the interval of Hanley and McNeil
    1982.

    Args:
        values: (n,) finite.
        group: (n,) class indices, 0 to ``classes`` - 1.

    Returns:
        One entry per class; None if the class or the rest is empty.
    """
    sizes = np.bincount(group, minlength=classes)
    sums = np.bincount(group, weights=rankdata(values), minlength=classes)
    return [
        _auc(float(total), int(inside), len(values) - int(inside))
        for total, inside in zip(sums, sizes, strict=True)
    ]


def _auc(rank_sum: float, inside: int, outside: int) -> Interval | None:
    if not inside or not outside:
        return None
    auc = (rank_sum - inside * (inside + 1) / 2) / (inside * outside)
    one, two = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = (inside - 1) * (one - auc**2) + (outside - 1) * (two - auc**2)
    variance = (auc * (1 - auc) + spread) / (inside * outside)
    half = z_of(LEVEL) * max(variance, 0.0) ** 0.5
    return Interval(auc, max(0.0, auc - half), min(1.0, auc + half))


def label_shares(confusion: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Estimate the class shares of unlabelled images from a model's predictions.

    Black box shift estimation (Lipton et al. 2018): if only the class shares changed, the
    predictions are a mixture of the known predictions for each class. The shares are found by
    non-negative least squares.

    Args:
        confusion: (K, K) counts of labelled images: row the label, column the prediction.
        predicted: (K,) counts of the predictions for the unlabelled images.

    Returns:
        (K,) shares of sum 1; 0 for a class without a labelled image.
    """
    support = confusion.sum(axis=1)
    known = support > 0
    rates = confusion[known] / support[known, None]
    solved, _ = nnls(rates.T, predicted / predicted.sum())
    shares = np.zeros(len(confusion))
    shares[known] = solved / solved.sum()
    return shares


def reweighted_accuracy(confusion: np.ndarray, shares: np.ndarray) -> float:
    """Accuracy with other class shares and the same recall of each class.

    Args:
        confusion: (K, K) counts: row the label, column the prediction.
        shares: (K,) class shares. Classes without an image in ``confusion`` are left out and the
            others scaled to sum 1. The result is NaN if no class is left.
    """
    support = confusion.sum(axis=1)
    known = support > 0
    weights = shares[known]
    recalls = np.diag(confusion)[known] / support[known]
    return float(weights @ recalls / weights.sum()) if weights.sum() else float("nan")
