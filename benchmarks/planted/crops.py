"""Sets B and D: crops of sample pictures that packages ship.

The left part of a picture is for training, the right part for the audit: no pixel is shared. All
of scikit-image's pictures used here are in the public domain or CC0; its folder's README says so.
"""

import functools
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np

from planted.photo import Photo

MATERIALS = ("brick", "gravel", "grass", "tissue")
"""Set B. Their mean and contrast are made equal and tints are random, so that only texture
distinguishes them."""
PICTURES = ("tissue", "stars", "eye", "cup")
"""Set D. They keep their colours: these classes truly differ in colour."""
_FILES = {
    "brick": "brick.png",
    "gravel": "gravel.png",
    "grass": "grass.png",
    "tissue": "ihc.png",
    "stars": "hubble_deep_field.jpg",
    "eye": "retina.jpg",
    "cup": "coffee.png",
}


def material(label: int, split: str, random: np.random.Generator) -> Photo:
    """A crop of 110 to 220 pixels, resized to 160 to 240, levelled and tinted.

    A crop of another material lies over it like a reflection, so that the task is not easy and a
    shortcut is worth learning.
    """
    grey = _levelled(_crop(MATERIALS[label], split, random, 110, 220))
    other = (label + int(random.integers(1, len(MATERIALS)))) % len(MATERIALS)
    over = _levelled(_crop(MATERIALS[other], split, random, 110, 220))
    over = cv2.resize(over, grey.shape[::-1], interpolation=cv2.INTER_AREA)
    share = random.uniform(0.3, 0.5)
    grey = (1 - share) * grey + share * over
    grey = random.uniform(90, 165) + random.uniform(24, 46) * grey / grey.std()
    tint = random.normal(0, 7, 3)
    scene = grey[:, :, None] + (tint - tint.mean())
    return Photo(_sensor(scene, random))


def picture(label: int, split: str, random: np.random.Generator) -> Photo:
    """A crop in its own colours, a little brighter or darker."""
    crop = _crop(PICTURES[label], split, random, 110, 220).astype(np.float32)
    return Photo(_sensor(crop * random.uniform(0.75, 1.25), random))


def _levelled(crop: np.ndarray) -> np.ndarray:
    grey = crop.astype(np.float32).mean(2)
    return (grey - grey.mean()) / (grey.std() + 1e-6)


def _crop(name: str, split: str, random: np.random.Generator, least: int, most: int) -> np.ndarray:
    source = _source(name)
    half = source.shape[1] // 2
    part = source[:, :half] if split == "train" else source[:, half:]
    side = int(random.integers(least, most + 1))
    top = int(random.integers(0, part.shape[0] - side + 1))
    left = int(random.integers(0, part.shape[1] - side + 1))
    crop = part[top : top + side, left : left + side]
    if random.random() < 0.5:
        crop = crop[:, ::-1]
    new = int(random.integers(160, 241))
    how = cv2.INTER_AREA if side > new else cv2.INTER_CUBIC
    return cv2.resize(crop, (int(new * random.uniform(0.9, 1.2)), new), interpolation=how)


@functools.cache
def _source(name: str) -> np.ndarray:
    folder = Path(str(files("skimage"))) / "data"
    picture = cv2.imread(str(folder / _FILES[name]), cv2.IMREAD_COLOR_RGB)
    if name == "eye":  # without its black surround
        picture = picture[330:1080, 330:1080]
    return picture


def _sensor(scene: np.ndarray, random: np.random.Generator) -> np.ndarray:
    scene = scene + random.normal(0, random.uniform(0.5, 3), scene.shape)
    return scene.clip(0, 255).round().astype(np.uint8)
