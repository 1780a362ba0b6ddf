"""Small parts of one kind are found wherever they are and whatever they show."""

import cv2
import numpy as np
import pytest

from convaudit.shortcuts.changes.experiments import Crop
from convaudit.shortcuts.cues.boxes import Box
from convaudit.shortcuts.cues.own_part import OwnPart, own_part
from suspects import stored_and_read

SIDE, CODE = 160, 32
MEMBER = np.arange(32) < 16


def background(random: np.random.Generator) -> np.ndarray:
    """Clouds of any colour with fine grain, (160, 160, 3)."""
    clouds = cv2.resize(random.uniform(-30, 30, (12, 12, 3)), (SIDE, SIDE), cv2.INTER_CUBIC)
    grain = random.normal(0, 4, (SIDE, SIDE, 3))
    return (random.uniform(60, 190, 3) + clouds + grain).clip(0, 255).astype(np.uint8)


def coded(picture: np.ndarray, random: np.random.Generator) -> Box:
    """Lay a code, each time another one at another place, on a picture; its box as shares of the
    sides.
    """
    cells = random.integers(0, 2, (8, 8, 1)) * 255
    y, x = (int(each) for each in random.integers(0, SIDE - CODE, 2))
    picture[y : y + CODE, x : x + CODE] = cells.repeat(4, axis=0).repeat(4, axis=1)
    return x / SIDE, y / SIDE, (x + CODE) / SIDE, (y + CODE) / SIDE


def covered(box: Box, by: Box) -> float:
    """The share of a box that another one covers."""
    wide, tall = (min(box[at + 2], by[at + 2]) - max(box[at], by[at]) for at in (0, 1))
    return max(wide, 0) * max(tall, 0) / ((box[2] - box[0]) * (box[3] - box[1]))


@pytest.fixture(scope="module")
def codes() -> tuple[list[np.ndarray], list[Box], OwnPart]:
    random = np.random.default_rng(0)
    pictures = [background(random) for _ in MEMBER]
    boxes = [coded(picture, random) for picture in pictures[:16]]
    found = own_part(pictures, MEMBER)
    assert found is not None
    return pictures, boxes, found


def test_codes_of_other_content_are_one_kind(codes):
    _, boxes, found = codes
    assert found.share == 1 and found.elsewhere == 0
    assert sorted(found.boxes) == list(range(16)) == sorted(found.nearness)
    for at, box in found.boxes.items():
        # Tiles of 16 pixels every 4 pixels: a tile is of the kind if about half of it is.
        assert covered(boxes[at], box) > 0.6 and covered(box, boxes[at]) > 0.5


def test_it_is_found_in_new_pictures(codes):
    _, _, found = codes
    random = np.random.default_rng(1)
    for _ in range(10):
        picture = background(random)
        assert found.locate(picture) is None
        truth = coded(picture, random)
        assert covered(truth, found.locate(picture)) > 0.6
        # Boxes are shares of the sides, so the file's size does not count.
        large = cv2.resize(picture, (320, 320), interpolation=cv2.INTER_NEAREST)
        assert found.locate(large) == found.locate(picture)


def test_classes_without_a_part_of_their_own_have_none():
    random = np.random.default_rng(2)
    assert own_part([background(random) for _ in MEMBER], MEMBER) is None
    both = [background(random) for _ in MEMBER]
    for picture in both:
        coded(picture, random)
    assert own_part(both, MEMBER) is None


def test_a_texture_that_is_everywhere_is_no_part():
    random = np.random.default_rng(3)
    pictures = [background(random) for _ in MEMBER]
    rough = random.integers(-60, 60, (SIDE, SIDE, 3))
    for at in range(16):
        pictures[at] = (pictures[at] + rough).clip(0, 255).astype(np.uint8)
    assert own_part(pictures, MEMBER) is None


def test_few_images_and_narrow_pictures():
    random = np.random.default_rng(4)
    pictures = [background(random) for _ in MEMBER]
    assert own_part(pictures, np.arange(32) < 7) is None
    # 160 x 12 pixels have one row of tiles.
    assert own_part([picture[:12] for picture in pictures], MEMBER) is None


def test_it_is_stored_and_read_again(codes):
    pictures, _, found = codes
    experiment = Crop(
        thing=found,
        boxes=(found.boxes[0],),
        donors=(0,),
        others=(20,),
        read=pictures.__getitem__,
    )
    read = stored_and_read(experiment, pictures)
    assert isinstance(read, Crop)
    for picture in pictures:
        assert read.thing.locate(picture) == found.locate(picture)
