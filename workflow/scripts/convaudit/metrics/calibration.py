"""Measure calibration: reliability bins, expected calibration error, temperature scaling."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_expit, log_softmax, softmax

from convaudit.metrics.blocks import blocks
from convaudit.metrics.intervals import LEVEL, Interval, z_of

BINS = 10
DRAWS = 2000
"""Number of bootstrap samples of the calibration error."""
COLDEST, HOTTEST = 0.05, 20.0
"""Range in which the temperature is searched."""


@dataclass(frozen=True)
class Temperature:
    """Temperature scaling (Guo et al. 2017): all logits are divided by ``value``.

    ``error_before`` and ``error_after`` are expected calibration errors in bins of equal counts, on
    the ``images`` images that the temperature was fitted on.
    """

    value: float
    error_before: float
    error_after: float
    images: int


def equal_width(probability: np.ndarray, correct: np.ndarray, bins: int = BINS) -> pd.DataFrame:
    """Confidence and accuracy in bins of equal width.

    Args:
        probability: (n,) confidences, 0 to 1.
        correct: (n,) whether each prediction is right.

    Returns:
        One row per bin: low, high, count, confidence, accuracy (missing if the bin is empty).
    """
    edges = np.linspace(0, 1, bins + 1)
    number = confidence_bins(probability, bins)
    counts, sure, right = np.zeros(bins, int), np.zeros(bins), np.zeros(bins)
    np.add.at(counts, number, 1)
    np.add.at(sure, number, probability)
    np.add.at(right, number, correct)
    with np.errstate(invalid="ignore"):
        confidence, accuracy = sure / counts, right / counts
    return pd.DataFrame(
        {
            "low": edges[:-1],
            "high": edges[1:],
            "count": counts,
            "confidence": confidence,
            "accuracy": accuracy,
        }
    )


def confidence_bins(probability: np.ndarray, bins: int) -> np.ndarray:
    """(n,) uint8: the bin of each probability (n,) among at most 256 bins of equal width."""
    found = np.empty(len(probability), np.uint8)
    for part in blocks(len(probability)):
        found[part] = np.clip(probability[part].astype(float) * bins, 0, bins - 1)
    return found


def equal_count(probability: np.ndarray, correct: np.ndarray, bins: int = BINS) -> pd.DataFrame:
    """Confidence and accuracy in bins of equal counts; no bin is empty.

    Args:
        probability: (n,) confidences.
        correct: (n,) whether each prediction is right.

    Returns:
        One row per bin: low, high (the confidences at its ends), count, confidence, accuracy.
    """
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    sure = [probability[part].astype(float) for part in parts]
    return pd.DataFrame(
        {
            "low": [values[0] for values in sure],
            "high": [values[-1] for values in sure],
            "count": [len(part) for part in parts],
            "confidence": [values.mean() for values in sure],
            "accuracy": [correct[part].mean() for part in parts],
        },
        columns=["low", "high", "count", "confidence", "accuracy"],
    )


def error(bins: pd.DataFrame) -> float:
    """Expected calibration error (Naeini et al. 2015): sum n_b |c_b - a_b| / sum n_b over the bins.

    Args:
        bins: count n_b, confidence c_b and accuracy a_b of each bin, as ``equal_width`` returns
            them.
    """
    gap = (bins["confidence"] - bins["accuracy"]).abs().fillna(0)
    return float((gap * bins["count"]).sum() / max(1, bins["count"].sum()))


def error_interval(bins: pd.DataFrame, level: float = LEVEL) -> Interval:
    """The calibration error with a conservative 95 % interval.

    The mean of absolute gaps is at least the gap of the means, whose normal interval gives the
    lower end. Random errors only make the calibration error larger, so the upper end is a
    percentile of the errors of a parametric bootstrap: the number of right answers is drawn anew in
    each bin (with a fixed seed).
    """
    filled = bins[bins["count"] > 0]
    if filled.empty:
        return Interval(None, None, None)
    found = error(bins)
    counts, accuracy, confidence = (
        filled[name].to_numpy(float) for name in ("count", "accuracy", "confidence")
    )
    # Half a right and half a wrong answer are added (Jeffreys), or a bin without errors would have
    # no variance.
    likely = (accuracy * counts + 0.5) / (counts + 1)
    drawn = np.random.default_rng(0).binomial(counts.astype(int), likely, (DRAWS, len(counts)))
    errors = (np.abs(confidence - drawn / counts) * counts).sum(axis=1) / counts.sum()
    high = float(np.quantile(errors, 0.5 + level / 2))
    gap = abs(float((counts * (confidence - accuracy)).sum() / counts.sum()))
    spread = np.sqrt((counts * accuracy * (1 - accuracy)).sum()) / counts.sum()
    low = max(0.0, gap - z_of(level) * float(spread))
    return Interval(found, min(low, found), max(high, found))


def temperature(scores: np.ndarray, labels: np.ndarray) -> Temperature | None:
    """The temperature with the least log-loss (Guo et al. 2017).

    Args:
        scores: (n, units) logits before softmax, or (n, 1) before a sigmoid that gives class 1.
        labels: (n,) the true classes.

    Returns:
        None for fewer than 10 images, or if all answers are right or all are wrong, for which there
        is no best temperature.
    """
    scores = scores.astype(float)
    binary = scores.shape[1] == 1
    predicted = (scores[:, 0] > 0).astype(int) if binary else scores.argmax(axis=1)
    correct = predicted == labels
    if len(labels) < 10 or correct.all() or not correct.any():
        return None
    rows = np.arange(len(labels))

    def loss(log_t: float) -> float:
        cooled = scores / np.exp(log_t)
        if binary:
            return -float(log_expit(cooled[:, 0] * (2 * labels - 1)).mean())
        return -float(log_softmax(cooled, axis=1)[rows, labels].mean())

    def confidence(t: float) -> np.ndarray:
        if binary:
            return expit(np.abs(scores[:, 0]) / t)
        return softmax(scores / t, axis=1).max(axis=1)

    ends = np.log([COLDEST, HOTTEST])
    best = float(np.exp(minimize_scalar(loss, bounds=ends, method="bounded").x))
    before, after = (error(equal_count(confidence(t), correct)) for t in (1.0, best))
    return Temperature(best, before, after, len(labels))
