"""Collect predictions, saliency maps and channel statistics of a shard, batch by batch.

One batch and a few numbers of each image are in memory.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from convaudit.activations import store, summaries
from convaudit.attribution import map_statistics, targets
from convaudit.dataset import labels
from convaudit.system import array_files
from convaudit.system.progress import Progress

if TYPE_CHECKING:
    from convaudit.onepass import Batch, OnePass

_OWN = ("image_id", "path", "label", "height", "width")
"""Columns of an image that come first in the predictions; all further columns follow."""

_SAMPLED = 1 << 18
"""Greatest number of scores stored for a shard (1 MB): of all its images, or of evenly spread
ones."""


@dataclass(frozen=True)
class Shard:
    """The images of a shard, as ``preprocess`` wrote them.

    Attributes:
        name: number of the shard, such as "0000".
        pixels: .npy file with the pixels (n, H, W, 3), uint8 RGB.
        images: one row per image: image_id, path, label, sha256, height, width, and further
            columns, which the predictions repeat.
        ids: (n,) image ids.
        truth: (n,) index of each image's label, -1 if it has none.
        class_names: names of all classes, in index order.
    """

    name: str
    pixels: Path
    images: pd.DataFrame
    ids: np.ndarray
    truth: np.ndarray
    class_names: list[str]

    @classmethod
    def read(cls, name: str, pixels: Path, rows: Path, class_names: list[str]) -> "Shard":
        """Read the table of a shard; its pixels stay in their file.

        Raises:
            AuditError: a label is none of the classes.
        """
        images = pd.read_parquet(rows)
        truth = labels.indices(images["label"], class_names)
        return cls(name, pixels, images, images["image_id"].to_numpy(str), truth, class_names)


class MapWriter:
    """Writes saliency maps to temporary files until a shard is complete.

    Args:
        ids: (n,) image ids of the shard.
        sides: height and width of a map.
        folder: folder for the temporary files.
    """

    def __init__(self, ids: np.ndarray, sides: tuple[int, int], folder: Path) -> None:
        self._ids = ids
        self.spools = {
            "image_id": array_files.Spool((), ids.dtype, folder),
            "class_index": array_files.Spool((), np.int32, folder),
            "maps": array_files.Spool(sides, np.float16, folder),
            "scale": array_files.Spool((), np.float32, folder),
        }

    def add(self, rows: np.ndarray, batch: "Batch") -> None:
        """Append the maps of a batch, of the images in the rows (B,)."""
        halves, scale = map_statistics.pack(batch.maps)
        values = self._ids[rows], batch.explained, halves, scale
        for spool, value in zip(self.spools.values(), values, strict=True):
            spool.append(value)


def save_maps(file: Path, asked: list[MapWriter], true: list[MapWriter]) -> None:
    """Write an .npz with the maps that the config asks for, and, with the prefix ``true_``, the
    maps of the errors' true classes.
    """
    array_files.save(
        file,
        {
            f"{prefix}{name}": [part.spools[name] for part in parts]
            for prefix, parts in (("", asked), ("true_", true))
            for name in parts[0].spools
        },
    )


class ScoreSample(NamedTuple):
    """Scores of some images of a shard, for metrics that need the scores of all classes.

    Attributes:
        rows: (m,) rows of the shard.
        scores: (m, units) float32, before softmax or sigmoid.
    """

    rows: np.ndarray
    scores: np.ndarray

    def save(self, file: Path) -> None:
        """Write an .npz with the arrays ``row`` and ``scores``."""
        with file.open("wb") as stream:
            np.savez_compressed(stream, row=self.rows, scores=self.scores)


class PassResults(NamedTuple):
    """The results of the pass over a shard.

    Attributes:
        predictions: one row per image, as in ``predictions.parquet``.
        sample: scores of some images.
        further: (m, 2) pairs (row, class) that need a further map (``targets.further``).
        maps: one map per image.
        layers: channel statistics by layer.
    """

    predictions: pd.DataFrame
    sample: ScoreSample
    further: np.ndarray
    maps: MapWriter
    layers: dict[str, summaries.Summary]


@dataclass(frozen=True)
class ShardPass:
    """The pass over one shard. Both methods start from the beginning at each call.

    Attributes:
        shard: the images.
        head: kind of the network's head (``Network.head``).
        build: makes a ``OnePass`` from names of watched layers, ``keep`` and ``batch_size``.
        target: setting ``gradcam.target``.
        top: how many classes of an image are kept, by falling probability.
        sides: height and width of a map.
        folder: folder for temporary files with maps.
    """

    shard: Shard
    head: str
    build: Callable[..., "OnePass"]
    target: str
    top: int
    sides: tuple[int, int]
    folder: Path

    def first(self, layers: list[str], kept: Path | None, batch_size: int) -> PassResults:
        """Predict every image, with one map per image and statistics of the watched layers.

        Args:
            layers: names of the watched layers.
            kept: HDF5 file for the activation maps of these layers; None keeps none.
            batch_size: images per batch.
        """
        shard, maps = self.shard, self._writer()
        numbers, further, scores = [], [], []
        summary: summaries.Summary | None = None
        channels: dict[str, int] = {}
        rows = np.arange(len(shard.ids))
        classes = targets.first(self.target, shard.truth, shard.class_names)
        one_pass = self.build(layers, keep=kept is not None, batch_size=batch_size)
        with store.writer(kept, shard.ids) as keep:
            for chosen, batch in self._batches(one_pass, rows, classes, batch_size):
                predicted, truth = targets.predicted(self.head, batch.scores), shard.truth[chosen]
                numbers.append(_numbers(predicted, truth, batch, self.top))
                sampled = np.isin(chosen, _sampled(len(rows), batch.scores.shape[1]))
                scores.append((chosen[sampled], batch.scores[sampled].astype(np.float32)))
                places, more = targets.further(
                    self.target, self.head, batch.probabilities, predicted, truth
                ).T
                further.append(np.stack([chosen[places], more], axis=1))
                maps.add(chosen, batch)
                keep(chosen, batch.activations)
                if batch.layers:
                    known = np.where(truth >= 0, truth, predicted)
                    part = _summarised(batch, shard.ids[chosen], known, len(shard.class_names))
                    summary = summaries.merge(summary, part) if summary else part
                    channels = {name: one.mean.shape[1] for name, one in batch.layers.items()}
        split = summaries.split(summary, channels) if summary else {}
        sample = ScoreSample(*(np.concatenate(each) for each in zip(*scores, strict=True)))
        return PassResults(_table(shard, numbers), sample, np.concatenate(further), maps, split)

    def second(self, pairs: np.ndarray, batch_size: int) -> MapWriter:
        """Compute maps for further pairs (m, 2) of row and class."""
        maps = self._writer()
        if len(pairs):
            one_pass = self.build([], batch_size=batch_size)
            rows, classes = pairs.T
            for chosen, batch in self._batches(one_pass, rows, classes, batch_size):
                maps.add(chosen, batch)
        return maps

    def _writer(self) -> MapWriter:
        return MapWriter(self.shard.ids, self.sides, self.folder)

    def _batches(
        self, one_pass: "OnePass", rows: np.ndarray, classes: np.ndarray, size: int
    ) -> Iterator[tuple[np.ndarray, "Batch"]]:
        """Run rows through the network; one class of each is explained. A shard without images
        gives one empty batch, which determines the columns of the empty tables.
        """
        progress = Progress(len(rows), "images")
        for start in range(0, max(len(rows), 1), size):
            chosen = rows[start : start + size]
            pixels = array_files.taken(self.shard.pixels, chosen)
            yield chosen, one_pass(pixels, classes[start : start + size])
            progress.add(len(chosen))


def _sampled(count: int, units: int) -> np.ndarray:
    """The rows of a shard whose scores are kept."""
    return np.linspace(0, count - 1, min(count, max(1, _SAMPLED // units))).astype(int)


def _summarised(
    batch: "Batch", images: np.ndarray, classes: np.ndarray, class_count: int
) -> summaries.Summary:
    """Summarise the channels of all layers together; a NumPy call per layer would cost more than
    the sums.
    """
    values = (np.concatenate(each, axis=1) for each in zip(*batch.layers.values(), strict=True))
    return summaries.summarise(*values, images=images, classes=classes, class_count=class_count)


def _numbers(
    predicted: np.ndarray, truth: np.ndarray, batch: "Batch", top: int
) -> dict[str, np.ndarray]:
    """Columns of numbers for each image: class indices, probabilities, logit, map statistics."""
    each = np.arange(len(predicted))
    probabilities = batch.probabilities
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :top]
    true = probabilities[each, truth]
    units = batch.scores.shape[1]
    logits = (
        batch.scores[:, 0] * (2 * predicted - 1) if units == 1 else batch.scores[each, predicted]
    )
    return {
        "predicted": predicted,
        "probability": probabilities[each, predicted],
        "logit": logits,
        "true_probability": true,
        "true_rank": (probabilities >= true[:, None]).sum(axis=1, dtype=np.int32),
        "brier": (probabilities**2).sum(axis=1) - true**2 + (1 - true) ** 2,
        "top_classes": best,
        "top_probabilities": np.take_along_axis(probabilities, best, 1),
        **map_statistics.measure(batch.maps),
    }


def _table(shard: Shard, batches: list[dict[str, np.ndarray]]) -> pd.DataFrame:
    columns: dict[str, Any] = {
        name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]
    }
    classes = np.array(shard.class_names, dtype=object)
    predicted, truth = columns.pop("predicted"), shard.truth
    known = truth >= 0
    return pd.DataFrame(
        {
            "image_id": shard.images["image_id"],
            "path": shard.images["path"],
            "label": pd.Series(classes[truth], dtype="str").where(known),
            "label_index": pd.Series(truth, dtype="Int32").where(known),
            "predicted": pd.array(classes[predicted], dtype="str"),
            "predicted_index": predicted.astype(np.int32),
            "probability": columns.pop("probability"),
            "logit": columns.pop("logit"),
            "true_probability": pd.Series(columns.pop("true_probability")).where(known),
            "true_rank": pd.Series(columns.pop("true_rank"), dtype="Int32").where(known),
            "brier": pd.Series(columns.pop("brier")).where(known),
            "correct": pd.Series(truth == predicted, dtype="boolean").where(known),
            "top_classes": list(classes[columns.pop("top_classes")]),
            "top_probabilities": list(columns.pop("top_probabilities")),
            **columns,
            "shard": shard.name,
            "row": np.arange(len(truth), dtype=np.int32),
            "height": shard.images["height"],
            "width": shard.images["width"],
            **shard.images.drop(columns=[*_OWN, "sha256"], errors="ignore"),
        }
    )
