"""Give one image the fine detail of another, without its shapes.

No recipe imitates the comb of interlaced video, dithering or ground glass. But a Gaussian blur
takes such detail away, and what it takes away can be added to another picture.
"""

import cv2
import numpy as np

from convaudit.properties.pixel_properties import measure_one
from convaudit.shortcuts.changes.operations import blurred, resampled

_FINE = 60
"""Longer side of the picture / standard deviation of the blur, which is at least a pixel."""
_TILES = 4
"""Number of tiles in the shorter side. Where tiles meet, edges break, which a network may take for
a cue; so there are few."""
_GRID = 8
"""The side of a tile is a multiple of this many pixels, so that periods of 2, 4 and 8 pixels go on
from one tile to the next."""


def fine_detail_like(image: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
    """The image with the donor's fine detail in place of its own.

    The detail is cut into square tiles, and the tiles change places, so that texture comes along
    and shapes do not.

    Args:
        image: RGB uint8 (H, W, 3), sides of 16 pixels or more.
        donor: RGB uint8, of any size.
        seed: of the order of tiles.
    """
    height, width = image.shape[:2]
    sigma = max(1.0, max(height, width) / _FINE)
    donated = resampled(donor, height, width)
    fine = donated.astype(np.int16) - blurred(donated, sigma)
    changed = blurred(image, sigma) + _shuffled(fine, seed)
    return np.asarray(changed.clip(0, 255).astype(np.uint8))


def fineness(image: np.ndarray) -> float:
    """The property ``detail_ratio`` of an RGB picture (H, W, 3): log2 of what is lost by halving it
    / what is lost by halving it again.
    """
    return measure_one(image, "detail_ratio")


def _shuffled(detail: np.ndarray, seed: int) -> np.ndarray:
    """Square tiles (h, w, 3) in another order; what is left over at the edges is mirrored."""
    height, width = detail.shape[:2]
    side = max(_GRID, min(height, width) // _TILES // _GRID * _GRID)
    rows, columns = height // side, width // side
    part = detail[: rows * side, : columns * side].reshape(rows, side, columns, side, -1)
    tiles = part.swapaxes(1, 2).reshape(rows * columns, side, side, -1)
    mixed = tiles[np.random.default_rng(seed).permutation(len(tiles))]
    whole = mixed.reshape(rows, columns, side, side, -1).swapaxes(1, 2)
    whole = np.ascontiguousarray(whole.reshape(rows * side, columns * side, -1))
    down, right = height - rows * side, width - columns * side
    return cv2.copyMakeBorder(whole, 0, down, 0, right, cv2.BORDER_REFLECT)
