"""Textures with the spectra of natural pictures, and regular textures."""

import functools

import cv2
import numpy as np

from planted.seeds import generator

_SIDE = 512
_FIELDS = 16


def natural(random: np.random.Generator, height: int, width: int, split: str) -> np.ndarray:
    """A piece of noise whose amplitude falls as a power of frequency; mean 0, deviation 1.

    The pieces of ``train`` and those of other splits come from different fields.
    """
    field = _field(split, int(random.integers(_FIELDS)))
    scale = random.uniform(0.6, 1.0)
    rows, columns = int(height * scale), int(width * scale)
    top, left = random.integers(0, _SIDE - rows), random.integers(0, _SIDE - columns)
    piece = field[top : top + rows, left : left + columns]
    if random.random() < 0.5:
        piece = piece[:, ::-1]
    piece = cv2.resize(piece, (width, height), interpolation=cv2.INTER_CUBIC)
    return (piece - piece.mean()) / (piece.std() + 1e-6)


def regular(random: np.random.Generator, height: int, width: int, kind: str) -> np.ndarray:
    """``stripes``, ``dots``, ``checks`` or ``plain``, turned at random; values within -1..1."""
    if kind == "plain":
        return np.zeros((height, width), np.float32)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    angle = random.uniform(0, np.pi)
    step = min(height, width) / random.uniform(9, 13) / (2 * np.pi)
    along = (x * np.cos(angle) + y * np.sin(angle)) / step
    across = (y * np.cos(angle) - x * np.sin(angle)) / step
    if kind == "stripes":
        return np.sin(along)
    waves = np.sin(along) * np.sin(across)
    return np.tanh(6 * waves) if kind == "checks" else np.tanh(8 * (waves - 0.5))


@functools.lru_cache(maxsize=64)
def _field(split: str, number: int) -> np.ndarray:
    random = generator("field", split, number)
    rows, columns = np.fft.fftfreq(_SIDE)[:, None], np.fft.rfftfreq(_SIDE)[None]
    stretch = random.uniform(0.6, 1.6)
    frequency = np.sqrt((rows * stretch) ** 2 + (columns / stretch) ** 2)
    frequency[0, 0] = 1
    amplitude = frequency ** -random.uniform(0.9, 1.5)
    amplitude[0, 0] = 0
    phase = random.uniform(0, 2 * np.pi, amplitude.shape)
    field = np.fft.irfft2(amplitude * np.exp(1j * phase), (_SIDE, _SIDE))
    return (field / field.std()).astype(np.float32)
