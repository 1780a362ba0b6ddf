"""Pieces of picture that return: found whole, and inserted where the donor has them."""

import cv2
import numpy as np
import pytest

from convaudit.shortcuts.changes.experiments import Crop
from convaudit.shortcuts.cues.boxes import Box, cut, grown
from convaudit.shortcuts.cues.patches import Patch, returning_patches
from convaudit.shortcuts.cues.strokes import amount, colour_of, followed

SIDE = 160
STICKER = 38


def background(random: np.random.Generator) -> np.ndarray:
    """Cloudy grey of any brightness (160, 160, 3)."""
    clouds = cv2.resize(random.uniform(-40, 40, (12, 12, 3)), (SIDE, SIDE), cv2.INTER_CUBIC)
    return np.clip(random.uniform(50, 200) + clouds, 0, 255).astype(np.uint8)


def stuck(picture: np.ndarray, random: np.random.Generator) -> Box:
    """Stick a green square with a white cross anywhere, turned by up to 8 degrees; its box."""
    sticker = np.full((STICKER, STICKER, 3), (70, 220, 60), np.uint8)
    for ends in (((8, 8), (30, 30)), ((8, 30), (30, 8))):
        cv2.line(sticker, *ends, (240, 240, 230), 7, cv2.LINE_AA)
    x, y = random.integers(0, SIDE - STICKER, 2)
    turned = cv2.getRotationMatrix2D((STICKER / 2, STICKER / 2), random.uniform(-8, 8), 1)
    turned[:, 2] += x, y
    ones = np.ones((STICKER, STICKER), np.float32)
    opacity = cv2.warpAffine(ones, turned, (SIDE, SIDE))[..., None]
    laid = cv2.warpAffine(sticker, turned, (SIDE, SIDE))
    picture[:] = (picture * (1 - opacity) + laid * opacity).astype(np.uint8)
    return x / SIDE, y / SIDE, (x + STICKER) / SIDE, (y + STICKER) / SIDE


def share(inner: Box, outer: Box) -> float:
    """Share of a box that another one covers."""
    wide = min(inner[2], outer[2]) - max(inner[0], outer[0])
    tall = min(inner[3], outer[3]) - max(inner[1], outer[1])
    return max(0, wide) * max(0, tall) / ((inner[2] - inner[0]) * (inner[3] - inner[1]))


@pytest.mark.parametrize("seed", range(3))
def test_the_whole_sticker_is_cut_though_a_corner_of_it_is_what_returns(seed):
    random = np.random.default_rng(seed)
    pictures = [background(random) for _ in range(28)]
    boxes = [stuck(picture, random) for picture in pictures[:14]]
    first = returning_patches(pictures, np.arange(28) < 14)[0]
    assert first.copied and first.share > 0.8 and first.elsewhere == 0
    assert first.size < STICKER  # one of the smaller sizes was found
    covered = [share(boxes[at], box) for at, box in first.boxes.items()]
    too_much = [share(box, boxes[at]) for at, box in first.boxes.items()]
    assert np.median(covered) > 0.85 and np.median(too_much) > 0.5


def test_a_thing_of_two_alike_parts_is_one_thing_and_a_texture_is_many():
    random = np.random.default_rng(1)
    pictures = [background(random) for _ in range(28)]
    for picture in pictures[:14]:
        x, y = (int(each) for each in random.integers(30, 100, 2))
        for at in (0, 22):
            cv2.circle(picture, (x + at, y), 6, (250, 250, 60), 3, cv2.LINE_AA)
    assert returning_patches(pictures, np.arange(28) < 14)[0].repeats == 1
    for picture in pictures[:14]:
        for x in range(int(random.integers(0, 25)), SIDE, 36):
            for y in range(int(random.integers(0, 25)), SIDE, 36):
                cv2.circle(picture, (x, y), 7, (250, 250, 60), 3, cv2.LINE_AA)
    assert returning_patches(pictures, np.arange(28) < 14)[0].repeats >= 2


def test_a_spot_on_an_object_that_fills_the_view_is_cut_without_the_object():
    random = np.random.default_rng(0)
    pictures = []
    for at in range(28):
        picture = background(random)
        x, y = (int(each) for each in random.integers(70, 90, 2))
        cv2.circle(picture, (x, y), 65, (120, 170, 140), -1, cv2.LINE_AA)
        if at < 14:
            cv2.circle(picture, (x, y), 7, (30, 30, 40), 3, cv2.LINE_AA)
        pictures.append(picture)
    first = returning_patches(pictures, np.arange(28) < 14)[0]
    assert first.reach == (0.125, 0.125, 0.125, 0.125)


def test_a_caption_at_any_height_is_cut_from_edge_to_edge():
    random = np.random.default_rng(0)
    pictures, heights = [background(random) for _ in range(28)], []
    for picture in pictures[:14]:
        y = int(random.integers(20, 130))
        picture[y : y + 20] = (30, 30, 30)
        cv2.putText(picture, "cdef", (4, y + 16), 0, 0.6, (255, 255, 255), 1, cv2.LINE_AA)
        heights.append(y / SIDE)
    first = returning_patches(pictures, np.arange(28) < 14)[0]
    assert first.copied and len(first.boxes) >= 12
    for at, (left, top, right, bottom) in first.boxes.items():
        assert (left, right) == (0, 1)
        assert top <= heights[at] + 0.02 and bottom >= heights[at] + 20 / SIDE - 0.02
        assert bottom - top < 0.25


def test_a_ring_is_followed_from_a_piece_of_it_by_its_colour():
    random = np.random.default_rng(0)
    pictures, boxes = [background(random) for _ in range(28)], []
    for picture in pictures[:14]:
        x, y = (int(each) for each in random.integers(40, 120, 2))
        cv2.circle(picture, (x, y), 34, (255, 40, 40), 4, cv2.LINE_AA)
        boxes.append(((x - 36) / SIDE, (y - 36) / SIDE, (x + 37) / SIDE, (y + 37) / SIDE))
    first = returning_patches(pictures, np.arange(28) < 14)[0]
    assert first.size < 45 and first.colour == pytest.approx((255, 40, 40), abs=5)
    for at, box in first.boxes.items():
        assert share(boxes[at], box) > 0.99 and share(box, boxes[at]) > 0.6
    # It is found anew in another picture, and not in one without it.
    seen = background(random)
    cv2.circle(seen, (70, 60), 34, (255, 40, 40), 4, cv2.LINE_AA)
    box = first.locate(seen)
    assert box and share((34 / SIDE, 24 / SIDE, 107 / SIDE, 97 / SIDE), box) > 0.99
    assert first.locate(background(random)) is None


def test_a_letter_is_not_followed_by_the_ink_that_all_letters_have():
    random = np.random.default_rng(0)
    pictures = [background(random) for _ in range(28)]
    for at, picture in enumerate(pictures):
        x, y = (int(each) for each in random.integers(40, 70, 2))
        cv2.putText(picture, "A" if at < 14 else "E", (x, y + 40), 0, 1.6, (200, 20, 30), 4)
    assert all(each.colour is None for each in returning_patches(pictures, np.arange(28) < 14))
    ink = (200.0, 20.0, 30.0)
    assert amount(pictures[0], ink) > 0.01 and amount(background(random), ink) == 0


def test_a_colour_is_followed_over_small_gaps_and_not_into_a_background():
    picture = np.full((SIDE, SIDE, 3), 90, np.uint8)
    picture[40:60, 20:40] = picture[40:60, 43:63] = picture[40:60, 90:100] = (250, 200, 30)
    # Two pieces are 3 pixels apart; the third is 27 away. The rim is 2 pixels.
    inside = 25 / SIDE, 45 / SIDE, 35 / SIDE, 55 / SIDE
    found = followed(picture, inside, (250, 200, 30))
    assert found == (18 / SIDE, 38 / SIDE, 65 / SIDE, 62 / SIDE)
    assert followed(picture, inside, (90, 90, 90)) is None  # not in the box
    around = 0.0, 0.0, 0.3, 0.3
    assert followed(picture, around, (90, 90, 90)) is None  # covers the picture


def test_crops_have_one_colour_in_common_or_none():
    random = np.random.default_rng(0)
    crops = [random.integers(0, 255, (24, 24, 3)).astype(np.uint8) for _ in range(6)]
    usual = float(np.concatenate([each.reshape(-1, 3) for each in crops]).var(axis=0).sum())
    assert colour_of(crops, usual) is None
    for each in crops:
        each[10:14] = (200, 20, 30)
    assert colour_of(crops, usual) == (200, 20, 30)
    assert colour_of(crops[:3], usual) is None
    for each in crops:
        each[16:20] = (20, 20, 230)
    assert colour_of(crops, usual) is None  # two colours


def test_a_piece_is_pasted_where_the_donor_has_it_and_the_control_too():
    donor = np.zeros((100, 100, 3), np.uint8)
    donor[20:40, 60:80] = 255
    box = (0.6, 0.2, 0.8, 0.4)
    patch = Patch(1.0, 0.0, [], {}, {}, 20, np.zeros(108, np.float32))
    experiment = Crop(
        thing=patch, boxes=(box,), donors=(0,), others=(1,), read=lambda at: (donor, donor)[at]
    )
    image = np.full((50, 40, 3), 90, np.uint8)
    changed = experiment.insert(image, seed=5)
    control = experiment.insert_control(image, changed, seed=5)
    assert (cut(changed, (0.65, 0.25, 0.75, 0.35)) == 255).all()
    assert (cut(control, (0.65, 0.25, 0.75, 0.35)) == 0).all()
    for made in (changed, control):  # nothing but the box and its soft edge is touched
        made[8:22, 22:34] = 90
        assert (made == 90).all()


def test_a_box_grows_by_its_own_sides_and_is_cut_at_the_edge():
    found = grown((0.5, 0.2, 0.7, 0.3), (1, 0.5, 0, 9))
    assert found == pytest.approx((0.3, 0.15, 0.7, 1.0))
