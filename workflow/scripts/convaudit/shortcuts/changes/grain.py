"""Measure the noise of a picture, its strength and the size of its grains, and draw it anew.

White noise of one pixel vanishes when a photograph is shrunk to a network's input; the coarse grain
of a high ISO number does not. So noise is measured in each octave of a Laplacian pyramid (Burt and
Adelson 1983), as the covariance of the channels where the picture is flattest.
"""

from functools import lru_cache

import cv2
import numpy as np
from scipy.optimize import nnls

OCTAVES = 4
"""Greatest number of measured octaves: grains of 1 to about 12 pixels."""
_BLOCK = 8
"""Side of a block in pixels of its octave. The flattest quarter of the blocks is taken for noise
alone."""
_LEAST = 4 * _BLOCK
"""Least side in pixels of an octave that is measured; the finest is measured in any picture."""

_GREY = np.full(3, 3**-0.5)


def noise_like(image: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
    """The image with as much noise in each octave as the donor has.

    Args:
        image: RGB uint8 (H, W, 3).
        donor: RGB uint8, of any size: grains keep their size as a share of the picture.
        seed: of the noise.

    Returns:
        RGB uint8 (H, W, 3). Octaves in which the image already has more noise get none.
    """
    height, width = image.shape[:2]
    if donor.shape[:2] != (height, width):
        smaller = donor.shape[0] * donor.shape[1] > height * width
        kernel = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        donor = cv2.resize(donor, (width, height), interpolation=kernel)
    own, donated = noise_floors(image), noise_floors(donor)
    missing = [_missing(w - o) for o, w in zip(own, donated, strict=True)]
    energy = np.array([np.trace(each) for each in missing])
    if not energy.any():
        return image
    powers = nnls(_leaks()[: len(energy), : len(energy)], energy)[0]
    random = np.random.default_rng(seed)
    noise = np.zeros(image.shape, np.float32)
    for octave, power in enumerate(powers):
        mixed = _root(missing[octave]) * np.float32(np.sqrt(power))
        noise += _drawn(random, height, width, octave) @ mixed
    return np.clip(np.rint(image + noise), 0, 255).astype(np.uint8)


def noise_floors(image: np.ndarray) -> list[np.ndarray]:
    """Covariance (3, 3) of R, G and B in each octave, in levels², of the flattest blocks.

    The flattest quarter underestimates the noise a little, by the same share in any picture.
    """
    found: list[np.ndarray] = []
    current: np.ndarray = image.astype(np.float32)
    for _ in range(OCTAVES):
        if found and min(current.shape[:2]) < _LEAST:
            break
        smaller, band = _octave(current)
        found.append(_flattest(band))
        current = smaller
    return found


def strength(image: np.ndarray) -> float:
    """Standard deviation of the noise in the octave that has most, in levels.

    Measured (medians): 96 photographs 5, 7 with noise of 10 levels and grains of a hundredth of the
    picture, 14 with 27 levels; procedural scenes 4, and 18 with 27 levels.
    """
    return float(np.sqrt(max(np.trace(floor) for floor in noise_floors(image)) / 3))


def evenness(image: np.ndarray) -> float:
    """How even the finest octave is over the picture, 0 to 1.

    Mean energy of the flattest quarter of the blocks / median energy of all blocks. Noise is
    everywhere, texture is not. Measured: noise alone 0.87; 96 photographs, medians: 0.15 as they
    are, 0.56 with noise of 15 levels; gravel, whose texture is like noise, 0.40 to 0.42.
    """
    _, band = _octave(image.astype(np.float32))
    energy = np.sort(np.trace(_covariances(band), axis1=1, axis2=2))
    return float(energy[: max(1, len(energy) // 4)].mean() / max(float(np.median(energy)), 1e-6))


def _octave(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The picture at half its size, and the detail that is lost thereby at full size."""
    smaller = cv2.pyrDown(picture)
    return smaller, picture - cv2.pyrUp(smaller, dstsize=picture.shape[1::-1])


def _missing(difference: np.ndarray) -> np.ndarray:
    """The part of a difference of covariances that noise can add, (3, 3).

    Texture hides noise in luminance, seldom in colour. The noise is assumed to be at least as
    strong in luminance as in colour, as a sensor's noise is.
    """
    values, vectors = np.linalg.eigh(difference)
    added = (vectors * values.clip(0)) @ vectors.T
    grey = float(_GREY @ added @ _GREY)
    colour = (float(np.trace(added)) - grey) / 2
    return np.asarray(added + max(0.0, colour - grey) * np.outer(_GREY, _GREY))


def _flattest(band: np.ndarray) -> np.ndarray:
    covariances = _covariances(band)
    energy = np.trace(covariances, axis1=1, axis2=2)
    flattest = np.argsort(energy, kind="stable")[: max(1, len(energy) // 4)]
    return np.asarray(covariances[flattest].mean(axis=0))


def _covariances(band: np.ndarray) -> np.ndarray:
    """Covariance (blocks, 3, 3) of the channels in each block."""
    rows, columns = band.shape[0] // _BLOCK, band.shape[1] // _BLOCK
    blocks = band[: rows * _BLOCK, : columns * _BLOCK]
    blocks = blocks.reshape(rows, _BLOCK, columns, _BLOCK, 3).swapaxes(1, 2)
    blocks = blocks.reshape(rows * columns, _BLOCK * _BLOCK, 3)
    return np.asarray(np.einsum("bpi,bpj->bij", blocks, blocks) / _BLOCK**2)


def _drawn(random: np.random.Generator, height: int, width: int, octave: int) -> np.ndarray:
    """Draw noise (height, width, 3) of one octave: white noise without its coarser octaves."""
    sizes = [(height, width)]
    for _ in range(octave):
        sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
    white: np.ndarray = random.standard_normal((*sizes[-1], 3), np.float32)
    _, noise = _octave(white)
    for size in reversed(sizes[:-1]):
        noise = cv2.pyrUp(noise, dstsize=size[::-1])
    return np.asarray(noise)


@lru_cache(maxsize=1)
def _leaks() -> np.ndarray:
    """Energy that is measured in each octave (row) if noise is drawn in one octave (column)."""
    random = np.random.default_rng(0)
    drawn = [_drawn(random, 512, 512, octave) for octave in range(OCTAVES)]
    return np.array([[np.trace(floor) for floor in noise_floors(each)] for each in drawn]).T


def _root(covariance: np.ndarray) -> np.ndarray:
    """Symmetric square root (3, 3) of a covariance that is scaled to the trace 3: white noise times
    this has the colours of the covariance.
    """
    values, vectors = np.linalg.eigh(covariance * (3 / max(np.trace(covariance), 1e-9)))
    return np.asarray((vectors * np.sqrt(values.clip(0))) @ vectors.T, np.float32)
