"""Find the suspects that follow from another, confirmed suspect."""

from collections.abc import Sequence

from convaudit.shortcuts.judging.suspect import Suspect
from convaudit.shortcuts.place_candidates import CHANGING

_EXPLAINED = 0.85
"""Another confirmed cue explains a class's surroundings if it has at least this share of their
effect. In a tuning case of the planted benchmark the colour of a planted wall had 0.78, but it is
not the wall."""


def explained(suspect: Suspect, found: Sequence[Suspect]) -> bool:
    """True for surroundings if a confirmed mark or tone, which is in them too, has most of their
    effect.
    """
    return suspect.cue == "context" and any(
        other.cue != "context"
        and (other.target, other.status) == (suspect.target, "confirmed")
        and other.effect >= _EXPLAINED * suspect.effect
        for other in found
    )


def mirrored(suspect: Suspect, found: Sequence[Suspect]) -> bool:
    """True for the lack of another class's cue.

    The suspect is confirmed by its removal alone, and to remove it is to insert the opposite cue,
    which is a confirmed suspect of another class. If small pictures are predicted as "grass", for
    example, shrinking takes images from every other class.
    """
    if suspect.status != "confirmed" or suspect.turns:
        return False
    return any(
        (other.status, other.cue) == ("confirmed", suspect.cue)
        and other.target != suspect.target
        and other.turns
        and (other.data.auc - 0.5) * (suspect.data.auc - 0.5) < 0
        for other in found
    )


def uncovered(suspect: Suspect, found: Sequence[Suspect]) -> bool:
    """True for the usual look of a place that another class's confirmed mark covers.

    If the mark is a sticker, for example, pasting the look of a class without it removes the
    sticker from other images.
    """
    if suspect.kind != "appearance" or suspect.cue != "place":
        return False
    if suspect.detail["name"].startswith(CHANGING):
        return False
    return any(
        (other.cue, other.kind, other.status) == ("place", "overlay", "confirmed")
        and other.target != suspect.target
        and other.effect > suspect.effect
        and _covered(suspect.detail["box"], other.detail["box"]) > 0.5
        for other in found
    )


def _covered(box: str, by: str) -> float:
    """The share of a box that another one covers; both as left, top, right and bottom."""
    left, top, right, bottom = (int(each) for each in box.split())
    first, second, third, fourth = (int(each) for each in by.split())
    width = max(0, min(right, third) - max(left, first))
    height = max(0, min(bottom, fourth) - max(top, second))
    return width * height / ((right - left) * (bottom - top))
