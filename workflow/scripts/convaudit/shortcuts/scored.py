"""Which images keep their scores: a bounded share of all, for the search for shortcuts."""

import numpy as np

from convaudit.shortcuts.halves import ticket

SCORED = 20_000
"""Images whose scores are kept, at the most, whatever the size of the dataset."""


def score_share(files: int) -> float:
    """Share of the images that keep their scores: a power of two, so that it seldom changes when
    images are added.

    Args:
        files: number of files in the dataset.
    """
    share = 1.0
    while share * files > SCORED:
        share /= 2
    return share


def scored(ids: np.ndarray, share: float) -> np.ndarray:
    """Which images keep their scores (n,), by the hash of their ids (n,)."""
    return np.array([ticket(str(each), "scores") < share * 2**64 for each in ids], bool)
