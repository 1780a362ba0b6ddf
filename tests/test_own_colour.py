"""Small parts of one colour: found whatever their shape, and not if all images have the colour."""

import cv2
import numpy as np
import pytest

from convaudit.shortcuts.changes.experiments import Drawing
from convaudit.shortcuts.cues.own_colour import own_colour
from convaudit.shortcuts.cues.strokes import within
from suspects import stored_and_read

SIDE, PEN = 160, (90, 30, 140)
MEMBER = np.arange(28) < 14


def background(random: np.random.Generator) -> np.ndarray:
    """Cloudy grey of any brightness (160, 160, 3)."""
    clouds = cv2.resize(random.uniform(-30, 30, (12, 12, 1)), (SIDE, SIDE), cv2.INTER_CUBIC)
    grey = random.uniform(50, 200) + clouds[..., None]
    return np.clip(np.repeat(grey, 3, axis=2), 0, 255).astype(np.uint8)


def drawn(picture: np.ndarray, random: np.random.Generator) -> None:
    """Draw a stroke of any shape."""
    steps = random.uniform(-22, 22, (6, 2)).cumsum(axis=0)
    points = np.clip(random.uniform(50, 110, 2) + steps, 8, SIDE - 8).astype(np.int32)
    cv2.polylines(picture, [points], False, PEN, 4)


def test_strokes_of_any_shape_are_found_by_their_colour():
    random = np.random.default_rng(0)
    pictures = [background(random) for _ in range(28)]
    for picture in pictures[:14]:
        drawn(picture, random)
    found = own_colour(pictures, MEMBER)
    assert found.colour == pytest.approx(PEN, abs=2)
    assert found.share > 0.9 and found.elsewhere == 0
    rim = np.ones((5, 5), np.uint8)
    for at, size in found.sizes.items():
        stroke = (pictures[at] == PEN).all(axis=-1)
        assert size == stroke.mean()
        assert np.array_equal(found.drawn(pictures[at]), cv2.dilate(stroke.astype(np.uint8), rim))
    assert found.drawn(background(random)) is None


def test_a_pixel_has_a_colour_if_each_channel_is_near():
    pixels = np.array([[(100, 50, 10), (140, 50, 10), (141, 50, 10), (100, 9, 10), (60, 90, 50)]])
    found = within(pixels.astype(np.uint8), (100.0, 50.0, 10.0), 40)
    assert found.tolist() == [[True, True, False, False, True]]
    # A colour between two levels: 40.5 +- 0.5 is 40 and 41.
    levels = np.arange(38, 44, dtype=np.uint8)[None, :, None].repeat(3, axis=2)
    assert within(levels, (40.5,) * 3, 0.5).tolist() == [[False, False, True, True, False, False]]


def test_lines_and_outlines_are_followed_over_the_whole_picture():
    random = np.random.default_rng(0)
    pictures = [background(random) for _ in range(28)]
    for picture in pictures[:14]:
        x = int(random.integers(10, 150))
        picture[:, x : x + 3] = (250, 240, 120)
    found = own_colour(pictures, MEMBER)
    # The line is 3 pixels wide, the rim 2.
    assert all(found.drawn(picture).sum(axis=1).tolist() == [7] * SIDE for picture in pictures[:14])
    framed = [background(random) for _ in range(28)]
    for picture in framed[:14]:
        x, y = (int(each) for each in random.integers(10, 40, 2))
        cv2.rectangle(picture, (x, y), (x + 100, y + 100), (20, 230, 30), 2)
    found = own_colour(framed, MEMBER)
    assert (found.share, found.elsewhere) == (1, 0)
    for picture in framed[:14]:
        mask = found.drawn(picture)
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        # Only the outline is the thing, not what it surrounds.
        assert np.ptp(rows) > 100 and np.ptp(columns) > 100 and mask.mean() < 0.13
    experiment = Drawing(thing=found, donors=(0,), others=(20,), read=framed.__getitem__)
    green = (framed[1] == (20, 230, 30)).all(axis=-1)
    removed = experiment.remove(framed[1], 0, "other")
    assert not (removed[green] == (20, 230, 30)).all(axis=-1).any()
    # The control removes as much elsewhere, where it crosses the outline at most.
    kept = experiment.remove_control(framed[1], removed, 0, "other")
    assert (kept[green] == (20, 230, 30)).all(axis=-1).mean() > 0.8


def test_a_large_filled_shape_is_no_drawing():
    random = np.random.default_rng(0)
    pictures = [background(random) for _ in range(28)]
    for picture in pictures[:14]:
        cv2.line(picture, (10, 80), (150, 80), PEN, 2)
        cv2.line(picture, (80, 10), (80, 150), PEN, 2)
    assert own_colour(pictures, MEMBER) is not None
    for picture in pictures[:14]:
        cv2.circle(picture, (80, 80), 40, PEN, -1)
    assert own_colour(pictures, MEMBER) is None


def test_a_colour_that_others_have_too_is_not_the_class_s_own():
    random = np.random.default_rng(0)
    pictures = [background(random) for _ in range(28)]
    for picture in pictures:
        drawn(picture, random)
    assert own_colour(pictures, MEMBER) is None


def test_a_background_and_a_tone_are_no_parts():
    random = np.random.default_rng(0)
    pictures = [background(random) for _ in range(28)]
    for picture in pictures[:14]:
        picture[:80] = PEN
    assert own_colour(pictures, MEMBER) is None
    warm = [
        np.clip(each * (1.3, 1, 0.8), 0, 255).astype(np.uint8) if at < 14 else each
        for at, each in enumerate(background(random) for _ in range(28))
    ]
    assert own_colour(warm, MEMBER) is None


def test_too_few_images_name_nothing():
    random = np.random.default_rng(0)
    pictures = [background(random) for _ in range(20)]
    for picture in pictures[:7]:
        drawn(picture, random)
    assert own_colour(pictures, np.arange(20) < 7) is None


def test_only_what_is_drawn_is_pasted_and_removed_also_after_storage():
    random = np.random.default_rng(0)
    pictures = [background(random) for _ in range(28)]
    for picture in pictures[:14]:
        drawn(picture, random)
    found = own_colour(pictures, MEMBER)
    experiment = Drawing(thing=found, donors=(0, 1), others=(20, 21), read=pictures.__getitem__)
    stroke = found.drawn(pictures[1])
    for tried in (experiment, stored_and_read(experiment, pictures)):
        changed = tried.insert(pictures[25], 1)
        assert np.array_equal(changed[stroke], pictures[1][stroke])
        assert np.array_equal(changed[~stroke], pictures[25][~stroke])
        control = tried.insert_control(pictures[25], changed, 1)
        assert np.array_equal(control[stroke], pictures[21][stroke])
        assert np.array_equal(control[~stroke], pictures[25][~stroke])
        removed = tried.remove(pictures[3], 0, "smooth")
        assert not (removed == PEN).all(axis=-1).any()
        kept = tried.remove_control(pictures[3], removed, 0, "smooth")
        assert (kept == PEN).all(axis=-1).mean() > 0.5 * (pictures[3] == PEN).all(axis=-1).mean()
        assert tried.remove(pictures[25], 0, "smooth") is None
