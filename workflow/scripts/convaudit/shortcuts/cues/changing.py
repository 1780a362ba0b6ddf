"""Fixed places with changing content: where the pictures of a class have more edges than others.

A code, a label or a written number is at one place, but has other edges in every picture, so it has
no edges in common (``places``).
"""

import numpy as np
from scipy import ndimage

from convaudit.shortcuts.cues.places import (
    LEAST_MEMBERS,
    SIDE,
    Place,
    averaged,
    peak_by_chance,
    regions_of,
    values_of,
    with_shuffled,
)

_LEAST, _MOST = 0.01, 0.15
"""Least and greatest share of the picture that such a place covers; where more differs, it is what
the pictures show."""
_JUMP = 0.45
"""Least difference of the logarithms of the ratios inside and around the place. A code had 0.71;
places of clean classes of the planted benchmark's tuning cases had up to 0.33, since what a picture
shows has no sharp end that is the same in all pictures."""
_RING = 3
"""Width in small pixels of what is compared with the place around it."""
_LEVEL = 8.0
"""Units of CIELAB that are added to lengths, so that even places have no large ratios."""


def changing_place(
    pictures: np.ndarray, member: np.ndarray, taken: np.ndarray, seed: int
) -> Place | None:
    """Find the place where the pictures of a class have more edges than those of the others.

    The statistic per pixel is the logarithm of the mean length of gradients in the class / in the
    others. It is compared with its greatest value anywhere for random groups of the same size
    (Westfall and Young 1993), and with its values around the place.

    Args:
        pictures: (n, SIDE, SIDE, 3) as ``places.small`` makes them.
        member: (n,) booleans: the class.
        taken: (SIDE, SIDE) booleans: places with the same content; a place that is mostly in them
            is left out.
        seed: of the random groups.

    Returns:
        The place with the greatest jump, or None.
    """
    if min(member.sum(), (~member).sum()) < LEAST_MEMBERS:
        return None
    length = values_of(pictures)["length"]
    groups = with_shuffled(member, seed)
    more = np.log(_mean_length(length, groups) / _mean_length(length, ~groups))
    peak = peak_by_chance(more)
    best: tuple[float, np.ndarray] | None = None
    for region in regions_of(more[0] / peak):
        known = (region & taken).sum() > region.sum() / 2
        if known or not _LEAST <= region.mean() <= _MOST:
            continue
        jump = _jump(more[0], region, peak)
        if jump >= _JUMP and (best is None or jump > best[0]):
            best = jump, region
    if best is None:
        return None
    strength = float((more[0][best[1]] / peak).max())
    return Place(best[1], strength, 0.0, 1.0, 0.0, "place", changes=True)


def edges_inside(pictures: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """How many more edges each picture has in a region than beside it, (n,) logarithms.

    Args:
        pictures: (n, SIDE, SIDE, 3) as ``places.small`` makes them.
        mask: (SIDE, SIDE) booleans: the region.
    """
    length = values_of(pictures)["length"].reshape(len(pictures), SIDE, SIDE, 3).sum(axis=3)
    inside, beside = (length[:, part].mean(axis=1) + _LEVEL for part in (mask, ~mask))
    return np.asarray(np.log(inside / beside))


def _jump(more: np.ndarray, region: np.ndarray, peak: float) -> float:
    near, far = (ndimage.binary_dilation(region, iterations=n) for n in (1, _RING))
    around = far & ~near
    inside = more[region & (more > peak)].mean()
    return float(inside - more[around].mean()) if around.any() else 0.0


def _mean_length(length: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """(groups, SIDE, SIDE): mean length of gradients, the three channels summed."""
    share = groups / groups.sum(axis=1, keepdims=True, dtype=np.float32)
    sums = (share @ length).reshape(len(groups), SIDE, SIDE, 3).sum(axis=3)
    return averaged(sums) + _LEVEL
