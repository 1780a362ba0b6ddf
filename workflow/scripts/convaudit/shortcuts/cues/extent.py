"""Find how far a thing extends beyond the patch of it that returns."""

import cv2
import numpy as np

from convaudit.shortcuts.cues.boxes import Box, Reach

LONGER = 160
"""Longer side of the pictures that are searched, in pixels."""
_FINE = 12
"""Before the surroundings of a patch are compared, the picture is resized until the patch's side
has this many pixels."""
_BEYOND = _FINE * LONGER
"""A distance beyond every edge of the picture."""
_BLUR = 5
"""The pictures are blurred over squares of this side, in pixels, before they are compared."""
_STEP = 2
"""A thing is followed beyond its patch in strips of this width, in pixels."""
_WIDEST = 64
"""A pasted thing has at most this side, in pixels of the searched picture: 40 % of its longer side.
"""
_THIN = 40
"""A bar across the whole picture, such as a caption, is at most this thick, in pixels of the
searched picture: 25 % of its longer side."""
_ACROSS = 0.9
"""Least share of a bar's length along which pictures must be alike."""
_VARIES = 0.5
"""A thing's pixels vary between images by less than this share of what pictures vary."""
_RIM = 0.125
"""A thing is cut with a margin of this many sides of its patch, because its rim may be soft."""


def reach_of(pictures: list[np.ndarray], boxes: list[Box], size: int) -> Reach:
    """Follow the thing beyond its patch, side by side, while the aligned pieces stay alike.

    A thing that is too large reaches from edge to edge if it is a thin bar. Otherwise, such as a
    spot on an object that fills the view, it is left at its patch: what is pasted must not be the
    object.
    """
    patch_only = _RIM, _RIM, _RIM, _RIM
    if len(pictures) < 4:
        return patch_only
    alike, seen = _alike(pictures, boxes, size)
    start = (len(alike) - _FINE) // 2
    x0 = y0 = start
    x1 = y1 = start + _FINE
    while True:
        left = _STEP * _continues(alike[y0:y1, x0 - _STEP : x0])
        top = _STEP * _continues(alike[y0 - _STEP : y0, x0:x1])
        right = _STEP * _continues(alike[y0:y1, x1 : x1 + _STEP])
        bottom = _STEP * _continues(alike[y1 : y1 + _STEP, x0:x1])
        if not left + top + right + bottom:
            break
        x0, y0, x1, y1 = x0 - left, y0 - top, x1 + right, y1 + bottom
        wide, tall = (length / _FINE * size for length in (x1 - x0, y1 - y0))
        if max(wide, tall) > _WIDEST:
            if tall <= _THIN and _is_bar(alike[y0:y1], seen[y0:y1]):
                x0, x1 = start - _BEYOND, start + _BEYOND
            elif wide <= _THIN and _is_bar(alike[:, x0:x1].T, seen[:, x0:x1].T):
                y0, y1 = start - _BEYOND, start + _BEYOND
            else:
                return patch_only
            break
    return (
        (start - x0) / _FINE + _RIM,
        (start - y0) / _FINE + _RIM,
        (x1 - start) / _FINE - 1 + _RIM,
        (y1 - start) / _FINE - 1 + _RIM,
    )


def _is_bar(alike: np.ndarray, seen: np.ndarray) -> bool:
    """True if pictures are alike along the whole band (height, length), as far as they reach."""
    reached = seen.all(axis=0)
    return bool((alike[:, reached].mean(axis=0) > 0.5).mean() >= _ACROSS)


def _continues(strip: np.ndarray) -> bool:
    """True if pictures are alike in most of a strip beside the thing."""
    return bool(strip.mean() > 0.5)


def _alike(
    pictures: list[np.ndarray], boxes: list[Box], size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Two times (side, side) booleans about the aligned patches: the pictures, blurred, are alike
    there, and at least four pictures reach there.

    Blur tolerates small rotations. Where fewer than four pictures reach, they are not alike.
    """
    around = _WIDEST * _FINE // size + _STEP
    side = _FINE + 2 * around
    pieces = np.full((len(pictures), side, side, 3), np.nan, np.float32)
    pixels = []
    for piece, picture, box in zip(pieces, pictures, boxes, strict=True):
        scale = LONGER / max(picture.shape[:2]) * _FINE / size
        shape = [max(1, round(length * scale)) for length in picture.shape[1::-1]]
        resized = cv2.resize(picture, shape, interpolation=cv2.INTER_AREA)
        small = cv2.blur(resized.astype(np.float32), (_BLUR, _BLUR))
        pixels.append(small.reshape(-1, 3))
        x, y = round(box[0] * shape[0]) - around, round(box[1] * shape[1]) - around
        inside = small[max(y, 0) : y + side, max(x, 0) : x + side]
        top, left = max(-y, 0), max(-x, 0)
        piece[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    seen = np.isfinite(pieces[..., 0]).sum(axis=0) >= 4
    usual = np.concatenate(pixels).var(axis=0).sum()
    alike = np.zeros((side, side), bool)
    alike[seen] = np.nanvar(pieces[:, seen], axis=0).sum(axis=-1) < _VARIES * usual
    return alike, seen
