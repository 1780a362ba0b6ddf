"""A thing that lies anywhere has the surroundings of any place; a part of a thing has its own."""

import cv2
import numpy as np
import pandas as pd
import pytest

from convaudit.shortcuts.candidates import Discovery
from convaudit.shortcuts.cues.around import stands_out
from convaudit.shortcuts.sample import Sample

SIDE = 160
Box = tuple[float, float, float, float]


def background(random: np.random.Generator) -> np.ndarray:
    """Coarse noise (160, 160, 3) of any brightness."""
    clouds = cv2.resize(random.uniform(-40, 40, (40, 40, 3)), (SIDE, SIDE), cv2.INTER_CUBIC)
    return np.clip(random.uniform(60, 190) + clouds, 0, 255).astype(np.uint8)


def drawn(picture: np.ndarray, x: int, y: int) -> Box:
    """Draw a cross of 16 x 16 pixels; its box."""
    cv2.line(picture, (x, y), (x + 15, y + 15), (240, 220, 40), 3)
    cv2.line(picture, (x, y + 15), (x + 15, y), (240, 220, 40), 3)
    return x / SIDE, y / SIDE, (x + 16) / SIDE, (y + 16) / SIDE


@pytest.mark.parametrize("seed", range(5))
def test_a_sticker_anywhere_does_not_stand_out(seed):
    random = np.random.default_rng(seed)
    pictures = [background(random) for _ in range(24)]
    boxes = [drawn(each, *(int(at) for at in random.integers(0, 144, 2))) for each in pictures]
    assert stands_out(pictures, boxes) < 0.2


@pytest.mark.parametrize("seed", range(3))
def test_a_sticker_in_any_corner_of_pictures_with_plain_corners_does_not_stand_out(seed):
    random = np.random.default_rng(seed)
    pictures, boxes = [], []
    for _ in range(24):
        picture = np.full((SIDE, SIDE, 3), random.uniform(60, 190), np.uint8)
        picture[50:110, 50:110] = background(random)[50:110, 50:110]
        x, y = (int(each) for each in random.choice([4, 136], 2))
        boxes.append(drawn(picture, x, y))
        pictures.append(picture)
    assert stands_out(pictures, boxes) < 0.2


def disc(random: np.random.Generator) -> tuple[np.ndarray, int, int]:
    """A picture of a grey disc, and the disc's centre."""
    picture = background(random)
    x, y = (int(each) for each in random.integers(34, 126, 2))
    grey = int(random.integers(40, 220))
    cv2.circle(picture, (x, y), 32, (grey, grey, grey), -1)
    return picture, x, y


def test_a_cross_on_a_plain_disc_stands_out():
    random = np.random.default_rng(0)
    pictures, boxes = [], []
    for _ in range(24):
        picture, x, y = disc(random)
        boxes.append(drawn(picture, x - 8, y - 8))
        pictures.append(picture)
    assert stands_out(pictures, boxes) > 0.4


@pytest.mark.parametrize(("on_the_disc", "kind"), [(True, "appearance"), (False, "overlay")])
def test_a_cross_on_the_class_s_discs_is_a_part_and_one_anywhere_is_a_paste(on_the_disc, kind):
    random = np.random.default_rng(1)
    pictures, labels = [], np.arange(120) % 2
    for label in labels:
        picture, x, y = disc(random)
        if label and not on_the_disc:
            x, y = (int(each) for each in random.integers(8, 152, 2))
        if label:
            drawn(picture, x - 8, y - 8)
        pictures.append(picture)
    ids = np.array([f"{at:03d}" for at in range(120)])
    sample = Sample(
        ids=ids,
        labels=labels,
        scores=np.where(labels, 1.0, -1.0)[:, None],
        head="binary",
        class_names=["plain", "crossed"],
        properties=pd.DataFrame(index=range(120)),
        groups=ids,
        read=pictures.__getitem__,
    )
    first = Discovery(sample, 1).of_patches()[0]
    assert first.kind == kind


def test_the_distance_is_that_of_an_auc():
    pictures, boxes = [], []
    for at in range(16):
        picture = np.zeros((SIDE, SIDE, 3), np.uint8)
        x = 20 if at % 2 else 100
        picture[:, x - 20 : x + 40] = 255
        boxes.append((x / SIDE, 0.4, (x + 20) / SIDE, 0.5))
        pictures.append(picture)
    # Each thing lies on white; the free places, those of pictures of the other kind, on black.
    assert stands_out(pictures, boxes) == 0.5


def test_things_at_one_place_or_too_few_can_t_be_measured():
    random = np.random.default_rng(0)
    pictures = [background(random) for _ in range(24)]
    fixed = [drawn(each, 100, 20) for each in pictures]
    assert np.isnan(stands_out(pictures, fixed))
    pictures = [background(random) for _ in range(7)]
    few = [drawn(each, *(int(at) for at in random.integers(0, 144, 2))) for each in pictures]
    assert np.isnan(stands_out(pictures, few))
