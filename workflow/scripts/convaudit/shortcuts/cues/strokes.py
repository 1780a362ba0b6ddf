"""Follow a thing of one colour, such as a ring or a pen's stroke, from a patch of it."""

import cv2
import numpy as np

from convaudit.shortcuts.cues.boxes import Box
from convaudit.shortcuts.cues.extent import LONGER

Colour = tuple[float, float, float]
"""Red, green and blue, each 0 to 255."""
_VARIES = 0.1
"""The pixels of a drawn thing vary between images by less than this share of what a patch's pixels
vary."""
_ONE_COLOUR = 8.0
"""Greatest median distance of a thing's pixels from their median in one channel, in grey levels."""
_LEAST = 0.08
"""Least share of a patch that the thing's pixels cover."""
_NEAR = 40
"""A pixel belongs to the thing if no channel differs by more than this number of grey levels."""
_RIM = 2
"""The box is this number of pixels larger on each side, because a thing's rim is mixed with what is
behind it."""
_GAP = 5
"""Gaps of up to this number of pixels, as between letters, are bridged; the longer side of the
picture has 160."""
_LARGEST, _LONGEST, _THIN = 0.1, 0.6, 0.25
"""A thing covers at most this share of the picture, and spans at most this share of a side, or any
if it spans at most a quarter of the other, as a line does. What is larger is a background."""
_HOLLOW = 0.25
"""A thing is an outline if it fills at most this share of the box about it."""


def colour_of(crops: list[np.ndarray], usual: float) -> Colour | None:
    """The colour that aligned crops have in common; None if there are several or none.

    Args:
        crops: at least four crops (H, W, 3), RGB, of the same thing.
        usual: variance of the pixels of pictures, summed over the channels.
    """
    if len(crops) < 4:
        return None
    stack = np.stack(crops).astype(np.float32)
    alike = stack.var(axis=0).sum(axis=-1) < _VARIES * usual
    if alike.mean() < _LEAST:
        return None
    colours = stack.mean(axis=0)[alike]
    colour = np.median(colours, axis=0)
    apart = np.median(np.abs(colours - colour), axis=0)
    if apart.max() > _ONE_COLOUR:
        return None
    red, green, blue = map(float, colour)
    return red, green, blue


def followed(picture: np.ndarray, box: Box, colour: Colour) -> Box | None:
    """The box about all pixels of the colour that are connected with those in a box.

    Args:
        picture: (H, W, 3) RGB.
        box: box of a patch of the thing.
        colour: of ``colour_of``.

    Returns:
        None if there are no such pixels in the box, or too many to be a drawn thing.
    """
    near, parts = _parts(picture, colour)
    tall, wide = near.shape
    rows = slice(round(box[1] * tall), round(box[3] * tall))
    columns = slice(round(box[0] * wide), round(box[2] * wide))
    inside = parts[rows, columns][near[rows, columns]]
    return _box(near & (parts == np.bincount(inside).argmax())) if len(inside) else None


def drawn(picture: np.ndarray, colour: Colour, least: float) -> np.ndarray | None:
    """The largest connected part of a colour with its rim, (H, W) booleans.

    Args:
        picture: (H, W, 3) RGB.
        colour: the colour.
        least: the part covers at least this share of the picture.

    Returns:
        None if the part is smaller, or too large to be a drawn thing. An outline, such as a box
        around something, may span the picture.
    """
    near, parts = _parts(picture, colour)
    if near.mean() < least:
        return None
    part = near & (parts == np.bincount(parts[near]).argmax())
    if part.mean() < least or not (_box(part) or _is_outline(part)):
        return None
    rim = np.ones((2 * _RIM + 1,) * 2, np.uint8)
    size = picture.shape[1::-1]
    return cv2.resize(
        cv2.dilate(part.astype(np.uint8), rim), size, interpolation=cv2.INTER_NEAREST
    ).astype(bool)


def amount(picture: np.ndarray, colour: Colour) -> float:
    """Share of the pixels of a picture (H, W, 3) that have the colour."""
    return float(_near(picture, colour).mean())


def shrunk(picture: np.ndarray) -> np.ndarray:
    """The picture (h, w, 3) with a longer side of ``LONGER`` pixels."""
    scale = LONGER / max(picture.shape[:2])
    size = [max(2, round(length * scale)) for length in picture.shape[1::-1]]
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def within(pixels: np.ndarray, colour: np.ndarray | Colour, reach: float) -> np.ndarray:
    """(h, w) booleans: no channel of a pixel (h, w, 3) uint8 differs from the colour by more than
    ``reach``.
    """
    lower, upper = (np.asarray(colour, float) + each for each in (-reach, reach))
    bounds = np.ceil(np.maximum(lower, 0)), np.floor(np.minimum(upper, 255))
    return cv2.inRange(pixels, *bounds).astype(bool)


def _near(picture: np.ndarray, colour: Colour) -> np.ndarray:
    """(h, w) booleans: the pixels of the shrunk picture that have the colour."""
    return within(shrunk(picture), colour, _NEAR)


def _parts(picture: np.ndarray, colour: Colour) -> tuple[np.ndarray, np.ndarray]:
    """The pixels (h, w) that have the colour, and the numbers (h, w) of their connected parts."""
    near = _near(picture, colour)
    kernel = np.ones((_GAP, _GAP), np.uint8)
    bridged = cv2.morphologyEx(near.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    return near, cv2.connectedComponents(bridged)[1]


def _is_outline(thing: np.ndarray) -> bool:
    """True if a thing (h, w) fills little of the box about it, and of the picture."""
    rows, columns = (np.flatnonzero(thing.any(axis=axis)) for axis in (1, 0))
    spanned = (rows[-1] + 1 - rows[0]) * (columns[-1] + 1 - columns[0])
    return bool(thing.sum() <= _HOLLOW * spanned and thing.mean() <= _LARGEST)


def _box(thing: np.ndarray) -> Box | None:
    """The box about a thing (h, w), with its rim; None if it is too large to be drawn."""
    tall, wide = thing.shape
    rows, columns = np.flatnonzero(thing.any(axis=1)), np.flatnonzero(thing.any(axis=0))
    x0, x1 = max(0, columns[0] - _RIM) / wide, min(wide, columns[-1] + 1 + _RIM) / wide
    y0, y1 = max(0, rows[0] - _RIM) / tall, min(tall, rows[-1] + 1 + _RIM) / tall
    shorter, longer = sorted((x1 - x0, y1 - y0))
    if thing.mean() > _LARGEST or (longer > _LONGEST and shorter > _THIN):
        return None
    return float(x0), float(y0), float(x1), float(y1)
