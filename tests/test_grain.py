"""New noise is like the donor's: as strong, as coarse, in the same colours."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from convaudit.shortcuts.changes.grain import evenness, noise_floors, noise_like
from photographs import grainy, jpeg, noisy, procedural


def slope(height: int = 240, width: int = 300) -> np.ndarray:
    rows = np.linspace(90, 160, width)[None, :, None]
    return np.broadcast_to(rows, (height, width, 3)).astype(np.uint8)


def seen(image: np.ndarray) -> np.ndarray:
    """Return the noise that is left in a network's input of 64 x 64 pixels."""
    small = cv2.resize(image, (64, 64), interpolation=cv2.INTER_AREA).astype(float)
    return small - cv2.resize(slope(), (64, 64), interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize("grain", [1, 2.2, 4])
def test_noise_of_any_grain_survives_a_network_s_resize_as_the_donor_s_does(grain):
    donor = grainy(slope(), 25, grain, 1)
    made = noise_like(slope(), donor, 7)
    whole = [np.std(each.astype(float) - slope()) for each in (made, donor)]
    assert whole[0] == pytest.approx(whole[1], rel=0.15)
    assert seen(made).std() == pytest.approx(seen(donor).std(), rel=0.15)
    red, green = seen(made)[..., 0].ravel(), seen(made)[..., 1].ravel()
    assert abs(np.corrcoef(red, green)[0, 1]) < 0.15


def test_a_small_picture_gets_its_noise_too():
    """A picture of 24 pixels has one octave; without noise the cue would seem to have no effect."""
    flat = np.full((24, 24, 3), 128, np.uint8)
    made = [noise_like(flat, grainy(flat, 25, 1, n), n).astype(float) - flat for n in range(40)]
    assert np.std(made) == pytest.approx(25, rel=0.25)


def test_grey_noise_stays_grey():
    donor = slope() + np.random.default_rng(2).normal(0, 20, (240, 300, 1))
    made = noise_like(slope(), donor.clip(0, 255).astype(np.uint8), 7).astype(float)
    assert np.std(made - slope()) == pytest.approx(20, rel=0.15)
    assert np.abs(made[..., 0] - made[..., 2]).mean() < 2


def test_a_picture_that_is_noisier_already_stays():
    image = grainy(slope(), 30, 1, 3)
    assert noise_like(image, slope(), 7) is image
    assert np.abs(noise_like(image, image, 7).astype(float) - image).max() <= 1


def test_a_donor_of_another_size_gives_grains_of_the_same_share_of_the_picture():
    large = cv2.resize(grainy(slope(), 25, 3, 1), (600, 480), interpolation=cv2.INTER_NEAREST)
    made = noise_like(slope(), large, 7)
    assert seen(made).std() == pytest.approx(seen(grainy(slope(), 25, 3, 1)).std(), rel=0.2)


def test_the_floors_of_white_noise_fall_by_octave():
    """Each octave keeps about a quarter of the energy of the octave before, or less."""
    totals = [np.trace(each) for each in noise_floors(grainy(slope(), 20, 1, 4))]
    assert len(totals) == 3 and all(a > 3 * b for a, b in pairwise(totals))
    assert 20**2 * 3 * 0.5 < totals[0] < 20**2 * 3


def test_noise_is_even_and_a_scene_is_not():
    scenes = [procedural(n, 240, 320) for n in range(6)]
    clean = np.median([evenness(jpeg_of(scene)) for scene in scenes])
    noised = np.median([evenness(jpeg_of(noisy(scene, 15))) for scene in scenes])
    assert clean < 0.4 < 0.55 < noised
    assert evenness(grainy(slope(), 20, 1, 1)) == pytest.approx(0.87, abs=0.05)


def jpeg_of(image: np.ndarray) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(jpeg(image, 92), np.uint8), cv2.IMREAD_COLOR_RGB)
