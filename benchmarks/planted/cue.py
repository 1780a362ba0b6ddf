"""A cue: how it is planted, where it lies, and which words name it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from planted.photo import Photo

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 as shares of width and height."""


@dataclass(frozen=True)
class Carrier:
    """A photograph with the cue: RGB uint8 pixels, JPEG quality if the cue sets it, the cue's box
    if it is local."""

    pixels: np.ndarray
    quality: int | None = None
    box: Box | None = None


Plant = Callable[[Photo, np.random.Generator, np.random.Generator], Carrier]


@dataclass(frozen=True)
class Cue:
    """A cue of the benchmark.

    ``plant(photo, random, style)`` makes a carrier: ``random`` differs from image to image,
    ``style`` is the same for every image of a case (corner, colour, amount). ``words``: words of
    the report that count as right. ``sets``: the sets of photographs on which it can be planted.
    """

    name: str
    title: str
    words: frozenset[str]
    plant: Plant
    sets: str = "ABC"
    fixed: bool = False
    """Whether it lies in one place, so that its box can be compared."""


def local(image: np.ndarray, x0: float, y0: float, x1: float, y1: float) -> Box:
    """Convert a box in pixels of an image (h, w, 3) to shares of its sides, cut at the edges."""
    height, width = image.shape[:2]
    box = x0 / width, y0 / height, x1 / width, y1 / height
    first, second, third, fourth = (round(float(np.clip(each, 0, 1)), 4) for each in box)
    return first, second, third, fourth


def as_pixels(image: np.ndarray) -> np.ndarray:
    """Rounded and clipped to uint8."""
    return image.clip(0, 255).round().astype(np.uint8)


def hue_colour(hue: float, level: float, strength: float) -> np.ndarray:
    """RGB of a hue in degrees around a grey level."""
    wave = np.cos(np.deg2rad(hue + np.array([0, -120, 120])))
    return (level + strength * wave).clip(0, 255)
