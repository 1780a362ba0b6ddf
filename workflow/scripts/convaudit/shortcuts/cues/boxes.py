"""Boxes: rectangles in a picture as shares of its sides."""

import numpy as np

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 as shares of the picture's sides."""
Reach = tuple[float, float, float, float]
"""Left, top, right and bottom: how far beyond a box, in units of its sides."""


def grown(box: Box, reach: Reach) -> Box:
    """The box and what lies within reach of it, cut at the picture's edges."""
    wide, tall = box[2] - box[0], box[3] - box[1]
    left, top, right, bottom = reach
    return (
        max(0.0, box[0] - left * wide),
        max(0.0, box[1] - top * tall),
        min(1.0, box[2] + right * wide),
        min(1.0, box[3] + bottom * tall),
    )


def united(first: Box, second: Box) -> Box:
    """The smallest box that contains both."""
    return (
        min(first[0], second[0]),
        min(first[1], second[1]),
        max(first[2], second[2]),
        max(first[3], second[3]),
    )


def overlap(first: Box, second: Box) -> float:
    """Share of the smaller box that the other one covers."""
    wide = min(first[2], second[2]) - max(first[0], second[0])
    tall = min(first[3], second[3]) - max(first[1], second[1])
    if wide <= 0 or tall <= 0:
        return 0.0
    areas = ((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return wide * tall / min(areas)


def cut(picture: np.ndarray, box: Box) -> np.ndarray:
    """The pixels of a picture (H, W, 3) in a box, at least 2 x 2."""
    height, width = picture.shape[:2]
    y0, x0 = min(int(box[1] * height), height - 2), min(int(box[0] * width), width - 2)
    return picture[
        y0 : max(y0 + 2, round(box[3] * height)), x0 : max(x0 + 2, round(box[2] * width))
    ]
