"""Heat maps over photographs, and sheets of small photographs."""

from functools import cache

import cv2
import numpy as np

from convaudit.errors import AuditError


def heat(cam: np.ndarray) -> np.ndarray:
    """Scale a map for viewing: its least value to 0, its greatest to 1.

    Args:
        cam: (h, w), not negative.

    Returns:
        float32, (h, w). All 0 where there is no positive evidence (or a value isn't finite), so
        that noise is never stretched; all 1 for the same positive evidence everywhere.
    """
    cam = np.asarray(cam, np.float64)
    if not np.isfinite(cam).all() or cam.max() <= 0:
        return np.zeros(cam.shape, np.float32)
    low, high = cam.min(), cam.max()
    if low == high:
        return np.ones(cam.shape, np.float32)
    return ((cam - low) / (high - low)).astype(np.float32)


def overlay(
    image: np.ndarray, cam: np.ndarray, alpha: float = 0.4, colormap: str = "jet"
) -> np.ndarray:
    """Lay a class activation map over its photograph (the notebook's listings 5-43 and 5-44).

    Args:
        image: RGB, uint8, (H, W, 3).
        cam: (h, w), not normalised; any size.
        alpha: strength of the colours.
        colormap: the name of one of OpenCV's colour maps, such as jet, turbo, viridis.

    Returns:
        RGB, uint8, (H, W, 3): the map as ``heat``, interpolated linearly to the photograph's size
        (half-pixel centres), x 255 as uint8, coloured, x alpha + image, rounded and clipped. A
        map without positive evidence leaves the photograph as it is.

    Raises:
        AuditError: no such colour map.
    """
    colours = _colours(colormap)
    small = heat(cam)
    if not small.any():
        return image
    height, width = image.shape[:2]
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    np.multiply(large, 255, out=large)
    coloured = cv2.applyColorMap(large.astype(np.uint8), colours)
    return cv2.addWeighted(coloured, alpha, image, 1, 0, dst=coloured)


@cache
def _colours(name: str) -> np.ndarray:
    """A colour map as OpenCV takes it, in RGB: uint8, (256, 1, 3)."""
    number = getattr(cv2, f"COLORMAP_{name.upper()}", None)
    if number is None:
        raise AuditError(f"colormap: OpenCV has no colour map {name!r}: try jet or turbo")
    ramp = np.arange(256, dtype=np.uint8)[:, None]
    return cv2.cvtColor(cv2.applyColorMap(ramp, number), cv2.COLOR_BGR2RGB)
