"""A blur of known strength is found again in other pictures, whatever they show."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from convaudit.shortcuts.changes.experiments import Blur
from convaudit.shortcuts.changes.focus import SIDE, focus, missing_blur, shrunk, softness
from convaudit.shortcuts.changes.operations import (
    blurred,
    coarsened,
    contrasted,
    repeated,
    sharpened,
)
from convaudit.shortcuts.changes.plateaus import blocks, plateaus
from convaudit.shortcuts.changes.recipes import BY_NAME
from photographs import procedural, recompressed


def texture(seed: int, slope: float = 1.0) -> np.ndarray:
    """A picture (240, 320, 3) whose amplitude falls as a power of the frequency."""
    random = np.random.default_rng([seed, 79])
    down, across = np.fft.fftfreq(240)[:, None], np.fft.rfftfreq(320)
    falling = np.maximum(np.hypot(down, across), 1 / 320) ** -slope
    layer = np.fft.irfft2(np.fft.rfft2(random.normal(size=(240, 320))) * falling, (240, 320))
    grey = (128 + 40 * layer / layer.std()).clip(0, 255).round().astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def behind(image: np.ndarray, sigma: float) -> np.ndarray:
    """All but a disc of a fifth of the picture is blurred."""
    disc = cv2.circle(np.zeros(image.shape[:2], np.uint8), (160, 120), 70, 1, -1)[..., None]
    return np.where(disc > 0, image, blurred(image, sigma))


def found_blur(change: Callable[[np.ndarray], np.ndarray]) -> float:
    """The blur, in pixels, that eight pictures lack beside eight changed ones that show other
    things."""
    donors = [change(texture(number)) for number in range(20, 28)]
    return 240 * missing_blur(donors, [texture(number) for number in range(8)])


@pytest.mark.parametrize("sigma", [2.5, 4.0, 8.0])
def test_other_pictures_lack_the_blur_that_the_donors_got(sigma):
    assert found_blur(lambda image: blurred(image, sigma)) == pytest.approx(sigma, rel=0.15)


def test_neither_contrast_nor_plain_parts_nor_the_file_s_size_change_the_dose():
    def half(image: np.ndarray) -> np.ndarray:
        plain = image.copy()
        plain[:, :160] = 128
        return plain

    def large(image: np.ndarray) -> np.ndarray:
        return cv2.resize(image, (1280, 960), interpolation=cv2.INTER_CUBIC)

    def faint(image: np.ndarray) -> np.ndarray:
        return contrasted(image, 0.5)

    for change in (half, large, faint):
        blur = found_blur(lambda image, change=change: change(blurred(image, 4.0)))
        assert blur == pytest.approx(4.0, rel=0.25)
        assert found_blur(change) < 2


def test_a_sharp_object_before_a_blurred_background_hides_no_blur():
    assert found_blur(lambda image: behind(image, 6.0)) == pytest.approx(6.0, rel=0.3)


def test_sharper_donors_lack_nothing_to_blur():
    assert found_blur(lambda image: sharpened(image, 1.0)) == 0


def test_every_image_is_blurred_as_much():
    experiment = Blur(sigma=0.02, donors=(0,), others=(1,), read=texture)
    smooth, rough = texture(1, 1.3), texture(1, 0.6)
    for image in (smooth, rough):
        assert np.array_equal(experiment.insert(image, 0), blurred(image, 4.8))


def test_pictures_of_fog_have_no_focus():
    fog = np.full((240, 320, 3), 140, np.uint8)
    assert np.isnan(focus(shrunk(fog))) and np.isnan(softness(fog))
    assert missing_blur([fog], [texture(1)]) == missing_blur([texture(1)], [fog]) == 0


def test_pictures_of_low_contrast_are_compared_by_their_fine_detail():
    """Slides and smooth plates have too little structure for a focus, blurred or not."""
    pale = [contrasted(texture(number), 0.04) for number in range(6)]
    soft = [blurred(each, 4.0) for each in pale]
    assert np.isnan([focus(shrunk(each)) for each in pale + soft]).all()
    assert missing_blur(soft, pale) * 240 == pytest.approx(4.0, rel=0.3)
    assert missing_blur(pale, soft) == missing_blur(pale, pale) == 0


def test_the_shorter_side_is_measured_at_one_size():
    assert shrunk(np.zeros((500, 300, 3), np.uint8)).shape == (213, SIDE)
    assert shrunk(np.zeros((40, 60, 3), np.uint8)).shape == (SIDE, 192)


@pytest.mark.parametrize("slope", [0.6, 1.0, 1.5])
def test_detail_that_falls_as_a_power_loses_as_much_from_each_octave_to_the_next(slope):
    """Amplitudes of f^-s in two dimensions have f^(2 - 2s) of energy in each octave. The pyramid's
    bands overlap, which takes 0.3 octaves.
    """
    assert softness(texture(3, slope)) == pytest.approx(2 * (slope - 1) - 0.3, abs=0.2)
    for share in (0.007, 0.015, 0.035):
        assert softness(blurred(texture(3, slope), 240 * share)) > 1.5


def test_scenes_are_in_focus_whatever_the_size_of_their_files():
    for size in ((300, 400), (120, 160), (1200, 1600)):
        assert np.median([softness(procedural(number, *size)) for number in range(8)]) < 0.7


def test_repeated_pixels_are_plateaus_and_smooth_pictures_are_not():
    """If each row is repeated four times, 180 of the 239 steps between rows are 0, so the 25 %
    quantile is 0 too.
    """
    assert plateaus(repeated(texture(3), 60, 80)) == 1
    for kernel in ("linear", "cubic"):
        assert plateaus(coarsened(texture(3), 4, kernel)) < 0.3
    assert plateaus(texture(3)) < 0.2 and plateaus(blurred(texture(3), 4.0)) < 0.3
    stored = [recompressed(repeated(procedural(n), 100, 133), 85) for n in range(6)]
    assert np.median([plateaus(each) for each in stored]) > 0.45
    assert np.median([plateaus(procedural(n)) for n in range(6)]) < 0.35


@pytest.mark.parametrize("size", [(60, 80), (45, 53), (24, 32)])
def test_another_picture_gets_as_many_blocks_as_the_donor_has(size):
    donor = recompressed(repeated(texture(2), *size), 90)
    assert blocks(donor) == pytest.approx(size, abs=2)
    large = np.repeat(np.repeat(texture(1), 2, axis=0), 2, axis=1)
    made = BY_NAME["coarse, nearest"].insert(large, donor, 0)
    assert made.shape == large.shape and blocks(made) == pytest.approx(size, abs=3)
