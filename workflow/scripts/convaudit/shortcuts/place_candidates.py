"""Make suspects of the fixed places that a class has in common."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from convaudit.shortcuts.candidate import Candidate, Evidence, first_positions
from convaudit.shortcuts.changes.experiments import Region
from convaudit.shortcuts.cues import marks, places
from convaudit.shortcuts.cues.changing import changing_place, edges_inside
from convaudit.shortcuts.cues.evidence import class_auc
from convaudit.shortcuts.halves import hash_number
from convaudit.shortcuts.sample import Sample

_MOST = 3
"""Greatest number of single places of a class."""
_MARK = 0.15
"""Least share of the picture at which a thing at a fixed place is no mark, if it is no border."""
_DRAWN = 0.2
"""Least sharpness of the mean of a thing that was put onto the pictures. Watermarks have 0.26 to
0.38, stickers and stripes 0.3 to 0.63; fluid in a lung has 0.1, the rim of a lung 0.15, the lack of
another class's sticker or watermark 0.04 to 0.11 (tuning cases of the planted benchmark, and marks
in pictures of 32 and 64 pixels). At a few small places such things had up to 0.34."""
_OPAQUE = 0.1
"""Greatest variance of the carriers at an opaque mark, as a share of that beside it. A watermark of
half opacity leaves 0.25."""

CHANGING = "changing mark"
"""Beginning of the name of a suspect whose content differs from picture to picture."""
WHOLE, SEVERAL = "whole picture", "several places"
"""Words for a mark that is not at one place."""

Compared = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Positions (m,) of compared images in the sample, membership of the class (m,), and the pictures
(m, SIDE, SIDE, 3) as ``places.small`` makes them."""


def place_candidates(sample: Sample, target: int, groupings: Sequence[Compared]) -> list[Candidate]:
    """Find the suspects of one class at fixed places.

    Args:
        sample: the images.
        target: index of the class.
        groupings: the compared images for each way to tell the members of the class.
    """
    seed = hash_number(str(target), "places") % 2**32
    found: list[Candidate] = []
    for compared in groupings:
        _, member, small = compared
        fixed = places.fixed_places(small, member, seed)
        for place in fixed[:_MOST]:
            if not any(_overlap(place.mask, mask) > 0.5 for mask in _masks(found)):
                found.append(candidate_at(sample, target, place, compared))
        for other in (_changing(fixed, small, member, seed), places.joined(fixed)):
            if other and not any(each.name == _name(other) for each in found):
                found.append(candidate_at(sample, target, other, compared))
    # The name is a part of the id by which a policy answers, so new images must not change it.
    seen: dict[str, int] = {}
    for at, each in enumerate(found):
        seen[each.name] = seen.get(each.name, 0) + 1
        if seen[each.name] > 1:
            found[at] = replace(each, name=f"{each.name}, {seen[each.name]}")
    return found


def _changing(
    fixed: list[places.Place], small: np.ndarray, member: np.ndarray, seed: int
) -> places.Place | None:
    taken = np.any([np.zeros((places.SIDE,) * 2, bool), *(each.mask for each in fixed)], axis=0)
    return changing_place(small, member, taken, seed)


def candidate_at(sample: Sample, target: int, place: places.Place, compared: Compared) -> Candidate:
    """Make the suspect of one place: what the class has there is inserted into other images.

    Args:
        sample: the images.
        target: index of the class.
        place: where the images of the class have something in common.
        compared: the images in which the place was found.
    """
    chosen, member, small = compared
    if place.changes:
        alike = edges_inside(small, place.mask)
    else:
        alike = places.likeness(small, member, place.mask)
    likely = chosen[member][np.argsort(-alike[member], kind="stable")]
    donors = first_positions(likely[: max(4, len(likely) // 4)])
    others = first_positions(chosen[~member])
    may_be_mark = place.copied or place.translucent
    mark = _mark(sample, likely, chosen[~member], place.mask) if may_be_mark else None
    drawn = mark is not None and mark.sharpness >= _DRAWN
    kind = _kind(place, drawn)
    template = None
    if mark is not None and place.translucent:
        if place.everywhere or not _opaque(small[member], alike[member], place.mask):
            template = mark.levels
        if drawn and place.copied:
            place = replace(place, mask=marks.extended(mark.levels, place.mask))
    carries = np.full(len(sample.ids), np.nan)
    carries[chosen] = alike - places.two_groups(alike)
    auc = class_auc(alike, member)
    box = _box(place.mask)
    return Candidate(
        cue=place.shape,
        kind=kind,
        target=target,
        name=_name(place),
        rank=min(1.0, place.strength / 3) * (0.4 if kind == "appearance" else 1.0),
        evidence=Evidence(0.0, auc, len(chosen)),
        carries=carries,
        experiment=Region(
            mask=place.mask, template=template, donors=donors, others=others, read=sample.read
        ),
        family=f"place {box}",
        detail={
            "area": float(place.mask.mean()),
            "box": box,
            "consistency": place.consistency,
            "spread": place.spread,
            "elsewhere": place.elsewhere,
            "sharpness": np.nan if mark is None else mark.sharpness,
            "where": _where(place),
        },
    )


def _kind(place: places.Place, drawn: bool) -> str:
    """Say whether a thing was put onto the pictures, or shows how the class itself looks.

    Args:
        place: where it is.
        drawn: its mean picture is sharp.
    """
    border = place.shape == "border"
    small_enough = place.mask.mean() < _MARK or border or place.band or place.translucent
    laid = place.copied and place.added and small_enough and not place.everywhere
    if not laid or not (drawn or border):
        return "appearance"
    return "acquisition" if border else "overlay"


def _opaque(pictures: np.ndarray, alike: np.ndarray, mask: np.ndarray) -> bool:
    """True if the carriers' pictures hardly vary in at least a quarter of a place.

    A few images without a vivid sticker make the whole class vary there.

    Args:
        pictures: (n, SIDE, SIDE, 3) of the class, as ``places.small`` makes them.
        alike: their likeness (n,) to each other there; the upper half counts as carriers.
        mask: (SIDE, SIDE) booleans: the place.
    """
    varied = pictures[alike >= np.median(alike)].var(axis=0).sum(axis=2)
    return bool(np.quantile(varied[mask], 0.25) <= _OPAQUE * varied[~mask].mean())


def _mark(sample: Sample, likely: np.ndarray, others: np.ndarray, mask: np.ndarray) -> marks.Mark:
    """Measure the mark on the half of the class that most likely has it."""
    carriers = likely[: max(4, len(likely) // 2)]
    with_mark, without = (
        [_squared(sample.read(int(at))) for at in group] for group in (carriers, others)
    )
    size = (marks.SIDE, marks.SIDE)
    large = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    return marks.mean_mark(
        np.stack([square for square, _ in with_mark]),
        np.stack([square for square, _ in without]),
        large > 0.5,
        pixel=marks.SIDE / float(np.median([side for _, side in with_mark])),
    )


def _squared(image: np.ndarray) -> tuple[np.ndarray, int]:
    """The image as ``marks`` compares it, and its shorter side in pixels."""
    return marks.square(image), min(image.shape[:2])


def _masks(found: Sequence[Candidate]) -> list[np.ndarray]:
    return [each.experiment.mask for each in found if isinstance(each.experiment, Region)]


def _overlap(first: np.ndarray, second: np.ndarray) -> float:
    return float((first & second).sum() / max(1, min(first.sum(), second.sum())))


def _box(mask: np.ndarray) -> str:
    """Left, top, right and bottom of a region in per cent of the sides."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    ends = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    return " ".join(f"{100 * end / len(mask):.0f}" for end in ends)


def _name(place: places.Place) -> str:
    return f"{CHANGING if place.changes else 'mark'}, {_where(place)}"


def _where(place: places.Place) -> str:
    """Say where a place is: by its centre, unless it covers the picture or has several parts."""
    if place.everywhere:
        return WHOLE
    if place.parts > 1:
        return SEVERAL
    rows, columns = np.nonzero(place.mask)
    y, x = ((each.mean() + 0.5) / places.SIDE for each in (rows, columns))
    down = "top" if y < 0.37 else "bottom" if y > 0.63 else ""
    across = "left" if x < 0.37 else "right" if x > 0.63 else ""
    return " ".join(filter(None, [down, across])) or "centre"
