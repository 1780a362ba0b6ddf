"""The results of an audit, read once, and what the report derives from them.

The table of predictions is in memory: of a million images it takes some 500 MB. Saliency maps are
read shard by shard.
"""

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from convaudit.activations.own_channels import own_channels
from convaudit.attribution import map_statistics
from convaudit.checks.duplicates import duplicates
from convaudit.dataset import labels
from convaudit.dataset.depth import depth_notes
from convaudit.metrics.cues import Cue
from convaudit.models.facts import ModelChoices, ModelFacts
from convaudit.report.mean_maps import MeanMaps, mean_maps
from convaudit.verdict.numbers import confirmed_cues, tried_suspects

PAIRS = 40
"""Number of confused pairs that have a page of their own and a mean map."""
_KEPT = ("image_id", "class_index", "maps", "scale")
"""Arrays of a shard's file of maps; with the prefix ``true_`` those of errors' true classes."""


@dataclass(frozen=True)
class Results:
    """Everything that the report shows. Paths are relative to the report's folder.

    Attributes:
        facts: the facts of the model, with the config's choices.
        scaling_check: result of ``checks.scaling_check``, the content of ``model/scaling.json``.
        class_names: in index order.
        predictions: ``predictions.parquet``, the images of a shard one after the other.
        quarantine: ``quarantine.csv``: path, reason.
        duplicates: files that are equal byte for byte (``checks.duplicates``).
        channels: ``channels.parquet``.
        maps: reads a shard's maps: image_id (n,), class_index (n,) and maps (n, h, w), the first
            map of each image first.
        photos: address that the images' paths are appended to; None if they can't be found.
        filters: by layer id the path of its grid and its table.
        activations: by image id the paths of its grids by layer name.
        settings: the config, without the results folder.
        command: a command line that makes this audit again.
        provenance: versions and revision of the code.
        assumptions: assumptions about the images and their labels, one sentence each.
        other_files: number of files beside the images that are no images, by file ending.
        near_duplicates: numbers of ``checks.near_duplicates``, as in ``near_duplicates.json``.
        trust: result of ``trust.map_tests``, the content of ``trust/trust.json``; None if not
            tested.
        model_sha256: SHA-256 of the model's file; None for a model of keras.applications.
        shortcuts: ``interventions.json``; None if the audit did not search for shortcuts.
        strips: folder with the pictures of the experiments.
    """

    facts: ModelFacts
    scaling_check: dict[str, Any]
    class_names: list[str]
    predictions: pa.Table
    quarantine: pd.DataFrame
    duplicates: pd.DataFrame
    channels: pd.DataFrame
    maps: Callable[[str], dict[str, np.ndarray]]
    photos: str | None
    filters: dict[str, tuple[str, pd.DataFrame]]
    activations: dict[str, dict[str, str]]
    settings: dict[str, Any]
    command: str
    provenance: dict[str, Any]
    assumptions: tuple[str, ...] = ()
    other_files: dict[str, int] = field(default_factory=dict)
    model_sha256: str | None = None
    shortcuts: dict[str, Any] | None = None
    strips: Path = Path()
    near_duplicates: dict[str, Any] | None = None
    trust: dict[str, Any] | None = None

    def column(self, name: str, dtype: Any, missing: Any = None) -> np.ndarray:
        """A column of the predictions as (n,) numbers.

        Args:
            name: of the column.
            dtype: NumPy type of the numbers.
            missing: replaces missing values; None if there are none.
        """
        values = self.predictions[name].cast(pa.from_numpy_dtype(dtype))
        return (values if missing is None else values.fill_null(missing)).to_numpy()

    def rows(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield columns of the predictions, one table per shard."""
        chosen = self.predictions.select(list(columns))
        for start, count in zip(self.starts, self.shards.values(), strict=False):
            yield chosen.slice(start, count)

    def overlay(self, shard: str, image_id: str) -> str:
        """Path of an image's overlay."""
        return f"../gradcam/overlays/{shard}/{image_id}.jpg"

    def sprites(self, shard: str) -> str:
        """Path of the folder with a shard's sprite sheets: 0.jpg, 1.jpg and so on."""
        return f"../gradcam/sprites/{shard}"

    @property
    def suspects_tried(self) -> bool:
        """True if shortcuts were searched for, in at least one class, and tried by experiment."""
        return tried_suspects(self.shortcuts, len(self.class_names)) is not None

    @cached_property
    def shards(self) -> dict[str, int]:
        """Number of images of each shard that has any, in the order of the predictions."""
        counts = self.predictions["shard"].value_counts().to_pylist()
        return {entry["values"]: entry["counts"] for entry in counts}

    @cached_property
    def starts(self) -> list[int]:
        """Row of each shard's first image in the predictions, and at the end the row count."""
        return [0, *itertools.accumulate(self.shards.values())]

    @property
    def count(self) -> int:
        """Number of images."""
        return self.predictions.num_rows

    @property
    def identity(self) -> str:
        """The model in words: file name and first digits of its SHA-256, or name and weights."""
        model = self.settings["model"]
        if self.model_sha256 is None:
            return f"{model}, weights {self.settings['weights']}"
        name = "of the demo" if model == "demo" else model
        return f"{name} (SHA-256 {self.model_sha256[:12]})"

    @property
    def source(self) -> str:
        """The origin of the images in words."""
        images = self.settings["images"]
        if images == "demo":
            return "of the demo, in the results folder"
        kind = "table" if Path(images).suffix in {".csv", ".parquet"} else "folder"
        return f"from the {kind} {images}"

    @cached_property
    def labels(self) -> np.ndarray:
        """(n,) int32: index of each image's label, -1 if it has none."""
        return self.column("label_index", np.int32, -1)

    @cached_property
    def predicted(self) -> np.ndarray:
        """(n,) int32: index of each image's predicted class."""
        return self.column("predicted_index", np.int32)

    @cached_property
    def probability(self) -> np.ndarray:
        """(n,) float32: confidence, the probability of the predicted class."""
        return self.column("probability", np.float32)

    @cached_property
    def known(self) -> np.ndarray:
        """(n,) bool: whether the image has a label."""
        return self.column("correct", np.int8, -1) >= 0

    @cached_property
    def wrong(self) -> np.ndarray:
        """(n,) bool: whether the image has a label and another class is predicted."""
        return self.column("correct", np.int8, -1) == 0

    @cached_property
    def cues(self) -> list[Cue]:
        """The cues of the confirmed suspects, on all images."""
        ids = self.predictions["image_id"].to_pandas()
        names = self.class_names
        return confirmed_cues(self.shortcuts, ids, self.labels, self.predicted, names)

    @cached_property
    def own_channels(self) -> pd.DataFrame:
        """The channels that are counted, each once."""
        return own_channels(self.channels, self.facts)

    @cached_property
    def confusion(self) -> np.ndarray:
        """(classes, classes): number of images by label (row) and predicted class (column)."""
        counts = np.zeros((len(self.class_names),) * 2, int)
        np.add.at(counts, (self.labels[self.known], self.predicted[self.known]), 1)
        return counts

    @cached_property
    def confused(self) -> list[tuple[int, int, int]]:
        """(label, predicted class, images) of each confused pair, the commonest pair first."""
        errors = self.confusion - np.diag(np.diag(self.confusion))
        pairs = [(i, j, int(errors[i, j])) for i, j in np.argwhere(errors).tolist()]
        return sorted(pairs, key=lambda pair: (-pair[2], pair))

    @cached_property
    def mean_maps(self) -> MeanMaps:
        """Mean maps of classes and confused pairs, and each image's shares by region."""
        shards = (
            self.maps(shard)["maps"][:count].astype(np.float64)
            for shard, count in self.shards.items()
        )
        pairs = [(index, index) for index in range(len(self.class_names))]
        pairs += [(label, predicted) for label, predicted, _ in self.confused[:PAIRS]]
        return mean_maps(shards, self.labels, self.predicted, len(self.class_names), pairs)


def read(
    folder: Path,
    *,
    choices: ModelChoices,
    class_names: list[str] | None,
    layers: Sequence[str],
    notes: Sequence[str],
    other_files: dict[str, int],
    settings: dict[str, Any],
    command: str,
    provenance: dict[str, Any],
    model_sha256: str | None = None,
) -> Results:
    """Read the results of an audit.

    Args:
        folder: the results folder.
        choices: the config's choices for the model.
        class_names: in index order; None if there are no labels or the labels are the indices.
        layers: ids of the layers whose filters were drawn.
        notes: assumptions that were made when the images were listed.
        other_files: as in ``Results``.
        settings, command, provenance, model_sha256: as in ``Results``.
    """
    facts = ModelFacts.read(folder / "model" / "model.json", choices)
    quarantine = pd.read_csv(folder / "quarantine.csv", dtype=str, keep_default_na=False)
    examples = sorted(path for path in (folder / "activations").iterdir() if path.is_dir())
    predictions = pq.read_table(folder / "predictions.parquet")
    return Results(
        facts=facts,
        scaling_check=json.loads((folder / "model" / "scaling.json").read_text()),
        class_names=labels.of_model(class_names, facts.classes),
        predictions=predictions,
        quarantine=quarantine,
        duplicates=duplicates(
            pd.read_parquet(
                folder / "index" / "ledger.parquet", columns=["path", "label", "sha256"]
            ),
            unreadable=quarantine["path"],
        ),
        channels=pd.read_parquet(folder / "channels.parquet"),
        maps=partial(_read_maps, folder / "gradcam" / "maps"),
        photos=_photos(settings["images"]),
        filters={
            layer: (f"../filters/{layer}.png", pd.read_csv(folder / "filters" / f"{layer}.csv"))
            for layer in layers
        },
        activations={
            path.name: {
                layer.name: f"../activations/{path.name}/{layer.id}.png"
                for layer in facts.layers
                if (path / f"{layer.id}.png").exists()
            }
            for path in examples
        },
        settings={key: value for key, value in settings.items() if key not in {"results", "watch"}},
        command=command,
        provenance=provenance,
        assumptions=(*notes, *depth_notes(predictions["bits"].to_numpy())),
        other_files=other_files,
        model_sha256=model_sha256,
        shortcuts=_shortcuts(folder) if settings["shortcuts"]["enabled"] else None,
        strips=folder / "shortcuts" / "pairs",
        near_duplicates=json.loads((folder / "near_duplicates.json").read_text()),
        trust=json.loads((folder / "trust" / "trust.json").read_text())
        if settings["trust"]["enabled"]
        else None,
    )


def _shortcuts(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "shortcuts" / "interventions.json").read_text())


def _read_maps(folder: Path, shard: str) -> dict[str, np.ndarray]:
    with np.load(folder / f"{shard}.npz", allow_pickle=False) as stored:
        both = {
            key: np.concatenate([stored[prefix + key] for prefix in ("", "true_")]) for key in _KEPT
        }
    return {**both, "maps": map_statistics.unpack(both["maps"], both.pop("scale"))}


def _photos(images: str) -> str | None:
    """The address of the photos for a page in ``results/report``; it is right unless folders were
    moved since the audit.
    """
    if images == "demo":
        return "../demo/images/"
    if Path(images).suffix in {".csv", ".parquet"}:
        images = str(Path(images).parent)
    if images.startswith("~"):
        return None
    return Path(images).as_uri() + "/" if Path(images).is_absolute() else f"../../{quote(images)}/"
