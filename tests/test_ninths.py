"""In which ninths the heat is, of images worked out by hand."""

import numpy as np

from convaudit.report.regions import NOWHERE, Ninths


def test_a_ninth_that_is_hot_beside_the_hottest_is_known():
    """Two images with two hot ninths each, one with a single one and one without heat."""
    ninths = Ninths.empty(4, 2)
    shares = np.zeros((4, 9))
    shares[0, [0, 4]] = [0.6, 0.4]
    shares[1, [0, 4]] = [0.4, 0.6]
    shares[2, :] = 1 / 9
    shares[3, :] = np.nan
    said, right = np.array([0, 1, 1, 1]), np.array([True, False, True, True])
    for part in (slice(0, 1), slice(1, 4)):
        ninths.add(part.start, shares[part], said[part], right[part])
    assert ninths.hottest.tolist() == [0, 4, 0, NOWHERE]
    for ninth, first, second in ((0, 0.6, 0.4), (4, 0.4, 0.6)):
        numbers, found = ninths.hot(ninth)
        assert numbers.tolist() == [0, 1] and np.allclose(found, [first, second])
    assert not len(ninths.hot(1)[0])
    assert np.allclose(ninths.sums[1], [0.4 + 1 / 9, *[1 / 9] * 3, 0.6 + 1 / 9, *[1 / 9] * 4])
    assert np.allclose(ninths.right[1], 1 / 9)
