"""Choose how many bits the hashes of two near duplicates may differ in."""

import numpy as np
from scipy.stats import norm

RADIUS = 6
"""Greatest number of different bits in the difference hashes of two near duplicates."""
_LEAST = 30
"""Least number of hashes for an estimate; fewer are compared at ``RADIUS``."""
_SAMPLE = 1_000
"""Greatest number of hashes on each side of the estimate, evenly spaced."""
_BY_CHANCE = 0.5
"""Greatest expected number of different pictures within the radius of one; from one on they would
connect into a single group."""
_EQUAL = 2.0
"""Greatest number of others with an equal hash, per picture. More are no copies, if equal hashes
are expected by chance: 1,797 digits of 8 x 8 pixels have 0.2, so 60,000 would have 8."""
_UPPER = 0.9
"""Quantile that gives the spread. Copies are in the lower half, so they do not change it."""


def radius_by_chance(hashes: np.ndarray, others: np.ndarray | None = None) -> int | None:
    """The greatest radius up to ``RADIUS`` at which few different pictures look alike by chance.

    Pictures of one layout (digits, chest radiographs) have hashes close to each other. The chance
    of a distance up to r is taken as the lower tail of a normal distribution with the median and
    the upper spread of the distances between random pairs. On digits and fabricated radiographs it
    was never less than the true share of pairs.

    Args:
        hashes: uint64 (n,), one per picture.
        others: uint64 (m,), of the pictures that they are compared with; None for ``hashes``.

    Returns:
        0 to ``RADIUS``; None if even pictures with equal hashes are no copies as a rule.
    """
    second = hashes if others is None else others
    if min(len(hashes), len(second)) < _LEAST:
        return RADIUS
    left, right = _evenly(hashes), _evenly(second)
    distances = np.bitwise_count(left[:, None] ^ right[None]).astype(float)
    if others is None:
        distances = distances[~np.eye(len(left), dtype=bool)]
    median, upper = np.quantile(distances, [0.5, _UPPER])
    spread = max(float(upper - median) / norm.ppf(_UPPER), 0.5)
    radii = np.arange(RADIUS + 1)
    expected = len(second) * norm.cdf((radii + 0.5 - median) / spread)
    if expected[0] > _BY_CHANCE and (distances == 0).mean() * len(second) > _EQUAL:
        return None
    return int(radii[expected <= _BY_CHANCE].max(initial=0))


def _evenly(hashes: np.ndarray) -> np.ndarray:
    positions = np.linspace(0, len(hashes) - 1, min(len(hashes), _SAMPLE)).astype(int)
    return hashes[positions]
