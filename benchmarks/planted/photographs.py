"""The sets of photographs by letter, and how a photograph becomes a file."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from planted import crops, radiographs, scenes
from planted.photo import Photo

Draw = Callable[[int, str, np.random.Generator], Photo]


@dataclass(frozen=True)
class PhotoSet:
    """A source of photographs: class names, and draw(label, split, random)."""

    classes: tuple[str, ...]
    draw: Draw


SETS = {
    "A": PhotoSet(scenes.CLASSES, scenes.draw),
    "B": PhotoSet(crops.MATERIALS, crops.material),
    "C": PhotoSet(radiographs.CLASSES, radiographs.draw),
    "D": PhotoSet(crops.PICTURES, crops.picture),
}


def encode(pixels: np.ndarray, quality: int) -> bytes:
    """A JPEG file of RGB pixels."""
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return cv2.imencode(".jpg", np.ascontiguousarray(pixels[:, :, ::-1]), settings)[1].tobytes()


def usual_quality(random: np.random.Generator) -> int:
    """A random JPEG quality as cameras and web sites write: 80 to 96."""
    return int(random.integers(80, 97))
