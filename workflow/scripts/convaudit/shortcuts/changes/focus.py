"""Measure how far pictures are out of focus, whatever they show, and how much blur others lack.

The variance of the Laplacian is low for a blurred picture and for a plain one alike, and an object
in focus raises it though all behind the object is blurred. A blur takes the fine detail of each
place and leaves its coarse structure, so each tile's fine detail is compared with its own coarse
structure, and the median tile counts.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import pandas as pd
from scipy.optimize import bisect

from convaudit.shortcuts.changes.operations import blurred

SIDE = 128
"""Shorter side in pixels of the picture that is measured."""
_FINEST = 256
"""Greatest shorter side in pixels of a picture whose softness is measured: a network sees a slight
blur that is lost at ``SIDE``. Smaller files are not enlarged, which would be a blur."""
_OCTAVES = 5
_FINE, _COARSE = (1, 2), (3, 4)
"""Octaves of the pyramid that are compared: waves of about 4 to 16 and 16 to 64 pixels of ``SIDE``.
The finest octave is left out, because noise and compression of the file dominate it."""
_TILE = 16
"""Side of a tile in pixels of ``SIDE``."""
_FLOOR = 4.0
"""Energy in levels² that rounding and compression leave in any tile."""
_LEAST_TILES = 0.1
"""Least share of the tiles that must have structure."""
_MOST_BLUR = 1 / 15
"""Greatest standard deviation of a blur, as a share of the shorter side."""


def shrunk(image: np.ndarray) -> np.ndarray:
    """The luminance (h, w) of an RGB uint8 image; its shorter side is ``SIDE``."""
    return _resized(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), SIDE)


def _resized(grey: np.ndarray, side: int) -> np.ndarray:
    scale = side / min(grey.shape)
    kernel = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    height, width = (max(side, round(each * scale)) for each in grey.shape)
    return np.asarray(cv2.resize(grey, (width, height), interpolation=kernel))


def focus(luminance: np.ndarray) -> float:
    """log2(fine / coarse energy) of the median tile that has any structure.

    Args:
        luminance: (h, w) uint8, as ``shrunk`` gives it.

    Returns:
        Measured (medians): 96 photographs -0.6, with a Gaussian blur of 1.4 % of the shorter side
        -1.5, of 3.5 % -2.7. NaN if too few tiles have structure, as in a picture of fog.
    """
    energy = _energy(luminance)
    fine, coarse = (energy[list(octaves)].sum(axis=0) for octaves in (_FINE, _COARSE))
    return _median(np.log2((fine + _FLOOR) / (coarse + _FLOOR)), energy)


def missing_blur(donors: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> float:
    """The Gaussian blur that brings the others' median focus to that of the donors.

    If none of the pictures has enough structure for its focus, as slides of low contrast, their
    fine detail is compared instead.

    Args:
        donors, others: RGB uint8 images of any sizes.

    Returns:
        Its standard deviation as a share of the shorter side, at most ``_MOST_BLUR``; 0 if the
        donors are no softer, or if only they or only the others have structure.
    """
    own, rest = ([shrunk(each) for each in group] for group in (donors, others))
    plain = not np.isfinite([focus(each) for each in own + rest]).any()
    measure = _fine_detail if plain else focus

    def median(pictures: list[np.ndarray]) -> float:
        # The median of pandas leaves out NaN.
        return float(pd.Series([measure(each) for each in pictures]).median())

    goal = median(own)

    def above(sigma: float) -> float:
        return median([blurred(each, sigma * SIDE) for each in rest]) - goal

    if not above(0.0) > 0:
        return 0.0
    if above(_MOST_BLUR) >= 0:
        return _MOST_BLUR
    return float(bisect(above, 0.0, _MOST_BLUR, xtol=_MOST_BLUR / 256))


def _fine_detail(luminance: np.ndarray) -> float:
    """log2 of the mean energy in levels² of the fine octaves, whatever the picture shows."""
    return float(np.log2(_energy(luminance)[list(_FINE)].sum(axis=0).mean() + 0.01))


def softness(image: np.ndarray) -> float:
    """The steepest fall of detail from an octave to the next finer one, of the median tile.

    The detail of things in focus falls evenly, as a power of the frequency, whether they are rough
    or smooth. A blur, or a picture enlarged from fewer pixels, ends it within an octave.

    Args:
        image: RGB uint8, of any size; it is measured at up to ``_FINEST`` pixels.

    Returns:
        log2 of the energies' ratio. Measured (medians): 96 photographs and crops of four materials
        -0.1 to 0.7, radiographs 1.1; all of them with a Gaussian blur of 0.4 % of the shorter side
        0.8 to 1.3, of 0.7 to 3.5 % 1.5 to 2.5, enlarged from 64 pixels 1.5 to 2. NaN if too few
        tiles have structure.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    energy = _energy(_resized(grey, max(_TILE, min(_FINEST, *grey.shape))))
    levels = np.log2(energy + 1)
    return max(_median(levels[octave + 1] - levels[octave], energy) for octave in range(3))


def _median(values: np.ndarray, energy: np.ndarray) -> float:
    """Median of the values (rows, columns) of the tiles that have structure."""
    structured = energy[list(_COARSE)].sum(axis=0) > 4 * _FLOOR
    if structured.mean() < _LEAST_TILES:
        return float("nan")
    return float(np.median(values[structured]))


def _energy(luminance: np.ndarray) -> np.ndarray:
    """Mean square (octaves, rows, columns) of each octave of the Laplacian pyramid in each tile."""
    rows, columns = (side // _TILE for side in luminance.shape)
    # Whole tiles only, so that each octave has the same number of them.
    current = luminance[: rows * _TILE, : columns * _TILE]
    found = []
    for octave in range(_OCTAVES):
        smaller = cv2.pyrDown(current)
        band = current.astype(int) - cv2.pyrUp(smaller, dstsize=current.shape[::-1])
        tile = _TILE >> octave
        squares = (band**2).reshape(rows, tile, columns, tile)
        found.append(squares.mean(axis=(1, 3)))
        current = smaller
    return np.stack(found)
