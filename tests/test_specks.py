"""Specks and thin strokes: how many there are, which of them are dots, and how they are laid over a
picture.
"""

import numpy as np
import pytest

from convaudit.properties.pixel_properties import measure_pixels
from convaudit.properties.specks import share, thin
from convaudit.shortcuts.changes.specks import dots, specks_like, without_specks

STEPS = [(9, 5), (20, 40), (30, 12), (50, 50)]
"""Places of dots in a picture of 64 x 64 pixels; three of them are in its upper half."""


def dotted() -> np.ndarray:
    picture = np.full((64, 64), 90, np.uint8)
    for place in STEPS:
        picture[place] = 200
    return picture


def struck(width: int) -> np.ndarray:
    """A stroke of 40 pixels down the picture."""
    picture = np.full((64, 64), 90, np.uint8)
    picture[10:50, 30 : 30 + width] = 10
    return picture


def coloured(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[..., None], 3, axis=2)


def test_dots_and_thin_strokes_stand_out_and_broad_ones_do_not():
    assert sorted(zip(*np.nonzero(thin(dotted())), strict=True)) == STEPS
    assert thin(struck(1)).sum() == 40 and thin(struck(2)).sum() == 2 * 40
    # 13 of 25 pixels are the median. A bar of 3 columns has them if it fills all 5 rows of the
    # window, so the last 2 rows at both ends stand out.
    assert thin(struck(3)).sum() == 2 * 2 * 3


def test_small_steps_and_rough_texture_do_not_stand_out():
    faint = dotted()
    faint[faint == 200] = 90 + 23
    assert not thin(faint).any()
    rough = np.random.default_rng(0).normal(128, 30, (128, 128)).clip(0, 255).astype(np.uint8)
    # In a normal distribution, 0.14 % of the values lie 4 mean differences or more from the mean.
    assert thin(rough).mean() < 0.005 < (abs(rough.astype(int) - 128) >= 24).mean()


def test_the_share_is_that_of_the_flatter_half():
    """All blocks are equally flat, so the first half of them counts."""
    assert share(dotted()) == pytest.approx(3 / (32 * 64))
    assert measure_pixels(coloured(dotted()))["specks"] == share(dotted())
    steep = dotted()
    steep[:32] = np.arange(0, 192, 3)[None]
    steep[40, 40] = 200
    # The upper half is a ramp, so the lower half counts, with its two dots.
    assert share(steep) == pytest.approx(2 / (32 * 64))
    assert np.isnan(share(np.zeros((8, 24), np.uint8)))


def test_dots_are_told_from_strokes():
    assert dots(coloured(dotted())) == 1.0 and dots(coloured(struck(1))) == 0.0
    both = struck(1)
    for place in STEPS:
        both[place] = 200
    assert dots(coloured(both)) == pytest.approx(4 / 44)
    assert np.isnan(dots(coloured(np.full((64, 64), 90, np.uint8))))


def test_specks_are_laid_over_a_picture_where_the_donor_has_them():
    image = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    changed = specks_like(image, coloured(struck(2)), seed=0)
    expected = image.copy()
    expected[10:50, 30:32] = 10
    assert np.array_equal(changed, expected)


def test_without_specks_the_picture_is_as_it_was():
    assert (without_specks(coloured(struck(2))) == 90).all()
    assert (without_specks(coloured(dotted())) == 90).all()
    # A picture of 722 pixels is halved before it is searched, so a stroke of 4 pixels is thin.
    large = np.full((722, 722, 3), 90, np.uint8)
    large[100:600, 300:304] = 10
    assert (without_specks(large) == 90).all()


def test_specks_keep_their_size_as_a_share_of_the_picture():
    image = np.full((128, 128, 3), 60, np.uint8)
    changed = specks_like(image, coloured(struck(1)), seed=0)
    dark = changed[..., 0] < 45
    rows, columns = np.nonzero(dark)
    # 40 rows of 64 are 80 of 128, and a column of one pixel is two.
    assert abs(np.ptp(rows) + 1 - 80) <= 2 and np.ptp(columns) + 1 == pytest.approx(2, abs=1)
    assert np.array_equal(changed[:, :50], image[:, :50])
