"""Lay the specks and thin strokes of a picture over another."""

import cv2
import numpy as np

from convaudit.properties import specks
from convaudit.properties.pixel_properties import working_luminance
from convaudit.shortcuts.changes import operations

_SOFT = 8
"""Least difference from the median, in levels, of a soft edge beside such a pixel."""
_NEIGHBOURS = np.ones((3, 3), np.uint8)
_DOT = 3
"""Greatest extent of a dot in pixels of the picture at the working size."""


def specks_like(image: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
    """The image with the specks and thin strokes of the donor, each at its place.

    Args:
        image: RGB uint8 (H, W, 3).
        donor: RGB uint8, of any size; specks keep their size as a share of the picture.
        seed: not used.
    """
    donor = operations.resampled(donor, *image.shape[:2])
    return operations.pasted(image, donor, _mask(donor))


def without_specks(image: np.ndarray) -> np.ndarray:
    """The picture (H, W, 3) with the median around them in place of its specks and strokes.

    The median's window is at least 5 pixels wide at the working size.
    """
    halved = image.shape[0] / working_luminance(image).shape[0]
    window = 2 * round(specks.WINDOW * halved / 2) + 1
    return operations.pasted(image, cv2.medianBlur(image, window), _mask(image))


def _mask(image: np.ndarray) -> np.ndarray:
    """Specks and thin strokes with their soft edges, (H, W) 0 or 1."""
    height, width = image.shape[:2]
    difference = specks.from_median(working_luminance(image))
    found = specks.standing_out(difference).astype(np.uint8)
    soft = (difference >= _SOFT) & (cv2.dilate(found, _NEIGHBOURS) > 0)
    mask = (soft | (found > 0)).astype(np.uint8)
    return np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST))


def density(image: np.ndarray) -> float:
    """The property ``specks`` of an RGB picture (H, W, 3)."""
    return specks.share(working_luminance(image))


def dots(image: np.ndarray) -> float:
    """The share of these pixels that belong to dots of at most 3 x 3 pixels, 0 to 1; NaN without
    any.

    Impulse noise is dots. Hairs, rain and scratches are strokes, as are wires, webs and twigs,
    which may be the thing itself.
    """
    found = specks.thin(working_luminance(image)).astype(np.uint8)
    # Side by side only: at 4 % of the pixels, a third of all dots touch another at a corner.
    _, _, each, _ = cv2.connectedComponentsWithStats(found, connectivity=4)
    each = each[1:]
    small = each[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) <= _DOT
    areas = each[:, cv2.CC_STAT_AREA]
    return float(areas[small].sum() / areas.sum()) if len(each) else float("nan")
