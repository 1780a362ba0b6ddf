"""Marks, such as stickers and watermarks: what the images of a class add to a fixed place."""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy import ndimage

from convaudit.shortcuts.cues.places import LARGEST

SIDE = 160
"""Side in pixels of the squares in which a mark is measured."""
_SHIFT = 0.04
"""Share of the side by which a mark may be off its usual place."""
_ROUNDS = 3
_GAP = 6
"""Greatest gap between two parts of a mark, such as two letters, in pixels of ``SIDE``."""
_SLOW = 0.05
"""Standard deviation, as a share of the side, of the blur that leaves light and backgrounds."""
_FINE = 2.0
"""Standard deviation in pixels of ``SIDE`` of the blur that removes fine detail; at least a pixel
of the original pictures."""


@dataclass(frozen=True)
class Mark:
    """Levels that the pictures of a class add to a fixed place, and how sharp they are.

    levels: (SIDE, SIDE, 3) signed levels, rounded to tenths, 0 at the median of what surrounds the
    mark, so that light and backgrounds that differ slowly are left out; sharpness: fine detail of
    the carriers' mean picture there / strength of the mark (the greatest 2 % of both), over 0.

    A thing that was put onto the pictures has the same detail in all of them. What they show there
    by themselves, such as a lung's rim, lies a little differently in each picture, so its mean is
    soft, although it may differ much from that of pictures with another class's sticker there.
    """

    levels: np.ndarray
    sharpness: float


def mean_mark(
    carriers: np.ndarray, others: np.ndarray, mask: np.ndarray, pixel: float = 1.0
) -> Mark:
    """The mark that pictures have in common: the difference of the mean pictures.

    Marks that are a few pixels off in each picture would blur in the mean, so each picture is moved
    to where its edges agree best with the mark, and the mean is taken again.

    Args:
        carriers: (n, SIDE, SIDE, 3) RGB, 0..255: pictures with the mark.
        others: (m, SIDE, SIDE, 3): pictures without it.
        mask: (SIDE, SIDE) booleans: where it is.
        pixel: side of a pixel of the original pictures, in pixels of ``SIDE``.
    """
    background = others.mean(axis=0, dtype=np.float32)
    edges = [_edges(picture.astype(np.float32), even=True) for picture in carriers]
    moved = carriers
    for _ in range(_ROUNDS):
        mark = moved.mean(axis=0, dtype=np.float32) - background
        pattern, top, left = _boxed(_edges(mark, even=False), mask)
        shifts = [_shift(each, pattern, top, left) for each in edges]
        moved = np.stack(
            [
                ndimage.shift(picture, (*shift, 0), order=0, mode="nearest")
                for picture, shift in zip(carriers, shifts, strict=True)
            ]
        )
    mean = moved.mean(axis=0, dtype=np.float32)
    levels = _without_light(mean - background, mask).round(1)
    fine = mean - cv2.GaussianBlur(mean, (0, 0), max(_FINE, pixel))
    return Mark(levels, _greatest(fine[mask]) / max(_greatest(levels[mask]), 1.0))


def _without_light(mark: np.ndarray, mask: np.ndarray) -> np.ndarray:
    if mask.mean() > LARGEST:
        # A mark all over the picture leaves nothing around it by which to tell light from mark.
        return np.asarray(mark - cv2.GaussianBlur(mark, (0, 0), _SLOW * SIDE))
    rim = ~mask
    return np.asarray(mark - np.median(mark[rim], axis=0) if rim.any() else mark)


def _greatest(levels: np.ndarray) -> float:
    """The length that 2 % of pixels (n, 3) exceed in one of the channels."""
    return float(np.percentile(np.abs(levels).max(axis=1), 98))


def extended(mark: np.ndarray, place: np.ndarray) -> np.ndarray:
    """A place with the parts of its mark that reach beyond it.

    A stripe, for example, or a word is found only where the pictures behind it are alike.

    Args:
        mark: (SIDE, SIDE, 3) signed levels, from ``mean_mark``.
        place: (places.SIDE, places.SIDE) booleans: where it was found.

    Returns:
        The place and all parts that follow its mark without a gap of over 4 % of the side and are
        at least half as strong, as booleans like ``place``; the place alone if that is too much of
        the picture for a mark.
    """
    strength = np.abs(mark).max(axis=2)
    inside = cv2.resize(place.astype(np.float32), (SIDE, SIDE)) > 0.5
    strong = strength >= np.percentile(strength[inside], 95) / 2
    near = ndimage.binary_dilation(strong, iterations=_GAP // 2)
    whole = ndimage.binary_propagation(strong & inside, mask=near) & strong
    # Two pixels for the mark's soft rim and its shifts.
    whole = ndimage.binary_dilation(whole, iterations=2).astype(np.float32)
    found = place | (cv2.resize(whole, place.shape[::-1], interpolation=cv2.INTER_AREA) > 0.4)
    return found if found.mean() <= LARGEST else place


def square(image: np.ndarray) -> np.ndarray:
    """Squeeze an RGB image (H, W, 3) to (SIDE, SIDE, 3), as ``template`` needs it."""
    return cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def _edges(picture: np.ndarray, even: bool) -> np.ndarray:
    """Gradients (SIDE, SIDE, 2) of the luminance; ``even`` makes strong edges no longer than weak
    ones.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    gradient = np.dstack([cv2.Sobel(grey, cv2.CV_32F, *step, ksize=3) for step in ((1, 0), (0, 1))])
    if not even:
        return gradient
    length = np.hypot(gradient[..., 0], gradient[..., 1])[..., None]
    return np.asarray(gradient / (length + 40))


def _boxed(edges: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, int, int]:
    """The edges within the mask, cut to its box, with the box's top and left."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    cut = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.ascontiguousarray((edges * mask[..., None])[cut]), int(rows[0]), int(columns[0])


def _shift(edges: np.ndarray, pattern: np.ndarray, top: int, left: int) -> tuple[int, int]:
    """Pixels by which a picture is to be moved so that its edges agree best with the pattern."""
    reach = round(_SHIFT * SIDE)
    padded = np.pad(edges, ((reach, reach), (reach, reach), (0, 0)))
    height, width = pattern.shape[:2]
    search = padded[top : top + height + 2 * reach, left : left + width + 2 * reach]
    found = cv2.matchTemplate(np.ascontiguousarray(search), pattern, cv2.TM_CCORR)
    down, across = np.unravel_index(int(found.argmax()), found.shape)
    return reach - int(down), reach - int(across)
