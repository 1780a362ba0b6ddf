"""The report's numbers, worked out by hand."""

import numpy as np
import pytest

from convaudit.metrics import calibration, classification
from convaudit.metrics.intervals import wilson
from convaudit.report import regions


def test_wilson_interval_of_a_textbook_case():
    share, low, high = wilson(8, 10)
    assert share == 0.8
    assert (low, high) == pytest.approx((0.4901625, 0.9433178), abs=1e-6)
    assert wilson(0, 0) == (None, None, None)
    assert wilson(0, 5).low == 0


def test_calibration_error_by_hand():
    probability = np.array([0.95, 0.95, 0.95, 0.95, 0.55, 0.55])
    correct = np.array([True, True, True, False, True, False])
    bins = calibration.equal_width(probability, correct)
    assert bins["count"].tolist() == [0, 0, 0, 0, 0, 2, 0, 0, 0, 4]
    expected = (4 * (0.95 - 0.75) + 2 * (0.55 - 0.5)) / 6
    assert calibration.error(bins) == pytest.approx(expected)


def test_confusion_and_per_class():
    label, predicted = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 1])
    counts = classification.confusion(label, predicted, 3)
    assert counts.tolist() == [[2, 1, 0], [0, 2, 0], [0, 0, 0]]
    table = classification.per_class(counts, ["a", "b", "c"]).set_index("name")
    assert table["recall"].tolist() == pytest.approx([2 / 3, 1])
    assert table["precision"].tolist() == pytest.approx([1, 2 / 3])
    assert "c" not in table.index


def test_region_shares_split_a_cell_that_lies_in_two_regions():
    even = regions.region_shares(np.ones((1, 7, 7)))
    assert even[0] == pytest.approx(np.full(9, 1 / 9))
    corner = np.zeros((1, 6, 6))
    corner[0, 0, 5] = 2.0
    assert regions.region_shares(corner)[0, 2] == pytest.approx(1)
    middle = np.zeros((1, 2, 2))
    middle[0, 0, 0] = 1.0
    # A quarter of the picture: its upper left cell reaches two thirds into the first third.
    assert regions.region_shares(middle)[0, [0, 1, 3, 4]] == pytest.approx(
        [4 / 9, 2 / 9, 2 / 9, 1 / 9]
    )
    assert np.isnan(regions.region_shares(np.zeros((1, 3, 3)))).all()
