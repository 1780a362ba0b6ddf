"""Measure properties of an image's pixels: exposure, colour, sharpness, noise, blocks, borders.

Noise, blocks, detail and borders are measured at the file's own size. For all others the image is
halved, by averaging 2 x 2 pixels, until its longer side is at most ``WORKING`` (colours:
``COLOURS``) pixels, so that files of different size can be compared.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from convaudit.properties import specks
from convaudit.properties.catalogue import PIXEL_PROPERTIES

WORKING = 362
"""256 x sqrt(2) pixels: after halving, the longer side has 181 to 362 pixels, unless it was
smaller."""
COLOURS = 90
_WINDOW = 128
"""Side in pixels of the central part whose spectrum is computed."""
_DETAIL = 256
"""Side in pixels of the central part whose detail is compared on two scales."""
_PLAIN_STEP, _PLAIN_DRIFT = 2.0, 6.0
"""Greatest step and drift of a plain frame in grey levels, as JPEG compression causes them."""
_MOST_SPREAD_OF_GREY = 4
_ROUNDING = 1 / 12
"""Mean squared error in levels² of rounding to whole levels."""


def measure_pixels(image: np.ndarray) -> dict[str, float]:
    """Measure ``catalogue.PIXEL_PROPERTIES`` of an image.

    Args:
        image: RGB, uint8, (height, width, 3), at the file's own size.

    Returns:
        Finite numbers by name, or NaN if the image is too small: a side under 32 pixels for the
        spectrum, under 24 pixels for properties at the file's own size, under 16 pixels for specks.
    """
    luminance = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    working = _halved(luminance, WORKING)
    found = {
        **_exposure(working),
        **_colours(_halved(image, COLOURS)),
        "sharpness": _sharpness(working),
        **_spectrum(working),
        **_as_it_is(luminance),
        **_ring(image),
        "vignette": _vignette(working),
        "specks": specks.share(working),
    }
    return {each.name: found[each.name] for each in PIXEL_PROPERTIES}


def measure_one(image: np.ndarray, name: str) -> float:
    """Measure one property of an image (h, w, 3), uint8 RGB: ``sharpness``, or one that is measured
    at the file's own size.
    """
    luminance = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    if name == "sharpness":
        return _sharpness(_halved(luminance, WORKING))
    return _as_it_is(luminance)[name]


def _as_it_is(luminance: np.ndarray) -> dict[str, float]:
    if min(luminance.shape) < 24:
        names = "detail_ratio", "blockiness", "noise", "border_width", "letterbox"
        return dict.fromkeys(names, math.nan)
    across = cv2.absdiff(luminance[:, 1:], luminance[:, :-1])
    down = cv2.absdiff(luminance[1:], luminance[:-1])
    return {
        "detail_ratio": _detail_ratio(luminance),
        "blockiness": (_at_edges(_means(across, 0)) + _at_edges(_means(down, 1))) / 2,
        "noise": _noise(luminance),
        **_frame(luminance, across, down),
    }


def working_luminance(image: np.ndarray) -> np.ndarray:
    """Luminance (h, w) uint8 of an RGB image, halved to the working size."""
    return _halved(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), WORKING)


def _halved(image: np.ndarray, longest: int) -> np.ndarray:
    """Halve an image until its longer side is at most ``longest``; an odd last row or column is
    dropped.
    """
    while max(image.shape[:2]) > longest and min(image.shape[:2]) > 1:
        image = _half(image)
    return image


def _half(image: np.ndarray) -> np.ndarray:
    height, width = (side // 2 for side in image.shape[:2])
    return cv2.resize(
        image[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA
    )


def _exposure(working: np.ndarray) -> dict[str, float]:
    counts = _counts(working)
    levels = np.arange(256)
    mean = counts @ levels / counts.sum()
    below = np.cumsum(counts) / counts.sum()
    return {
        "luminance_mean": float(mean),
        "luminance_p05": float(np.searchsorted(below, 0.05)),
        "luminance_p95": float(np.searchsorted(below, 0.95)),
        "contrast": float(math.sqrt(counts @ (levels - mean) ** 2 / counts.sum())),
    }


def _colours(small: np.ndarray) -> dict[str, float]:
    channels = cv2.split(small)
    highest = cv2.max(cv2.max(channels[0], channels[1]), channels[2])
    spread = highest - cv2.min(cv2.min(channels[0], channels[1]), channels[2])
    a, b = _chroma(small)
    return {
        "chroma_a": a,
        "chroma_b": b,
        "saturation": float((spread / np.maximum(highest, 1, dtype=np.float32)).mean()),
        "grey": float((spread <= _MOST_SPREAD_OF_GREY).mean()),
    }


def _chroma(pixels: np.ndarray) -> tuple[float, float]:
    """Mean a* and b* of RGB pixels (h, w, 3)."""
    _, a, b, _ = cv2.mean(cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB))
    return a - 128, b - 128  # OpenCV stores a* and b* in bytes with an offset of 128.


def _sharpness(working: np.ndarray) -> float:
    _, deviation = cv2.meanStdDev(cv2.Laplacian(working, cv2.CV_16S))
    return math.log10(1 + float(deviation[0, 0]) ** 2)


@dataclass(frozen=True)
class _Grid:
    """Frequencies of a half spectrum, for parts of one size."""

    window: np.ndarray
    inside: np.ndarray
    """(n,) bool for the flattened half spectrum: frequency between 1/20 and 1/2 cycles per
    pixel."""
    ring: np.ndarray
    """Ring number of each of these frequencies; rings are 1/128 cycles per pixel wide."""
    counts: np.ndarray
    slope: np.ndarray
    """Weights of the rings' mean log power whose sum is the slope over log frequency from 1/16
    on."""


@lru_cache(maxsize=64)
def _grid(height: int, width: int) -> _Grid:
    down, across = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None, : width // 2]
    frequency = np.hypot(down, across).ravel()
    inside = np.flatnonzero(
        (frequency >= 1 / 20) & (frequency <= 1 / 2) & (across > 0).repeat(height, 0).ravel()
    )
    numbers, ring = np.unique((frequency[inside] * _WINDOW).round(), return_inverse=True)
    counts = np.bincount(ring)
    x = np.log(numbers)
    fitted = numbers >= _WINDOW / 16
    x = np.where(fitted, x - x[fitted].mean(), 0)
    window = np.outer(np.hanning(height), np.hanning(width)).astype(np.float32)
    return _Grid(window, inside, ring, counts, x / (x**2).sum())


def _spectrum(working: np.ndarray) -> dict[str, float]:
    part = _middle(working, _WINDOW, 2).astype(np.float32)
    if min(part.shape) < 32:
        return {"spectrum_slope": math.nan, "periodic_peak": math.nan}
    height, width = part.shape
    grid = _grid(height, width)
    waves = cv2.dft((part - part.mean()) * grid.window, flags=cv2.DFT_COMPLEX_OUTPUT)
    half = waves[:, : width // 2]
    # The power of rounding errors prevents a division by zero for an even picture.
    power = (half[..., 0] ** 2 + half[..., 1] ** 2).ravel()[
        grid.inside
    ] + height * width * _ROUNDING
    levels = np.log(power)
    rings = np.bincount(grid.ring, levels) / grid.counts
    return {
        "spectrum_slope": float(grid.slope @ rings),
        "periodic_peak": float((levels - rings[grid.ring]).max() / math.log(10)),
    }


def _detail_ratio(luminance: np.ndarray) -> float:
    whole = _middle(luminance, _DETAIL, 4).astype(np.float32)
    half = _half(whole)
    return math.log2(_lost(whole, half) / _lost(half, _half(half)))


def _middle(luminance: np.ndarray, longest: int, multiple: int) -> np.ndarray:
    """The central part of an image, with sides of at most ``longest`` pixels that are multiples of
    ``multiple``.
    """
    height, width = (min(side, longest) // multiple * multiple for side in luminance.shape)
    top, left = (luminance.shape[0] - height) // 2, (luminance.shape[1] - width) // 2
    return luminance[top : top + height, left : left + width]


def _lost(whole: np.ndarray, half: np.ndarray) -> float:
    """Mean squared loss by halving in levels²; at least the error of rounding."""
    enlarged = cv2.resize(half, whole.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return max(cv2.norm(whole, enlarged, cv2.NORM_L2SQR) / whole.size, _ROUNDING)


def _at_edges(steps: np.ndarray) -> float:
    """Log ratio of the step at every eighth line, at the phase with the greatest step, to the step
    at other lines.

    Each of the eight phases is measured by the median of its lines, because a frame's edge is a
    single line.
    """
    phases = np.median(steps[: len(steps) // 8 * 8].reshape(-1, 8), axis=0)
    greatest = phases.max()
    # 0.1 levels are added, so that a picture without any step has no blocks.
    return float(math.log((greatest + 0.1) / ((phases.sum() - greatest) / 7 + 0.1)))


def _noise(luminance: np.ndarray) -> float:
    pairs = len(luminance) // 4  # Every other pair of rows is enough.
    down = luminance[0 : 4 * pairs : 4].astype(np.int16) - luminance[1 : 4 * pairs : 4]
    doubled = cv2.convertScaleAbs(cv2.absdiff(down[:, 1:], down[:, :-1]))
    # 2 |HH| is a whole number v, which represents v - 0.5 to v + 0.5 (0 represents 0 to 0.5).
    counts = _counts(doubled)
    below = np.cumsum(counts)
    value = int(np.searchsorted(below, below[-1] / 2))
    share = 1 - (below[value] - below[-1] / 2) / counts[value]
    middle = share / 2 if value == 0 else value - 0.5 + share
    return float(middle / 2 / 0.6745)


def _counts(values: np.ndarray) -> np.ndarray:
    """Number of pixels (uint8) at each of the 256 levels."""
    return cv2.calcHist([values], [0], None, [256], [0, 256])[:, 0].astype(float)


def _frame(
    luminance: np.ndarray, steps_across: np.ndarray, steps_down: np.ndarray
) -> dict[str, float]:
    height, width = luminance.shape
    rows = _plain(steps_across, luminance, 1)
    columns = _plain(steps_down, luminance, 0)
    top, bottom = _run(rows), _run(rows[::-1])
    left, right = _run(columns), _run(columns[::-1])
    if top == height or left == width:  # A picture of one colour has neither frame nor bars.
        return {"border_width": 0.0, "letterbox": 0.0}
    bars = max(2 * min(top, bottom) / height, 2 * min(left, right) / width)
    frame = min(top, bottom, left, right) / min(height, width)
    return {"border_width": frame, "letterbox": bars}


def _plain(steps: np.ndarray, luminance: np.ndarray, axis: int) -> np.ndarray:
    """Mean luminance of each row (``axis`` 1) or column (0); NaN if it is not plain."""
    step, mean = _means(steps, axis), _means(luminance, axis)
    return np.where(step <= _PLAIN_STEP, mean, np.nan)


def _means(values: np.ndarray, axis: int) -> np.ndarray:
    sums = cv2.reduce(values, axis, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
    return sums.ravel() / values.shape[axis]


def _run(means: np.ndarray) -> int:
    """Number of lines, from the first on, that are plain and about as bright as the first."""
    other = np.flatnonzero(~(np.abs(means - means[0]) <= _PLAIN_DRIFT))
    return int(other[0]) if len(other) else len(means)


def _ring(image: np.ndarray) -> dict[str, float]:
    height, width = image.shape[:2]
    thick = max(1, round(min(height, width) / 100))
    strips = (
        *(image[:thick], image[-thick:]),
        *(image[thick:-thick, :thick], image[thick:-thick, -thick:]),
    )
    pixels = np.concatenate([strip.reshape(-1, 3) for strip in strips])[None]
    a, b = _chroma(pixels)
    red, green, blue, _ = cv2.mean(pixels)
    return {
        "border_luminance": 0.299 * red + 0.587 * green + 0.114 * blue,
        "border_chroma_a": a,
        "border_chroma_b": b,
    }


def _vignette(working: np.ndarray) -> float:
    height, width = (max(1, side // 4) for side in working.shape)
    corners = [
        working[rows, columns].mean()
        for rows in (slice(height), slice(-height, None))
        for columns in (slice(width), slice(-width, None))
    ]
    top, left = (working.shape[0] - height) // 2, (working.shape[1] - width) // 2
    centre = working[top : top + height, left : left + width].mean()
    return float(math.log((np.mean(corners) + 1) / (centre + 1)))
