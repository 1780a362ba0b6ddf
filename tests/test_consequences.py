"""A confirmed suspect hides those that follow from it."""

from dataclasses import replace

import numpy as np
import pytest

from convaudit.shortcuts.candidate import Evidence
from convaudit.shortcuts.judging.consequences import explained, mirrored, uncovered
from convaudit.shortcuts.judging.suspect import Suspect
from convaudit.shortcuts.laboratory.paired import paired_difference
from convaudit.shortcuts.laboratory.trials import Trial


def told(cue: str, flips: int) -> Suspect:
    with_cue, with_control = np.arange(40) < flips, np.zeros(40, bool)
    difference = paired_difference(with_cue, with_control, 0.95)
    trial = Trial(difference, [], [str(n) for n in range(40)], with_cue, with_control)
    evidence = Evidence(0.0, 0.5, 80)
    return Suspect(
        *("s-1", cue, "appearance", "a", "", "", "confirmed", "ask"),
        *(evidence, trial, None, [], 0, np.zeros(40), [], {}),
    )


@pytest.mark.parametrize(("flips", "kept"), [(36, False), (30, True)])
def test_surroundings_that_a_mark_explains_are_not_told_beside_it(flips, kept):
    """Surroundings turn 40 of 40 images; a mark in them that turns 34 or more explains this."""
    context, mark = told("context", 40), told("place", flips)
    assert explained(context, [context, mark]) is not kept
    assert not explained(mark, [context, mark])
    assert not explained(context, [context, replace(mark, status="undecided")])
    assert not explained(context, [context, replace(mark, target="another class")])


def test_the_lack_of_another_classs_cue_is_not_told_beside_it():
    """Small pictures are predicted as "a"; shrinking takes the images of "b" from "b"."""
    small = replace(told("size", 36), data=Evidence(0.0, 0.1, 80))
    large = replace(told("size", 0), target="b", data=Evidence(0.0, 0.9, 80))
    assert mirrored(large, [small, large]) and not mirrored(small, [small, large])
    proven = replace(told("size", 36), target="b", data=large.data)
    for kept, other in (
        (large, replace(small, status="undecided")),
        (large, replace(small, target="b")),
        (large, replace(small, cue="brightness")),
        (large, replace(small, data=large.data)),
        (proven, small),
    ):
        assert not mirrored(kept, [other, kept])


def at(box: str, flips: int, target: str, kind: str, name: str = "mark, left") -> Suspect:
    found = replace(told("place", flips), target=target, kind=kind)
    return replace(found, detail={"box": box, "name": name})


def test_a_place_without_another_classs_sticker_is_not_told_beside_it():
    """What "b" shows where "a" has a sticker takes the sticker away: 14 of 40 images."""
    sticker = at("60 60 100 100", 40, "a", "overlay")
    lack = at("70 70 100 100", 14, "b", "appearance")
    assert uncovered(lack, [sticker, lack]) and not uncovered(sticker, [sticker, lack])
    # 30 x 20 of its 30 x 40 are covered: no more than half.
    half = at("60 40 90 80", 14, "b", "appearance")
    for kept, other in (
        (half, sticker),
        (lack, replace(sticker, status="undecided")),
        (lack, replace(sticker, target="b")),
        (lack, at("60 60 100 100", 14, "a", "overlay")),
        (at("70 70 100 100", 14, "b", "overlay"), sticker),
        (at("70 70 100 100", 14, "b", "appearance", "changing mark, right"), sticker),
    ):
        assert not uncovered(kept, [other, kept])
