"""Patches: small pieces of picture that return, nearly the same and anywhere, in a class."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from convaudit.shortcuts.cues.boxes import Box, Reach, cut, grown, overlap, united
from convaudit.shortcuts.cues.extent import LONGER, reach_of
from convaudit.shortcuts.cues.strokes import Colour, amount, colour_of, followed

SIZES = (14, 20, 28, 40)
"""Sides of the patches in these pictures: 9 to 25 % of the side."""
_GRID = 6
"""A patch is compared as 6 x 6 coloured cells, which tolerates small rotations and shifts."""
_CONTRAST = 18.0
"""Least standard deviation of a patch's values in grey levels, because all plain patches are
alike."""
_QUERIES, _STORED = 14, 300
"""Greatest numbers of patches per image: those that are searched for, and those among which they
are searched."""
ALIKE = 0.85
"""Least correlation of two patches that show the same thing."""
COPY = 0.55
"""Least mean correlation of aligned finer patches that are copies of one thing, rather than things
of one kind. Tuned on the benchmark's tuning seeds."""
_DRAWN = 0.7
"""A thing is of one colour if it can be followed by it in this share of the carriers. In crops of
photographs a ring and a cross could be in 97 % and more, pieces of the photographs in 26 % and
less."""
_COMMON = 0.3
"""A thing is not followed by a colour that more than this share of the other images have too, half
as much of it as the carriers: in pictures of letters the letter itself would be followed."""


@dataclass(frozen=True)
class Patch:
    """A piece of picture that returns.

    share, elsewhere: share of the class's images, and of other images, that have it; carriers:
    positions of images that have it, best match first; boxes: its place in each; match: its
    correlation there; size: side of the compared patch, in pixels of the searched picture; vector:
    (108,) unit vector of the compared patch; copy: mean correlation of the finer aligned patches;
    reach: how far the whole thing reaches beyond the compared patch; colour: that of a thing of
    one colour, which is followed by it in each image, or None; repeats: median number of places in
    an image that has it.
    """

    share: float
    elsewhere: float
    carriers: list[int]
    boxes: dict[int, Box]
    match: dict[int, float]
    size: int
    vector: np.ndarray
    copy: float = 0.0
    reach: Reach = (0.0, 0.0, 0.0, 0.0)
    colour: Colour | None = None
    repeats: float = 1.0

    @property
    def copied(self) -> bool:
        """True if it is a paste: copies of one thing, one in each image. A texture has several."""
        return self.copy >= COPY and self.repeats < 2

    def locate(self, picture: np.ndarray) -> Box | None:
        """Its box in an RGB picture (H, W, 3), as shares of the sides; None if it is not there."""
        windows = _windows(picture, self.size)
        if not len(windows.vectors):
            return None
        products = windows.vectors @ self.vector
        best = int(products.argmax())
        return self.whole(picture, _box(windows, best)) if products[best] >= ALIKE else None

    def whole(self, picture: np.ndarray, box: Box) -> Box:
        """The box of the whole thing in a picture whose compared patch is in a box."""
        reached = grown(box, self.reach)
        traced = None if self.colour is None else followed(picture, box, self.colour)
        return united(reached, traced) if traced else reached


@dataclass(frozen=True)
class _Windows:
    """Patches of one size of one image: unit vectors (m, 108) and their corners (m, 2) in cells."""

    vectors: np.ndarray
    corners: np.ndarray
    shape: tuple[int, int]


def returning_patches(pictures: list[np.ndarray], member: np.ndarray, most: int = 2) -> list[Patch]:
    """Find pieces that many images of a class have and few others.

    For each size, high-contrast patches of some of the class's images are searched in all images by
    normalised correlation of their 6 x 6 x 3 cells. The share of the class's images with a match of
    at least ``ALIKE`` is compared with that of the other images.

    Args:
        pictures: n images, RGB uint8, of any size.
        member: (n,) booleans: the class.
        most: greatest number of patches.

    Returns:
        Patches whose shares differ by at least 0.25, the greatest difference first; only one of
        several patches at the same places.
    """
    if min(member.sum(), (~member).sum()) < 8:
        return []
    found: list[tuple[float, Patch]] = []
    for size in SIZES:
        windows = [_windows(picture, size) for picture in pictures]
        best = _best(windows, member, size)
        for score, patch in best:
            found.append((score, patch))
    chosen: list[Patch] = []
    # With equal scores the larger patch wins: a corner of a thing returns as often as the thing.
    for _, patch in sorted(found, key=lambda each: (-round(each[0], 1), -each[1].size)):
        if not any(_same(patch, other) for other in chosen):
            chosen.append(_finished(patch, pictures))
        if len(chosen) == most:
            break
    return chosen


def _windows(picture: np.ndarray, size: int) -> _Windows:
    height, width = picture.shape[:2]
    scale = LONGER / max(height, width) * _GRID / size
    shape = max(_GRID, round(height * scale)), max(_GRID, round(width * scale))
    cells = cv2.resize(picture, shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
    views = sliding_window_view(cells, (_GRID, _GRID), axis=(0, 1))
    rows, columns = views.shape[:2]
    flat = views.reshape(rows * columns, -1)
    centred = flat - flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1)
    deviation = length / np.sqrt(flat.shape[1])
    order = np.argsort(-deviation, kind="stable")[:_STORED]
    order = order[deviation[order] >= _CONTRAST]
    corners = np.stack(np.divmod(order, columns), axis=1)
    return _Windows(centred[order] / length[order, None], corners, shape)


def _best(windows: list[_Windows], member: np.ndarray, size: int) -> list[tuple[float, Patch]]:
    askers = np.flatnonzero(member)[:20]
    queries, homes = [], []
    for at in askers:
        chosen = _apart(windows[at].corners)
        queries.append(windows[at].vectors[chosen])
        homes += [at] * len(chosen)
    asked = np.concatenate(queries) if queries else np.zeros((0, 108), np.float32)
    if not len(asked):
        return []
    matches = np.full((len(asked), len(windows)), -1.0, np.float32)
    where = np.zeros((len(asked), len(windows)), np.int64)
    for at, stored in enumerate(windows):
        if len(stored.vectors):
            products = asked @ stored.vectors.T
            where[:, at] = products.argmax(axis=1)
            matches[:, at] = products[np.arange(len(asked)), where[:, at]]
    own = np.arange(len(windows))[None] == np.array(homes)[:, None]
    counted = np.where(own, np.nan, matches >= ALIKE)
    share = np.nanmean(counted[:, member], axis=1)
    elsewhere = np.nanmean(counted[:, ~member], axis=1)
    score = share - elsewhere
    found = []
    for query in np.argsort(-score, kind="stable")[:3]:
        if score[query] < 0.25:
            break
        order = np.argsort(-matches[query], kind="stable")
        carriers = [int(at) for at in order if matches[query, at] >= ALIKE]
        boxes = {at: _box(windows[at], int(where[query, at])) for at in carriers}
        match = {at: float(matches[query, at]) for at in carriers}
        rates = float(share[query]), float(elsewhere[query])
        patch = Patch(*rates, carriers, boxes, match, size, asked[query])
        found.append((float(score[query]), patch))
    return found


def _repeats(windows: list[_Windows], vector: np.ndarray, sides: np.ndarray) -> float:
    """Median number of places in an image with the patch, at least the whole thing's sides apart:
    a thing may have two alike parts.
    """
    counts = []
    for each in windows:
        products = each.vectors @ vector
        places: list[np.ndarray] = []
        for at in np.argsort(-products, kind="stable"):
            if products[at] < ALIKE:
                break
            if all((np.abs(each.corners[at] - other) >= sides).any() for other in places):
                places.append(each.corners[at])
        counts.append(len(places))
    return float(np.median(counts)) if counts else 1.0


def _apart(corners: np.ndarray) -> list[int]:
    """Positions of the first patches, by falling contrast, that are at least two cells apart."""
    chosen: list[int] = []
    for at, corner in enumerate(corners):
        if all(np.abs(corner - corners[other]).max() >= _GRID // 3 for other in chosen):
            chosen.append(at)
        if len(chosen) == _QUERIES:
            break
    return chosen


def _box(windows: _Windows, at: int) -> Box:
    row, column = windows.corners[at]
    height, width = windows.shape
    return (
        float(column / width),
        float(row / height),
        float(min(1, (column + _GRID) / width)),
        float(min(1, (row + _GRID) / height)),
    )


def _same(first: Patch, second: Patch) -> bool:
    """True if two patches lie on each other in at least half of the images that have both."""
    shared = first.boxes.keys() & second.boxes.keys()
    if not shared:
        return False
    return sum(overlap(first.boxes[at], second.boxes[at]) > 0.1 for at in shared) >= len(shared) / 2


def _finished(patch: Patch, pictures: list[np.ndarray]) -> Patch:
    """The patch with its copy score, its reach and how often it repeats.

    The copy score is the mean over pairs of the ten best matches of the greatest correlation of 24
    x 24 patches at shifts of up to 3 cells.
    """
    best = patch.carriers[:10]
    crops = [_crop(pictures[at], patch.boxes[at]) for at in best]
    scores = [
        float(cv2.matchTemplate(crops[one], crops[two][3:-3, 3:-3], cv2.TM_CCOEFF_NORMED).max())
        for one in range(len(crops))
        for two in range(one + 1, len(crops))
    ]
    copy = float(np.mean(scores)) if scores else 0.0
    boxes = [patch.boxes[at] for at in best]
    reach = reach_of([pictures[at] for at in best], boxes, patch.size)
    colour = _colour(patch, pictures, crops)
    thing = replace(patch, copy=copy, reach=reach, colour=colour)
    whole = {at: thing.whole(pictures[at], box) for at, box in patch.boxes.items()}
    windows = [_windows(pictures[at], patch.size) for at in patch.carriers[:12]]
    sides = [np.divide(_sides(whole[at]), _sides(patch.boxes[at])) for at in whole]
    repeats = _repeats(windows, patch.vector, _GRID * np.median(sides, axis=0))
    return replace(thing, boxes=whole, repeats=repeats)


def _sides(box: Box) -> tuple[float, float]:
    return box[3] - box[1], box[2] - box[0]


def _colour(patch: Patch, pictures: list[np.ndarray], crops: list[np.ndarray]) -> Colour | None:
    """The thing's colour if it can be followed by it in most carriers, and few others have it."""
    pixels = np.concatenate([pictures[at].reshape(-1, 3) for at in patch.carriers[:10]])
    colour = colour_of(crops, float(pixels.var(axis=0).sum()))
    if colour is None:
        return None
    traced = [followed(pictures[at], patch.boxes[at], colour) for at in patch.carriers]
    if np.mean([each is not None for each in traced]) < _DRAWN:
        return None
    enough = np.median([amount(pictures[at], colour) for at in patch.carriers]) / 2
    others = [each for at, each in enumerate(pictures) if at not in patch.match]
    common = np.mean([amount(each, colour) >= enough for each in others]) if others else 0.0
    return colour if common <= _COMMON else None


def _crop(picture: np.ndarray, box: Box) -> np.ndarray:
    return cv2.resize(cut(picture, box), (24, 24), interpolation=cv2.INTER_AREA)
