"""Statistics of paired experiments: the same images with a cue and with its control."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from convaudit.metrics.paired import paired_difference as newcombe


@dataclass(frozen=True)
class PairedDifference:
    """Number of the same images that flipped after two changes, such as a cue and its control.

    pairs: number of images; both: flipped after both changes; first, second: only after this one;
    low, high: interval of (first - second) / pairs.
    """

    pairs: int
    both: int
    first: int
    second: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """Difference of the two shares, -1 to 1; 0 without pairs."""
        return (self.first - self.second) / self.pairs if self.pairs else 0.0


def paired_difference(first: np.ndarray, second: np.ndarray, level: float) -> PairedDifference:
    """Compare two outcomes of the same images.

    Args:
        first, second: (n,) booleans.
        level: of the two-sided interval, such as 0.95.

    Returns:
        Counts and Newcombe's square-and-add interval for paired shares (Statistics in Medicine 17,
        1998, method 10): Wilson's intervals of both shares, joined with their correlation. -1 to 1
        without pairs.

    Example:
        36 of 40 images flip with the cue and 2 of them with the control: difference 0.85, 95 %
        interval 0.68 to 0.93.
    """
    first, second = np.asarray(first, bool), np.asarray(second, bool)
    n = len(first)
    both, one, two = (int(x.sum()) for x in (first & second, first & ~second, ~first & second))
    if not n:
        return PairedDifference(0, 0, 0, 0, -1.0, 1.0)
    interval = newcombe(both, two, one, n - both - one - two, level)
    _, low, high = interval.known
    return PairedDifference(n, both, one, two, max(-1.0, low), min(1.0, high))


def pairs_needed(difference: float, discordant: float, level: float) -> int:
    """About how many pairs would decide between an effect of 0.10 or more and one below 0.05.

    n = z^2 v / d^2 with the variance v of a pair's difference and the distance d of the difference
    from the limit.

    Args:
        difference: of the shares, as seen so far.
        discordant: share of the pairs that differ, as seen so far.
        level: of the interval that must end above 0.10; below 0.05 a 95 % interval must.
    """
    variance = max(discordant - difference**2, 0.02)
    if difference >= 0.075:
        z, distance = norm.ppf(0.5 + level / 2), max(difference - 0.10, 0.025)
        return int(np.ceil(z**2 * variance / distance**2))
    z, distance = norm.ppf(0.975), max(0.05 - difference, 0.02)
    return int(np.ceil(max(z**2 * variance / distance**2, 19 * z**2)))
