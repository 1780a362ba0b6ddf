"""A trial ends when further images would hardly change its result."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from convaudit.shortcuts.candidate import Candidate, Evidence
from convaudit.shortcuts.laboratory.trials import CONFIRMED, Laboratory
from convaudit.shortcuts.sample import Sample

COUNT = 1200
MARK = 255


@dataclass(frozen=True)
class Marked:
    """Marks a picture; the control leaves it as it is."""

    fills = ()

    def insert(self, image: np.ndarray, seed: int) -> np.ndarray:
        return np.where([False, True, False], MARK, image).astype(np.uint8)

    def insert_control(self, image: np.ndarray, changed: np.ndarray, seed: int) -> np.ndarray:
        return image

    def remove(self, image: np.ndarray, seed: int, fill: str) -> None:
        return None

    def remove_control(self, image: np.ndarray, changed: np.ndarray, seed: int, fill: str) -> None:
        return None


def inserted(share: float, looks: tuple[int, ...] = (40, 80, 250), futile: int = 76):
    """A trial with a model that predicts the second class for a share of the marked pictures."""
    flips = np.random.default_rng(0).permutation(COUNT) < share * COUNT
    sample = Sample(
        ids=np.array([f"image-{at}" for at in range(COUNT)]),
        labels=np.zeros(COUNT, int),
        scores=np.tile(np.float32([1, 0]), (COUNT, 1)),
        head="softmax",
        class_names=["plain", "marked"],
        properties=pd.DataFrame(index=range(COUNT)),
        groups=np.array([f"image-{at}" for at in range(COUNT)]),
        read=lambda at: np.full((2, 2, 3), int(flips[at]), np.uint8),
    )

    def score(pictures):
        turned = [picture[0, 0, 1] == MARK and picture[0, 0, 0] == 1 for picture in pictures]
        return np.array([[0, 1] if each else [1, 0] for each in turned], np.float32)

    candidate = Candidate(
        **{"cue": "patch", "kind": "overlay", "target": 1, "name": "mark", "rank": 1.0},
        **{"evidence": Evidence(0, 0.9, COUNT), "carries": np.full(COUNT, np.nan)},
        experiment=Marked(),
        family="patch",
    )
    laboratory = Laboratory(sample, score, candidates=1, budget=10_000, threads=1)
    return laboratory.insert(candidate, Marked(), looks, futile).difference


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
    found = inserted(share)
    assert found.pairs == pairs
    assert (found.low >= CONFIRMED) == (share >= 0.2)


def test_a_placebo_without_a_flip_ends_after_16_images():
    assert inserted(0, (16, 40), 16).pairs == 16
    assert inserted(0.2, (16, 40), 16).pairs == 40
