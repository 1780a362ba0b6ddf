"""Mean saliency maps of classes and confused pairs.

Each map is divided by its sum first, so that every image counts alike, however strong its map.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from convaudit.report import regions


@dataclass(frozen=True)
class MeanMaps:
    """Numbers of the maps of n images.

    Attributes:
        predicted: (n,) index of the predicted class.
        shares: (n, 9) float32: share of each map in each region of the picture, NaN for an empty
            map.
        counts: (classes,) number of images with a map that is not empty, by predicted class.
        sums: (classes, h, w) sum of their maps.
        cells: number of maps and their sum (h, w) by (label, predicted class), for the requested
            pairs that have images.
    """

    predicted: np.ndarray
    shares: np.ndarray
    counts: np.ndarray
    sums: np.ndarray
    cells: dict[tuple[int, int], tuple[int, np.ndarray]]

    @cached_property
    def hottest(self) -> np.ndarray:
        """(n,) uint8: the region with the greatest share, ``regions.NOWHERE`` for an empty map."""
        empty = np.isnan(self.shares[:, 0])
        shares = np.where(empty[:, None], 0, self.shares)
        return np.where(empty, regions.NOWHERE, shares.argmax(axis=1)).astype(np.uint8)

    @cached_property
    def most(self) -> np.ndarray:
        """(n,) float32: the share in the hottest region, 0 for an empty map."""
        return np.nan_to_num(self.shares).max(axis=1, initial=0)

    @cached_property
    def region_sums(self) -> np.ndarray:
        """(classes, 9): sums of ``shares`` by predicted class."""
        return self.region_sums_of(np.ones(len(self.shares), bool))

    def region_sums_of(self, chosen: np.ndarray) -> np.ndarray:
        """(classes, 9): the same for the images for which ``chosen`` (n,) is True."""
        chosen = chosen & (self.hottest != regions.NOWHERE)
        sums = np.zeros((len(self.counts), len(regions.REGIONS)))
        np.add.at(sums, self.predicted[chosen], self.shares[chosen])
        return sums

    def hot(self, region: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows (m,) of the images with more than ``regions.HOT`` of their map in a region, and the
        shares (m,).
        """
        shares = self.shares[:, region]
        rows = np.flatnonzero(shares > regions.HOT)
        return rows, shares[rows]

    @cached_property
    def overall(self) -> tuple[int, Any]:
        """Number of images with a map that is not empty, and their mean map (h, w); None if 0."""
        count = int(self.counts.sum())
        return count, self.sums.sum(axis=0) / count if count else None

    def mean(self, predicted: int) -> tuple[int, Any]:
        """The same for the images of one predicted class."""
        count = int(self.counts[predicted])
        return count, self.sums[predicted] / count if count else None


def mean_maps(
    shards: Iterable[np.ndarray],
    labels: np.ndarray,
    predicted: np.ndarray,
    classes: int,
    pairs: list[tuple[int, int]],
) -> MeanMaps:
    """Sum up the maps of all images.

    Args:
        shards: maps (m, h, w) of the images of each shard, float64, in the order of the images.
        labels: (n,) index of each image's label, -1 if it has none.
        predicted: (n,) index of each image's predicted class.
        classes: number of classes.
        pairs: (label, predicted class) whose maps are summed.
    """
    place = {label * classes + index: at for at, (label, index) in enumerate(pairs)}
    counts, cell_counts = np.zeros(classes, int), np.zeros(len(pairs), int)
    sums, cell_sums = np.empty(0), np.empty(0)
    shares = [np.empty((0, len(regions.REGIONS)), np.float32)]
    end = 0
    for maps in shards:
        start, end = end, end + len(maps)
        shares.append(regions.region_shares(maps).astype(np.float32))
        total = maps.sum(axis=(1, 2))
        hot = np.flatnonzero(total > 0)
        parts = maps[hot] / total[hot, None, None]
        answers, truth = predicted[start:end][hot], labels[start:end][hot].astype(int)
        if not sums.size:
            sums = np.zeros((classes, *maps.shape[1:]))
            cell_sums = np.zeros((len(pairs), *maps.shape[1:]))
        np.add.at(counts, answers, 1)
        np.add.at(sums, answers, parts)
        keys = np.where(truth >= 0, truth * classes + answers, -1)
        cell = np.array([place.get(key, -1) for key in keys.tolist()], int)
        np.add.at(cell_counts, cell[cell >= 0], 1)
        np.add.at(cell_sums, cell[cell >= 0], parts[cell >= 0])
    cells = {
        pair: (int(cell_counts[at]), cell_sums[at])
        for at, pair in enumerate(pairs)
        if cell_counts[at]
    }
    return MeanMaps(predicted, np.concatenate(shares), counts, sums, cells)
