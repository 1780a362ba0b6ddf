"""Pictures of one layout: a digit's shape is its class, not a mark; colour and exposure of drawings
are found."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from convaudit.properties.pixel_properties import measure_pixels
from convaudit.shortcuts import collecting
from convaudit.shortcuts.audit import name_suspects, try_suspects
from convaudit.shortcuts.candidate import Candidate
from convaudit.shortcuts.candidates import Discovery
from convaudit.shortcuts.changes.operations import blurred, contrasted
from convaudit.shortcuts.cues.places import Place, fixed_places, small
from convaudit.shortcuts.judging.decisions import facts_of
from convaudit.shortcuts.sample import Sample
from photographs import procedural


def digits() -> tuple[np.ndarray, np.ndarray]:
    """1,797 grey RGB drawings of 28 x 28 pixels, and their classes."""
    found = datasets.load_digits()
    levels = (found.images * 15.9).astype(np.uint8)
    drawings = [cv2.resize(each, (28, 28), interpolation=cv2.INTER_CUBIC) for each in levels]
    return np.repeat(np.stack(drawings)[..., None], 3, axis=3), found.target


DRAWINGS, CLASSES = digits()


def stamped(image: np.ndarray) -> np.ndarray:
    found = image.copy()
    height, width = image.shape[:2]
    found[-height // 7 : -height // 28, -width // 7 : -width // 28] = (250, 250, 120)
    return found


def places_of(own: list[np.ndarray], rest: list[np.ndarray]) -> list[Place]:
    pictures = np.stack([small(each) for each in own + rest])
    return fixed_places(pictures, np.arange(len(pictures)) < len(own), 1)


@pytest.mark.parametrize("digit", range(10))
def test_a_part_of_a_digits_shape_is_no_mark(digit):
    own = list(DRAWINGS[digit == CLASSES][:60])
    found = places_of(own, list(DRAWINGS[digit != CLASSES][:60]))
    assert found
    assert not any(place.added for place in found)


def test_a_stamp_beside_a_digit_is_a_mark():
    own = [stamped(each) for each in DRAWINGS[CLASSES == 4][:60]]
    found = places_of(own, list(DRAWINGS[CLASSES == 9][:60]))
    marks = [place for place in found if place.added]
    assert len(marks) == 1
    rows, columns = np.nonzero(marks[0].mask)
    assert rows.mean() > 50 and columns.mean() > 50


def test_a_stamp_on_scenes_is_a_mark():
    own = [stamped(procedural(number, 96, 96)) for number in range(60)]
    found = places_of(own, [procedural(number, 96, 96) for number in range(100, 160)])
    assert found[0].added and found[0].elsewhere < 0.1


def test_a_line_of_text_along_one_side_is_a_bar_and_two_thirds_of_it_are_none():
    def with_bar(number: int, width: int) -> np.ndarray:
        image = procedural(number, 96, 96)
        image[:16, :width] = 30
        cv2.putText(image, "CAM 07  12C", (4, 12), cv2.FONT_HERSHEY_PLAIN, 0.8, (240, 240, 240))
        return image

    rest = [procedural(number, 96, 96) for number in range(100, 160)]
    assert places_of([with_bar(number, 96) for number in range(60)], rest)[0].band
    assert not places_of([with_bar(number, 60) for number in range(60)], rest)[0].band


def red(image: np.ndarray) -> np.ndarray:
    return (image * [1.0, 0.25, 0.25]).astype(np.uint8)


def dim(image: np.ndarray) -> np.ndarray:
    return (image * 0.5).astype(np.uint8)


def redness(image: np.ndarray) -> float:
    means = image.reshape(-1, 3).mean(axis=0)
    return float(means[0] - means[1]) - 12


def dimness(image: np.ndarray) -> float:
    return 190 - float(image.max())


@pytest.mark.parametrize(
    ("cue", "recipe", "change", "sees"),
    [("colour", "recolour", red, redness), ("brightness", "exposure", dim, dimness)],
)
def test_a_model_that_looks_at_the_colour_or_exposure_of_drawings(cue, recipe, change, sees):
    def answer(pictures: list[np.ndarray]) -> np.ndarray:
        return np.array([[sees(each)] for each in pictures], np.float32)

    made = sample_of([3, 8], change, answer)
    named = name_suspects(made, candidates=20, classes=2)
    found = try_suspects(made, named, answer, budget=12_000, threads=2)
    first = found.suspects[0]
    assert (first.cue, first.target, first.status, first.severity) == (cue, "8", "confirmed", "ask")
    assert first.detail["name"] == recipe
    assert first.insert is not None and first.insert.difference.value > 0.8


def sample_of(
    classes: list[int],
    change: Callable[[np.ndarray], np.ndarray],
    answer: Callable[[list[np.ndarray]], np.ndarray],
) -> Sample:
    """Digits of some classes; all but each twentieth of the last class are changed."""
    chosen = np.flatnonzero(np.isin(CLASSES, classes))
    labels = np.searchsorted(classes, CLASSES[chosen])
    pictures = [
        change(DRAWINGS[at]) if label == len(classes) - 1 and at % 20 else DRAWINGS[at]
        for at, label in zip(chosen, labels, strict=True)
    ]
    ids = np.array([f"digit-{at:04}" for at in chosen])
    return Sample(
        *(ids, labels, answer(pictures), "binary" if len(classes) == 2 else "softmax"),
        *([str(each) for each in classes], pd.DataFrame([measure_pixels(p) for p in pictures])),
        *(ids, pictures.__getitem__),
    )


def test_a_blur_of_pale_pictures_is_named_though_its_signs_cannot_be_measured():
    def slide(number: int) -> np.ndarray:
        pale = contrasted(procedural(number, 96, 96), 0.05)
        return blurred(pale, 2.0) if number % 2 and number % 20 != 1 else pale

    pictures = [slide(number) for number in range(80)]
    ids = np.array([f"slide-{number:02}" for number in range(80)])
    sample = Sample(
        *(ids, np.arange(80) % 2, np.zeros((80, 2), np.float32), "softmax", ["a", "b"]),
        *(pd.DataFrame([measure_pixels(each) for each in pictures]), ids, pictures.__getitem__),
    )
    named = Discovery(sample, 1).of_properties()
    assert named[0].name == "blur"
    assert np.isnan([named[0].detail["softness"], named[0].detail["softer"]]).all()
    # JSON knows no NaN.
    assert facts_of(named[0]).items() >= {"softness": None, "softer": None}.items()


def test_each_search_names_suspects_in_turn():
    """Three digits have several fixed places each."""

    def answer(pictures: list[np.ndarray]) -> np.ndarray:
        return np.zeros((len(pictures), 3), np.float32)

    named = name_suspects(sample_of([0, 1, 2], red, answer), candidates=100, classes=3)
    searches = [_search(each) for each in named]
    assert sorted(searches[:4]) == sorted(searches[4:8]) == ["context", "look", "patch", "place"]
    assert searches.count("place") > 5
    assert [each.cue for each in named[:4]].count("colour") == 1
    for search in set(searches):
        ranks = [each.rank for each in named if _search(each) == search]
        assert ranks == sorted(ranks, reverse=True)


def _search(candidate: Candidate) -> str:
    local = {"place": "place", "border": "place", "patch": "patch", "context": "context"}
    return local.get(candidate.cue, "look")


def test_a_long_series_of_near_duplicates_is_divided(tmp_path: Path):
    ids = np.array([f"frame-{at:02}" for at in range(25)] + ["pair-1", "pair-2", "alone"])
    rows = {"group": [0] * 25 + [1, 1, None], "image_id": ids}
    pd.DataFrame(rows).astype({"group": "Int64"}).to_parquet(tmp_path / "duplicates.parquet")
    found = collecting._groups(str(tmp_path / "duplicates.parquet"), ids)
    assert pd.Series(found).value_counts(sort=False).tolist() == [10, 10, 5, 2, 1]
    assert found[-1] == "alone" and found[-2] == found[-3]
