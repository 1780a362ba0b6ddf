"""Find specks and thin strokes: pixels that differ from all that is around them.

Impulse noise, dust, hairs, scratches, snow and rain are such pixels. A median filter removes what
is thinner than half its window and keeps edges, so the difference from it shows them.
"""

import cv2
import numpy as np

_WINDOW = 7
"""Side in pixels of the median filter: strokes of up to 3 pixels stand out."""
_STEP = 24
"""Least difference from the median, in levels."""
_CLEAR = 4.0
"""Least ratio of the difference to the mean difference around it, so that rough texture does not
count."""
_AROUND = 15
"""Side in pixels of the square in which the mean is taken."""
_BLOCK = 8


def thin(luminance: np.ndarray) -> np.ndarray:
    """The pixels of specks and thin strokes.

    Args:
        luminance: (h, w) uint8.

    Returns:
        (h, w) booleans.
    """
    difference = cv2.absdiff(luminance, cv2.medianBlur(luminance, _WINDOW))
    capped = cv2.min(difference, _STEP)
    around = cv2.boxFilter(capped, cv2.CV_32F, (_AROUND, _AROUND))
    return np.asarray((difference >= _STEP) & (difference >= _CLEAR * around))


def share(luminance: np.ndarray) -> float:
    """The share of such pixels in the flatter half of a picture (h, w) uint8, where the thing's own
    detail is rare; NaN for less than four blocks.
    """
    height, width = (side // _BLOCK * _BLOCK for side in luminance.shape)
    if height * width < 4 * _BLOCK**2:
        return float("nan")
    part = luminance[:height, :width]
    smooth = cv2.medianBlur(part, _WINDOW).astype(np.float32)
    slope = cv2.magnitude(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    size = width // _BLOCK, height // _BLOCK
    slopes = cv2.resize(slope, size, interpolation=cv2.INTER_AREA).ravel()
    found = thin(part).astype(np.float32)
    shares = cv2.resize(found, size, interpolation=cv2.INTER_AREA).ravel()
    flat = np.argsort(slopes, kind="stable")[: len(slopes) // 2]
    return float(shares[flat].mean())
