"""A trial ends when further images would hardly change its result."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from convaudit.shortcuts.candidate import Candidate, Evidence
from convaudit.shortcuts.judging.decisions import decide
from convaudit.shortcuts.laboratory.trials import CONFIRMED, Laboratory
from convaudit.shortcuts.sample import Sample

COUNT = 1200
MARK = 255


@dataclass(frozen=True)
class Marked:
    """Marks a picture, or takes the mark away; the control leaves it as it is."""

    fills = ("none",)

    def insert(self, image: np.ndarray, seed: int) -> np.ndarray:
        return np.where([False, True, False], MARK, image).astype(np.uint8)

    def insert_control(self, image: np.ndarray, changed: np.ndarray, seed: int) -> np.ndarray:
        return image

    def remove(self, image: np.ndarray, seed: int, fill: str) -> np.ndarray:
        return np.where([False, True, False], 0, image).astype(np.uint8)

    def remove_control(
        self, image: np.ndarray, changed: np.ndarray, seed: int, fill: str
    ) -> np.ndarray:
        return image


def laboratory(flipping: float, needing: float = 0) -> Laboratory:
    """A laboratory with as many unmarked images of a first class as marked ones of a second.

    A share ``flipping`` of the first is predicted as the second once marked, a share ``needing`` of
    the second no longer without its mark. The red value of an image says whether it reacts.
    """
    marked = np.arange(2 * COUNT) >= COUNT
    draw = np.random.default_rng(0).permutation
    reacts = np.concatenate([draw(COUNT) < share * COUNT for share in (flipping, needing)])
    ids = np.array([f"image-{at}" for at in range(2 * COUNT)])
    sample = Sample(
        ids=ids,
        labels=marked.astype(int),
        scores=np.where(marked[:, None], [0, 1], [1, 0]).astype(np.float32),
        head="softmax",
        class_names=["plain", "marked"],
        properties=pd.DataFrame(index=range(2 * COUNT)),
        groups=ids,
        read=lambda at: np.full((2, 2, 3), (reacts[at], MARK * marked[at], marked[at]), np.uint8),
    )

    def second(picture):
        reacts, green, blue = picture[0, 0]
        return green == MARK if reacts else blue == 1

    def score(pictures):
        return np.array([[0, 1] if second(each) else [1, 0] for each in pictures], np.float32)

    return Laboratory(sample, score, candidates=1, budget=10_000, threads=1)


def suspect(kind: str = "overlay") -> Candidate:
    return Candidate(
        **{"cue": "patch", "kind": kind, "target": 1, "name": "mark", "rank": 1.0},
        **{"evidence": Evidence(0, 0.9, 2 * COUNT), "carries": np.full(2 * COUNT, np.nan)},
        experiment=Marked(),
        family="patch",
    )


@pytest.mark.parametrize(
    ("share", "pairs"),
    [
        (1, 40),  # proven at the first look
        (0, 80),  # refuted at the second
        (0.05, 80),  # 5 of 100 can't become a proof of 10 %
        (0.2, 250),  # needs all of them
    ],
)
def test_a_trial_ends_when_more_images_would_not_change_its_result(share, pairs):
    found = laboratory(share).insert(suspect(), Marked()).difference
    assert found.pairs == pairs
    assert (found.low >= CONFIRMED) == (share >= 0.2)


@pytest.mark.parametrize(
    ("share", "kind", "severity", "pairs"),
    [
        (0.7, "appearance", "ask", 40),  # its lower end is over 0.25, and it can't block
        (0.58, "overlay", "block", 250),  # over 0.40 at last
        (0.45, "appearance", "ask", 80),
        (0.45, "overlay", "ask", 250),
        (0.3, "appearance", "warn", 250),
    ],
)
def test_a_confirmed_suspect_is_tried_until_its_severity_is_clear(share, kind, severity, pairs):
    room = laboratory(share)
    found = decide(room.sample, [suspect(kind)], room)[0]
    assert (found.status, found.severity) == ("confirmed", severity)
    assert found.insert.difference.pairs == pairs


def test_a_placebo_without_a_flip_ends_after_16_images():
    for share, pairs in ((0, 16), (0.2, 40)):
        trial = laboratory(share).insert(suspect(), Marked(), (16, 40), 16)
        assert trial.difference.pairs == pairs


@pytest.mark.parametrize(
    ("flipping", "kind", "status", "pairs"),
    [
        (1, "overlay", "confirmed", 40),  # by the insertion
        (0, "overlay", "confirmed", 80),  # by the removal
        (0.05, "appearance", "undecided", 40),  # needing an appearance proves nothing
        (0, "appearance", "undecided", 80),  # it would be refuted if no image needed it
    ],
)
def test_a_removal_that_decides_nothing_ends_at_the_first_look(flipping, kind, status, pairs):
    room = laboratory(flipping, needing=0.2)
    found = decide(room.sample, [suspect(kind)], room)[0]
    assert (found.status, found.remove.difference.pairs) == (status, pairs)
    assert found.remove.flips / pairs == pytest.approx(0.2, abs=0.1)
