"""Slices of the data: by hand, compared with SciPy, and with a planted bad slice."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact

from convaudit.metrics import slices as module
from convaudit.metrics.cues import Cue, CueShare
from convaudit.metrics.intervals import wilson
from convaudit.metrics.slices import folders, slices, told_by_class
from convaudit.verdict.numbers import confirmed_cues


def test_a_slice_by_hand():
    camera = pd.Series(["old"] * 20 + ["new"] * 80)
    correct = np.array([True] * 10 + [False] * 10 + [True] * 72 + [False] * 8)
    old, new = slices({"camera": camera}, correct)
    assert (old.name, old.support, old.right, old.accuracy) == ("camera = old", 20, 10, 0.5)
    assert (old.rest_accuracy, old.difference) == (0.9, pytest.approx(-0.4))
    assert (old.accuracy_95_low, old.accuracy_95_high) == pytest.approx(wilson(10, 20)[1:])
    # Both slices are the same table, and two were tried.
    p = fisher_exact([[10, 10], [72, 8]]).pvalue
    assert old.p_adjusted == pytest.approx(2 * p) and new.p_adjusted == pytest.approx(2 * p)
    assert old.finding and not new.finding


def test_holm_by_hand():
    # Sorted 0.01, 0.02, 0.04 times 3, 2, 1: 0.03, 0.04, 0.04.
    assert module._holm([0.02, 0.04, 0.01]) == pytest.approx([0.04, 0.04, 0.03])
    assert module._holm([0.9, 0.8]) == [1, 1] and module._holm([]) == []


def test_numbers_are_cut_into_fifths():
    sharpness = pd.Series(np.arange(100.0))
    correct = np.arange(100) >= 20
    found = slices({"sharpness": sharpness}, correct)
    assert [each.support for each in found] == [20] * 5
    assert found[0].accuracy == 0 and found[0].value == "-0.001 to 19.8"


def test_overlapping_slices_are_one_story():
    bad = np.arange(200) < 40
    columns = {
        "camera": pd.Series(np.where(bad, "old", "new")),
        "year": pd.Series(np.where(np.arange(200) < 44, "2019", "2024")),
        "place": pd.Series(np.where(np.arange(200) % 2, "in", "out")),
    }
    found = {each.name: each for each in slices(columns, ~bad)}
    assert found["camera = old"].story == found["year = 2019"].story == "camera = old"
    assert found["place = in"].story is None and not found["place = in"].finding


def test_no_slice_is_found_where_errors_fall_by_chance():
    random = np.random.default_rng(3)
    alarms = 0
    for _ in range(60):
        columns = {
            f"column {at}": pd.Series(random.integers(0, 4, 400).astype(str)) for at in range(5)
        }
        found = slices(columns, random.random(400) < 0.8)
        assert len(found) == 20
        alarms += any(each.finding for each in found)
    # 5 % of 60 are 3; more than 8 would be a chance of 1 in 200.
    assert alarms <= 8


def test_names_of_images_and_tiny_groups_are_not_slices():
    columns = {
        "id": pd.Series([f"image {at}" for at in range(200)]),
        "site": pd.Series(["a"] * 195 + ["b"] * 5),
        "same": pd.Series(["x"] * 200),
        "nothing": pd.Series([None] * 200, dtype=object),
    }
    assert slices(columns, np.ones(200, bool)) == []


def test_missing_values_are_in_no_slice():
    found = slices({"site": pd.Series(["a"] * 20 + ["b"] * 20 + [None] * 20)}, np.ones(60, bool))
    assert [each.support for each in found] == [20, 20]
    assert found[0].rest_accuracy == 1


def test_folder_levels():
    found = folders(["2019/brick/1.png", "2020/brick/2.png", "3.png"])
    assert found["folder 1"].dropna().tolist() == ["2019", "2020"]
    assert found["folder 2"].tolist()[:2] == ["brick", "brick"]
    assert folders([]) == {}


def test_folders_of_classes_are_told_by_the_class():
    labels = np.array([0, 0, 1])
    assert told_by_class(pd.Series(["brick", "brick", "gravel"]), labels)
    assert not told_by_class(pd.Series(["a", "b", "b"]), labels)
    assert not told_by_class(pd.Series([None, None, None], dtype=object), labels)


def cue(name: str, checked: np.ndarray, misleads: np.ndarray, usual: float = 0.0) -> Cue:
    return Cue(name, checked, checked & misleads, usual)


def test_a_slice_is_tied_to_the_suspect_whose_cue_its_checked_errors_carry():
    """Images 0 to 39 are wrong; of them the even ones were checked, and 0 to 29 carry the sticker:
    15 of the 20 checked errors. Each other cue fails one condition.
    """
    number = np.arange(200)
    even, wrong = number % 2 == 0, number < 40
    cues = [
        cue("rare", even, number < 18),  # 9 of 20 are fewer than half
        cue("usual", even, number < 30, usual=0.4),  # 15 of 20 are fewer than 2 x 40 %
        cue("hardly checked", number % 10 == 0, wrong),  # 4 errors were checked
        cue("sticker", even, number < 30, usual=0.375),  # 15 of 20 are 2 x 37.5 %
    ]
    columns = {
        "camera": pd.Series(np.where(wrong, "old", "new")),
        "place": pd.Series(np.where(number % 4 < 2, "in", "out")),
    }
    found = {each.name: each for each in slices(columns, ~wrong, cues)}
    assert found["camera = old"].suspect == CueShare("sticker", checked=20, carriers=15)
    assert found["camera = old"].facts()["suspect"] == {
        **{"id": "sticker", "checked": 20, "carriers": 15}
    }
    assert not found["place = in"].finding and found["place = in"].suspect is None
    best = cue("best", even, number < 36)  # 18 of 20
    (first, *_) = slices(columns, ~wrong, [*cues, best])
    assert first.suspect == CueShare("best", 20, 18)


def test_a_cue_misleads_where_it_is_carried_and_its_class_is_predicted():
    ids = pd.Series([f"id-{at}" for at in range(8)])
    labels = np.array([0, 0, 0, 0, 1, 1, 2, -1])
    predicted = np.array([1, 1, 0, 0, 1, 1, 0, 1])
    found = {
        "suspects": [
            {"id": "s-open", "status": "undecided", "class": "gravel"},
            {"id": "s-mark", "status": "confirmed", "class": "gravel"},
        ],
        "cues": {
            "s-mark": {
                "checked": ["id-0", "id-2", "id-3", "id-4", "id-6", "id-7"],
                "carriers": ["id-0", "id-2", "id-4", "id-6", "id-7"],
            }
        },
    }
    (mark,) = confirmed_cues(found, ids, labels, predicted, ["brick", "gravel", "sand"])
    assert mark.suspect == "s-mark"
    assert np.flatnonzero(mark.checked).tolist() == [0, 2, 3, 4, 6, 7]
    assert np.flatnonzero(mark.misleads).tolist() == [0, 4, 7]
    assert mark.usual == 0.5  # 2 and 3 are right, checked and no gravel; 2 carries it
    assert confirmed_cues(None, ids, labels, predicted, ["brick", "gravel", "sand"]) == []
