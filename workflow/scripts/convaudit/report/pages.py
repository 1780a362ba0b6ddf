"""Turns an audit's tables into pages that open from disk, without a server or a network."""

from pathlib import Path
from shutil import copyfile
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from convaudit.report import charts, dossier, gallery, measures
from convaudit.report.names import short
from convaudit.report.tables import Audit

HERE = Path(__file__).parent
MOST_CLASSES = 40
"""A confusion matrix of more classes than this is shown as its commonest pairs alone."""
MOST_ERRORS = 60
"""Errors shown on the first page, worst first; the gallery has them all."""


def write_report(folder: Path, audit: Audit, summary: dict[str, Any]) -> None:
    """Write ``index.html``, a page for each layer and the data that the pages load."""
    environment = Environment(
        loader=PackageLoader("convaudit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = _percent
    environment.filters["short"] = short
    for name in ("style.css", "gallery.js"):
        copyfile(HERE / "static" / name, folder / name)
    gallery.write(folder / "data", audit)
    layers = _layers(audit)
    page = environment.get_template("index.html").render(
        audit=audit,
        facts=audit.facts,
        model=Path(audit.settings["model"]).name,
        images=Path(audit.settings["images"]).name,
        summary=summary,
        findings=summary["findings"],
        heat=_class_heat(audit),
        errors=_errors(audit),
        confusion=_confusion(audit),
        classes=_classes(audit),
        reliability=charts.reliability(summary["calibration"]),
        histogram=charts.histogram(audit.predictions["probability"].to_numpy(float)),
        examples=_examples(audit),
        layers=layers,
        sizes=_sizes(audit.predictions),
    )
    (folder / "index.html").write_text(page, encoding="utf-8")
    (folder / "layers").mkdir()
    cells = dossier.Cells(audit)
    for layer in layers:
        text = environment.get_template("layer.html").render(
            layer=layer,
            gap=audit.settings["filters"]["margin"] / audit.settings["filters"]["size"],
            channels=dossier.channels(audit, layer["name"], layer["id"], cells),
        )
        (folder / "layers" / f"{layer['id']}.html").write_text(text, encoding="utf-8")


def _percent(value: float | None, digits: int = 1) -> str:
    return "–" if value is None or np.isnan(value) else f"{value:.{digits}%}"


def _class_heat(audit: Audit) -> list[dict[str, Any]]:
    """The mean heat of each predicted class and of each confusion, on one scale."""
    found: list[dict[str, Any]] = []
    for index, name in enumerate(audit.class_names):
        count, mean = audit.heat.mean(predicted=index)
        if count:
            found.append(
                {"title": f"called {short(name)}", "count": count, "mean": mean, "kind": "class"}
            )
    for (label, predicted), (count, total) in sorted(
        audit.heat.cells.items(), key=lambda cell: -cell[1][0]
    ):
        if label >= 0:
            title = (
                f"{short(audit.class_names[label])} called {short(audit.class_names[predicted])}"
            )
            kind = "right" if label == predicted else "wrong"
            found.append({"title": title, "count": count, "mean": total / count, "kind": kind})
    found = found[: 3 * MOST_CLASSES]
    top = max((entry["mean"].max() for entry in found), default=1.0)
    for entry in found:
        mean = entry.pop("mean")
        regions = measures.region_shares(mean[None])[0]
        entry["picture"] = charts.heat_picture(mean / top)
        entry["region"] = measures.REGIONS[int(regions.argmax())]
        entry["share"] = float(regions.max())
        entry["corners"] = float(regions[[0, 2, 6, 8]].sum())
    return found


def _errors(audit: Audit) -> list[dict[str, Any]]:
    """The most confident errors, worst first, with the cell of each in its sprite sheet."""
    wrong = audit.labelled[~audit.labelled["correct"].astype(bool)]
    worst = wrong.sort_values(["probability", "path"], ascending=[False, True]).head(MOST_ERRORS)
    return [
        {
            "id": row.image_id,
            "path": row.path,
            "label": row.label,
            "predicted": row.predicted,
            "probability": row.probability,
            "overlay": audit.overlay(row.shard, row.image_id),
            "sprite": audit.sprite(row.shard),
            "x": row.row % 16,
            "y": row.row // 16,
            "empty": row.map_empty,
        }
        for row in worst.itertuples()
    ]


def _confusion(audit: Audit) -> dict[str, Any] | None:
    """The confusion matrix where it fits a page, and its commonest errors in any case."""
    if audit.labelled.empty:
        return None
    counts = _counts(audit)
    pairs = counts - np.diag(np.diag(counts))
    order = np.argsort(-pairs, axis=None, kind="stable")[:12]
    commonest = [
        {
            "label": audit.class_names[at // len(counts)],
            "predicted": audit.class_names[at % len(counts)],
            "count": int(pairs.flat[at]),
        }
        for at in order
        if pairs.flat[at]
    ]
    used = np.flatnonzero(counts.sum(axis=0) + counts.sum(axis=1))
    if len(used) > MOST_CLASSES:
        return {"names": [], "rows": [], "commonest": commonest}
    rows = [
        {
            "name": audit.class_names[label],
            "cells": [
                {
                    "count": int(counts[label, predicted]),
                    "share": counts[label, predicted] / max(1, counts[label].sum()),
                    "right": label == predicted,
                }
                for predicted in used
            ],
        }
        for label in used
    ]
    names = [audit.class_names[index] for index in used]
    return {"names": names, "rows": rows, "commonest": commonest}


def _counts(audit: Audit) -> np.ndarray:
    labels = audit.labelled["label_index"].to_numpy(int)
    return measures.confusion(
        labels, audit.labelled["predicted_index"].to_numpy(int), len(audit.class_names)
    )


def _classes(audit: Audit) -> list[dict[str, Any]]:
    if audit.labelled.empty:
        return []
    table = measures.per_class(_counts(audit), audit.class_names)
    ordered = table.rename_axis("index").reset_index().sort_values(["recall", "name"])
    return ordered.to_dict("records")


def _examples(audit: Audit) -> list[dict[str, Any]]:
    rows = audit.predictions.set_index("image_id")
    return [
        {
            "id": image_id,
            "path": rows.at[image_id, "path"],
            "label": rows["label"].astype(object).where(rows["label"].notna(), None).at[image_id],
            "predicted": rows.at[image_id, "predicted"],
            "probability": rows.at[image_id, "probability"],
            "overlay": audit.overlay(rows.at[image_id, "shard"], image_id),
            "grids": grids,
        }
        for image_id, grids in audit.activations.items()
    ]


def _layers(audit: Audit) -> list[dict[str, Any]]:
    """The layers that have something to show, with their place in the network."""
    counted = audit.channels.groupby("layer")["dead"].agg(["size", "sum"])
    return [
        {
            **layer,
            "channels": int(counted["size"].get(layer["name"], layer["shape"][-1])),
            "dead": int(counted["sum"].get(layer["name"], 0)),
            "grid": audit.filters.get(layer["id"], (None,))[0],
        }
        for layer in audit.facts["layers"]
        if layer["name"] in counted.index or layer["id"] in audit.filters
    ]


def _sizes(predictions: pd.DataFrame) -> dict[str, Any]:
    height, width = predictions["height"], predictions["width"]
    common = predictions.groupby(["width", "height"]).size().sort_values(ascending=False).head(5)
    return {
        "smallest": f"{width.min()} × {height.min()}",
        "largest": f"{width.max()} × {height.max()}",
        "aspect": f"{(width / height).min():.2f} to {(width / height).max():.2f}",
        "common": [f"{w} × {h} ({count})" for (w, h), count in common.items()],
    }
