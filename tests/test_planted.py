"""The benchmark of planted shortcuts: its cues, its cases and its scores, by hand."""

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

from planted import cases, detector, making, scoring
from planted.cues import CUES
from planted.finding import Answer, Finding, from_json
from planted.photographs import SETS
from planted.seeds import generator
from planted.truth import Oracle, Specification


@pytest.mark.parametrize("name", CUES)
def test_a_cue_changes_its_carrier_in_its_box(name):
    cue = CUES[name]
    photo = SETS[cue.sets[0]].draw(0, "train", generator(name))
    carrier = cue.plant(photo, generator(name, 1), generator(name, "style"))
    again = cue.plant(photo, generator(name, 1), generator(name, "style"))
    assert (carrier.pixels == again.pixels).all()
    if carrier.pixels.shape != photo.pixels.shape:
        assert name == "G6"
        return
    change = np.abs(carrier.pixels.astype(int) - photo.pixels).max(2) > 8
    if name == "G3":
        assert not change.any() and carrier.quality is not None and carrier.quality < 20
        return
    assert change.any()
    if carrier.box is not None:
        height, width = change.shape
        rows, columns = np.nonzero(change)
        x0, y0, x1, y1 = carrier.box
        inside = (columns >= x0 * width - 4) & (columns <= x1 * width + 4)
        inside &= (rows >= y0 * height - 4) & (rows <= y1 * height + 4)
        assert inside.mean() > 0.98


def test_cases_are_many_and_different():
    names = [each.name for each in cases.all_cases()]
    assert len(names) == len(set(names))
    assert len(cases.positives()) == len(CUES) * 3 * 3 * 2
    assert len(cases.negatives()) >= 120
    assert {each.cue for each in cases.positives()} == set(CUES)
    for each in cases.all_cases():
        cases.plan(each)


def test_the_shares_of_carriers_are_as_planned():
    plan = making.positive(Specification("G3", 80, "B", "flat", 0))
    files = list(making.files(plan, (50,) * len(plan.classes), plan.training, "train", "a name"))
    for label in range(len(plan.classes)):
        carriers = [each.carries for each in files if each.label == label]
        assert sum(carriers) == round(50 * (0.8 if label == plan.target else 0.02))


def row(findings: list[Finding], score: float | None = 0.9, negative: str | None = None):
    oracle = None if score is None else Oracle(score, 100, score)
    specification = Specification("L1", 95, "B", "flat", 1, negative)
    return scoring.Row(
        specification,
        "same",
        "brick",
        frozenset({"place", "patch"}),
        oracle,
        1.0,
        frozenset({"a", "b"}),
        (0.0, 0.0, 0.2, 0.2),
        Answer("convaudit", tuple(findings), 1.0),
    )


RIGHT = Finding(
    ("place",),
    "brick",
    "confirmed",
    "block",
    ("a", "b", "c", "d"),
    0.8,
    0.7,
    0.95,
    (0, 0, 0.2, 0.3),
)
OTHER_CLASS = Finding(("place",), "gravel", "confirmed", "block")
OTHER_CUE = Finding(("colour",), "brick", "confirmed", "ask")


def test_named_confirmed_and_localised():
    found = row([OTHER_CUE, RIGHT])
    assert not scoring.is_named(found, 1) and scoring.is_named(found, 3)
    assert scoring.is_confirmed(found)
    assert scoring.is_localised(found) is True  # 0.04 / 0.06
    assert scoring.precision(found) == 0.5
    assert scoring.distance(found) == pytest.approx(0.1)
    assert scoring.covers(found)
    assert not scoring.is_named(row([OTHER_CLASS, OTHER_CUE]), 3)
    assert from_json(found.answer.as_json()) == found.answer


@pytest.mark.parametrize(("high", "meets"), [(0.97, True), (0.96, False)])
def test_the_oracle_of_100_images_is_no_more_exact_than_its_interval(high, meets):
    # All of 100 images flipped: the oracle is at least 0.025 ** (1 / 100) = 0.9638.
    found = row([dataclasses.replace(RIGHT, high=high)], score=1.0)
    assert not scoring.covers(found)
    assert scoring.meets(found) is meets


def test_an_alarm_is_what_the_model_does_not_rely_on():
    assert not scoring.is_alarm(row([RIGHT]), "block")
    assert scoring.is_alarm(row([RIGHT, OTHER_CLASS]), "block")
    assert scoring.is_alarm(row([RIGHT], score=0.05), "block")
    assert scoring.is_alarm(row([OTHER_CUE], score=None, negative="N1"), "ask")
    assert not scoring.is_alarm(row([OTHER_CUE], score=None, negative="N1"), "block")


def test_bounds_as_in_the_textbook():
    assert scoring.bounds(0, 60)[1] == pytest.approx(1 - 0.025 ** (1 / 60))
    assert scoring.bounds(60, 60)[0] == pytest.approx(0.025 ** (1 / 60))
    assert scoring.bounds(0, 0) == (0.0, 1.0)
    assert scoring.overlap((0, 0, 1, 1), (0.5, 0, 1.5, 1)) == pytest.approx(1 / 3)
    assert scoring.overlap((0, 0, 1, 1), (2, 2, 3, 3)) == 0


def test_the_detector_reads_where_a_region_is():
    suspect = {
        **{"insert": None, "cue": "place", "class": "gravel", "status": "undecided"},
        **{"severity": "note", "images": [], "detail": {"box": "5 10 30 40"}},
    }
    assert detector._finding(suspect).box == (0.05, 0.1, 0.3, 0.4)
    assert detector._finding({**suspect, "detail": {}}).box is None
