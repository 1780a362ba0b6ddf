"""Saliency maps as colours over photographs."""

from functools import cache

import cv2
import numpy as np
import pandas as pd

from convaudit.errors import AuditError


def drawn(choice: str, correct: pd.Series) -> np.ndarray:
    """(n,) bool: the audit stores an overlay of the image.

    Args:
        choice: ``all``, ``errors`` (images that are predicted wrong) or ``none``.
        correct: (n,) whether each image is predicted right; missing without a label.
    """
    if choice == "errors":
        return correct.eq(False).fillna(False).to_numpy(bool)
    return np.full(len(correct), choice == "all")


def normalised(cam: np.ndarray) -> np.ndarray:
    """Scale a map to 0..1 for viewing: (x - min) / (max - min).

    Args:
        cam: (h, w), not negative.

    Returns:
        float32, (h, w). All 0 if no value is positive or a value is not finite; all 1 for a map
        that is constant and positive.
    """
    cam = np.asarray(cam, np.float64)
    if not np.isfinite(cam).all() or cam.max() <= 0:
        return np.zeros(cam.shape, np.float32)
    low, high = cam.min(), cam.max()
    if low == high:
        return np.ones(cam.shape, np.float32)
    return ((cam - low) / (high - low)).astype(np.float32)


def overlay(
    image: np.ndarray,
    cam: np.ndarray,
    alpha: float = 0.6,
    colormap: str = "jet",
    blend: str = "over",
    part: tuple[float, float, float, float] | None = None,
) -> np.ndarray:
    """Draw a saliency map over its photograph.

    Args:
        image: RGB, uint8, (H, W, 3).
        cam: (h, w), not normalised; any size.
        alpha: opacity of the colours where the map is strongest, 0 to 1.
        colormap: the name of one of OpenCV's colour maps, such as jet, turbo, viridis.
        blend: ``over``: colour x s + photograph x (1 - s) with s = ``alpha`` x map, so the map
            shows on white and on black, and where it is 0 the photograph is unchanged. ``add``:
            colour x ``alpha`` + photograph, clipped, as in the notebook (listings 5-43 and 5-44);
            on a white background it is invisible.
        part: (top, left, height, width) of the part of the photograph that the map covers; None if
            it covers all.

    Returns:
        RGB, uint8, (H, W, 3): the map, scaled by ``normalised`` and interpolated linearly to the
        photograph's size (half-pixel centres), coloured and blended. A map without a positive value
        leaves the photograph unchanged.

    Raises:
        AuditError: OpenCV has no such colour map.
    """
    colours = _colours(colormap)
    small = normalised(cam)
    if not small.any():
        return image
    levels = _levels(small, image.shape[:2], part)
    if blend == "add":
        coloured = cv2.applyColorMap(levels, colours)
        return cv2.addWeighted(coloured, alpha, image, 1, 0, dst=coloured)
    ink, paper = _blending(colormap, alpha)
    blended = cv2.applyColorMap(levels, paper)
    cv2.multiply(image, blended, dst=blended, scale=1 / 255)
    return cv2.add(blended, cv2.applyColorMap(levels, ink), dst=blended)


def _levels(
    small: np.ndarray, shape: tuple[int, ...], part: tuple[float, float, float, float] | None
) -> np.ndarray:
    """The map at the photograph's size as uint8; 0 outside the part that it covers."""
    height, width = shape
    top, left, tall, wide = part or (0, 0, height, width)
    bottom, right = round(top + tall), round(left + wide)
    top, left = min(round(top), bottom - 1), min(round(left), right - 1)
    large = cv2.resize(small, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
    np.multiply(large, 255, out=large)
    if large.shape == (height, width):
        return large.astype(np.uint8)
    levels = np.zeros((height, width), np.uint8)
    levels[top:bottom, left:right] = large
    return levels


@cache
def _blending(colormap: str, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Two tables (256, 1, 3) uint8, indexed by the level of the map: the colour that is added, and
    the weight of the photograph (of 255).
    """
    share = alpha * np.arange(256)[:, None, None] / 255
    ink = np.rint(share * _colours(colormap)).astype(np.uint8)
    return ink, np.repeat(np.rint(255 * (1 - share)), 3, axis=2).astype(np.uint8)


@cache
def _colours(name: str) -> np.ndarray:
    """A colour map for ``cv2.applyColorMap``, in RGB order: uint8, (256, 1, 3)."""
    number = getattr(cv2, f"COLORMAP_{name.upper()}", None)
    if number is None:
        raise AuditError(f"colormap: OpenCV has no colour map {name!r}: try jet or turbo")
    ramp = np.arange(256, dtype=np.uint8)[:, None]
    return cv2.cvtColor(cv2.applyColorMap(ramp, number), cv2.COLOR_BGR2RGB)
