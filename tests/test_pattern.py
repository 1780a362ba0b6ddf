"""A periodic pattern is found in a picture, taken out, and laid on another."""

import cv2
import numpy as np
import pytest

from convaudit.properties.pixel_properties import measure_one, measure_pixels
from convaudit.shortcuts.changes.pattern import pattern_like, scrambled, waves
from photographs import framed, grainy, procedural, scanned


def rastered(image: np.ndarray, period: int = 9) -> np.ndarray:
    """A printer's raster: a dark point in each square."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]] % period - period / 2
    points = (rows**2 + columns**2 < (period * 0.25) ** 2)[..., None]
    return np.where(points, image * 0.5, image).astype(np.uint8)


def test_a_wave_is_found_by_hand():
    """Waves of 8.3 rows, in logarithms of level + 16: amplitude 0.1 for each of a pair."""
    rows = 100 * np.exp(0.2 * np.cos(2 * np.pi * np.arange(100) / 8.3)) - 16
    image = np.broadcast_to(np.rint(rows)[:, None, None], (100, 60, 3)).astype(np.uint8)
    found = waves(image)
    strongest = np.abs(found.amplitudes).max(axis=1).argmax()
    assert 1 / found.down[strongest] == pytest.approx(8.3, abs=0.02)
    assert found.across[strongest] == pytest.approx(0, abs=1e-3)
    assert found.amplitudes[strongest] == pytest.approx([0.1] * 3, abs=0.01)
    assert found.drawn(100, 60)[:, 7, 1] == pytest.approx(
        0.2 * np.cos(2 * np.pi * np.arange(100) / 8.3), abs=0.03
    )


@pytest.mark.parametrize(
    "change",
    [lambda x: x, lambda x: grainy(x, 20, 1, 1), lambda x: framed(x, 0.06, (10, 10, 40))],
    ids=["as it is", "noise", "frame"],
)
def test_what_is_not_periodic_is_left_out(change):
    found = [waves(change(procedural(n, 180, 220))).drawn(180, 220).std() for n in range(12)]
    assert np.median(found) == 0
    assert np.max(found) < 0.03


@pytest.mark.parametrize("period", [4, 6.5, 9, 13])
def test_lines_are_taken_out_of_one_picture_and_laid_on_another(period):
    for number in range(4):
        donor, image = (procedural(number + add, 180, 220) for add in (0, 50))
        made = pattern_like(image, scanned(donor, period), 0)
        wanted = scanned(image, period)
        waves = np.exp(2j * np.pi * np.arange(180) / period)
        found, goal, before = (
            np.log(each + 16.0).mean(axis=(1, 2)) @ waves for each in (made, wanted, image)
        )
        assert abs(found - goal) < 0.3 * abs(goal - before)


def test_a_raster_is_laid_on_a_picture_of_another_size_with_as_many_periods():
    """240 / 9 = 26.7 periods in the donor; a period of 2.25 rows is still drawn in 60 rows."""
    donor = rastered(procedural(3, 240, 240))
    made = pattern_like(np.full((60, 400, 3), 128, np.uint8), donor, 0)
    for axis, half in ((0, 200), (1, 30)):
        spectrum = np.abs(np.fft.fft(made[..., 0].astype(float).mean(axis=axis)))[1:half]
        assert spectrum.argmax() + 1 == pytest.approx(240 / 9, abs=0.6)


def test_periods_under_two_pixels_are_left_out():
    donor = scanned(procedural(3, 240, 240), 4)
    image = np.full((100, 100, 3), 128, np.uint8)  # 60 periods
    assert (pattern_like(image, donor, 0) == image).all()


def test_the_control_has_the_pattern_s_strength_and_no_pattern():
    image, carrier = procedural(8, 180, 220), scanned(procedural(9, 180, 220), 8)
    changed = pattern_like(image, carrier, 0)
    control = scrambled(image, changed, carrier, 5)
    strength = [np.std(np.log(each + 16.0) - np.log(image + 16.0)) for each in (changed, control)]
    assert strength[1] == pytest.approx(strength[0], rel=0.15)
    peaks = [measure_pixels(each)["periodic_peak"] for each in (changed, control)]
    assert peaks[1] < peaks[0] - 0.8
    # Both are equally fine, so a network's input loses as much of both.
    assert measure_one(control, "sharpness") == pytest.approx(
        measure_one(changed, "sharpness"), abs=0.25
    )
    small = [
        cv2.resize(each, (64, 64), interpolation=cv2.INTER_AREA).astype(float)
        for each in (image, changed, control)
    ]
    assert np.std(small[2] - small[0]) > 0.5 * np.std(small[1] - small[0])


def test_a_picture_without_a_pattern_gives_none():
    image, donor = procedural(1, 60, 80), procedural(2, 60, 80)
    assert (pattern_like(image, donor, 0) == image).all()
    assert (scrambled(image, image, donor, 0) == image).all()
