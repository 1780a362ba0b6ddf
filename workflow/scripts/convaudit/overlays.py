"""Heat maps over photographs, and sheets of small photographs."""

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np

from convaudit.errors import AuditError
from convaudit.images import resize

SHEET = 64
"""Pictures on a sheet of sprites. A browser decodes a whole sheet to show one of them."""
_QUALITY = 90


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


def sprites(images: np.ndarray, columns: int = 16, size: int = 128) -> np.ndarray:
    """One sheet of small pictures: picture i is in row i // columns, column i % columns.

    Args:
        images: RGB, uint8, (n, h, w, 3). Without any the sheet is one black row.
        columns: cells in a row.
        size: side of a cell in pixels. A picture fills its cell's longer side, in the middle of
            it, and keeps its aspect ratio; what is left is black.

    Returns:
        RGB, uint8, (rows x size, columns x size, 3).
    """
    count, height, width, _ = images.shape
    rows = max(1, -(-count // columns))
    top, left, tall, wide = fitted((height, width), size)
    sheet = np.zeros((rows, size, columns, size, 3), np.uint8)
    for index, image in enumerate(images):
        cell = sheet[index // columns, :, index % columns]
        cell[top : top + tall, left : left + wide] = resize(image, (tall, wide), "area")
    return sheet.reshape(rows * size, columns * size, 3)


def fitted(shape: Sequence[int], size: int) -> tuple[int, int, int, int]:
    """Where a picture (height, width) lies in a square cell that it fills: top, left, its size."""
    height, width = shape[:2]
    scale = size / max(height, width)
    tall, wide = max(1, round(height * scale)), max(1, round(width * scale))
    return (size - tall) // 2, (size - wide) // 2, tall, wide


def encode_jpeg(image: np.ndarray) -> bytes:
    """Encode an RGB uint8 image as a JPEG of quality 90.

    Raises:
        AuditError: a side is longer than the 65,500 pixels that a JPEG can have.
    """
    return _encode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])


def encode_png(image: np.ndarray) -> bytes:
    """Encode an RGB uint8 image as a PNG.

    Raises:
        AuditError: a side is longer than the 1,000,000 pixels that libpng allows.
    """
    return _encode(".png", image, [])


def _encode(suffix: str, image: np.ndarray, flags: list[int]) -> bytes:
    done, data = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), flags)
    if not done:
        height, width = image.shape[:2]
        raise AuditError(f"a picture of {width} x {height} pixels is too large for a {suffix} file")
    return data.tobytes()


@cache
def _colours(name: str) -> np.ndarray:
    """A colour map as OpenCV takes it, in RGB: uint8, (256, 1, 3)."""
    number = getattr(cv2, f"COLORMAP_{name.upper()}", None)
    if number is None:
        raise AuditError(f"colormap: OpenCV has no colour map {name!r}: try jet or turbo")
    ramp = np.arange(256, dtype=np.uint8)[:, None]
    return cv2.cvtColor(cv2.applyColorMap(ramp, number), cv2.COLOR_BGR2RGB)
