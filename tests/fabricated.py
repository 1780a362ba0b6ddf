"""Fabricate the results of an audit of any size, to test the report without running the audit.

Image i of n has the class i % 1000 and is predicted as the next class if i % 10 is 3. Its heat
gathers in ninth i % 9. Image ``PLANTED`` x n is the only one with a confidence over 98 %.
"""

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import verdict
from convaudit.attribution import map_statistics
from convaudit.drawing.encoding import encode_jpeg
from convaudit.drawing.sprites import SHEET, sprites
from convaudit.models.facts import LayerInfo, ModelChoices, ModelFacts, ModelSource
from convaudit.verdict.policy import load
from planning.plan import Plan
from planning.settings import Settings

CLASSES, SIDE, CHANNELS = 1000, 7, 512
PLANTED = 0.7
SURE = 0.995
NAMES = np.array([f"class {number}" for number in range(CLASSES)])
LAYER = LayerInfo("last", "last", "Conv2D", (SIDE, SIDE, CHANNELS), 9, True, True)
SETTINGS = {
    "model": "fabricated.keras",
    "images": "photos",
    "weights": "imagenet",
    "classes": "auto",
    "overlays": "all",
    "seed": 0,
    "shortcuts": {"enabled": False},
    "preprocess": {"scaling": "unit", "interpolation": "area"},
    "filters": {"margin": 5, "size": 64},
    "activations": {"per_row": 16, "keep": "none"},
    "trust": {"enabled": True},
    "gradcam": {"layer": "auto", "method": "gradcam", "score": "logit"},
}
FACTS = ModelFacts(
    format="Keras 3",
    keras_version="3.0.0",
    family=None,
    input=(224, 224, 3),
    input_open=False,
    outputs=["head"],
    classes=CLASSES,
    head="softmax",
    target_layer="last",
    target_why="the last one",
    last_layer="last",
    scaling="unit",
    channels="rgb",
    scaling_known=True,
    scaling_why="as the config says",
    parameters=9,
    layers=(LAYER,),
)


def settings_of_report(folder: Path) -> dict[str, object]:
    """The arguments of the report's function for the results in ``folder``."""
    return {
        "settings": Settings.model_validate(SETTINGS | {"preprocess": {"scaling": "unit"}}),
        "layers": {},
        "model": ModelSource("demo", "fabricated.keras"),
        "choices": ModelChoices(),
        "key": "",
        "metrics": str(folder / "metrics.json"),
        "verdict": str(folder / "verdict.json"),
        "page": str(folder / "report"),
        "summary": str(folder / "summary.json"),
        "manifest": str(folder / "manifest-sha256.txt"),
        "origin": str(folder / "provenance.json"),
        "threads": 2,
    }


def settings_of_verdict(folder: Path) -> dict[str, object]:
    """The arguments of the verdict's function for the results in ``folder``."""
    return {
        "predictions": str(folder / "predictions.parquet"),
        "scores": [str(path) for path in sorted(folder.glob("predict/*.scores.npz"))],
        "ledger": str(folder / "index" / "ledger.parquet"),
        "quarantine": str(folder / "quarantine.csv"),
        "channels": str(folder / "channels.parquet"),
        "facts": str(folder / "model" / "model.json"),
        "scaling": str(folder / "model" / "scaling.json"),
        "optional": {"near_duplicates": str(folder / "near_duplicates.json")},
        "plan": folder / "index",
        "model": ModelSource("demo", "fabricated.keras"),
        "choices": ModelChoices(),
        "policy": load("default"),
        "expired": [],
        "audit_key": "key",
        "about": {"model": "fabricated.keras", "images": "photos"},
        "metrics": str(folder / "metrics.json"),
        "result": str(folder / "verdict.json"),
        "junit": str(folder / "junit.xml"),
        "markdown": str(folder / "summary.md"),
    }


def results(folder: Path, count: int, *, overlays: bool = True) -> None:
    """Write the files that the report reads for ``count`` images; pictures link to a few files."""
    for part in ("index", "model", "predict", "activations", "gradcam/maps", "gradcam/sprites"):
        (folder / part).mkdir(parents=True)
    size = max(512, -(-count // 1000))
    shards = {f"{number:04d}": (size, "") for number in range(-(-count // size))}
    plan = Plan(shards, NAMES.tolist(), [("last", "Conv2D")], "demo")
    (folder / "index" / "plan.json").write_text(json.dumps(asdict(plan)))
    (folder / "model" / "model.json").write_text(FACTS.to_json())
    tried = {"used": "unit", "images": 0, "accuracies": {}, "better": None}
    (folder / "model" / "scaling.json").write_text(json.dumps(tried))
    (folder / "trust").mkdir()
    (folder / "trust" / "trust.json").write_text("null")
    (folder / "near_duplicates.json").write_text("null")
    (folder / "quarantine.csv").write_text("path,reason\n")
    _channels(count).to_parquet(folder / "channels.parquet", index=False)
    _sprites(folder / "gradcam" / "sheets")
    writers: dict[str, pq.ParquetWriter] = {}
    for number, start in enumerate(range(0, count, size)):
        shard = f"{number:04d}"
        table, ledger, maps = _shard(np.arange(start, min(count, start + size)), count, shard)
        np.savez(folder / "gradcam" / "maps" / f"{shard}.npz", **maps)
        scores = np.eye(CLASSES, dtype=np.float32)[table["predicted_index"][:2]]
        np.savez(folder / "predict" / f"{shard}.scores.npz", row=np.arange(2), scores=scores)
        (folder / "gradcam" / "sprites" / shard).symlink_to("../sheets")
        for name, part in {"predictions.parquet": table, "index/ledger.parquet": ledger}.items():
            if name not in writers:
                writers[name] = pq.ParquetWriter(folder / name, part.schema)
            writers[name].write_table(part)
        if overlays:
            _overlays(folder / "gradcam" / "overlays" / shard, table["image_id"].to_pylist())
    for writer in writers.values():
        writer.close()
    verdict.verdict(**settings_of_verdict(folder))


def again(results: Path, folder: Path, *, model: str = "demo", files: str | None = None) -> None:
    """Copy an audit with the answers of another model, or with other files.

    Every 17th image is predicted as its true class. ``files`` is the hexadecimal digit with which
    the hashes of the files begin.
    """
    shutil.copytree(results, folder, symlinks=True)
    plan = json.loads((folder / "index" / "plan.json").read_text())
    (folder / "index" / "plan.json").write_text(json.dumps(plan | {"model": model}))
    source = pq.ParquetFile(results / "predictions.parquet")
    with pq.ParquetWriter(folder / "predictions.parquet", source.schema_arrow) as writer:
        for group in range(source.num_row_groups):
            rows = source.read_row_group(group).to_pandas()
            changed = rows.index % 17 == 3
            for name in ("predicted", "predicted_index"):
                rows.loc[changed, name] = rows.loc[changed, name.replace("predicted", "label")]
            rows["correct"] = rows["label_index"] == rows["predicted_index"]
            table = pa.Table.from_pandas(rows, schema=source.schema_arrow, preserve_index=False)
            writer.write_table(table)
    if files:
        ledger = pd.read_parquet(folder / "index" / "ledger.parquet")
        ledger["sha256"] = files + ledger["sha256"].str[1:]
        ledger.to_parquet(folder / "index" / "ledger.parquet", index=False)


def _id(number: int) -> str:
    return f"image-{number:07d}-0123abcd"


def _path(number: int) -> str:
    return f"class-{number % CLASSES:04d}/image-{number:07d}.jpg"


def _shard(numbers: np.ndarray, count: int, shard: str) -> tuple[pa.Table, pa.Table, dict]:
    random = np.random.default_rng(int(shard))
    label = numbers % CLASSES
    right = numbers % 10 != 3
    said = np.where(right, label, (label + 1) % CLASSES)
    probability = 0.2 + 0.78 * (numbers * 7919 % 65521) / 65521
    probability[numbers == int(PLANTED * count)] = SURE
    wrong = np.flatnonzero(~right)
    maps = random.random((len(numbers) + len(wrong), SIDE, SIDE)).astype(np.float32)
    ninth = numbers % 9
    maps[np.arange(len(numbers)), 1 + ninth // 3 * 2, 1 + ninth % 3 * 2] = 20
    ids = [_id(number) for number in numbers.tolist()]
    paths = [_path(number) for number in numbers.tolist()]
    other = NAMES[(said + 1) % CLASSES]
    predictions = {
        "image_id": ids,
        "path": paths,
        "label": NAMES[label],
        "label_index": label.astype(np.int32),
        "predicted": NAMES[said],
        "predicted_index": said.astype(np.int32),
        "probability": probability.astype(np.float32),
        "logit": probability.astype(np.float32),
        "true_probability": np.where(right, probability, 1 - probability),
        "true_rank": np.where(right, 1, 2).astype(np.int32),
        "brier": np.where(right, 0.1, 1.2),
        "correct": right,
        "top_classes": np.stack([NAMES[said], other], axis=1).tolist(),
        "top_probabilities": np.stack([probability, 1 - probability], axis=1).tolist(),
        **map_statistics.measure(maps[: len(numbers)]),
        "shard": [shard] * len(numbers),
        "row": np.arange(len(numbers), dtype=np.int32),
        "height": np.full(len(numbers), 375),
        "width": np.full(len(numbers), 500),
        "bits": np.full(len(numbers), 8),
    }
    ledger = {"path": paths, "label": NAMES[label], "sha256": [f"{i:064x}" for i in numbers]}
    packed, scale = map_statistics.pack(maps)
    first, rest = slice(0, len(numbers)), slice(len(numbers), None)
    stored = {
        "image_id": np.array(ids),
        "class_index": said.astype(np.int32),
        "maps": packed[first],
        "scale": scale[first],
        "true_image_id": np.array(ids)[wrong],
        "true_class_index": label[wrong].astype(np.int32),
        "true_maps": packed[rest],
        "true_scale": scale[rest],
    }
    return pa.table(predictions), pa.table(ledger), stored


def _channels(count: int) -> pd.DataFrame:
    """Channels whose strongest images are spread over all shards."""
    spread = np.linspace(0, count - 1, CHANNELS * 7).astype(int).reshape(7, CHANNELS).T
    return pd.DataFrame(
        {
            "layer": "last",
            "channel": range(CHANNELS),
            "mean": 1.0,
            "std": 1.0,
            "max": np.linspace(1, 2, CHANNELS),
            "active_fraction": 0.5,
            "dead": False,
            "top_images": [[_id(number) for number in row] for row in spread.tolist()],
            "top_values": [[2.0] * 7] * CHANNELS,
            "top_y": [[0.5] * 7] * CHANNELS,
            "top_x": [[0.5] * 7] * CHANNELS,
            "histogram": [[1] * 42] * CHANNELS,
            "class_means": [[]] * CHANNELS,
            "selectivity": np.nan,
            "selective_for": pd.array([None] * CHANNELS, "Int32"),
        }
    )


def _sprites(folder: Path) -> None:
    """The sheets of a shard of a thousand images, each of a colour of its own."""
    folder.mkdir()
    cells = np.arange(16 * SHEET, dtype=np.uint32) * 7919
    colours = np.stack([cells % 256, cells // 7 % 256, cells // 49 % 256], axis=1)
    pictures = colours.astype(np.uint8)[:, None, None].repeat(128, axis=1).repeat(128, axis=2)
    for number, sheet in enumerate(pictures.reshape(-1, SHEET, 128, 128, 3)):
        (folder / f"{number}.jpg").write_bytes(encode_jpeg(sprites(sheet)))


def _overlays(folder: Path, ids: list[str]) -> None:
    """One picture per shard, with a link for every image."""
    folder.mkdir(parents=True)
    picture = cv2.imencode(".jpg", np.full((375, 500, 3), 90, np.uint8))[1].tobytes()
    first = folder / f"{ids[0]}.jpg"
    first.write_bytes(picture)
    for name in ids[1:]:
        os.link(first, folder / f"{name}.jpg")
