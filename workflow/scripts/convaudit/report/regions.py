"""In which ninths of the picture the heat of every image is, in five bytes each and a few more."""

from dataclasses import dataclass, field

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
"""The nine ninths of a picture, row by row."""

NOWHERE = 255
"""Instead of a ninth's number, where a map is empty."""
HOT = 1 / 3
"""An image looks at a ninth of the picture when that ninth holds more than this of its heat."""


@dataclass(frozen=True)
class Ninths:
    """What is kept of ``region_shares`` of n images, each called one of K classes.

    hottest (n,) uint8: the ninth with the most heat, ``NOWHERE`` without any; most (n,) float32:
    its share; sums (K, 9): the shares of all images called so; right (K, 9): of those that are.
    """

    hottest: np.ndarray
    most: np.ndarray
    sums: np.ndarray
    right: np.ndarray
    _beside: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = field(default_factory=list)
    """Numbers, ninths and shares of what is hot beside the hottest."""

    @classmethod
    def empty(cls, count: int, classes: int) -> "Ninths":
        """To be filled, for so many images."""
        size = (classes, len(REGIONS))
        hottest, most = np.full(count, NOWHERE, np.uint8), np.zeros(count, np.float32)
        return cls(hottest, most, np.zeros(size), np.zeros(size))

    def add(self, start: int, shares: np.ndarray, said: np.ndarray, right: np.ndarray) -> None:
        """Count the images from number ``start`` on, later ones after earlier ones.

        Args:
            shares: (m, 9), NaN where a map is empty.
            said: (m,) the index of the class that each is called.
            right: (m,) whether it has a label and is that.
        """
        shares = shares.astype(np.float32)
        warm = np.flatnonzero(~np.isnan(shares[:, 0]))
        self.hottest[start + warm] = shares[warm].argmax(axis=1)
        self.most[start + warm] = shares[warm].max(axis=1)
        np.add.at(self.sums, said[warm], shares[warm])
        rightly = warm[right[warm]]
        np.add.at(self.right, said[rightly], shares[rightly])
        beside = shares > HOT
        beside[warm, shares[warm].argmax(axis=1)] = False
        at, ninth = np.nonzero(beside)
        if len(at):
            self._beside.append(
                ((start + at).astype(np.uint32), ninth.astype(np.uint8), shares[at, ninth])
            )

    def hot(self, ninth: int) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of the images with more than ``HOT`` of their heat there, and how much."""
        first = np.flatnonzero((self.hottest == ninth) & (self.most > HOT)).astype(np.uint32)
        parts = [(first, self.most[first])]
        parts += [
            (at[found == ninth], shares[found == ninth]) for at, found, shares in self._beside
        ]
        numbers, shares = map(np.concatenate, zip(*parts, strict=True))
        order = np.argsort(numbers)
        return numbers[order], shares[order]


def region_shares(maps: np.ndarray) -> np.ndarray:
    """Share of each map's heat in each ninth of the picture.

    Args:
        maps: (n, h, w), never negative. A cell that lies in two ninths counts for both in part.

    Returns:
        (n, 9) in the order of ``REGIONS``; NaN for a map without heat.
    """
    maps = maps.astype(np.float64)
    parts = np.einsum("nhw,rh,cw->nrc", maps, _thirds(maps.shape[1]), _thirds(maps.shape[2]))
    total = maps.sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total[:, None] > 0, parts.reshape(-1, 9) / total[:, None], np.nan)


def border_share(shape: tuple[int, int]) -> float:
    """The share of the picture that is its outermost cells: what even heat would put there."""
    height, width = shape
    return 1 - max(0, height - 2) * max(0, width - 2) / (height * width)


def centre_of_mass(share: np.ndarray) -> tuple[float, float]:
    """Where a map (h, w) of sum 1 has its weight: (x, y), 0 left or top, 1 right or bottom."""
    height, width = share.shape
    x, y = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
    return float(share.sum(axis=0) @ x), float(share.sum(axis=1) @ y)


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """Share of the heat that would have to move to turn one map of sum 1 into the other."""
    return float(np.abs(first - second).sum() / 2)


def _thirds(cells: int) -> np.ndarray:
    """(3, cells): how much of each cell lies in each third of a side."""
    edges = np.arange(cells + 1) / cells
    low, high = np.arange(3)[:, None] / 3, np.arange(1, 4)[:, None] / 3
    overlap = np.minimum(edges[1:], high) - np.maximum(edges[:-1], low)
    return overlap.clip(0) * cells
