"""The statistics of saliency maps, and their storage."""

import numpy as np
import pytest

from convaudit.attribution import map_statistics


def one(cells: list[list[float]]) -> dict[str, float]:
    found = map_statistics.measure(np.array([cells], np.float32))
    return {name: values.item() for name, values in found.items()}


def test_a_single_hot_corner():
    found = one([[0, 0, 0, 8], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    assert (found["map_max"], found["map_empty"]) == (8, False)
    assert (found["heat_border"], found["heat_concentration"]) == (1, 1)
    assert (found["heat_x"], found["heat_y"]) == (3.5 / 4, 0.5 / 4)


def test_even_heat_has_a_tenth_of_itself_in_a_tenth_of_the_area():
    found = one([[2] * 4] * 4)
    assert found["heat_concentration"] == pytest.approx(0.1)
    assert (found["heat_border"], found["heat_x"], found["heat_y"]) == (0.75, 0.5, 0.5)


def test_a_cell_counts_in_part():
    """A tenth of 16 cells is 1.6 cells: the hottest and 0.6 of the next."""
    found = one([[0, 0, 0, 0], [0, 6, 0, 0], [0, 0, 2, 2], [0, 0, 0, 0]])
    assert found["heat_concentration"] == pytest.approx((6 + 0.6 * 2) / 10)
    assert found["heat_border"] == pytest.approx(0.2)


def test_an_empty_map_has_no_place():
    found = one([[0, 0], [0, 0]])
    assert found["map_empty"]
    assert np.isnan([found[name] for name in ("heat_border", "heat_x", "heat_concentration")]).all()


@pytest.mark.parametrize("power", [-120, -40, -24, -8, 0, 14, 20, 100])
def test_a_stored_map_keeps_its_digits_whatever_its_size(power):
    shape = np.random.default_rng(0).uniform(0.1, 1, (3, 5, 5))
    maps = np.ldexp(shape, power).astype(np.float32)
    halves, scale = map_statistics.pack(maps)
    assert halves.dtype == np.float16
    np.testing.assert_allclose(map_statistics.unpack(halves, scale), maps, rtol=2**-11)


def test_maps_that_half_precision_holds_stay_on_one_scale():
    maps = np.array([[[0.01]], [[3]], [[30000]], [[0]]], np.float32)
    halves, scale = map_statistics.pack(maps)
    assert scale.tolist() == [1, 1, 1, 1]
    assert (halves == maps.astype(np.float16)).all()
