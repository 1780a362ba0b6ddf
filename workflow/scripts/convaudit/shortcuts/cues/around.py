"""Tell things that were laid anywhere from parts of a thing by what is around them."""

import numpy as np
from scipy.stats import mannwhitneyu

from convaudit.shortcuts.cues.boxes import Box, grown, overlap
from convaudit.shortcuts.cues.strokes import shrunk

_NEAR, _FAR = 0.1, 0.5
"""The surroundings of a thing begin at the first and end at the second of these distances from its
box, in sides of the box."""
_PLACES = 4
"""Greatest number of other places that are compared with a thing's own place in its picture."""
_LEAST_PIXELS = 12
"""Least number of pixels around a thing, in a picture with a longer side of 160."""
_LEVEL = 0.001
"""Significance level for one measure."""
_LEAST = 8
"""Least number of things."""


def stands_out(pictures: list[np.ndarray], boxes: list[Box]) -> float:
    """How clearly the surroundings of a thing differ from those of places where others have it.

    A sticker lies anywhere: what is around it is like what is, in the same picture, at the places
    where the stickers of other pictures lie. The slot of a screw always lies on the screw. Compared
    are mean colour (3), deviation and median gradient around the box, by ROC AUC
    (Mann-Whitney U / (n m)).

    Args:
        pictures: n pictures (H, W, 3), RGB.
        boxes: the thing's box in each.

    Returns:
        The greatest distance of a measure's AUC from 0.5 that is significant (p < 0.001), 0 if none
        is. NaN if there are fewer than eight things or other places, as at a fixed place.
    """
    own, others = [], []
    for at, (picture, box) in enumerate(zip(pictures, boxes, strict=True)):
        # The next pictures in a circle, so that each one is compared with others.
        turned = [*boxes[at + 1 :], *boxes[:at]]
        free = [_moved(box, other) for other in turned if overlap(box, other) == 0]
        own += _around(picture, [box])
        others += _around(picture, free[:_PLACES])
    if min(len(own), len(others)) < _LEAST:
        return float("nan")
    here, there = np.array(own), np.array(others)
    u, p = mannwhitneyu(here, there, axis=0)
    apart = np.abs(u / (len(here) * len(there)) - 0.5)
    return float(np.max(apart, where=p < _LEVEL, initial=0.0))


def _moved(box: Box, to: Box) -> Box:
    """The box with the upper left corner of another."""
    return to[0], to[1], to[0] + box[2] - box[0], to[1] + box[3] - box[1]


def _around(picture: np.ndarray, boxes: list[Box]) -> list[np.ndarray]:
    """Five measures (5,) of what is around each box that has enough picture around it."""
    small = shrunk(picture).astype(np.float32)
    tall, wide = small.shape[:2]
    gradient = np.hypot(*np.gradient(small.mean(axis=-1)))
    usual = small.mean(axis=(0, 1))
    found = []
    for box in boxes:
        ring = np.zeros((tall, wide), bool)
        for reach, inside in ((_FAR, True), (_NEAR, False)):
            x0, y0, x1, y1 = grown(box, (reach,) * 4)
            ring[round(y0 * tall) : round(y1 * tall), round(x0 * wide) : round(x1 * wide)] = inside
        if ring.sum() >= _LEAST_PIXELS:
            pixels = small[ring]
            colour = pixels.mean(axis=0) - usual
            spread = pixels.std(axis=0).mean()
            found.append(np.array([*colour, spread, np.median(gradient[ring])]))
    return found
