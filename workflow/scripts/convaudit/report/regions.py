"""The nine regions of a picture, three by three, and the share of a map in each."""

import numpy as np

REGIONS = (
    "top left corner",
    "top edge",
    "top right corner",
    "left edge",
    "centre",
    "right edge",
    "bottom left corner",
    "bottom edge",
    "bottom right corner",
)
"""Names of the regions, row by row."""

NOWHERE = 255
"""Number that stands for the region of an empty map."""
HOT = 1 / 3
"""A region is hot for an image if it holds more than this share of the image's map. At most two of
the nine regions can be hot; with evenly spread heat each holds a ninth."""


def region_shares(maps: np.ndarray) -> np.ndarray:
    """Share of each map in each region of the picture.

    Args:
        maps: (n, h, w), never negative. A cell that lies in two regions counts for both in part.

    Returns:
        (n, 9) in the order of ``REGIONS``; NaN for an empty map.
    """
    maps = maps.astype(np.float64)
    parts = np.einsum("nhw,rh,cw->nrc", maps, _thirds(maps.shape[1]), _thirds(maps.shape[2]))
    total = maps.sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total[:, None] > 0, parts.reshape(-1, 9) / total[:, None], np.nan)


def border_share(shape: tuple[int, int]) -> float:
    """Share of the area of a map (h, w) in its outermost cells: that of the heat of an even map."""
    height, width = shape
    return 1 - max(0, height - 2) * max(0, width - 2) / (height * width)


def centre_of_mass(share: np.ndarray) -> tuple[float, float]:
    """Centre of mass (x, y) of a map (h, w) of sum 1; 0 is left or top, 1 right or bottom."""
    height, width = share.shape
    x, y = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
    return float(share.sum(axis=0) @ x), float(share.sum(axis=1) @ y)


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """Total variation distance, 0 to 1, of two maps (h, w) of sum 1: half the sum of the absolute
    differences.
    """
    return float(np.abs(first - second).sum() / 2)


def _thirds(cells: int) -> np.ndarray:
    """(3, cells): how much of each cell lies in each third of a side."""
    edges = np.arange(cells + 1) / cells
    low, high = np.arange(3)[:, None] / 3, np.arange(1, 4)[:, None] / 3
    overlap = np.minimum(edges[1:], high) - np.maximum(edges[:-1], low)
    return overlap.clip(0) * cells
