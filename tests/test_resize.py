"""Resizing: averages by hand, and each way compared with the tool that it imitates."""

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from convaudit.dataset.images import INTERPOLATIONS, decode, resize, seen
from convaudit.errors import AuditError

NOISE = np.random.default_rng(1).integers(0, 256, (37, 53, 3), np.uint8)
SIZES = [(10, 10), (90, 20), (37, 53), (111, 159), (1, 1), (150, 20), (20, 150)]


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


@pytest.mark.parametrize("size", SIZES)
def test_bilinear_is_tensorflows_to_a_grey_level(size):
    reference = tf.image.resize(NOISE, size).numpy()
    assert np.abs(resize(NOISE, size, "bilinear") - reference).max() <= 1


@pytest.mark.parametrize("size", SIZES)
def test_cv2_is_opencvs_default(size):
    assert (resize(NOISE, size, "cv2") == cv2.resize(NOISE, size[::-1])).all()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("interpolation", ["nearest", "bicubic", "lanczos"])
def test_pillows_are_pillows(interpolation, size):
    reference = Image.fromarray(NOISE).resize(size[::-1], Image.Resampling[interpolation.upper()])
    assert (resize(NOISE, size, interpolation) == np.asarray(reference)).all()


@pytest.mark.parametrize("size", SIZES)
def test_fit_is_pillows(size):
    reference = ImageOps.fit(Image.fromarray(NOISE), size[::-1], Image.Resampling.LANCZOS)
    assert (resize(NOISE, size, "fit") == np.asarray(reference)).all()


@pytest.mark.parametrize("size", [(24, 24), (16, 40), (40, 16)])
def test_keras_loaders_give_the_same_pixels(tmp_path, size):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.fromarray(NOISE).save(tmp_path / name / "1.png")
    pixels = decode((tmp_path / "a" / "1.png").read_bytes())
    loaded = keras.utils.load_img(tmp_path / "a" / "1.png", target_size=size)
    assert (resize(pixels, size, "nearest") == np.asarray(loaded)).all()
    for options, interpolation in (({}, "bilinear"), ({"crop_to_aspect_ratio": True}, "crop")):
        images = keras.utils.image_dataset_from_directory(
            tmp_path, image_size=size, verbose=False, **options
        )
        found = next(iter(images))[0].numpy()[0]
        assert np.abs(resize(pixels, size, interpolation) - found).max() <= 1


def test_what_reaches_the_network():
    assert seen((100, 300), (50, 50), "bilinear") == (0, 0, 100, 300)
    assert seen((100, 300), (50, 50), "crop") == (0, 100, 100, 100)
    assert seen((300, 101), (50, 100), "fit") == (124.75, 0, 50.5, 101)
    top, left, height, width = seen((300, 101), (50, 100), "crop")
    assert (top, left, height, width) == (125, 0, 50, 101)


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_the_same_size_leaves_every_pixel(interpolation):
    assert (resize(NOISE, NOISE.shape[:2], interpolation) == NOISE).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 20_000), (20_000, 1)])
@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_odd_shapes_keep_their_colour(interpolation, shape):
    image = np.broadcast_to(np.uint8([9, 99, 199]), (*shape, 3)).copy()
    assert (resize(image, (32, 24), interpolation) == [9, 99, 199]).all()


def test_an_unknown_interpolation_is_named():
    with pytest.raises(AuditError, match="cubic"):
        resize(NOISE, (5, 5), "cubic")
