"""Set A: procedural scenes, an object on a textured background, with the object's mask."""

from dataclasses import dataclass

import cv2
import numpy as np

from planted import textures
from planted.photo import Photo

CLASSES = ("disc", "tent", "cross", "star")
_TEXTURES = ("stripes", "dots", "checks", "plain")
"""Textures of objects, in the order of the classes. Two thirds of the objects have that of their
class, the others a random one."""


@dataclass(frozen=True)
class Recipe:
    """Differences of the classes besides their shape; a value of None or False makes none.

    ``hues``: the object's hue by class, degrees. ``daylight``: mean luminance of the background by
    class. ``sides``: the object's size by class, as a share of the shorter side. ``centred``: the
    object lies in the middle. ``part``: all objects are discs, and a mark of a tenth of their size
    says which class. ``framed``: the first class truly has a frame around its object.
    """

    hues: tuple[float, ...] | None = None
    daylight: tuple[float, ...] | None = None
    sides: tuple[float, ...] | None = None
    centred: bool = False
    part: bool = False
    framed: bool = False


def draw(
    label: int,
    split: str,
    random: np.random.Generator,
    recipe: Recipe = Recipe(),
) -> Photo:
    """A scene of 160 to 300 pixels a side."""
    height = int(random.integers(160, 301))
    width = int(np.clip(height * random.uniform(0.8, 1.3), 160, 340))
    level = random.uniform(70, 185) if recipe.daylight is None else recipe.daylight[label]
    level += random.normal(0, 8)
    scene = _background(level, height, width, split, random)
    mask = _mask(label, height, width, recipe, random)
    scene = _shade(scene, mask, random)
    surface = _surface(label, level, height, width, split, recipe, random)
    scene += (surface - scene) * mask[:, :, None]
    if recipe.part:
        _mark(scene, mask, label, random)
    if recipe.framed and label == 0:
        _frame(scene, mask, random)
    return Photo(_camera(scene, random), mask > 0.5)


def _background(
    level: float, height: int, width: int, split: str, random: np.random.Generator
) -> np.ndarray:
    grey = level + random.uniform(10, 30) * textures.natural(random, height, width, split)
    tint = random.normal(0, 9, 3) - 3
    scene = grey[:, :, None] + (tint - tint.mean())
    scene[:, :, 0] += 6 * textures.natural(random, height, width, split)
    return scene


def _surface(
    label: int,
    level: float,
    height: int,
    width: int,
    split: str,
    recipe: Recipe,
    random: np.random.Generator,
) -> np.ndarray:
    """The object's surface (height, width, 3), over the whole picture."""
    apart = random.uniform(30, 70) * (1 if level < 128 else -1)
    own = random.random() < 2 / 3
    kind = _TEXTURES[label if own else int(random.integers(4))]
    kind = "plain" if recipe.part else kind
    hue = random.uniform(0, 360) if recipe.hues is None else recipe.hues[label]
    hue += random.normal(0, 8)
    strength = random.uniform(15, 45) if recipe.hues is None else random.uniform(40, 60)
    wave = np.cos(np.deg2rad(hue + np.array([0, -120, 120]))) * strength
    grey = level + apart + random.uniform(14, 26) * textures.regular(random, height, width, kind)
    grey = grey + 8 * textures.natural(random, height, width, split)
    return grey[:, :, None] + wave


def _mask(
    label: int, height: int, width: int, recipe: Recipe, random: np.random.Generator
) -> np.ndarray:
    """Opacity of the object, 0..1."""
    share = random.uniform(0.45, 0.7) if recipe.sides is None else recipe.sides[label]
    radius = min(height, width) * share / 2 * random.uniform(0.95, 1.05)
    room = np.array([width, height]) / 2 - radius * 1.05
    shift = np.zeros(2) if recipe.centred else random.uniform(-1, 1, 2) * room
    centre = np.array([width, height]) / 2 + shift
    shape = "disc" if recipe.part else CLASSES[label]
    outline = _outline(shape) * radius * random.uniform(0.92, 1.08, 2)
    angle = random.uniform(-0.35, 0.35)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = (outline @ turn.T + centre).round().astype(np.int32)
    mask = cv2.fillPoly(np.zeros((height, width), np.uint8), [points], 255, cv2.LINE_AA)
    return cv2.GaussianBlur(mask, (0, 0), 0.8).astype(np.float32) / 255


def _outline(shape: str) -> np.ndarray:
    """Corners within the unit circle, (n, 2)."""
    if shape == "tent":
        return np.array([[0, -1], [0.87, 0.6], [-0.87, 0.6]])
    if shape == "cross":
        a, b = 0.32, 0.95
        quarter = np.array([[a, -b], [a, -a], [b, -a]])
        turn = np.array([[0, 1], [-1, 0]])
        return np.concatenate([quarter @ np.linalg.matrix_power(turn, k) for k in range(4)])
    count = 10 if shape == "star" else 40
    angle = np.arange(count) * 2 * np.pi / count - np.pi / 2
    radius = np.where(np.arange(count) % 2, 0.45, 1.0) if shape == "star" else np.ones(count)
    return np.stack([np.cos(angle), np.sin(angle)], 1) * radius[:, None]


def _shade(scene: np.ndarray, mask: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The object's soft shadow."""
    shift = np.array([[1, 0, random.uniform(2, 7)], [0, 1, random.uniform(2, 7)]], np.float32)
    shadow = cv2.warpAffine(mask, shift, mask.shape[::-1])
    shadow = cv2.GaussianBlur(shadow, (0, 0), random.uniform(2, 5))
    return scene * (1 - random.uniform(0.15, 0.4) * shadow[:, :, None])


def _mark(scene: np.ndarray, mask: np.ndarray, label: int, random: np.random.Generator) -> None:
    """A small true part inside the object: a slot, a ring, a pair of dots or none."""
    rows, columns = np.nonzero(mask > 0.9)
    y, x = int(rows.mean()), int(columns.mean())
    size = max(4, int(np.ptp(columns) * 0.16))
    dark = tuple(float(each) for each in scene[y, x] * random.uniform(0.25, 0.4))
    if label == 0:
        cv2.rectangle(scene, (x - size, y - size // 3), (x + size, y + size // 3), dark, -1)
    elif label == 1:
        cv2.circle(scene, (x, y), size, dark, max(2, size // 2))
    elif label == 2:
        for side in (-1, 1):
            cv2.circle(scene, (x + side * size, y), max(2, size // 2), dark, -1)


def _frame(scene: np.ndarray, mask: np.ndarray, random: np.random.Generator) -> None:
    """A wooden frame around the object: part of what the class is."""
    rows, columns = np.nonzero(mask > 0.5)
    pad = 6
    corners = (columns.min() - pad, rows.min() - pad), (columns.max() + pad, rows.max() + pad)
    wood = tuple(float(each) for each in np.array([120, 84, 50]) * random.uniform(0.8, 1.2))
    first, second = (tuple(int(each) for each in corner) for corner in corners)
    cv2.rectangle(scene, first, second, wood, 5)


def _camera(scene: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Light from one side, white balance, lens and sensor."""
    height, width = scene.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    slope = random.uniform(-0.15, 0.15, 2)
    light = 1 + slope[0] * (x / width - 0.5) * 2 + slope[1] * (y / height - 0.5) * 2
    scene = scene * light[:, :, None].astype(np.float32) * random.uniform(0.95, 1.05, 3)
    scene = cv2.GaussianBlur(scene.astype(np.float32), (0, 0), random.uniform(0.3, 1.0))
    grain = random.standard_normal(scene.shape, np.float32)
    scene += np.float32(random.uniform(0.8, 4)) * grain
    return scene.clip(0, 255).round().astype(np.uint8)
