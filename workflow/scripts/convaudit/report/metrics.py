"""What the report says in numbers. Pure functions over arrays and tables."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

BLOCK = 3 << 14
"""So many images' numbers are worked on at once where intermediate results need memory."""


def blocks(count: int) -> Iterator[slice]:
    """One after another the parts of ``count`` images."""
    return (slice(start, start + BLOCK) for start in range(0, count, BLOCK))


class Interval(NamedTuple):
    """A share with its 95 % interval; all None where nothing was counted."""

    value: float | None
    low: float | None
    high: float | None


def wilson(successes: int, trials: int) -> Interval:
    """A share and its 95 % score interval (Wilson 1927)."""
    if trials == 0:
        return Interval(None, None, None)
    z = 1.959963984540054
    p = successes / trials
    centre = (p + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * np.sqrt(p * (1 - p) / trials + z * z / (4 * trials**2))
    return Interval(p, max(0.0, float(centre - half)), min(1.0, float(centre + half)))


def calibration(probability: np.ndarray, correct: np.ndarray, bins: int = 10) -> pd.DataFrame:
    """Confidence against accuracy in equal bins of confidence.

    Returns:
        One row a bin: low, high, count, confidence, accuracy (missing where the bin is empty).
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
    """The number of each image's bin of confidence (n,), of at most 256 equal ones; uint8."""
    found = np.empty(len(probability), np.uint8)
    for part in blocks(len(probability)):
        found[part] = np.clip(probability[part].astype(float) * bins, 0, bins - 1)
    return found


def calibration_error(bins: pd.DataFrame) -> float:
    """Expected calibration error (Naeini et al. 2015): mean gap, weighted by the bins' counts."""
    gap = (bins["confidence"] - bins["accuracy"]).abs().fillna(0)
    return float((gap * bins["count"]).sum() / max(1, bins["count"].sum()))


def per_class(counts: np.ndarray, names: list[str]) -> pd.DataFrame:
    """Support, recall and precision of each class that occurs, from a confusion matrix."""
    support, given = counts.sum(axis=1), counts.sum(axis=0)
    right = np.diag(counts)
    with np.errstate(invalid="ignore"):
        table = pd.DataFrame(
            {
                "name": names,
                "support": support,
                "predicted": given,
                "right": right,
                "recall": right / support,
                "precision": right / given,
            }
        )
    return table[(support > 0) | (given > 0)]
