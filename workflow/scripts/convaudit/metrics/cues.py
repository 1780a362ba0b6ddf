"""Find the confirmed shortcut that a group of errors goes with: most of them carry its cue."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FEWEST = 5
"""Least number of checked errors."""
MOST = 0.5
"""Least share of the checked errors that carry the cue."""
LIFT = 2.0
"""The cue must be at least this many times as frequent among the errors as among right images of
other classes; else it is common in these classes and explains nothing."""


@dataclass(frozen=True)
class Cue:
    """The cue of a confirmed suspect on n images.

    suspect: id; checked: (n,) bool, the images in which the cue was searched; misleads: (n,) bool,
    those of them that carry the cue and are predicted as the suspect's class; usual: share 0..1 of
    the carriers among the checked images of other classes that are predicted right.
    """

    suspect: str
    checked: np.ndarray
    misleads: np.ndarray
    usual: float


@dataclass(frozen=True)
class CueShare:
    """A suspect's id, how many errors of a group were checked for its cue, and how many of these
    carry it and are predicted as its class.
    """

    id: str
    checked: int
    carriers: int


def cue_of(errors: np.ndarray, cues: Sequence[Cue]) -> CueShare | None:
    """The suspect whose cue most of the checked errors carry; None if there is no such suspect.

    Args:
        errors: (n,) bool, the group's wrongly predicted images.
        cues: on the same n images; of equal ones the first counts.
    """
    found = [(_share(errors, cue), cue.usual) for cue in cues]
    told = [
        share
        for share, usual in found
        if share.checked >= FEWEST and share.carriers >= share.checked * max(MOST, LIFT * usual)
    ]
    return max(told, key=lambda share: share.carriers / share.checked, default=None)


def _share(errors: np.ndarray, cue: Cue) -> CueShare:
    checked = errors & cue.checked
    return CueShare(cue.suspect, int(checked.sum()), int((checked & cue.misleads).sum()))
