"""Find the periodic pattern of a picture, such as scan lines or a printer's raster, and lay it on
another.

A pattern multiplies the light of the picture below it, so it is added in logarithms. It is a sum of
the few waves that stand out from their neighbours in a spectrum.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

_OFFSET = 16.0
"""Levels that are added before the logarithm, so that dark pixels do not outweigh all others."""
_SIDE, _INNER = 512, 0.8
"""Greatest side of the central part of a picture whose spectrum is computed: in pixels, and as a
share of the picture's side, so that a frame, which is not periodic, is left out."""
_OUTSTANDING = 4.5
"""Least natural logarithm of a wave's power / the median power of its neighbours."""
_LEAST_PERIODS = 6
"""Least number of periods in a side of the part; fewer are a gradient or the scene."""
_MOST = 64
"""Greatest number of waves."""


@dataclass(frozen=True)
class Waves:
    """Waves 2 Re(a exp(2 pi i (f y + g x))) in logarithms of level + ``_OFFSET``.

    down, across: frequencies f and g (n,) in cycles a pixel of the file; amplitudes: a (n, 3),
    complex, for R, G and B, with the phase at the picture's first pixel.
    """

    down: np.ndarray
    across: np.ndarray
    amplitudes: np.ndarray

    def drawn(self, height: int, width: int) -> np.ndarray:
        """The sum of the waves, (height, width, 3) float64."""
        rows, columns = _phases(self.down, height), _phases(self.across, width)
        return np.asarray(2 * np.einsum("ny,nc,nx->yxc", rows, self.amplitudes, columns).real)


def pattern_like(image: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
    """The image with the periodic pattern of the donor.

    Periods keep their size as a share of the picture: both pictures are resized to one size, and
    the network must see as many periods as it sees in the donor.

    Args:
        image: RGB uint8 (H, W, 3).
        donor: RGB uint8, of any size.
        seed: not used; the pattern lies as it does in the donor.
    """
    height, width = image.shape[:2]
    stretched = _stretched(waves(donor), height / donor.shape[0], width / donor.shape[1])
    return _multiplied(image, stretched.drawn(height, width))


def scrambled(image: np.ndarray, changed: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
    """The image with noise as strong and as fine as the pattern in ``changed``: the control.

    The power at each length of frequency is kept; directions and phases are random.
    """
    height, width = image.shape[:2]
    pattern = np.log(changed + _OFFSET) - np.log(image + _OFFSET)
    lengths = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    ring = np.rint(lengths * max(height, width)).astype(int)
    power = (np.abs(np.fft.rfft2(pattern, axes=(0, 1))) ** 2).sum(axis=2)
    mean = np.bincount(ring.ravel(), power.ravel()) / np.maximum(np.bincount(ring.ravel()), 1)
    white = np.random.default_rng(seed).standard_normal((height, width))
    noise = np.fft.irfft2(np.fft.rfft2(white) * np.sqrt(mean)[ring], (height, width))
    strength = pattern.std(axis=(0, 1)) / max(float(noise.std()), 1e-9)
    return _multiplied(image, noise[..., None] * strength)


def waves(image: np.ndarray) -> Waves:
    """The waves of an image (H, W, 3) that stand out.

    In the spectrum of the central part under a Hann window, a wave is a local maximum of the power,
    summed over R, G and B, far over the median of its neighbours. Its frequency, between two of the
    spectrum, is the vertex of a parabola through three logarithms of power.
    """
    height, width = (max(2, min(int(side * _INNER), _SIDE)) for side in image.shape[:2])
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    part = np.log(image[top : top + height, left : left + width] + _OFFSET)
    window = np.outer(np.hanning(height), np.hanning(width))
    weighed = (part - part.mean(axis=(0, 1))) * window[..., None]
    power = (np.abs(np.fft.fft2(weighed, axes=(0, 1))) ** 2).sum(axis=2)
    level = np.log(power + 1e-9)
    cycles_down, cycles_across = _cycles(height)[:, None], _cycles(width)[None]
    outstanding = (
        (level - ndimage.median_filter(level, 9, mode="wrap") > _OUTSTANDING)
        & (level == ndimage.maximum_filter(level, 5, mode="wrap"))
        & (np.hypot(cycles_down, cycles_across) >= _LEAST_PERIODS)
        # A real picture has each wave twice, at opposite frequencies.
        & ((cycles_across > 0) | ((cycles_across == 0) & (cycles_down > 0)))
    )
    rows, columns = np.nonzero(outstanding)
    strongest = np.argsort(-level[rows, columns], kind="stable")[:_MOST]
    rows, columns = rows[strongest], columns[strongest]
    down = (_cycles(height)[rows] + _top(level, rows, columns, 0)) / height
    across = (_cycles(width)[columns] + _top(level, rows, columns, 1)) / width
    found = np.einsum(
        "ny,yxc,nx->nc",
        _phases(down, height).conj(),
        weighed,
        _phases(across, width).conj(),
        optimize=True,
    )
    shift = np.exp(-2j * np.pi * (down * top + across * left))
    return Waves(down, across, found / window.sum() * shift[:, None])


def _stretched(found: Waves, down: float, across: float) -> Waves:
    """The waves in a picture whose sides are these multiples. Periods under two pixels, which a
    picture can't show, are left out.
    """
    rows, columns = found.down / down, found.across / across
    kept = (np.abs(rows) < 0.5) & (np.abs(columns) < 0.5)
    return Waves(rows[kept], columns[kept], found.amplitudes[kept])


def _cycles(side: int) -> np.ndarray:
    return np.fft.fftfreq(side, 1 / side)


def _phases(frequencies: np.ndarray, side: int) -> np.ndarray:
    return np.asarray(np.exp(2j * np.pi * np.outer(frequencies, np.arange(side))))


def _top(level: np.ndarray, rows: np.ndarray, columns: np.ndarray, axis: int) -> np.ndarray:
    """The vertex of the parabola, -0.5 to 0.5 steps from the maximum, along an axis."""
    before, after = (np.roll(level, step, axis)[rows, columns] for step in (1, -1))
    curve = before - 2 * level[rows, columns] + after
    return np.asarray((0.5 * (before - after) / np.minimum(curve, -1e-9)).clip(-0.5, 0.5))


def _multiplied(image: np.ndarray, logarithm: np.ndarray) -> np.ndarray:
    changed = (image + _OFFSET) * np.exp(logarithm) - _OFFSET
    return np.rint(changed).clip(0, 255).astype(np.uint8)
