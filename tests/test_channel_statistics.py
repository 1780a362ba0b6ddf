"""Statistics of maps, by one loop and by TensorFlow's reductions, compared with NumPy's float64."""

import numpy as np
import pytest
import tensorflow as tf

from convaudit.activations.reductions import LayerStatistics, read_once, reduced


@pytest.fixture(params=[read_once, lambda maps: reduced(tf.constant(maps)).numpy()])
def statistics(request: pytest.FixtureRequest):
    return lambda maps: LayerStatistics(*request.param(maps))


@pytest.mark.parametrize("shape", [(3, 9, 7, 16), (2, 1, 300, 6), (1, 113, 113, 3), (2, 1, 1, 5)])
@pytest.mark.parametrize("shift", [0.0, -9.0, 1000.0])
def test_agree_with_float64(statistics, shape: tuple[int, ...], shift: float) -> None:
    maps = np.random.default_rng(0).normal(shift, 1, shape).astype(np.float32)
    found, exact = statistics(maps), maps.astype(np.float64)
    assert np.allclose(found.mean, exact.mean((1, 2)), rtol=1e-5, atol=1e-6)
    assert np.allclose(found.square, (exact**2).mean((1, 2)), rtol=1e-5)
    assert np.array_equal(found.maximum, maps.max((1, 2)))
    assert np.allclose(found.active, (maps > 0).mean((1, 2)), rtol=1e-6)
    place = maps.reshape(shape[0], -1, shape[3]).argmax(axis=1)
    assert np.allclose(found.y, (place // shape[2] + 0.5) / shape[1])
    assert np.allclose(found.x, (place % shape[2] + 0.5) / shape[2])


def test_of_several_greatest_positions_the_first_counts(statistics) -> None:
    maps = np.zeros((1, 2, 4, 2), np.float32)
    maps[0, 0, 3] = maps[0, 1, 0] = 5
    found = statistics(maps)
    assert found.y.tolist() == [[0.25, 0.25]]
    assert found.x.tolist() == [[0.875, 0.875]]


def test_what_is_no_number_shows(statistics) -> None:
    maps = np.ones((1, 3, 3, 2), np.float32)
    maps[0, 1, 1, 1] = np.nan
    found = statistics(maps)
    assert [found.mean[0, 0], found.square[0, 0], found.maximum[0, 0]] == [1, 1, 1]
    assert np.isnan([found.mean[0, 1], found.square[0, 1], found.maximum[0, 1]]).all()
