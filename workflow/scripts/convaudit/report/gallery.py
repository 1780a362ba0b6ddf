"""The gallery's data: columns of all images to filter and sort by, and each shard when it is seen.

Pages on disk may not fetch files, so data comes as scripts that call ``convaudit``. Columns are
typed arrays in base64: a million images take some fifteen megabytes.
"""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from convaudit.report.names import short
from convaudit.report.tables import Audit

NO_LABEL = 65535
NO_HEAT = 255


def write(folder: Path, audit: Audit) -> None:
    """Write ``columns.js`` and ``{shard}.js`` for each shard."""
    folder.mkdir()
    for rows, stored in audit.by_shard():
        shard = str(rows["shard"].iat[0])
        text = _call("shard", shard, _shard(rows, stored["maps"][: len(rows)], audit))
        (folder / f"{shard}.js").write_text(text, encoding="utf-8")
    (folder / "columns.js").write_text(_call("columns", _columns(audit)), encoding="utf-8")


def _columns(audit: Audit) -> dict[str, Any]:
    rows = audit.predictions
    regions = audit.heat.regions
    empty = np.isnan(regions[:, 0])
    hottest = np.where(empty, NO_HEAT, np.nan_to_num(regions).argmax(axis=1))
    codes = rows["shard"].map({shard: code for code, shard in enumerate(audit.shards)})
    return {
        "count": len(rows),
        "names": [short(name) for name in audit.class_names],
        "shards": audit.shards,
        "label": _pack(rows["label_index"].fillna(NO_LABEL), np.uint16),
        "predicted": _pack(rows["predicted_index"], np.uint16),
        "probability": _pack(rows["probability"] * 65535, np.uint16),
        "strength": _pack(_levels(rows["map_max"]), np.uint8),
        "concentration": _pack(rows["heat_concentration"].fillna(0) * 255, np.uint8),
        "region": _pack(hottest, np.uint8),
        "shard": _pack(codes, np.uint16),
        "row": _pack(rows["row"], np.uint16),
    }


def _shard(rows: pd.DataFrame, maps: np.ndarray, audit: Audit) -> dict[str, Any]:
    maps = maps.astype(np.float32)
    peaks = maps.max(axis=(1, 2), initial=0, keepdims=True)
    levels = np.divide(maps, peaks, out=np.zeros_like(maps), where=peaks > 0) * 255
    shard = str(rows["shard"].iat[0])
    return {
        "ids": rows["image_id"].tolist(),
        "paths": rows["path"].tolist(),
        "overlays": [audit.overlay(shard, image_id) for image_id in rows["image_id"]],
        "sprite": audit.sprite(shard),
        "height": maps.shape[1],
        "width": maps.shape[2],
        "maps": _pack(levels, np.uint8),
    }


def _levels(strength: pd.Series) -> np.ndarray:
    """Strength of each map against the strongest, 0..255."""
    values = strength.to_numpy(float)
    return values / max(values.max(initial=0), np.finfo(float).tiny) * 255


def _pack(values: Any, kind: type) -> str:
    return base64.b64encode(np.asarray(values).round().astype(kind).tobytes()).decode()


def _call(function: str, *arguments: Any) -> str:
    """A script that hands data to the page; nothing in it can end the script element."""
    texts = [json.dumps(argument, ensure_ascii=True) for argument in arguments]
    return f"convaudit.{function}({', '.join(texts)});\n".replace("</", "<\\/")
