"""Measure the similarity of maps, and change images in order to test a map."""

import cv2
import numpy as np
from scipy.stats import binom, rankdata

from convaudit.metrics.intervals import LEVEL, Interval


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rank correlation, -1 to 1, of two arrays of one shape, such as maps (h, w); 0 if
    one is constant.
    """
    ranks = [rankdata(each) - (each.size + 1) / 2 for each in (a, b)]
    norm = np.sqrt((ranks[0] ** 2).sum() * (ranks[1] ** 2).sum())
    return float((ranks[0] * ranks[1]).sum() / norm) if norm else 0.0


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Structural similarity (Wang et al. 2004), -1 to 1, of two maps (h, w) in one window, after
    each is divided by its maximum.

    (2 ma mb + c1) (2 cov + c2) / ((ma^2 + mb^2 + c1) (va + vb + c2)), c1 = 0.01^2, c2 = 0.03^2.
    """
    a, b = (each / each.max() if each.max() > 0 else each for each in (a, b))
    covariance = ((a - a.mean()) * (b - b.mean())).mean()
    mean = (2 * a.mean() * b.mean() + 1e-4) / (a.mean() ** 2 + b.mean() ** 2 + 1e-4)
    return float(mean * (2 * covariance + 9e-4) / (a.var() + b.var() + 9e-4))


def median(values: np.ndarray) -> Interval:
    """The median of values (n,) with its distribution-free 95 % interval.

    Its ends are order statistics: the i-th least and the i-th greatest value, with i the 2.5 %
    point of the binomial distribution of n trials with probability 1/2.
    """
    values = np.sort(values)
    if not len(values):
        return Interval(None, None, None)
    at = int(binom.ppf((1 - LEVEL) / 2, len(values), 0.5))
    low, high = max(0, at - 1), min(len(values) - 1, len(values) - at)
    return Interval(float(np.median(values)), float(values[low]), float(values[high]))


def blurred(images: np.ndarray) -> np.ndarray:
    """Images (n, H, W, 3) after a Gaussian blur that leaves only broad colours: sigma is an eighth
    of the longer side.
    """
    sigma = max(images.shape[1:3]) / 8
    return np.stack([cv2.GaussianBlur(image, (0, 0), sigma) for image in images])


def coverage_order(heat: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """For each pixel of an image the share of pixels that are hotter: (H, W), 0 to 1.

    Args:
        heat: map (h, w), which is enlarged linearly.
        size: (H, W). Equally hot pixels count in the order of rows.
    """
    large = cv2.resize(heat.astype(np.float32), size[::-1], interpolation=cv2.INTER_LINEAR)
    order = np.argsort(-large.ravel(), kind="stable")
    place = np.empty(order.size)
    place[order] = np.arange(order.size) / order.size
    return place.reshape(size)


def rolled(heat: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The map (h, w) shifted by a quarter to three quarters of its sides; cells that leave on one
    side enter on the other.
    """
    shift = [
        int(random.integers(max(1, side // 4), max(2, side - side // 4 + 1))) for side in heat.shape
    ]
    return np.roll(heat, shift, axis=(0, 1))


def mosaic(images: list[np.ndarray]) -> np.ndarray:
    """Four images (H, W, 3), each shrunk to half its sides, as quarters of one image (H, W, 3)."""
    height, width = images[0].shape[:2]
    top, left = height // 2, width // 2
    found = np.empty_like(images[0])
    for image, rows, columns in zip(
        images,
        (slice(top), slice(top), slice(top, None), slice(top, None)),
        (slice(left), slice(left, None)) * 2,
        strict=True,
    ):
        size = found[rows, columns].shape[1::-1]
        found[rows, columns] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return found


def share_in_quarter(heat: np.ndarray, quarter: int) -> float:
    """Share of a map's heat in a quarter, 0 to 1; 0.25 if there is no heat.

    Args:
        heat: (h, w), not negative. A cell in several quarters counts in each by its area.
        quarter: 0 to 3, row by row.
    """
    inside = np.zeros((2, 2), np.float32)
    inside.flat[quarter] = 1
    # Each cell in 2 x 2 parts: a middle row or column belongs half to either side.
    fine = heat.repeat(2, 0).repeat(2, 1)
    weight = inside.repeat(heat.shape[0], 0).repeat(heat.shape[1], 1)
    return float((fine * weight).sum() / fine.sum()) if fine.any() else 0.25
