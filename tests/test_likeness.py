"""The share of a difference between a class and others that a changed picture has lost."""

import numpy as np
import pytest

from convaudit.shortcuts.likeness import _explained


def column(*values: float) -> np.ndarray:
    return np.array(values)[:, None]


CLASS, OTHERS = column(1, 2, 3), column(-1, 0, 1)
"""Their medians differ by 2, or 2.45 standard deviations of 0.816."""


@pytest.mark.parametrize(("after", "share"), [(2, 1), (1, 0.5), (0, 0), (3, 0.5), (-1, -0.5)])
def test_it_is_the_share_of_the_distance_of_medians_that_is_gone(after, share):
    assert _explained(CLASS, OTHERS, column(after)) == pytest.approx(share, abs=1e-5)


def test_an_unknown_property_is_left_out():
    unknown = column(np.nan, np.nan, np.nan)
    found = _explained(np.hstack([CLASS, unknown]), np.hstack([OTHERS, CLASS]), np.array([[1, 2]]))
    assert found == pytest.approx(0.5, abs=1e-5)


def test_a_distance_counts_as_five_deviations_at_most():
    """The first property is 100 apart, of which half is gone; the second is mended: 5 of 5 + 2.45
    remain.
    """
    far = np.hstack([CLASS + 100, CLASS]), np.hstack([CLASS, OTHERS])
    assert _explained(*far, np.array([[52.0, 2]])) == pytest.approx(1 - 5 / 7.449, abs=1e-3)


def test_of_a_difference_below_one_deviation_little_can_be_explained():
    """0.2 / 0.816 = 0.245 standard deviations are removed, of 1 at least."""
    assert _explained(OTHERS + 0.2, OTHERS, column(0.2)) == pytest.approx(0.245, abs=1e-3)
