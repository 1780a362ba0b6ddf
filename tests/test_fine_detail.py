"""The fine detail of one picture is moved to another, and shapes stay where they are."""

import numpy as np

from convaudit.shortcuts.changes.fine_detail import fine_detail_like
from convaudit.shortcuts.changes.operations import blurred

EVEN = np.full((64, 64, 3), 120, np.uint8)


def rows(low: int, high: int) -> np.ndarray:
    """Every other row is dark."""
    picture = np.full((64, 64, 3), high, np.uint8)
    picture[::2] = low
    return picture


def test_even_pictures_have_no_detail_to_move():
    assert np.array_equal(fine_detail_like(EVEN, EVEN - 50, seed=0), EVEN)


def test_a_comb_goes_on_from_tile_to_tile():
    """Rows of 100 and 140 are 20 levels under and over their blur, which is 120 inside."""
    changed = fine_detail_like(EVEN + 30, rows(100, 140), seed=3)
    # Tiles of the donor's rim, where the blur mirrors a row, differ by a few levels.
    assert np.abs(changed[::2].astype(int) - 130).max() <= 6
    assert np.abs(changed[1::2].astype(int) - 170).max() <= 6
    assert np.median(changed[::2]) == 130 and np.median(changed[1::2]) == 170


def test_the_images_own_detail_goes_and_its_coarse_picture_stays():
    own = rows(60, 180)
    own[:, 32:] += 40
    changed = fine_detail_like(own, EVEN, seed=0)
    assert np.array_equal(changed, blurred(own, 64 / 60))


def test_tiles_change_places_and_are_not_lost():
    """The seed decides at which of the 16 places the donor's dot is."""
    donor = EVEN.copy()
    donor[5:7, 5:7] = 250
    found = set()
    for seed in range(40):
        changed = fine_detail_like(EVEN, donor, seed)
        peak = np.unravel_index(changed[..., 0].argmax(), (64, 64))
        assert peak[0] % 16 in (5, 6) and peak[1] % 16 in (5, 6)
        assert changed[..., 0].max() > 120 + 60
        found.add((peak[0] // 16, peak[1] // 16))
    assert len(found) > 10


def test_pictures_of_any_size_are_covered():
    donor = np.random.default_rng(0).integers(0, 256, (90, 70, 3), np.uint8)
    for shape in ((16, 16, 3), (37, 101, 3), (250, 333, 3)):
        image = np.full(shape, 128, np.uint8)
        changed = fine_detail_like(image, donor, seed=1)
        assert changed.shape == shape
        # Every part has got detail, the rim that is no whole tile too.
        for part in (changed[:8], changed[-8:], changed[:, :8], changed[:, -8:]):
            assert part.std() > 3
