"""Mean maps and shares by region, of images worked out by hand."""

import numpy as np

from convaudit.report.mean_maps import MeanMaps, mean_maps
from convaudit.report.regions import NOWHERE


def test_a_region_that_is_hot_beside_the_hottest_is_known():
    """Two images with two hot regions each, one with even heat and one with an empty map."""
    shares = np.zeros((4, 9), np.float32)
    shares[0, [0, 4]] = [0.6, 0.4]
    shares[1, [0, 4]] = [0.4, 0.6]
    shares[2, :] = 1 / 9
    shares[3, :] = np.nan
    counts = np.array([1, 2])
    maps = MeanMaps(np.array([0, 1, 1, 1]), shares, counts, np.zeros((2, 3, 3)), {})
    assert maps.hottest.tolist() == [0, 4, 0, NOWHERE]
    assert np.allclose(maps.most, [0.6, 0.6, 1 / 9, 0])
    for region, first, second in ((0, 0.6, 0.4), (4, 0.4, 0.6)):
        rows, found = maps.hot(region)
        assert rows.tolist() == [0, 1] and np.allclose(found, [first, second])
    assert not len(maps.hot(1)[0])
    sums = maps.region_sums
    assert np.allclose(sums[1], [0.4 + 1 / 9, *[1 / 9] * 3, 0.6 + 1 / 9, *[1 / 9] * 4])
    right = np.array([True, False, True, True])
    assert np.allclose(maps.region_sums_of(right)[1], 1 / 9)


def test_each_image_counts_alike_and_pairs_are_summed_over_shards():
    """One strong and one weak map of class 0, an error of class 1, and an empty map."""
    maps = np.zeros((4, 2, 2))
    maps[0, 0, 0], maps[1, 1, 1], maps[2, 0, 1] = 100, 1, 7
    labels, predicted = np.array([0, -1, 1, 0]), np.array([0, 0, 0, 0])
    found = mean_maps([maps[:3], maps[3:]], labels, predicted, 2, [(0, 0), (1, 1), (1, 0)])
    assert found.counts.tolist() == [3, 0]
    assert found.sums[0].tolist() == [[1, 1], [0, 1]]
    assert {pair: (n, total.tolist()) for pair, (n, total) in found.cells.items()} == {
        (0, 0): (1, [[1, 0], [0, 0]]),
        (1, 0): (1, [[0, 1], [0, 0]]),
    }
    assert found.mean(predicted=1) == (0, None)
    count, mean = found.overall
    assert count == 3 and np.allclose(mean, [[1 / 3, 1 / 3], [0, 1 / 3]])
    assert found.hottest[3] == NOWHERE
