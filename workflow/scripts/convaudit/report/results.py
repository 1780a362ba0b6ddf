"""What the report is made of, and what follows from the heat maps shard by shard.

A million images' texts, lists and maps would fill the memory, so they are read a shard at a time.
Of all images at once memory holds 19 bytes each: what they are called, how surely, and in
which ninths their heat is. Any other column is read where it is asked for and dropped again.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from convaudit.models.facts import ModelFacts
from convaudit.report import regions
from convaudit.report.regions import Ninths

PAIRS = 40
"""Confused pairs that have a page of their own and whose heat is known."""


@dataclass(frozen=True)
class Results:
    """Everything the report shows. Paths are relative to the report's folder."""

    facts: ModelFacts
    scaling_check: dict[str, Any]
    """What ``checks.scaling_check`` found, as in ``model/scaling.json``."""
    class_names: list[str]
    shards: dict[str, int]
    """How many images each shard has; every shard has some."""
    column: Callable[[str, type, Any], np.ndarray]
    """Gives a column of the predictions by its name, as numbers of a type and with what stands for
    a missing one: every image, in the order of shards and rows within.
    """
    rows: Callable[[Sequence[str]], Iterator[pa.Table]]
    """Gives columns of the predictions, shard by shard."""
    quarantine: pd.DataFrame
    duplicates: pd.DataFrame
    channels: pd.DataFrame
    maps: Callable[[str], dict[str, np.ndarray]]
    """Gives a shard's image_id, class_index and maps (n, h, w)."""
    overlay: Callable[[str, str], str]
    """Gives the path of an overlay by shard and image id."""
    sprites: Callable[[str], str]
    """Gives the path of the folder with a shard's sprite sheets: 0.jpg and so on."""
    photos: str | None
    """What the images' paths begin with, as an address; None where they can't be found."""
    filters: dict[str, tuple[str, pd.DataFrame]]
    """By layer id the grid's path and its table."""
    activations: dict[str, dict[str, str]]
    """By image id the grids' paths by layer id."""
    settings: dict[str, Any]
    command: str
    """What makes this audit again."""
    provenance: dict[str, Any]
    assumptions: tuple[str, ...] = ()
    """What was assumed of the images and their labels, a sentence each."""
    other_files: dict[str, int] = field(default_factory=dict)
    """How many files beside the images are none, by their ending."""
    model_sha256: str | None = None
    """Of the model's file; None where there is none, as of a model that Keras gives by its name."""

    @property
    def identity(self) -> str:
        """Which model it is: the file and the beginning of its SHA-256, or name and weights."""
        model = self.settings["model"]
        if self.model_sha256 is None:
            return f"{model}, weights {self.settings['weights']}"
        name = "of the demo" if model == "demo" else model
        return f"{name} (SHA-256 {self.model_sha256[:12]})"

    @property
    def source(self) -> str:
        """Where the images are from."""
        images = self.settings["images"]
        if images == "demo":
            return "of the demo, in the results folder"
        kind = "table" if Path(images).suffix in {".csv", ".parquet"} else "folder"
        return f"from the {kind} {images}"

    @cached_property
    def starts(self) -> list[int]:
        """The number of each shard's first image, and at last the number of images."""
        return [0, *itertools.accumulate(self.shards.values())]

    @property
    def count(self) -> int:
        """The number of images."""
        return self.starts[-1]

    @cached_property
    def labels(self) -> np.ndarray:
        """The index of each image's class, int32; -1 where it has no label."""
        return self.column("label_index", np.int32, -1)

    @cached_property
    def predicted(self) -> np.ndarray:
        """The index of the class that each image is called, int32."""
        return self.column("predicted_index", np.int32, None)

    @cached_property
    def probability(self) -> np.ndarray:
        """How sure that is, float32."""
        return self.column("probability", np.float32, None)

    @cached_property
    def known(self) -> np.ndarray:
        """Whether each image has a label."""
        return self.column("correct", np.int8, -1) >= 0

    @cached_property
    def wrong(self) -> np.ndarray:
        """Whether each image has a label and is called something else."""
        return self.column("correct", np.int8, -1) == 0

    @cached_property
    def own_channels(self) -> pd.DataFrame:
        """The channels that are counted, each once: without those of pooling layers, which pass on
        the channels before them; unless nothing else is watched.
        """
        kinds = {layer.name: layer.kind for layer in self.facts.layers}
        pooled = self.channels["layer"].map(kinds).fillna("").str.contains("Pooling")
        return self.channels if pooled.all() else self.channels[~pooled]

    @cached_property
    def confused(self) -> list[tuple[int, int, int]]:
        """(label, predicted, images) of the confused pairs of classes, the commonest first."""
        classes = len(self.class_names)
        keys = self.labels[self.wrong].astype(int) * classes + self.predicted[self.wrong]
        keys, counts = np.unique(keys, return_counts=True)
        labels, predicted = np.divmod(keys, classes)
        found = zip(labels.tolist(), predicted.tolist(), counts.tolist(), strict=True)
        return sorted(found, key=lambda pair: (-pair[2], pair))

    @cached_property
    def heat(self) -> "Heat":
        return _heat(self)


@dataclass(frozen=True)
class Heat:
    """Where the heat is, each image one vote whatever its strength.

    counts (K,) and sums (K, h, w): of each predicted class the images with heat and the sum of
    their shares; cells: the same for single (label, predicted) pairs, those of right answers and
    of the ``PAIRS`` commonest errors.
    """

    ninths: Ninths
    counts: np.ndarray
    sums: np.ndarray
    cells: dict[tuple[int, int], tuple[int, np.ndarray]]

    def mean(self, predicted: int | None = None) -> Any:
        """Count and mean share (h, w) of all images or of a class's; None without an image."""
        count, total = (
            (self.counts.sum(), self.sums.sum(axis=0))
            if predicted is None
            else (self.counts[predicted], self.sums[predicted])
        )
        return int(count), total / count if count else None


def _heat(audit: Results) -> Heat:
    classes = len(audit.class_names)
    pairs = [(at, at) for at in range(classes)] + [pair[:2] for pair in audit.confused[:PAIRS]]
    place = {label * classes + predicted: at for at, (label, predicted) in enumerate(pairs)}
    ninths = Ninths.empty(audit.count, classes)
    counts, cell_counts = np.zeros(classes, int), np.zeros(len(pairs), int)
    sums, cell_sums = np.empty(0), np.empty(0)
    for shard, start, end in zip(audit.shards, audit.starts, audit.starts[1:], strict=False):
        maps = audit.maps(shard)["maps"][: end - start].astype(np.float64)
        said, true = audit.predicted[start:end], audit.labels[start:end].astype(int)
        right = audit.known[start:end] & ~audit.wrong[start:end]
        ninths.add(start, regions.region_shares(maps), said, right)
        total = maps.sum(axis=(1, 2))
        hot = np.flatnonzero(total > 0)
        shares = maps[hot] / total[hot, None, None]
        said, true = said[hot], true[hot]
        if not sums.size:
            sums, cell_sums = (
                np.zeros((classes, *maps.shape[1:])),
                np.zeros((len(pairs), *maps.shape[1:])),
            )
        np.add.at(counts, said, 1)
        np.add.at(sums, said, shares)
        keys = np.where(true >= 0, true * classes + said, -1)
        cell = np.array([place.get(key, -1) for key in keys.tolist()], int)
        np.add.at(cell_counts, cell[cell >= 0], 1)
        np.add.at(cell_sums, cell[cell >= 0], shares[cell >= 0])
    cells = {
        pair: (int(cell_counts[at]), cell_sums[at])
        for at, pair in enumerate(pairs)
        if cell_counts[at]
    }
    return Heat(ninths, counts, sums, cells)
