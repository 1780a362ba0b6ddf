"""Set C: grey pictures like radiographs, with or without a finding."""

import cv2
import numpy as np

from planted import textures
from planted.photo import Photo

CLASSES = ("normal", "nodules", "effusion")


def draw(label: int, split: str, random: np.random.Generator) -> Photo:
    """A chest of 180 to 300 pixels a side; the mask is the finding's, if there is one."""
    side = int(random.integers(180, 301))
    height, width = side, int(side * random.uniform(0.95, 1.2))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    y, x = y / height - 0.5, x / width - 0.5
    film = 150 + 14 * textures.natural(random, height, width, split) - 60 * x**2
    lungs = np.zeros((height, width), np.float32)
    centres = []
    for flank in (-1, 1):
        cx, cy = flank * random.uniform(0.19, 0.24), random.uniform(-0.06, 0.04)
        rx, ry = random.uniform(0.13, 0.17), random.uniform(0.28, 0.36)
        centres.append((cx, cy, rx, ry))
        inside = 1 - ((x - cx) / rx) ** 2 - ((y - cy) / ry) ** 2
        lungs = np.maximum(lungs, 1 / (1 + np.exp(np.clip(-9 * inside, -50, 50))))
    film -= random.uniform(60, 85) * lungs
    bend = random.uniform(0.5, 1.2)
    ribs = np.sin(2 * np.pi * (random.uniform(6, 8) * (y + bend * x**2) + random.uniform(0, 1)))
    film += random.uniform(6, 12) * np.clip(ribs, -0.2, 1) * (0.3 + lungs)
    film += 30 * np.exp(-((x / 0.05) ** 2))
    finding = np.zeros((height, width), np.float32)
    if label == 1:
        for _ in range(int(random.integers(3, 6))):
            cx, cy, rx, ry = centres[int(random.integers(2))]
            px, py = cx + random.uniform(-0.6, 0.6) * rx, cy + random.uniform(-0.7, 0.7) * ry
            r = random.uniform(0.035, 0.06)
            finding = np.maximum(finding, np.exp(-((((x - px) ** 2 + (y - py) ** 2) / r**2) ** 2)))
        film += random.uniform(40, 65) * finding
    elif label == 2:
        cx, cy, rx, ry = centres[int(random.integers(2))]
        level = cy + random.uniform(0.0, 0.4) * ry
        below = 1 / (1 + np.exp(np.clip(-60 * (y - level - 0.25 * (x - cx) ** 2), -50, 50)))
        finding = below * (np.abs(x - cx) < rx * 1.1) * lungs
        film += random.uniform(35, 60) * finding
    film = film * random.uniform(0.85, 1.15) + random.uniform(-10, 10)
    film = cv2.GaussianBlur(film.astype(np.float32), (0, 0), random.uniform(0.6, 1.2))
    film += random.normal(0, random.uniform(2, 6), film.shape)
    grey = film.clip(0, 255).round().astype(np.uint8)
    return Photo(np.repeat(grey[:, :, None], 3, 2), finding > 0.5 if label else None)
