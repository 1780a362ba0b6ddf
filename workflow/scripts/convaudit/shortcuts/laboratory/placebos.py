"""Placebos: meaningless regions that go through the same experiment as the suspects."""

import numpy as np

from convaudit.shortcuts.candidate import Candidate, Evidence
from convaudit.shortcuts.changes.experiments import Region
from convaudit.shortcuts.cues.places import SIDE
from convaudit.shortcuts.halves import hash_number
from convaudit.shortcuts.laboratory.paired import PairedDifference
from convaudit.shortcuts.laboratory.trials import Laboratory
from convaudit.shortcuts.sample import Sample

PLACEBOS = 20
_SIDE = 13
"""Side of a region, of 64: 4 % of the picture, as stickers are."""
_LOOKS = (16, 40)
"""Numbers of images after which a placebo is judged. Most turn none of the first 16 and end there,
because forward passes are most of the search's cost."""


def largest_effect(sample: Sample, laboratory: Laboratory) -> list[PairedDifference]:
    """Try a random square at a random place ``PLACEBOS`` times, each for one class in turn.

    The donors are random images of other classes, so what is pasted says nothing for the class. A
    placebo without an effect ends after fewer images.
    """
    classes = np.unique(sample.truth)
    return [
        laboratory.insert(placebo, placebo.experiment, _LOOKS, _LOOKS[0]).difference
        for placebo in (
            _placebo(sample, int(classes[n % len(classes)]), n) for n in range(PLACEBOS)
        )
        if placebo.experiment is not None
    ]


def _placebo(sample: Sample, target: int, number: int) -> Candidate:
    half = sample.discover
    random = np.random.default_rng(hash_number(str(number), "placebo") % 2**32)
    top, left = random.integers(0, SIDE - _SIDE + 1, 2)
    mask = np.zeros((SIDE, SIDE), bool)
    mask[top : top + _SIDE, left : left + _SIDE] = True
    others = half[(sample.truth[half] != target) & (sample.predicted[half] != target)]
    donors = tuple(int(at) for at in random.permutation(others)[:32])
    # Two images at least: one gives its pixels, another those of the control.
    experiment = (
        Region(mask=mask, template=None, donors=donors[::2], others=donors[1::2], read=sample.read)
        if len(donors) > 1
        else None
    )
    return Candidate(
        cue="place",
        kind="overlay",
        target=target,
        name=f"placebo {number}",
        rank=0.0,
        evidence=Evidence(0.0, 0.5, 0),
        carries=np.full(len(sample.ids), np.nan),
        experiment=experiment,
        family="placebo",
    )
