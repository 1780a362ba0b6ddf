"""Small parts of one kind, such as codes, labels or reflections, that a class's pictures have.

Two codes have hardly a pixel in common, so no piece returns. But their tiles have the same colours,
contrast and detail, wherever they are.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy import ndimage

from convaudit.shortcuts.cues.boxes import Box
from convaudit.shortcuts.cues.evidence import best_threshold, class_auc
from convaudit.shortcuts.cues.strokes import shrunk

NAME = "part of one kind"
"""The suspect's name, by which its id is made."""
_TILE, _STEP = 16, 4
"""Side of a tile, and distance from one tile to the next, in pixels; the longer side of the picture
has 160."""
_BLURS = (1.0, 2.0, 4.0)
"""Standard deviations in pixels of Gaussian blurs; their differences are the detail."""
_DARK, _LIGHT = 25, 85
"""CIELAB lightness below which a pixel is dark, and above which it is light."""
_ASKERS, _ASKED, _UNLIKE = 20, 15, 90
"""Numbers of the class's images, and of tiles in each, that are compared with all tiles; the tiles
are taken evenly from so many that are least like other images, because tiles beside each other
overlap."""
_CLEARLY = 0.85
"""Least AUC of the distance to the nearest tile. In crops of photographs the chosen tiles had 0.94
to 0.98 in classes with codes, reflections or a hand, and at most 0.78 in classes without. Classes
that differ in their own small parts have up to 1.0; they are tried too."""
_LONGEST, _LARGEST = 0.45, 0.15
"""Greatest side of a part as a share of the picture's, and greatest share of the picture that it
covers. Of larger ones a tile is taken, because a large piece shows the class's own thing."""
_COMMON = 0.3
"""Parts are no texture if their tiles are at most this share of a picture's tiles (median)."""


@dataclass(frozen=True)
class OwnPart:
    """A kind of small part.

    kind: (d,) the description of a tile; spread: (d,) standard deviations by which descriptions are
    divided; limit: greatest squared distance of a tile of the kind; share, elsewhere: share of the
    class's images, and of other images, that have one; boxes: the clearest part of each carrier, by
    the image's position; nearness: limit - squared distance, for the same images.
    """

    kind: np.ndarray
    spread: np.ndarray
    limit: float
    share: float
    elsewhere: float
    boxes: dict[int, Box]
    nearness: dict[int, float]

    def locate(self, picture: np.ndarray) -> Box | None:
        """The box of its clearest part in an RGB picture (H, W, 3); None if it has none."""
        distances = _distances(_described(shrunk(picture)) / self.spread, self.kind)
        return _box(distances, self.limit) if distances.min() <= self.limit else None


def own_part(pictures: list[np.ndarray], member: np.ndarray) -> OwnPart | None:
    """Find the kind of small part that most images of a class have, and few others.

    Tiles of some of the class's images that are unlike the mean tile of other images are compared
    with all tiles of all images. The distance to an image's nearest tile should tell the class.

    Args:
        pictures: n images, RGB uint8, of any size.
        member: (n,) booleans: the class.

    Returns:
        None if no tile tells the class by an AUC of ``_CLEARLY``, or if it is everywhere.
    """
    if min(member.sum(), (~member).sum()) < 8:
        return None
    described = [_described(shrunk(picture)) for picture in pictures]
    spread = np.concatenate([_flat(each) for each in described]).std(axis=0) + np.float32(1e-3)
    described = [each / spread for each in described]
    kind = _telling(described, member)
    if kind is None:
        return None
    for _ in range(2):
        nearest = np.array([_distances(each, kind).min() for each in described])
        limit = -best_threshold(-nearest, member)
        alike = [_nearest(each, kind) for each in _of(described, member & (nearest <= limit))]
        kind = np.median(alike, axis=0)
    distances = [_distances(each, kind) for each in described]
    nearest = np.array([each.min() for each in distances])
    limit = -best_threshold(-nearest, member)
    found = nearest <= limit
    common = np.median([(each <= limit).mean() for each in _of(distances, found & member)])
    if class_auc(-nearest, member) < _CLEARLY or common > _COMMON:
        return None
    carriers = np.flatnonzero(found)
    return OwnPart(
        kind=kind,
        spread=spread,
        limit=limit,
        share=float(found[member].mean()),
        elsewhere=float(found[~member].mean()),
        boxes={int(at): _box(distances[at], limit) for at in carriers},
        nearness={int(at): float(limit - nearest[at]) for at in carriers},
    )


def _of(values: list[np.ndarray], chosen: np.ndarray) -> list[np.ndarray]:
    return [values[at] for at in np.flatnonzero(chosen)]


def _flat(described: np.ndarray) -> np.ndarray:
    return described.reshape(-1, described.shape[-1])


def _telling(described: list[np.ndarray], member: np.ndarray) -> np.ndarray | None:
    """The tile (d,) whose nearest tiles tell the class best; None if none does clearly."""
    usual = np.concatenate([_flat(each) for each in _of(described, ~member)]).mean(axis=0)
    asked, homes = [], []
    for at in np.flatnonzero(member)[:_ASKERS]:
        tiles = _flat(described[at])
        unlike = np.argsort(-((tiles - usual) ** 2).sum(axis=1), kind="stable")
        asked.append(tiles[unlike[: _UNLIKE : _UNLIKE // _ASKED]])
        homes += [at] * len(asked[-1])
    queries = np.concatenate(asked)
    lengths = (queries**2).sum(axis=1)
    nearest = np.stack(
        [
            ((tiles**2).sum(axis=1) - 2 * queries @ tiles.T).min(axis=1) + lengths
            for tiles in map(_flat, described)
        ],
        axis=1,
    )
    nearest[np.arange(len(homes)), homes] = np.nan  # A tile is no evidence about its own image.
    aucs = np.array([class_auc(-each, member) for each in nearest])
    return queries[aucs.argmax()] if aucs.max() >= _CLEARLY else None


def _described(picture: np.ndarray) -> np.ndarray:
    """Describe each tile of a picture (h, w, 3): mean colours, their variances, detail by size,
    directions of edges, shares of dark and light pixels; (rows, columns, 19) float32.
    """
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    light = np.ascontiguousarray(lab[..., 0])
    across, down = (
        _means(np.abs(cv2.Sobel(light, cv2.CV_32F, *step, ksize=3))) for step in ((1, 0), (0, 1))
    )
    levels = [lab, *(cv2.GaussianBlur(lab, (0, 0), sigma) for sigma in _BLURS)]
    mean = _means(lab)
    variance = np.maximum(_means(lab**2) - mean**2, 0)
    parts = [
        mean,
        np.log(variance + 1),
        *(np.log(_means((levels[at] - levels[at + 1]) ** 2) + 0.1) for at in range(len(_BLURS))),
        np.stack(
            [
                np.log((across + 1) / (down + 1)),
                np.log(across + down + 1),
                _means((light < _DARK).astype(np.float32)),
                _means((light > _LIGHT).astype(np.float32)),
            ],
            axis=-1,
        ),
    ]
    return np.concatenate(parts, axis=-1)


def _means(values: np.ndarray) -> np.ndarray:
    """Means of the tiles of values (h, w) or (h, w, c)."""
    # Pictures with a side under one tile have one row of tiles.
    tall, wide = (min(_TILE, side) for side in values.shape[:2])
    means = cv2.boxFilter(values, -1, (wide, tall), anchor=(0, 0))
    return means[: len(values) - tall + 1 : _STEP, : values.shape[1] - wide + 1 : _STEP]


def _distances(described: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """Squared distances (rows, columns) of tiles to a kind (d,)."""
    return np.asarray(((described - kind) ** 2).sum(axis=-1))


def _nearest(described: np.ndarray, kind: np.ndarray) -> np.ndarray:
    return np.asarray(_flat(described)[_distances(described, kind).argmin()])


def _box(distances: np.ndarray, limit: float) -> Box:
    """The box about the nearest tile and all tiles of the kind that are connected with it."""
    rows, columns = distances.shape
    tall, wide = ((side - 1) * _STEP + _TILE for side in (rows, columns))
    top, left = np.unravel_index(distances.argmin(), distances.shape)
    parts, _ = ndimage.label(distances <= limit, np.ones((3, 3)))
    lines, places = np.nonzero(parts == parts[top, left])
    whole = places.min(), lines.min(), places.max(), lines.max()
    for x0, y0, x1, y1 in (whole, (left, top, left, top)):
        box = (
            float(x0 * _STEP / wide),
            float(y0 * _STEP / tall),
            float((x1 * _STEP + _TILE) / wide),
            float((y1 * _STEP + _TILE) / tall),
        )
        across, down = box[2] - box[0], box[3] - box[1]
        if max(across, down) <= _LONGEST and across * down <= _LARGEST:
            break
    return box
