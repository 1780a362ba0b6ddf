"""In which ninths of the picture the heat of every image is, in five bytes each and a few more."""

from dataclasses import dataclass, field

import numpy as np

from convaudit.report.measures import REGIONS

NOWHERE = 255
"""Instead of a ninth's number, where a map is empty."""
HOT = 1 / 3
"""An image looks at a ninth of the picture when that ninth holds more than this of its heat."""


@dataclass(frozen=True)
class Ninths:
    """What is kept of ``measures.region_shares`` of n images, each called one of K classes.

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
