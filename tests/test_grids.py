"""Grids equal the notebook's where the notebook is right, and show every channel."""

import cv2
import numpy as np
import pytest

from convaudit.drawing.grids import activation_grid, activation_tile, filter_grid

RNG = np.random.default_rng(3)
WHITE, GREY = [255] * 3, [96] * 3


def viridis(values: np.ndarray) -> np.ndarray:
    return cv2.applyColorMap(values.astype(np.uint8), cv2.COLORMAP_VIRIDIS)[..., ::-1]


def notebook_grid(activation: np.ndarray, images_per_row: int = 16) -> np.ndarray:
    """Listing 5-31, loop by loop."""
    size, n_features = activation.shape[1], activation.shape[-1]
    n_cols = n_features // images_per_row
    display_grid = np.zeros((size * n_cols, images_per_row * size))
    for col in range(n_cols):
        for row in range(images_per_row):
            channel_image = activation[0, :, :, col * images_per_row + row].copy()
            channel_image -= channel_image.mean()
            channel_image /= channel_image.std()
            channel_image *= 64
            channel_image += 128
            channel_image = np.clip(channel_image, 0, 255).astype("uint8")
            down, right = col * size, row * size
            display_grid[down : down + size, right : right + size] = channel_image
    return display_grid


def test_the_notebooks_grid_to_the_pixel():
    maps = np.maximum(RNG.normal(size=(1, 15, 15, 32)), 0)
    assert (activation_grid(maps[0]) == viridis(notebook_grid(maps))).all()


def test_single_precision_gives_the_same_picture():
    maps = np.maximum(RNG.normal(size=(7, 9, 20)), 0).astype(np.float16)
    assert (activation_grid(maps) == activation_grid(maps.astype(np.float64))).all()


def test_a_tile_by_hand():
    # mean 1, deviation 1: 0 -> 64, 2 -> 192
    tile = activation_tile(np.array([[0, 2], [2, 0]]))
    assert (tile == viridis(np.array([[64, 192], [192, 64]]))).all()


def test_values_are_clipped():
    channel = np.zeros((10, 10))
    channel[4, 4] = 1  # 9.95 deviations above the mean
    tile = activation_tile(channel)
    assert (tile[4, 4] == viridis(np.array([[255]]))[0, 0]).all()


def test_no_channel_is_dropped_and_each_has_its_place():
    maps = RNG.normal(size=(4, 6, 35))
    grid = activation_grid(maps)
    assert grid.shape == (3 * 4, 16 * 6, 3)
    for channel in range(35):
        top, left = channel // 16 * 4, channel % 16 * 6
        assert (grid[top : top + 4, left : left + 6] == activation_tile(maps[:, :, channel])).all()
    assert (grid[8:, 18:] == WHITE).all()
    assert activation_grid(maps, per_row=5).shape == (7 * 4, 5 * 6, 3)
    assert activation_grid(maps[:, :, :3]).shape == (4, 18, 3)


@pytest.mark.parametrize("value", [0.0, 0.1, -3e30, 1e-40, np.nan, np.inf, -np.inf])
@pytest.mark.filterwarnings("error")
def test_a_constant_channel_is_flat_and_marked(value):
    tile = activation_tile(np.full((9, 9), value, np.float32))
    diagonal = np.eye(9, dtype=bool)
    cross = diagonal | diagonal[::-1]
    assert (tile[cross] == WHITE).all()
    assert (tile[~cross] == GREY).all()


@pytest.mark.filterwarnings("error")
def test_one_value_that_is_not_finite_spoils_no_other_channel():
    maps = RNG.normal(size=(5, 5, 3))
    whole = activation_grid(maps)
    maps[2, 2, 1] = np.nan
    spoiled = activation_grid(maps)
    assert (spoiled[0, 5] == WHITE).all()
    assert (spoiled[:, :5] == whole[:, :5]).all()
    assert (spoiled[:, 10:] == whole[:, 10:]).all()


def test_the_mark_is_no_colour_of_viridis():
    ramp = viridis(np.arange(256)[None])[0].tolist()
    assert WHITE not in ramp
    assert GREY not in ramp


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 3)])
def test_marks_fit_any_shape(shape):
    tile = activation_tile(np.zeros(shape))
    assert (tile[0, 0] == WHITE).all()
    assert (tile[-1, -1] == WHITE).all()


@pytest.mark.filterwarnings("error")
def test_tiny_differences_are_stretched_not_lost():
    channel = np.full((4, 4), 1e-40)
    channel[:2] = 3e-40
    assert (activation_tile(channel) == activation_tile(channel * 1e40)).all()


def test_the_reference_grid_of_filters():
    tiles = RNG.integers(1, 256, (64, 64, 64, 3), np.uint8)
    grid = filter_grid(tiles)
    assert grid.shape == (547, 547, 3)
    for index, tile in enumerate(tiles):
        top, left = index // 8 * 69, index % 8 * 69
        assert (grid[top : top + 64, left : left + 64] == tile).all()
        assert not grid[top + 64 : top + 69].any()
        assert not grid[:, left + 64 : left + 69].any()


def test_as_many_rows_as_needed():
    tiles = np.full((10, 4, 4, 3), 200, np.uint8)
    grid = filter_grid(tiles, margin=1)
    assert grid.shape == (9, 39, 3)
    assert (grid[5:, :4] == 200).all()
    assert not grid[5:, 9:].any()
    assert filter_grid(tiles[:3], margin=0).shape == (4, 12, 3)


def test_dead_filters_are_marked():
    tiles = np.full((2, 5, 5, 3), 200, np.uint8)
    grid = filter_grid(tiles, margin=0, dead=np.array([False, True]))
    assert (grid[:, :5] == 200).all()
    assert (grid[np.arange(5), 5 + np.arange(5)] == WHITE).all()
    assert (grid[np.arange(5), 9 - np.arange(5)] == WHITE).all()
    assert (tiles == 200).all()
