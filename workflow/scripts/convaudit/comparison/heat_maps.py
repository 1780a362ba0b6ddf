"""Compare saliency maps of two audits."""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.stats import rankdata

from convaudit.comparison.alignment import Pairs
from convaudit.comparison.paired_answers import Answers
from convaudit.comparison.results_folders import Finished

MOST = 14
"""Greatest number of cells per side: finer maps are averaged, so that a million of them fit in
memory."""
MOVED = 0.5
"""Below this overlap a map counts as moved."""


def common_size(first: tuple[int, int], second: tuple[int, int]) -> tuple[int, int]:
    """Common height and width for maps of two sizes: the smaller ones, at most ``MOST``."""
    return min(first[0], second[0], MOST), min(first[1], second[1], MOST)


def shares(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Normalise maps (n, h, w) to sum 1 and average them over the cells of a coarser grid.

    Returns:
        (n, *size) float32; each map has sum 1, or is 0 everywhere if it is empty.
    """
    height, width = size
    if maps.shape[1:] != size:
        small = [cv2.resize(one, (width, height), interpolation=cv2.INTER_AREA) for one in maps]
        maps = np.stack(small) if small else np.empty((0, *size), np.float32)
    total = maps.sum(axis=(1, 2), keepdims=True)
    return np.divide(maps, total, out=np.zeros_like(maps), where=total > 0)


def overlap(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Overlap (n,) of pairs of maps of sum 1 (n, h, w): the sum of the smaller values of each cell.
    It is 1 for equal maps, 0 if no cell is positive in both, NaN if a map is empty.
    """
    common = np.minimum(first, second).sum(axis=(1, 2))
    return np.where(first.any(axis=(1, 2)) & second.any(axis=(1, 2)), common, np.nan)


def spearman(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation (n,) of pairs of maps (n, h, w); NaN if a map is constant."""
    ranks = [
        rankdata(maps.reshape(len(maps), -1), axis=1) if len(maps) else np.empty((0, 1))
        for maps in (first, second)
    ]
    one, other = (each - each.mean(axis=1, keepdims=True) for each in ranks)
    scale = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
    product = (one * other).sum(axis=1)
    return np.divide(product, scale, out=np.full(len(product), np.nan), where=scale > 0)


@dataclass(frozen=True)
class ClassHeat:
    """The mean maps of a class in both audits.

    images: in each audit, number of images with this prediction and a map that is not empty; first,
    second: mean maps (h, w) of sum 1; overlap: of these two.
    """

    name: str
    images: tuple[int, int]
    first: np.ndarray
    second: np.ndarray
    overlap: float


@dataclass(frozen=True)
class _Sums:
    counts: np.ndarray
    sums: np.ndarray

    @classmethod
    def empty(cls, classes: int, size: tuple[int, int]) -> "_Sums":
        return cls(np.zeros(classes, int), np.zeros((classes, *size)))

    def add(self, classes: np.ndarray, maps: np.ndarray) -> None:
        hot = maps.any(axis=(1, 2))
        np.add.at(self.counts, classes[hot], 1)
        np.add.at(self.sums, classes[hot], maps[hot])


def of_classes(first: Finished, second: Finished, size: tuple[int, int]) -> list[ClassHeat]:
    """Mean maps of each class in two datasets of one model."""
    found = []
    for audit in (first, second):
        sums = _Sums.empty(len(audit.class_names), size)
        for _, explained, maps in audit.maps():
            sums.add(explained, shares(maps, size))
        found.append(sums)
    return _classes(found[0], found[1], first.class_names)


def paired(
    first: Finished, second: Finished, pairs: Pairs, answers: Answers, size: tuple[int, int]
) -> tuple[list[ClassHeat], np.ndarray, np.ndarray]:
    """Compare two models' maps of the same images.

    The first audit's maps are in memory, with 2 bytes per cell.

    Returns:
        Mean maps of each class; and (m,) overlap and rank correlation of each pair of maps, NaN if
        they explain different classes, the answer changed or a map is empty.
    """
    names, place = answers.names, {name: at for at, name in enumerate(answers.names)}
    indices = [np.array([place[name] for name in audit.class_names]) for audit in (first, second)]
    kept = np.zeros((len(first.images), *size), np.float16)
    classes = np.full(len(first.images), -1)
    sums = _Sums.empty(len(names), size), _Sums.empty(len(names), size)
    for rows, explained, maps in first.maps():
        part = shares(maps, size)
        kept[rows], classes[rows] = part, indices[0][explained]
        sums[0].add(classes[rows], part)
    partner = np.full(len(second.images), -1)
    partner[pairs.second] = np.arange(len(pairs.second))
    overlaps = np.full(len(pairs.first), np.nan)
    ranks = overlaps.copy()
    for rows, explained, maps in second.maps():
        part = shares(maps, size)
        sums[1].add(indices[1][explained], part)
        at = partner[rows]
        mine = pairs.first[at]
        same = (at >= 0) & (classes[mine] == indices[1][explained])
        same &= answers.stayed[at]
        others = kept[mine[same]].astype(np.float32)
        overlaps[at[same]] = overlap(others, part[same])
        ranks[at[same]] = spearman(others, part[same])
    return _classes(*sums, names), overlaps, np.where(np.isnan(overlaps), np.nan, ranks)


def _classes(first: _Sums, second: _Sums, names: list[str]) -> list[ClassHeat]:
    found = []
    for at in np.flatnonzero((first.counts > 0) & (second.counts > 0)):
        some, others = (each.sums[at] / each.counts[at] for each in (first, second))
        found.append(
            ClassHeat(
                names[at],
                (int(first.counts[at]), int(second.counts[at])),
                some,
                others,
                float(np.minimum(some, others).sum()),
            )
        )
    return sorted(found, key=lambda each: (each.overlap, each.name))
