"""Resizing: hand-worked averages and Pillow as the reference."""

import numpy as np
import pytest
from PIL import Image

from convaudit.dataset.images import resize
from convaudit.errors import AuditError

NOISE = np.random.default_rng(1).integers(0, 256, (37, 53, 3), np.uint8)


def row(*values: int) -> np.ndarray:
    return np.repeat(np.uint8(values)[None, :, None], 3, 2)


def test_area_averages_what_a_pixel_covers():
    assert resize(row(0, 10, 20, 40), (1, 2), "area")[0, :, 0].tolist() == [5, 30]
    # 3 to 2: each new pixel covers one and a half: (0 + 60/2) / 1.5 and (60/2 + 90) / 1.5
    assert resize(row(0, 60, 90), (1, 2), "area")[0, :, 0].tolist() == [20, 80]


def test_area_grows_linearly_with_half_pixel_centres():
    assert resize(row(0, 100), (1, 4), "area")[0, :, 0].tolist() == [0, 25, 75, 100]


def test_area_treats_each_axis_by_itself():
    stripes = np.tile(row(0, 200), (2, 50, 1))
    assert stripes.shape == (2, 100, 3)
    grown = resize(stripes, (8, 50), "area")
    assert grown.shape == (8, 50, 3)
    assert (grown == 100).all()
    turned = resize(stripes.swapaxes(0, 1), (50, 8), "area")
    assert (turned == 100).all()


def test_bilinear_is_not_antialiased():
    assert resize(row(0, 0, 200, 0, 0, 0), (1, 2), "bilinear")[0, :, 0].tolist() == [0, 0]


@pytest.mark.parametrize(
    "size", [(10, 10), (90, 20), (37, 53), (111, 159), (1, 1), (150, 20), (20, 150)]
)
def test_nearest_is_pillows(size):
    reference = Image.fromarray(NOISE).resize(size[::-1], Image.Resampling.NEAREST)
    assert (resize(NOISE, size, "nearest") == np.asarray(reference)).all()


@pytest.mark.parametrize("interpolation", ["area", "bilinear", "nearest"])
def test_the_same_size_leaves_every_pixel(interpolation):
    assert (resize(NOISE, NOISE.shape[:2], interpolation) == NOISE).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 20_000), (20_000, 1)])
@pytest.mark.parametrize("interpolation", ["area", "bilinear", "nearest"])
def test_odd_shapes_keep_their_colour(interpolation, shape):
    image = np.broadcast_to(np.uint8([9, 99, 199]), (*shape, 3)).copy()
    assert (resize(image, (32, 24), interpolation) == [9, 99, 199]).all()


def test_an_unknown_interpolation_is_named():
    with pytest.raises(AuditError, match="cubic"):
        resize(NOISE, (5, 5), "cubic")
