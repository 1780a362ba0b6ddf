"""Confidence intervals of shares and means, and sample sizes."""

import math
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri
from scipy.stats import binomtest

LEVEL = 0.95


class Interval(NamedTuple):
    """A number with the ends of its confidence interval; all are None if nothing was counted."""

    value: float | None
    low: float | None
    high: float | None

    @property
    def known(self) -> tuple[float, float, float]:
        """The three numbers, if something was counted."""
        assert self.value is not None and self.low is not None and self.high is not None
        return self.value, self.low, self.high


def z_of(level: float) -> float:
    """Quantile of the standard normal distribution for a two-sided interval of this level."""
    return float(ndtri(0.5 + level / 2))


def wilson(successes: int, trials: int, level: float = LEVEL) -> Interval:
    """A share and its score interval (Wilson 1927): all shares that a z-test does not reject.

    The ends are (p + z^2 / 2n ± z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n) with the share
    p of n trials. Example: 90 of 100 have the interval 0.826 to 0.945.
    """
    if trials == 0:
        return Interval(None, None, None)
    ends = binomtest(int(successes), int(trials)).proportion_ci(level, method="wilson")
    return Interval(successes / trials, float(ends.low), float(ends.high))


def images_to_decide(share: float, limit: float, level: float = LEVEL) -> int | None:
    """Number of images for which an end of Wilson's interval would be at ``limit``, at the same
    share.

    The interval inverts the score test, so its end is at L where
    (p - L)^2 = z^2 L (1 - L) / n, and n follows.

    Returns:
        None if the share equals the limit: no number of images would decide.
    """
    if math.isclose(share, limit):
        return None
    return math.ceil(z_of(level) ** 2 * limit * (1 - limit) / (share - limit) ** 2)


def of_mean(values: np.ndarray, level: float = LEVEL) -> Interval:
    """Mean of independent values (n,) with its normal interval; a single value has no interval."""
    if not len(values):
        return Interval(None, None, None)
    mean = float(np.mean(values, dtype=float))
    if len(values) == 1:
        return Interval(mean, None, None)
    half = z_of(level) * float(np.std(values, ddof=1, dtype=float)) / math.sqrt(len(values))
    return Interval(mean, mean - half, mean + half)


def of_mean_share(shares: list[Interval]) -> Interval:
    """Mean of independent shares with an interval from theirs (MOVER; Zou and Donner 2008).

    The lower end is the mean minus sqrt(sum (p_i - l_i)^2) / K; the upper end likewise.
    """
    known = [(p, low, high) for p, low, high in shares if p is not None]
    if not known:
        return Interval(None, None, None)
    p, low, high = np.array(known, float).T
    mean = float(p.mean())
    below = float(np.sqrt(((p - low) ** 2).sum()) / len(p))
    above = float(np.sqrt(((high - p) ** 2).sum()) / len(p))
    return Interval(mean, max(0.0, mean - below), min(1.0, mean + above))
