"""Find specks and thin strokes: pixels that differ from all that is around them.

Impulse noise, dust, hairs, scratches, snow and rain are such pixels. A median filter removes what
is thinner than half its window and keeps edges, so the difference from it shows them.
"""

import cv2
import numpy as np

WINDOW = 5
"""Side in pixels of the median filter: strokes of up to 2 pixels stand out. (OpenCV's filter of 7
pixels takes twenty times as long.)"""
_STEP = 24
"""Least difference from the median, in levels."""
_CLEAR = 4
"""Least ratio of the difference to the mean difference around it (differences over twice the step
count as that), so that rough texture does not count."""
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
    return standing_out(from_median(luminance))


def from_median(luminance: np.ndarray) -> np.ndarray:
    """How far each pixel is from the median around it, (h, w) uint8."""
    return np.asarray(cv2.absdiff(luminance, cv2.medianBlur(luminance, WINDOW)))


def standing_out(difference: np.ndarray) -> np.ndarray:
    """The same from the result (h, w) of ``from_median``."""
    capped = np.minimum(difference, np.uint8(2 * _STEP))
    # Whole numbers, so that every processor finds the same pixels.
    around = cv2.boxFilter(capped, cv2.CV_32S, (_AROUND, _AROUND), normalize=False)
    clear = difference.astype(np.int32) * _AROUND**2 >= _CLEAR * around
    return np.asarray((difference >= _STEP) & clear)


def share(luminance: np.ndarray) -> float:
    """The share of such pixels in the flatter half of a picture (h, w) uint8, where the thing's own
    detail is rare; NaN if a side is under 16 pixels.
    """
    height, width = (side // _BLOCK * _BLOCK for side in luminance.shape)
    if min(height, width) < 2 * _BLOCK:
        return float("nan")
    part = luminance[:height, :width]
    smooth = cv2.medianBlur(part, WINDOW)
    steps = np.zeros_like(smooth)
    steps[:-1, :-1] = cv2.add(
        cv2.absdiff(smooth[1:, :-1], smooth[:-1, :-1]),
        cv2.absdiff(smooth[:-1, 1:], smooth[:-1, :-1]),
    )
    size = width // _BLOCK, height // _BLOCK
    slopes = cv2.resize(steps.astype(np.float32), size, interpolation=cv2.INTER_AREA).ravel()
    found = standing_out(cv2.absdiff(part, smooth)).astype(np.float32)
    shares = cv2.resize(found, size, interpolation=cv2.INTER_AREA).ravel()
    flat = np.argsort(slopes, kind="stable")[: len(slopes) // 2]
    return float(shares[flat].mean())
