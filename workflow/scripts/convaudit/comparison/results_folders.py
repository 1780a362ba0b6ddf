"""Read the columns of a finished audit that a comparison needs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from convaudit.dataset import labels
from convaudit.errors import AuditError
from convaudit.system.checksums import sha256

COLUMNS = (
    *("image_id", "path", "label_index", "predicted_index", "probability", "true_probability"),
    *("map_empty", "shard", "row"),
)
ANSWERS = {
    *COLUMNS,
    *("label", "predicted", "logit", "correct", "top_classes", "top_probabilities"),
    *("true_rank", "brier"),
    *("map_max", "heat_border", "heat_x", "heat_y", "heat_concentration"),
}
"""Columns of the predictions that hold the model's answer; all others describe the image."""


@dataclass(frozen=True)
class Finished:
    """A finished audit. It takes about 300 bytes of memory per image."""

    folder: Path
    name: str
    """Name of the audit in the comparison: its folder as the config gives it."""
    model: str
    """Identity of the model: the same text only for the same file or the same named weights."""
    model_name: str
    images_name: str
    predictions_sha256: str
    input: tuple[int, int]
    """Height and width of the network's input."""
    scaling: dict[str, Any]
    """Result of the scaling check: the content of ``model/scaling.json``."""
    class_names: list[str]
    searched: bool
    """True if the audit searched for shortcuts. (Files of an earlier search may still be there.)"""
    images: pd.DataFrame
    """One row per image, in the order of the predictions: ``COLUMNS`` and sha256; label_index is -1
    where there is no label.
    """

    @property
    def known(self) -> np.ndarray:
        """(n,) bool: the image has a label."""
        return self.images["label_index"].to_numpy() >= 0

    @property
    def right(self) -> np.ndarray:
        """(n,) bool: the image has a label and the prediction is right."""
        return self.images["label_index"].to_numpy() == self.images["predicted_index"].to_numpy()

    @property
    def probability(self) -> np.ndarray:
        """(n,) confidence: probability of the predicted class."""
        return self.images["probability"].to_numpy(np.float32)

    @property
    def map_size(self) -> tuple[int, int]:
        """Height and width of a map."""
        maps = next(self.maps())[2]
        return maps.shape[1], maps.shape[2]

    def outputs(self, top: int) -> tuple[np.ndarray, np.ndarray]:
        """Class indices and scores of every image's best classes, (n, top) each."""
        classes, scores = [], []
        names = pa.array(self.class_names)
        file = pq.ParquetFile(self.folder / "predictions.parquet")
        for part in file.iter_batches(columns=["top_classes", "top_probabilities"]):
            counts = pc.list_value_length(part["top_classes"]).to_numpy()
            found = pc.index_in(part["top_classes"].flatten(), names).to_numpy()
            classes.append(_first(found, counts, top))
            scores.append(_first(part["top_probabilities"].flatten().to_numpy(), counts, top))
        return np.concatenate(classes).astype(np.int32), np.concatenate(scores).astype(np.float32)

    @property
    def top(self) -> int:
        """Number of best classes that were stored for each image."""
        part = next(
            pq.ParquetFile(self.folder / "predictions.parquet").iter_batches(
                1, columns=["top_classes"]
            )
        )
        return len(part["top_classes"][0])

    def maps(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Shard by shard: rows in ``images`` (m,), index of the class that each first map explains
        (m,), and these maps (m, h, w) float32, not negative.
        """
        shards = self.images["shard"]
        for shard, rows in shards.groupby(shards, sort=False, observed=True).indices.items():
            path = self.folder / "gradcam" / "maps" / f"{shard}.npz"
            with np.load(path, allow_pickle=False) as stored:
                count = len(rows)
                maps = stored["maps"][:count].astype(np.float32)
                maps *= stored["scale"][:count, None, None]
                yield rows, stored["class_index"][:count], maps

    def properties(self) -> pd.DataFrame:
        """Numeric properties of each image, one column each: its size, properties of its file and
        pixels, and the numeric columns of the user's table.
        """
        path = self.folder / "predictions.parquet"
        numbers = [
            field.name
            for field in pq.read_schema(path)
            if field.name not in ANSWERS
            and (pa.types.is_integer(field.type) or pa.types.is_floating(field.type))
        ]
        return pq.read_table(path, columns=numbers).to_pandas()

    def suspects(self) -> list[dict[str, Any]] | None:
        """Suspects after their experiments, each with the outcomes of its ``trial`` if they were
        stored; None if the audit did not search for shortcuts.
        """
        path = self.folder / "shortcuts" / "interventions.json"
        if not self.searched or not path.exists():
            return None
        found = json.loads(path.read_text())
        trials = found.get("trials", {})
        return [{**each, "trial": trials.get(each["id"])} for each in found["suspects"]]


def read(folder: str | Path, config: dict[str, Any] | None = None) -> Finished:
    """Read a results folder.

    Args:
        config: the keys ``model``, ``images`` and ``shortcuts`` of the audit's config; None reads
            them from its report.

    Raises:
        AuditError: it holds no finished audit.
    """
    path = Path(folder)
    missing = [
        name
        for name in (
            "predictions.parquet",
            "index/ledger.parquet",
            "index/plan.json",
            "model/model.json",
            "model/scaling.json",
        )
        if not (path / name).exists()
    ]
    if missing:
        raise AuditError(
            f"config: compare: {folder} holds no finished audit (there is no {missing[0]}): run it "
            "to its end first"
        )
    plan = json.loads((path / "index" / "plan.json").read_text())
    # Read as plain JSON, not as ModelFacts: an earlier version may not have written every field.
    facts = json.loads((path / "model" / "model.json").read_text())
    settings = config or _settings(path)
    return Finished(
        folder=path,
        name=str(folder),
        model=_identity(path, plan["model"]),
        model_name=_called(settings.get("model"), "model", plan["model"][:12]),
        images_name=_called(settings.get("images"), "images", path.name),
        predictions_sha256=sha256(path / "predictions.parquet"),
        input=(facts["input"][0], facts["input"][1]),
        scaling=json.loads((path / "model" / "scaling.json").read_text()),
        class_names=labels.of_model(plan["class_names"], facts["classes"]),
        searched=settings.get("shortcuts", {}).get("enabled", True),
        images=_images(path),
    )


def _images(folder: Path) -> pd.DataFrame:
    table = pq.read_table(folder / "predictions.parquet", columns=list(COLUMNS))
    hashes = pq.read_table(folder / "index" / "ledger.parquet", columns=["path", "sha256"])
    images = table.to_pandas(types_mapper=_text)
    for name in ("label_index", "predicted_index"):
        images[name] = images[name].fillna(-1).astype(np.int32)
    images["shard"] = images["shard"].astype("category")
    ledger = hashes.to_pandas(types_mapper=_text)
    return images.merge(ledger, on="path", how="left", validate="one_to_one")


def _text(kind: pa.DataType) -> pd.ArrowDtype | None:
    """Texts stay in Arrow arrays, which take a tenth of the memory of Python's strings."""
    return (
        pd.ArrowDtype(kind) if pa.types.is_string(kind) or pa.types.is_large_string(kind) else None
    )


def _first(values: np.ndarray, counts: np.ndarray, top: int) -> np.ndarray:
    """The first ``top`` of each list, as (n, top)."""
    starts = np.cumsum(counts) - counts
    return values[starts[:, None] + np.arange(top)]


def _identity(folder: Path, planned: str) -> str:
    """The demo's model has no fixed identity, because the audit trains it: hash its file."""
    own = folder / "demo" / "model.keras"
    return sha256(own) if planned == "demo" and own.exists() else planned


def _settings(folder: Path) -> dict[str, Any]:
    """The audit's config from its report's summary; empty if there is no report yet."""
    path = folder / "report" / "config.json"
    return json.loads(path.read_text()) if path.exists() else {}


def _called(setting: str | None, what: str, otherwise: str) -> str:
    if setting is None:
        return otherwise
    return f"demo {what}" if setting == "demo" else Path(setting).name
