"""Five tests of a model's saliency maps, and whether findings may be based on these maps.

All tests take images (n, H, W, 3) uint8 at the network's size, the class (n,) that is explained for
each, and its map (n, h, w), not negative.
"""

import itertools
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import cv2
import numpy as np

from convaudit.metrics.intervals import of_mean, wilson
from convaudit.trust import measures

FEWEST = 20
"""Least number of images for a test's result."""
REMOVED = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7)
"""Shares of the pixels that are removed, hottest first."""
WINDOWS = 7
"""Occlusion windows per side."""
OCCLUDED = 24
"""Number of images in the occlusion test."""
AT_ONCE = 8
"""Number of images whose changed copies are in memory at the same time."""
PAIRS = 50
"""Number of random pairs of images with whose maps the randomised maps are compared."""
COMPLETE = 0.01
"""Greatest relative error of the sum of contributions at which maps are complete."""
CONFIDENT = 0.5
"""Least probability of an image in a mosaic: the game asks where the evidence for a class is, and
an image of which the model is unsure shows little of it (Rao et al. 2022 take confident ones too).
"""
HALF = 0.5
"""Limit of the shares in the removal test and the pointing game."""


class Explained(Protocol):
    """The methods of a network that the tests call; ``explainer.Explainer`` explains them."""

    def maps(self, pixels: np.ndarray, classes: np.ndarray) -> np.ndarray: ...
    def scores(self, pixels: np.ndarray, classes: np.ndarray) -> np.ndarray: ...
    def incompleteness(self, pixels: np.ndarray, classes: np.ndarray) -> np.ndarray: ...
    def randomised(self) -> AbstractContextManager[list[str]]: ...


@dataclass(frozen=True)
class MapTest:
    """Result of one test. ``passed`` is None if there were too few images; ``low`` and ``high`` are
    the ends of a 95 % interval; ``limit`` is compared with the value; ``gates`` is True if maps
    that fail the test must not be used.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    limit: float
    images: int
    passed: bool | None
    gates: bool
    text: str


@dataclass(frozen=True)
class Trust:
    """``heat_usable`` is True if every test that gates passed, False if one failed, and None if
    none failed but one had too few images.
    """

    heat_usable: bool | None
    images: int
    tests: tuple[MapTest, ...]

    def facts(self) -> dict[str, Any]:
        """The content of ``trust.json``."""
        return asdict(self)


def check_maps(
    network: Explained,
    pixels: np.ndarray,
    classes: np.ndarray,
    probabilities: np.ndarray,
    seed: int = 0,
) -> Trust:
    """Test the maps of a network on images.

    Args:
        network: gives maps and scores, also with shuffled weights.
        pixels: (n, H, W, 3) uint8, at the network's size; n may be 0.
        classes: (n,) predicted class of each image, whose map is tested.
        probabilities: (n,) probability of that class, 0 to 1.
        seed: of shifts, pairs and mosaics.
    """
    if not len(pixels):
        return Trust(None, 0, ())
    maps = network.maps(pixels, classes)
    filled = maps.reshape(len(maps), -1).any(axis=1)
    seen, of, heat = pixels[filled], classes[filled], maps[filled]
    sure = probabilities >= CONFIDENT

    def drawn(number: int) -> np.random.Generator:
        return np.random.default_rng([seed, number])

    tests = (
        completeness(network, seen, of),
        randomised_head(network, seen, of, heat, drawn(2)),
        removal(network, seen, of, heat, drawn(4)),
        pointing(network, pixels[sure], classes[sure], drawn(5)),
        occlusion(network, seen, of, heat),
    )
    gates = [test.passed for test in tests if test.gates]
    usable = False if False in gates else None if None in gates else True
    return Trust(usable, len(pixels), tests)


def completeness(network: Explained, pixels: np.ndarray, classes: np.ndarray) -> MapTest:
    """Is the score the sum of the contributions of all positions, to within 1 %? Otherwise every
    map is an approximation.
    """
    off = network.incompleteness(pixels, classes) if len(pixels) else np.empty(0)
    off = off[np.isfinite(off)]
    value, low, high = measures.median(off)
    passed = None if value is None or len(off) < FEWEST else value <= COMPLETE
    text = (
        "relative difference between the score and the sum of the contributions of all positions "
        "(median); over 1 % a map is an approximation"
    )
    return MapTest("completeness", value, low, high, COMPLETE, len(off), passed, False, text)


def randomised_head(
    network: Explained,
    pixels: np.ndarray,
    classes: np.ndarray,
    maps: np.ndarray,
    random: np.random.Generator,
) -> MapTest:
    """Do the maps depend on the weights (Adebayo et al. 2018, Arun et al. 2021)? With shuffled
    weights behind the layer they should be no more similar to the original maps than the maps of
    different images are to each other.

    The test fails if for both similarities, rank correlation and structural similarity, the lower
    end of the median's interval is over the 95 % point of random pairs of images: a map that does
    not depend on the weights tells nothing about the model.
    """
    others: list[np.ndarray] = []
    if len(pixels) >= FEWEST:
        with network.randomised():
            others = list(network.maps(pixels, classes))
    first, second = random.integers(0, max(1, len(maps)), (2, PAIRS))
    apart = first != second
    text = (
        "rank correlation of a map with the map of shuffled weights (median); fails if it is above "
        "the correlation of 95 % of pairs of different images' maps"
    )
    limits, found = [], []
    for alike in (measures.spearman, measures.ssim):
        null = [alike(maps[a], maps[b]) for a, b in zip(first[apart], second[apart], strict=True)]
        limits.append(float(np.quantile(null, 0.95)) if null else 1.0)
        pairs = zip(maps[: len(others)], others, strict=True)
        found.append(measures.median(np.array([alike(a, b) for a, b in pairs])))
    over = [
        each.low is not None and each.low > limit for each, limit in zip(found, limits, strict=True)
    ]
    passed = None if not others else not all(over)
    return MapTest("randomised head", *found[0], limits[0], len(others), passed, True, text)


def removal(
    network: Explained,
    pixels: np.ndarray,
    classes: np.ndarray,
    maps: np.ndarray,
    random: np.random.Generator,
) -> MapTest:
    """Does the score fall faster if the hottest pixels are removed first than if pixels are removed
    in the order of the same map, randomly shifted? The shifted map is as blurred, so the shape of
    the removed parts does not decide (a pitfall described by Rong et al. 2022).

    The value is the share of images for which it does, with the worse of two fills: a strong blur,
    and the same place of an image of another class. The test passes if the Wilson interval is over
    a half.
    """
    text = (
        "share of images whose score falls faster when the hottest pixels are removed than with "
        "the same map shifted; the worse of two fills"
    )
    count = len(pixels) if len(pixels) >= FEWEST else 0
    fills = (measures.blurred, lambda images: images[_others(classes[:count], random)])
    worst = wilson(0, 0)
    orders = [(heat, measures.rolled(heat, random)) for heat in maps[:count]]
    for fill in fills if count else ():
        gains = _gains(network, pixels, classes, orders, fill(pixels))
        share = wilson(int((gains > 0).sum()), count)
        if worst.value is None or share.known < worst.known:
            worst = share
    passed = None if worst.low is None else worst.low > HALF
    return MapTest("removal", *worst, HALF, count, passed, True, text)


def _gains(
    network: Explained,
    pixels: np.ndarray,
    classes: np.ndarray,
    orders: list[tuple[np.ndarray, np.ndarray]],
    filled: np.ndarray,
) -> np.ndarray:
    """(n,): mean score after removal in the shifted order minus that in the map's own order."""
    size = pixels.shape[1:3]
    gains = []
    for start in range(0, len(orders), AT_ONCE):
        changed = []
        for at, both in enumerate(orders[start : start + AT_ONCE], start):
            for heat in both:
                place = measures.coverage_order(heat, size)[..., None]
                changed += [np.where(place < share, filled[at], pixels[at]) for share in REMOVED]
        of = classes[start : start + AT_ONCE].repeat(2 * len(REMOVED))
        own, shifted = network.scores(np.stack(changed), of).reshape(-1, 2, len(REMOVED)).mean(2).T
        gains.append(shifted - own)
    return np.concatenate(gains)


def _others(classes: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(n,): for each image the position of another one, of another class if there is one."""
    found = []
    for at, own in enumerate(classes):
        different = np.flatnonzero(classes != own)
        if not len(different):
            different = np.delete(np.arange(len(classes)), at)
        found.append(int(random.choice(different)))
    return np.array(found)


def pointing(
    network: Explained, pixels: np.ndarray, classes: np.ndarray, random: np.random.Generator
) -> MapTest:
    """Grid pointing game (Rao et al. 2022): in a mosaic of four images, of which only one is of the
    class, which share of the heat for the class is in the quarter of this image? Chance is a
    quarter; the test passes if the mean's interval is at least a half.
    """
    mosaics, quarters, asked = [], [], []
    for at, own in enumerate(classes):
        different = np.flatnonzero(classes != own)
        if len(different):
            parts = list(pixels[random.choice(different, 4)])
            quarter = int(random.integers(4))
            parts[quarter] = pixels[at]
            mosaics.append(measures.mosaic(parts))
            quarters.append(quarter)
            asked.append(own)
    text = (
        "share of the heat for a class in the quarter of its image, in a mosaic of four images, "
        "each predicted with a probability of 50 % or more, of which only one is of the class "
        "(mean); chance is 25 %"
    )
    shares = np.empty(0)
    if len(mosaics) >= FEWEST:
        maps = network.maps(np.stack(mosaics), np.array(asked))
        shares = np.array(
            [measures.share_in_quarter(*each) for each in zip(maps, quarters, strict=True)]
        )
    value, low, high = of_mean(shares)
    passed = None if low is None else low >= HALF
    return MapTest("pointing game", value, low, high, HALF, len(shares), passed, True, text)


def occlusion(
    network: Explained, pixels: np.ndarray, classes: np.ndarray, maps: np.ndarray
) -> MapTest:
    """Rank correlation of a map with the fall of the score when each of 7 x 7 windows is blurred
    (Zeiler and Fergus 2014). The test passes if the median's interval is over zero.
    """
    text = (
        "rank correlation of a map with the fall of the score when a window of 7 x 7 is blurred "
        "(median)"
    )
    count = min(len(pixels), OCCLUDED) if len(pixels) >= FEWEST else 0
    found: list[float] = []
    for start in range(0, count, AT_ONCE):
        part = slice(start, min(count, start + AT_ONCE))
        changed = np.concatenate([_occluded(image) for image in pixels[part]])
        of = classes[part].repeat(1 + WINDOWS**2)
        scores = network.scores(changed, of).reshape(-1, 1 + WINDOWS**2)
        found += [
            measures.spearman(_means(heat, pixels.shape[1:3]), each[0] - each[1:])
            for heat, each in zip(maps[part], scores, strict=True)
        ]
    value, low, high = measures.median(np.array(found))
    passed = None if low is None else low > 0
    return MapTest("occlusion", value, low, high, 0.0, count, passed, False, text)


def _occluded(image: np.ndarray) -> np.ndarray:
    """The image (H, W, 3) and its copies with one of the windows blurred: (1 + 49, H, W, 3)."""
    blur = measures.blurred(image[None])[0]
    found = [image]
    for rows, columns in _windows(image.shape[:2]):
        hidden = image.copy()
        hidden[rows, columns] = blur[rows, columns]
        found.append(hidden)
    return np.stack(found)


def _means(heat: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Mean heat (49,) of a map (h, w) in each window of an image of this size (H, W)."""
    large = cv2.resize(heat.astype(np.float32), size[::-1], interpolation=cv2.INTER_LINEAR)
    return np.array([large[rows, columns].mean() for rows, columns in _windows(size)])


def _windows(size: tuple[int, int]) -> list[tuple[slice, slice]]:
    ends = [np.linspace(0, side, WINDOWS + 1).astype(int) for side in size]
    rows, columns = ([slice(*pair) for pair in itertools.pairwise(each)] for each in ends)
    return list(itertools.product(rows, columns))
