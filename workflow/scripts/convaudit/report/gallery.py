"""The gallery's data: columns of all images to filter and sort by, and each shard when it is seen.

Pages on disk may not fetch files, so data comes as scripts that call ``convaudit``. Columns are
typed arrays in base64, 15 bytes an image: a million images take 20 megabytes. What is only sorted
by is a script a column, 4 bytes an image, that is loaded when it is asked for.
"""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from convaudit.overlays import fitted
from convaudit.report.names import short
from convaudit.report.tables import Audit
from convaudit.report.thumbs import SIZE

RANKED = ("logit", "true_probability", "width", "height", "area", "aspect")
NO_LABEL = 65535
NO_HEAT = 255


def write(folder: Path, audit: Audit) -> None:
    """Write ``columns.js``, ``{shard}.js`` for each shard and ``rank-{column}.js`` for each column
    that is only sorted by.
    """
    folder.mkdir()
    numbers = {name: number for number, name in enumerate(audit.class_names)}
    paths = []
    for rows, stored in audit.by_shard():
        shard = str(rows["shard"].iat[0])
        text = _call("shard", shard, _shard(rows, stored, audit, numbers))
        (folder / f"{shard}.js").write_text(text, encoding="utf-8")
        paths.append(pa.array(rows["path"], pa.large_string()))
    (folder / "columns.js").write_text(_call("columns", columns(audit)), encoding="utf-8")
    for name, ranks in _ranks(audit.predictions, pa.chunked_array(paths, pa.large_string())):
        text = _call("ranks", name, _pack(ranks, np.uint32))
        (folder / f"rank-{name}.js").write_text(text, encoding="utf-8")


def _ranks(rows: pd.DataFrame, paths: pa.ChunkedArray) -> Iterator[tuple[str, np.ndarray]]:
    """Each image's place among all by a column, equal ones sharing it; a missing value is the
    least. Names are in falling order, so that the first comes first as the greatest number does.
    """
    yield "path", pc.rank(paths, "descending", tiebreaker="dense").to_numpy()
    sides = rows.assign(area=rows["width"] * rows["height"], aspect=rows["width"] / rows["height"])
    for name in RANKED:
        yield name, sides[name].rank(method="dense", na_option="top").to_numpy()


def columns(audit: Audit) -> dict[str, Any]:
    """What all images are filtered and sorted by, in the order of shards and rows."""
    rows = audit.predictions
    regions = audit.heat.regions
    empty = np.isnan(regions[:, 0])
    known = np.nan_to_num(regions)
    return {
        "count": len(rows),
        "names": [short(name) for name in audit.class_names],
        "shards": audit.shards,
        "starts": audit.starts,
        "photos": audit.photos,
        "picture": fitted(audit.facts["input"], SIZE),
        "label": _pack(rows["label_index"].fillna(NO_LABEL), np.uint16),
        "predicted": _pack(rows["predicted_index"], np.uint16),
        "probability": _bytes(rows["probability"].to_numpy(np.float32)),
        "strength": _pack(_levels(rows["map_max"]), np.uint16),
        "concentration": _pack(rows["heat_concentration"].fillna(0) * 255, np.uint8),
        "border": _pack(rows["heat_border"].fillna(0) * 255, np.uint8),
        "region": _pack(np.where(empty, NO_HEAT, known.argmax(axis=1)), np.uint8),
        "share": _pack(known.max(axis=1) * 65535, np.uint16),
    }


def _shard(
    rows: pd.DataFrame, stored: dict[str, np.ndarray], audit: Audit, numbers: dict[str, int]
) -> dict[str, Any]:
    maps = stored["maps"].astype(np.float32)
    first, more = maps[: len(rows)], maps[len(rows) :]
    peaks = first.max(axis=(1, 2), initial=0)
    order = {image_id: at for at, image_id in enumerate(rows["image_id"])}
    owners = np.array([order[i] for i in stored["image_id"][len(rows) :].tolist()], int)
    # A further map of an image is on the scale of whichever of its maps is the stronger.
    tops = peaks.copy()
    np.maximum.at(tops, owners, more.max(axis=(1, 2), initial=0))
    shard = str(rows["shard"].iat[0])
    return {
        "ids": rows["image_id"].tolist(),
        "paths": rows["path"].tolist(),
        "overlays": [audit.overlay(shard, image_id) for image_id in rows["image_id"]],
        "sprites": audit.sprites(shard),
        "height": maps.shape[1],
        "width": maps.shape[2],
        "maps": _pack(_against(first, peaks), np.uint8),
        "further": {
            "rows": owners.tolist(),
            "classes": stored["class_index"][len(rows) :].tolist(),
            "maps": _pack(_against(more, tops[owners]), np.uint8),
        },
        "top": [[numbers[name] for name in names] for names in rows["top_classes"]],
        "scores": [[_score(p) for p in each] for each in rows["top_probabilities"]],
        "truth": [None if p != p else _score(p) for p in rows["true_probability"]],
        "sizes": rows[["width", "height"]].to_numpy().tolist(),
    }


def _against(maps: np.ndarray, tops: np.ndarray) -> np.ndarray:
    """Maps (n, h, w) as levels 0..255 against a full heat for each (n,)."""
    tops = tops[:, None, None]
    return np.divide(maps, tops, out=np.zeros_like(maps), where=tops > 0) * 255


def _levels(strength: pd.Series) -> np.ndarray:
    """Strength of each map against the strongest, 0..65535."""
    values = strength.to_numpy(float)
    return values / max(values.max(initial=0), np.finfo(float).tiny) * 65535


def _pack(values: Any, kind: type) -> str:
    return _bytes(np.asarray(values).round().astype(kind))


def _bytes(values: np.ndarray) -> str:
    return base64.b64encode(values.tobytes()).decode()


def _score(probability: float) -> float:
    """To five digits; 0 and 1 only where it is exactly that."""
    value = float(probability)
    return value if value in (0, 1) else round(min(max(value, 1e-5), 1 - 1e-5), 5)


def _call(function: str, *arguments: Any) -> str:
    """A script that hands data to the page; nothing in it can end the script element."""
    texts = [json.dumps(argument, ensure_ascii=True) for argument in arguments]
    return f"convaudit.{function}({', '.join(texts)});\n".replace("</", "<\\/")
