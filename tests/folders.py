"""Small results folders made by hand, for tests of code that reads them."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from convaudit.attribution import map_statistics
from fabricated import FACTS
from planning.plan import Plan


def results(
    folder: Path,
    answers: pd.DataFrame,
    *,
    classes: list[str],
    model: str = "model-a",
    maps: np.ndarray | None = None,
    suspects: list[dict] | None = None,
    scaling: dict | None = None,
    properties: pd.DataFrame | None = None,
) -> Path:
    """Write the files of an audit of one shard that a comparison reads.

    Args:
        answers: columns path, sha256, label (None without a label), predicted, probability.
        maps: (n, h, w), not negative; None stands for 3 x 3 with a hot cell in the middle.
    """
    for part in ("index", "model", "gradcam/maps", "shortcuts"):
        (folder / part).mkdir(parents=True)
    count = len(answers)
    plan = Plan({"0000": (count, "")}, classes, [("last", "Conv2D")], model)
    (folder / "index" / "plan.json").write_text(json.dumps(asdict(plan)))
    facts = json.dumps(json.loads(FACTS.to_json()) | {"classes": len(classes)})
    (folder / "model" / "model.json").write_text(facts)
    tried = {"used": "unit", "images": 0, "accuracies": {}, "better": None}
    (folder / "model" / "scaling.json").write_text(json.dumps(tried | (scaling or {})))
    answers[["path", "sha256"]].to_parquet(folder / "index" / "ledger.parquet", index=False)
    if maps is None:
        maps = np.zeros((count, 3, 3), np.float32)
        maps[:, 1, 1] = 1
    table = pd.concat([_predictions(answers, classes, maps), properties], axis=1)
    table.to_parquet(folder / "predictions.parquet", index=False)
    packed, scale = map_statistics.pack(maps.astype(np.float32))
    index = answers["predicted"].map(classes.index).to_numpy(np.int32)
    np.savez(folder / "gradcam/maps/0000.npz", maps=packed, scale=scale, class_index=index)
    if suspects is not None:
        text = json.dumps({"suspects": suspects})
        (folder / "shortcuts" / "interventions.json").write_text(text)
    return folder


def answers(rows: list[tuple[str, str | None, str]], probability: float = 0.9) -> pd.DataFrame:
    """A table of answers from (content, label, predicted); a path is made of label and content."""
    return pd.DataFrame(
        {
            "path": [f"{label}/{content}.jpg" for content, label, _ in rows],
            "sha256": [content for content, _, _ in rows],
            "label": [label for _, label, _ in rows],
            "predicted": [predicted for _, _, predicted in rows],
            "probability": probability,
        }
    )


def _ids(answers: pd.DataFrame) -> pd.Series:
    return "id-" + answers["path"]


def _predictions(answers: pd.DataFrame, classes: list[str], maps: np.ndarray) -> pd.DataFrame:
    label = answers["label"].map(lambda name: classes.index(name) if name else None)
    rest = (1 - answers["probability"]) / max(1, len(classes) - 1)
    best = [[name, *(c for c in classes if c != name)] for name in answers["predicted"]]
    return pd.DataFrame(
        {
            "image_id": _ids(answers),
            "path": answers["path"],
            "label_index": label.astype("Int32"),
            "predicted_index": answers["predicted"].map(classes.index).astype(np.int32),
            "probability": answers["probability"].astype(np.float32),
            "true_probability": answers["probability"].astype(float),
            "top_classes": best,
            "top_probabilities": [
                [p, *[q] * (len(classes) - 1)]
                for p, q in zip(answers["probability"], rest, strict=True)
            ],
            "map_empty": ~maps.any(axis=(1, 2)),
            "shard": "0000",
            "row": np.arange(len(answers), dtype=np.int32),
        }
    )
