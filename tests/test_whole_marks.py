"""Marks that are not one fixed picture at one place: codes, grids and marked corners."""

import cv2
import numpy as np
import pandas as pd
import pytest
from skimage import data

from convaudit.shortcuts.candidate import Candidate
from convaudit.shortcuts.changes.experiments import Region
from convaudit.shortcuts.cues import changing
from convaudit.shortcuts.cues.changing import changing_place, edges_inside
from convaudit.shortcuts.cues.places import SIDE, Place, fixed_places, joined, small
from convaudit.shortcuts.judging.wording import title
from convaudit.shortcuts.place_candidates import place_candidates
from convaudit.shortcuts.sample import Sample

COUNT = 50
NOTHING = np.zeros((SIDE, SIDE), bool)
MEMBER = np.arange(2 * COUNT) < COUNT


def crops() -> list[np.ndarray]:
    """Squares of five photographs, RGB, 96 pixels a side."""
    photos = [data.astronaut(), data.chelsea(), data.coffee(), data.rocket(), data.cat()]
    random = np.random.default_rng(3)
    found = []
    for number in range(2 * COUNT):
        photo = photos[number % len(photos)]
        side = int(random.uniform(100, 260))
        top, left = (int(random.integers(0, size - side)) for size in photo.shape[:2])
        part = photo[top : top + side, left : left + side]
        found.append(cv2.resize(part, (96, 96), interpolation=cv2.INTER_AREA))
    return found


PLAIN = crops()


def coded(image: np.ndarray, number: int) -> np.ndarray:
    """A code of 6 x 6 black and white cells, another one in each picture."""
    cells = (np.random.default_rng(number).random((6, 6)) > 0.5).astype(np.uint8) * 255
    found = image.copy()
    found[72:90, 66:84] = cv2.resize(cells, (18, 18), interpolation=cv2.INTER_NEAREST)[..., None]
    return found


def under_grid(image: np.ndarray) -> np.ndarray:
    """Light lines, half transparent, in every twelfth row and column."""
    lines = np.zeros(image.shape[:2], bool)
    lines[6::12] = lines[:, 6::12] = True
    return np.where(lines[..., None], image // 2 + 110, image).astype(np.uint8)


def cornered(image: np.ndarray) -> np.ndarray:
    found = image.copy()
    for rows in (slice(0, 8), slice(-8, None)):
        for columns in (slice(0, 8), slice(-8, None)):
            found[rows, columns] = 255
    return found


def seen(own: list[np.ndarray]) -> np.ndarray:
    return np.stack([small(each) for each in [*own, *PLAIN[COUNT:]]])


def candidates(own: list[np.ndarray]) -> list[Candidate]:
    pictures = [*own, *PLAIN[COUNT:]]
    ids = np.array([f"{number:03}" for number in range(len(pictures))])
    labels = np.where(MEMBER, 0, 1)
    sample = Sample(
        *(ids, labels, np.zeros((len(ids), 2), np.float32), "softmax", ["a", "b"]),
        *(pd.DataFrame(index=range(len(ids))), ids, pictures.__getitem__),
    )
    return place_candidates(sample, 0, [(np.arange(len(ids)), MEMBER, seen(own))])


def test_a_code_with_other_cells_in_each_picture_is_a_place():
    own = [coded(image, number) for number, image in enumerate(PLAIN[:COUNT])]
    assert sum(place.mask[48:60, 44:56].sum() for place in fixed_places(seen(own), MEMBER, 1)) < 72
    place = changing_place(seen(own), MEMBER, NOTHING, 1)
    truth = np.zeros((SIDE, SIDE), bool)
    truth[48:60, 44:56] = True
    # It is found in softened gradients, so with a margin.
    assert place.mask[truth].all() and place.mask.sum() < 2.5 * truth.sum()
    # Its mean picture is grey, so a donor's code is pasted; a person is asked.
    assert not place.copied and not place.translucent
    found = candidates(own)[-1]
    assert (found.name, found.kind) == ("changing mark, bottom right", "appearance")
    assert found.experiment.template is None
    # An image carries it if it has more edges there than beside it.
    assert ((found.carries > 0) == MEMBER).mean() > 0.8
    assert (
        edges_inside(seen(own), truth)[MEMBER].min()
        > edges_inside(seen(own), truth)[~MEMBER].mean()
    )


def test_what_is_taken_and_what_only_shows_more_detail_are_no_codes(monkeypatch):
    own = [coded(image, number) for number, image in enumerate(PLAIN[:COUNT])]
    assert changing_place(seen(own), MEMBER, ~NOTHING, 1) is None
    assert changing_place(seen(PLAIN[:COUNT]), MEMBER, NOTHING, 1) is None
    # Detail that fades out towards the rim of a thing has no sharp end.
    y, x = np.indices((96, 96)) - 47.5
    fading = np.exp(-(y**2 + x**2) / (2 * 22**2))[..., None]
    grain = np.random.default_rng(0).normal(0, 60, (COUNT, 24, 24, 1))
    noise = grain.repeat(4, axis=1).repeat(4, axis=2)
    rough = [
        (image + fading * each).clip(0, 255).astype(np.uint8)
        for image, each in zip(PLAIN[:COUNT], noise, strict=True)
    ]
    assert changing_place(seen(rough), MEMBER, NOTHING, 1) is None
    # Only the limit of the jump tells it from a code.
    monkeypatch.setattr(changing, "_JUMP", 0.1)
    assert changing_place(seen(rough), MEMBER, NOTHING, 1).mask[SIDE // 2, SIDE // 2]


def test_a_grid_over_the_whole_picture_is_a_mark_and_a_person_is_asked():
    found = candidates([under_grid(image) for image in PLAIN[:COUNT]])[-1]
    assert (found.name, found.kind) == ("mark, whole picture", "appearance")
    experiment = found.experiment
    even = np.full((96, 96, 3), 100, np.uint8)
    change = experiment.insert(even, 0).astype(int) - even
    lines = under_grid(even) > even
    assert change[lines].mean() > 20 and abs(change[~lines].mean()) < 8
    for fill in experiment.fills:
        assert experiment.remove(even, 0, fill).shape == even.shape
        assert experiment.remove_control(even, even, 0, fill).shape == even.shape


def test_faces_of_one_size_are_no_mark_over_the_whole_picture():
    faces = (data.lfw_subset() * 255).clip(0, 255).astype(np.uint8)
    pictures = np.stack([small(np.repeat(each[..., None], 3, axis=2)) for each in faces])
    found = fixed_places(pictures, np.arange(200) < 100, 1)
    assert not any(place.everywhere for place in found)


def test_four_marked_corners_are_one_suspect_beside_each_corner():
    own = [cornered(image) for image in PLAIN[:COUNT]]
    together = joined(fixed_places(seen(own), MEMBER, 1))
    assert together.parts == 4
    assert all(together.mask[rows, columns] for rows in (1, -2) for columns in (1, -2))
    found = candidates(own)
    assert [each.name for each in found].count("mark, several places") == 1
    assert len(found) == 4  # three corners and all of them
    whole = next(each for each in found if each.name == "mark, several places")
    assert isinstance(whole.experiment, Region)
    changed = whole.experiment.insert(np.zeros((96, 96, 3), np.uint8), 0)
    assert min(changed[4, 4, 0], changed[4, -4, 0], changed[-4, 4, 0], changed[-4, -4, 0]) > 150
    assert changed[30:66, 30:66].max() == 0


def test_titles_say_where_a_mark_is():
    own = [coded(image, number) for number, image in enumerate(PLAIN[:COUNT])]
    said = [title(each, "fox", "confirmed") for each in candidates(own)]
    assert "“fox” depends on a changing mark at the bottom right" in said
    said = [
        title(each, "fox", "refuted") for each in candidates([under_grid(i) for i in PLAIN[:COUNT]])
    ]
    assert "“fox” does not depend on a fixed mark over the whole picture" in said
    said = [
        title(each, "fox", "undecided") for each in candidates([cornered(i) for i in PLAIN[:COUNT]])
    ]
    assert "“fox” may depend on a fixed mark at several places" in said


@pytest.mark.parametrize("copied", [(True,), (True, False)])
def test_one_mark_alone_is_not_joined(copied):
    places = [
        Place(np.eye(SIDE, k=n, dtype=bool), 2.0, 0.8 if each else 0.1, 0.4, 0.0, "place")
        for n, each in enumerate(copied)
    ]
    assert joined(places) is None


@pytest.mark.parametrize("opacity", [1.0, 0.5])
def test_an_opaque_mark_is_pasted_though_some_images_of_the_class_lack_it(opacity):
    """The three images without the red square make the class vary there as much as others do."""
    own = [image.copy() for image in PLAIN[:COUNT]]
    for image in own[3:]:
        square = image[72:90, 72:90]
        square[:] = square * (1 - opacity) + np.array([255, 0, 0]) * opacity
    assert fixed_places(seen(own), MEMBER, 1)[0].translucent
    found = candidates(own)[0]
    assert (found.cue, found.kind) == ("place", "overlay")
    assert (found.experiment.template is None) == (opacity == 1)
    grey = np.full((96, 96, 3), 100, np.uint8)
    change = found.experiment.insert(grey, 0)[78:84, 78:84].reshape(-1, 3).mean(axis=0)
    # At half opacity the mark adds what it adds to the mean picture.
    assert change[0] > 130 and change[1] < 75
    if opacity == 1:
        assert (change == [255, 0, 0]).all()
