"""Marks that move by a few pixels are aligned; surroundings show a class only if they differ."""

import cv2
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from convaudit.shortcuts.candidate import Candidate
from convaudit.shortcuts.changes.experiments import Surround
from convaudit.shortcuts.cues.marks import SIDE, extended, mean_mark
from convaudit.shortcuts.cues.places import Place, small
from convaudit.shortcuts.cues.surroundings import outer, surroundings, told_by_surroundings
from convaudit.shortcuts.place_candidates import candidate_at
from convaudit.shortcuts.sample import Sample
from photographs import procedural


def squares(first: int, count: int) -> np.ndarray:
    return np.stack([procedural(first + n, SIDE, SIDE) for n in range(count)])


def test_a_mark_that_moves_is_measured_at_its_full_strength():
    ink = np.zeros((SIDE, SIDE), np.float32)
    cv2.putText(ink, "MARK", (35, 95), cv2.FONT_HERSHEY_DUPLEX, 1.1, 1.0, 2, cv2.LINE_AA)
    random = np.random.default_rng(0)
    carriers = []
    for picture in squares(0, 40):
        moved = np.roll(ink, tuple(random.integers(-4, 5, 2)), (0, 1))
        carriers.append((picture + 60 * moved[..., None]).clip(0, 255).astype(np.uint8))
    mask = np.zeros((SIDE, SIDE), bool)
    mask[60:110, 25:140] = True
    others = squares(500, 60)
    found = mean_mark(np.stack(carriers), others, mask).levels.mean(axis=2)
    plain = (np.mean(carriers, axis=0) - others.mean(axis=0)).mean(axis=2)
    # The template may lie at any small shift, so the best shift counts.
    best, blurred = (
        max(
            (np.roll(each, (y, x), (0, 1))[ink > 0.9].mean(), -y, -x)
            for y in range(-4, 5)
            for x in range(-4, 5)
        )[0]
        for each in (found, plain)
    )
    assert blurred < 40 and best == pytest.approx(55, abs=8)


@pytest.mark.parametrize(("pixel", "detail"), [(1.0, 0.401), (4.0, 0.450)])
def test_the_sharpness_of_a_bar_by_hand(pixel, detail):
    """Beside its edge a bar loses 1 - Phi(0.5 / sigma) by a blur of sigma = 2 or 4 pixels."""
    plain = np.full((8, SIDE, SIDE, 3), 100, np.uint8)
    bars = plain.copy()
    bars[:, :, 60:90] = 200
    mask = np.zeros((SIDE, SIDE), bool)
    mask[:, 60:90] = True
    found = mean_mark(bars, plain, mask, pixel)
    assert (found.levels[mask] == 100).all() and (found.levels[~mask] == 0).all()
    assert found.sharpness == pytest.approx(detail, abs=0.005)


def test_a_place_takes_in_the_whole_mark_that_crosses_it():
    mark = np.zeros((SIDE, SIDE, 3), np.float32)
    mark[:, 40:50] = (60, -60, 0)
    mark[60:100, 50:70] = 20  # weaker than half of the mark
    mark[60:100, 120:130] = 60  # apart from it
    place = np.zeros((64, 64), bool)
    place[20:40, 15:20] = True
    found = extended(mark, place)
    assert found[:, 16:20].all() and not found[:, :15].any() and not found[:, 22:].any()
    mark[:, 40:140] = 60  # much of the picture: no mark
    assert (extended(mark, place) == place).all()


def test_a_place_takes_in_the_letters_beside_it_and_not_what_is_far():
    mark = np.zeros((SIDE, SIDE, 3), np.float32)
    for left in (20, 36, 52):  # letters with gaps of 4 pixels, 2.5 % of the side
        mark[60:80, left : left + 12] = 40
    mark[60:80, 80:92] = 40  # after a gap of 10 %
    place = np.zeros((64, 64), bool)
    place[24:32, 8:13] = True
    found = extended(mark, place)
    assert found[25:31, [10, 17, 23]].all()
    assert not found[:, 28:].any()


def at_the_stripe(pictures: np.ndarray, target: int, consistency: float) -> Candidate:
    """The suspect at a part of the place where the first 20 of 40 pictures have a stripe."""
    member = np.arange(40) < 20
    names = np.array([f"image-{at}" for at in range(40)])
    scores = np.where(member[:, None], [0, 1], [1, 0]).astype(np.float32)
    sample = Sample(
        *(names, member.astype(int), scores, "softmax", ["plain", "striped"]),
        *(pd.DataFrame(index=range(40)), names, pictures.__getitem__),
    )
    mask = np.zeros((64, 64), bool)
    mask[20:40, 15:20] = True
    place = Place(mask, 2.0, consistency, 1.0, 0.0, "place")
    reduced = np.stack([small(picture) for picture in pictures])
    own = member if target == 1 else ~member
    return candidate_at(sample, target, place, (np.arange(40), own, reduced))


def striped() -> np.ndarray:
    pictures = squares(0, 40)
    pictures[:20, :, 40:46] = pictures[:20, :, 40:46] // 5 + 180
    return pictures


@pytest.mark.parametrize(("consistency", "rows"), [(0.83, 64), (0.42, 64), (0.3, 20)])
def test_only_a_copied_mark_is_inserted_beyond_its_place(consistency, rows):
    found = at_the_stripe(striped(), 1, consistency)
    assert found.experiment.mask.any(axis=1).sum() == rows


def test_only_a_mark_with_detail_of_its_own_was_put_onto_the_pictures():
    """A soft stripe may be what the pictures show; no stripe is the lack of another class's."""
    found = at_the_stripe(striped(), 1, 0.83)
    assert found.kind == "overlay" and found.detail["sharpness"] > 0.25
    soft = squares(0, 40)
    x = np.arange(SIDE)
    light = 90 * np.exp(-(((x - 43) / 12) ** 2))[:, None]
    soft[:20] = (soft[:20] * 0.5 + light).clip(0, 255).astype(np.uint8)
    for pictures, target in ((soft, 1), (striped(), 0)):
        found = at_the_stripe(pictures, target, 0.83)
        assert found.kind == "appearance" and found.detail["sharpness"] < 0.15
        # Nothing is added beyond the place either.
        assert found.experiment.mask.any(axis=1).sum() == 20


def test_surroundings_tell_a_class_that_has_a_wall_and_no_other():
    pictures = squares(0, 60)
    member = np.arange(60) % 2 == 0
    described = surroundings(np.stack([small(picture) for picture in pictures]))
    assert described.shape == (60, 18)
    assert abs(roc_auc_score(member, told_by_surroundings(described, member)) - 0.5) < 0.25
    walled = pictures.copy()
    edge = cv2.resize(outer().astype(np.uint8), (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
    for at in np.flatnonzero(member):
        walled[at][edge > 0] = walled[at][edge > 0] // 2 + 90
    described = surroundings(np.stack([small(picture) for picture in walled]))
    assert roc_auc_score(member, told_by_surroundings(described, member)) > 0.95


def test_a_change_of_the_middle_does_not_change_what_surrounds_it():
    picture = procedural(1, SIDE, SIDE)
    changed = picture.copy()
    changed[30:130, 30:130] = 255 - changed[30:130, 30:130]
    # Softened pictures reach a few pixels over the rim: hence a tolerance.
    first, second = (surroundings(small(each)[None])[0] for each in (picture, changed))
    assert np.abs(first - second)[:6].max() < 0.2


def test_surroundings_are_exchanged_and_the_middle_stays():
    image, donor, other = (np.full((90, 120, 3), level, np.uint8) for level in (50, 200, 120))
    experiment = Surround(donors=(1,), others=(2,), read=[image, donor, other].__getitem__)
    assert outer().mean() == pytest.approx(0.5, abs=0.02)
    for made, rim, middle in (
        (experiment.insert(image, 0), 200, 50),
        (experiment.insert_control(image, image, 0), 120, 50),
        (experiment.remove(image, 0, "other"), 120, 50),
        (experiment.remove_control(image, image, 0, "other"), 50, 120),
    ):
        assert made[2, 2, 0] == rim and made[88, 60, 0] == rim and made[45, 60, 0] == middle
        assert made.shape == image.shape
