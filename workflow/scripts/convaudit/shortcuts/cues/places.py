"""Fixed places: where the pictures of a class have the same edges or the same pixels."""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy import ndimage

SIDE = 64
"""Side of the small pictures that are compared, in pixels."""
_SHUFFLES = 100
"""Number of random relabellings; their greatest values over the whole picture are the null
distribution."""
LEAST_MEMBERS = 8
"""Least number of pictures of the class, and of others, in which a place is searched."""
_LEAST_CELLS = 4
_RING = 5
"""Width of the border's ring in small pixels: 8 % of the side."""
LARGEST = 0.4
"""Greatest share of the picture that a place may cover, unless it is a translucent mark all over
it, such as a grid."""
COPIED = 0.4
"""Least consistency of the gradients (0 random, 1 the same edge in every image) if the content of a
place is a copy, such as a sticker, not a kind of thing. Tuned on the benchmark's tuning seeds."""
_ALIGNED = 0.17
"""Least ``Place.elsewhere`` at which a place may be a part of the class's own shape. Handwritten
digits have 0.41 to 0.99, other pictures with marks 0 to 0.10."""
_STAMPED, _SMALL = 0.95, 0.1
"""A place with at least this consistency and at most this area is a mark, also in pictures of one
layout. Parts of digits have a consistency of up to 0.92."""
_WOVEN = 10
"""Least number of translucent places that are one mark, such as a grid, though pictures of one
layout might have them. Of ten handwritten digits, the digit 4 has most: 6."""
_WHOLE_SIDE, _THICKEST = 0.9, 0.25
"""Least share of a side that a bar covers, and its greatest thickness as a share of the other."""


@dataclass(frozen=True)
class Place:
    """A region of the picture that a class has in common.

    mask: (SIDE, SIDE) booleans; strength: greatest statistic / the 95 % point of its null, over 1;
    consistency: of the gradients in it, 0..1; spread: variance of the class's pixels there / that
    of the others; elsewhere: how much the mean gradients of the class differ from those of the
    others beside all places, as a share of the mean length of gradients there; shape: ``border``
    where it runs along three or more sides, else ``place``; changes: the place is the same, but
    what is there differs from picture to picture (``changing``); parts: number of places that are
    joined.
    """

    mask: np.ndarray
    strength: float
    consistency: float
    spread: float
    elsewhere: float
    shape: str
    changes: bool = False
    parts: int = 1

    @property
    def everywhere(self) -> bool:
        """True if it covers too much of the picture for a place."""
        return float(self.mask.mean()) > LARGEST

    @property
    def laid_over(self) -> bool:
        """True if the pictures have the same edges there, but show different things through them,
        as through a grid. Faces of one size have the same edges too, but look alike.
        """
        return self.consistency >= COPIED and self.translucent

    @property
    def copied(self) -> bool:
        """True if the class's pictures have the very same thing there."""
        return not self.changes and (self.consistency >= COPIED or self.spread <= 0.1)

    @property
    def added(self) -> bool:
        """True if the thing was put onto the pictures; False if it may belong to what they show.

        If all pictures show one thing in the middle, such as a digit, each class has a shape of its
        own, and that shape differs from the others' in more than one place.
        """
        stamped = self.consistency >= _STAMPED and float(self.mask.mean()) <= _SMALL
        return stamped or self.elsewhere < _ALIGNED

    @property
    def band(self) -> bool:
        """True for a bar along one whole side, such as a camera's line of text."""
        sides = (self.mask, self.mask[::-1], self.mask.T, self.mask.T[::-1])
        return any(
            side[:_RING].mean(axis=1).max() >= _WHOLE_SIDE
            and not side[int(_THICKEST * SIDE) :].any()
            for side in sides
        )

    @property
    def translucent(self) -> bool:
        """True if the picture shows through: it varies there nearly as much as elsewhere."""
        return not self.changes and self.spread > 0.5


def small(image: np.ndarray) -> np.ndarray:
    """Squeeze an RGB uint8 picture for comparison: CIELAB float32 (SIDE, SIDE, 3)."""
    shrunk = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(shrunk.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)


def fixed_places(pictures: np.ndarray, member: np.ndarray, seed: int) -> list[Place]:
    """Find where the pictures of a class are more alike than those of the others.

    Two statistics per pixel: the consistency of gradients |mean g| / mean |g| of the class minus
    that of the others, and the logarithm of the variance of the others / that of the class. Each
    is compared with its greatest value anywhere for random groups of the same size (Westfall and
    Young 1993), which keeps the family-wise error at 5 %.

    Args:
        pictures: (n, SIDE, SIDE, 3) as ``small`` makes them.
        member: (n,) booleans: the class.
        seed: of the random groups.

    Returns:
        Connected regions where either statistic is above its threshold, the strongest and largest
        first.
    """
    if min(member.sum(), (~member).sum()) < LEAST_MEMBERS:
        return []
    values = values_of(pictures)
    groups = with_shuffled(member, seed)
    consistency, variance = _statistics(values, groups)
    peaks = [peak_by_chance(each) for each in (consistency, variance)]
    ratio = np.maximum(consistency[0] / max(peaks[0], 0.05), variance[0] / max(peaks[1], 0.05))
    own = _consistency(values, groups[:1].astype(np.float32))[0]
    spread = np.exp(-variance[0])
    regions = regions_of(ratio)
    elsewhere = _difference(values, member, ~_near(regions))
    places = [_place(region, ratio, own, spread, elsewhere) for region in regions]
    places = [place for place in places if not place.everywhere or place.laid_over]
    return sorted(places, key=lambda place: -place.strength * place.mask.sum() ** 0.25)


def joined(places: list[Place]) -> Place | None:
    """The marks together, such as four marked corners or the pieces in which a grid was found.

    Returns:
        The joined place; None if there are fewer than two marks, or if they may belong to the
        class's own shape.
    """
    marks = [each for each in places if each.copied and not each.everywhere]
    woven = sum(each.translucent for each in marks) >= _WOVEN
    if len(marks) < 2 or not (woven or all(each.added for each in marks)):
        return None
    mask = np.any([each.mask for each in marks], axis=0)
    return Place(
        mask=mask,
        strength=max(each.strength for each in marks),
        consistency=min(each.consistency for each in marks),
        spread=float(np.median([each.spread for each in marks])),
        elsewhere=marks[0].elsewhere,
        shape="place",
        parts=len(marks),
    )


def with_shuffled(member: np.ndarray, seed: int) -> np.ndarray:
    """(1 + shuffles, n) booleans: the class, then random groups of the same size."""
    random = np.random.default_rng(seed)
    return np.stack([member, *(random.permutation(member) for _ in range(_SHUFFLES))])


def peak_by_chance(statistic: np.ndarray) -> float:
    """The value over which 5 % of the random groups have their greatest value anywhere.

    Args:
        statistic: (1 + shuffles, SIDE, SIDE) for the groups of ``with_shuffled``.
    """
    greatest = statistic[1:].reshape(len(statistic) - 1, -1).max(axis=1)
    return float(np.quantile(greatest, 0.95))


def values_of(pictures: np.ndarray) -> dict[str, np.ndarray]:
    """Gradients and lightness of softened pictures, (n, SIDE x SIDE) each, and colours."""
    n = len(pictures)
    soft = np.stack([cv2.GaussianBlur(picture, (0, 0), 0.8) for picture in pictures])
    across = np.stack([cv2.Sobel(p, cv2.CV_32F, 1, 0, ksize=3) for p in soft])
    down = np.stack([cv2.Sobel(p, cv2.CV_32F, 0, 1, ksize=3) for p in soft])
    return {
        "across": across.reshape(n, -1),
        "down": down.reshape(n, -1),
        "length": np.hypot(across, down).reshape(n, -1),
        "value": soft.reshape(n, -1),
    }


def _statistics(values: dict[str, np.ndarray], groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(groups, SIDE, SIDE) consistency of a group minus the others', log variance ratio."""
    weights = groups.astype(np.float32)
    rest = 1 - weights
    consistency = _consistency(values, weights) - _consistency(values, rest)
    variance = np.log((_variance(values, rest) + 4) / (_variance(values, weights) + 4))
    return consistency, variance


def _consistency(values: dict[str, np.ndarray], weights: np.ndarray) -> np.ndarray:
    """|mean gradient| / mean |gradient| by pixel, the three channels joined by their lengths."""
    share = weights / weights.sum(axis=1, keepdims=True)
    mean = np.hypot(share @ values["across"], share @ values["down"])
    length = share @ values["length"]
    shape = (len(weights), SIDE, SIDE, 3)
    # A flat place has no edges; without the 4 units of CIELAB its rounding could be consistent.
    top, bottom = mean.reshape(shape).sum(axis=3), length.reshape(shape).sum(axis=3) + 4
    return averaged(top) / averaged(bottom)


def _variance(values: dict[str, np.ndarray], weights: np.ndarray) -> np.ndarray:
    share = weights / weights.sum(axis=1, keepdims=True)
    mean = share @ values["value"]
    square = share @ values["value"] ** 2
    shape = (len(weights), SIDE, SIDE, 3)
    return averaged((square - mean**2).clip(0).reshape(shape).sum(axis=3))


def _near(regions: list[np.ndarray]) -> np.ndarray:
    """(SIDE, SIDE): the regions and two pixels around them."""
    whole = np.any([np.zeros((SIDE, SIDE), bool), *regions], axis=0)
    return ndimage.binary_dilation(whole, iterations=2)


def _difference(values: dict[str, np.ndarray], member: np.ndarray, where: np.ndarray) -> float:
    """The difference of the mean gradients of two groups, as a share of the mean length of
    gradients in the group with the shorter ones: the median over a region's pixels, weighted by
    that length.

    The means of few images differ by chance, so the variance of the difference is subtracted from
    its square.
    """
    square = np.zeros((SIDE, SIDE))
    for name in ("across", "down"):
        own, rest = values[name][member], values[name][~member]
        chance = own.var(axis=0, ddof=1) / len(own) + rest.var(axis=0, ddof=1) / len(rest)
        square += _mixed((own.mean(axis=0) - rest.mean(axis=0)) ** 2 - chance)
    lengths = [_mixed(values["length"][group].mean(axis=0)) for group in (member, ~member)]
    # Noise in one of the groups lengthens its gradients.
    length = np.minimum(*lengths)
    share = np.sqrt(square.clip(0)) / (length + 1)
    return float(
        np.quantile(share[where], 0.5, weights=length[where], method="inverted_cdf")
        if where.any()
        else 0.0
    )


def _mixed(values: np.ndarray) -> np.ndarray:
    """(SIDE, SIDE) from (SIDE x SIDE x 3,): the channels summed, 3 x 3 pixels averaged."""
    return cv2.blur(values.reshape(SIDE, SIDE, 3).sum(axis=2), (3, 3))


def averaged(maps: np.ndarray) -> np.ndarray:
    return np.stack([cv2.blur(each, (3, 3)) for each in maps])


_RIM = np.ones((SIDE, SIDE), bool)
_RIM[_RING + 3 : -_RING - 3, _RING + 3 : -_RING - 3] = False


def regions_of(ratio: np.ndarray) -> list[np.ndarray]:
    """Connected parts above 1, small gaps closed, each grown by a pixel."""
    above = ndimage.binary_closing(ratio > 1, iterations=2) | (ratio > 1)
    if _around(above) and above[_RIM].mean() > 0.6:
        return [above & _RIM, *regions_of(np.where(_RIM, 0, ratio))]
    labels, count = ndimage.label(above, structure=np.ones((3, 3)))
    found = [labels == number for number in range(1, count + 1)]
    found = [region for region in found if (region & (ratio > 1)).sum() >= _LEAST_CELLS]
    return [
        ndimage.binary_fill_holes(ndimage.binary_dilation(region))
        if not _around(region)
        else ndimage.binary_dilation(region)
        for region in found
    ]


def _around(region: np.ndarray) -> bool:
    """True if a region runs along three or more sides of the picture."""
    sides = (region[:_RING], region[-_RING:], region[:, :_RING].T, region[:, -_RING:].T)
    along = [side.any(axis=0).mean() > 0.7 for side in sides]
    return sum(along) >= 3


def _place(
    region: np.ndarray,
    ratio: np.ndarray,
    consistency: np.ndarray,
    spread: np.ndarray,
    elsewhere: float,
) -> Place:
    sure = region & (ratio > 1)
    opposite = (
        (region[:_RING].all(), region[-_RING:].all()),
        (
            region[:, :_RING].all(),
            region[:, -_RING:].all(),
        ),
    )
    border = _around(region) or any(all(pair) for pair in opposite)
    return Place(
        mask=region,
        strength=float(ratio[region].max()),
        consistency=float(np.quantile(consistency[sure], 0.75)),
        spread=float(np.median(spread[sure])),
        elsewhere=elsewhere,
        shape="border" if border else "place",
    )


def likeness(pictures: np.ndarray, member: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Likeness (n,) of each picture to the class in a region, -1 to 1.

    It is the correlation of its gradients there with the mean gradients of the class. The mean is
    taken twice more, over the third of the class with the greatest likeness, because often not all
    images of the class have the cue.

    Args:
        pictures: (n, SIDE, SIDE, 3) as ``small`` makes them.
        member: (n,) booleans: the class.
        mask: (SIDE, SIDE) booleans: the region.
    """
    values = values_of(pictures)
    inside = np.broadcast_to(mask[..., None], (SIDE, SIDE, 3)).ravel()
    parts = np.concatenate([values["across"][:, inside], values["down"][:, inside]], axis=1)
    length = np.maximum(np.linalg.norm(parts, axis=1), 1e-6)
    own = np.flatnonzero(member)
    for _ in range(3):
        mean = parts[own].mean(axis=0)
        found = parts @ mean / (length * max(float(np.linalg.norm(mean)), 1e-6))
        best = np.argsort(-found[member], kind="stable")[: max(4, member.sum() // 3)]
        own = np.flatnonzero(member)[best]
    return found


def two_groups(values: np.ndarray) -> float:
    """The threshold that divides numbers (n,) into two groups best (Otsu 1979).

    It maximises n_1 n_2 (m_1 - m_2)^2 with the sizes n and means m of the groups.
    """
    ordered = np.sort(values)
    n = np.arange(1, len(ordered))
    sums = np.cumsum(ordered)
    low, high = sums[:-1] / n, (sums[-1] - sums[:-1]) / (len(ordered) - n)
    best = int(np.argmax(n * (len(ordered) - n) * (high - low) ** 2))
    return float((ordered[best] + ordered[best + 1]) / 2)
