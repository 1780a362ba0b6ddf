"""Write the gallery's data: columns of all images for filters and sorting, and data of each shard.

Pages on disk may not fetch files, so the data are scripts that call functions of ``convaudit``.
Columns are typed arrays in base64 with 15 bytes per image: a million images take 20 megabytes.
Columns that are only sorted by, and properties, are scripts of their own with 4 bytes per image,
which the page loads when it needs them.
"""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from convaudit.dataset.table_files import META
from convaudit.drawing import overlays
from convaudit.drawing.sprites import COLUMNS, SHEET, SIDE, fitted
from convaudit.properties.catalogue import PROPERTIES
from convaudit.report.gallery.sort_orders import ranks
from convaudit.report.regions import REGIONS
from convaudit.report.results import Results
from convaudit.report.thumbnails import OPACITY
from convaudit.report.wording import short

NO_LABEL = np.uint16(65535)
"""Stands for the class index of an image without a label."""
PALETTES = ("inferno", "viridis", "cividis", "jet")
"""Colour maps that the gallery offers."""
FIELDS = (
    *("image_id", "path", "correct", "top_classes", "top_probabilities"),
    *("true_probability", "width", "height"),
)


def write(folder: Path, audit: Results) -> None:
    """Write ``columns.js``, ``{shard}.js`` for each shard, ``rank-{column}.js`` for each column
    that is only sorted by, ``paths.js`` for the search and ``value-{number}.js`` for each property.
    """
    folder.mkdir()
    numbers = {name: number for number, name in enumerate(audit.class_names)}
    for shard, rows in zip(audit.shards, audit.rows(FIELDS), strict=True):
        data = _shard(shard, rows.to_pandas(), audit.maps(shard), audit, numbers)
        (folder / f"{shard}.js").write_text(_call("shard", shard, data), encoding="utf-8")
    packed = {name: _packed(values) for name, values in columns(audit)}
    text = _call("columns", _about(audit) | packed)
    (folder / "columns.js").write_text(text, encoding="utf-8")
    with (folder / "paths.js").open("w", encoding="utf-8") as file:
        file.write('convaudit.paths("')
        for number, rows in enumerate(audit.rows(("path",))):
            text = "\0".join(rows["path"].to_pylist())
            escaped = json.dumps(text)[1:-1].replace("</", "<\\/")
            file.write((json.dumps("\0")[1:-1] if number else "") + escaped)
        file.write('");\n')
    for name, places in ranks(audit):
        text = _call("ranks", name, _packed(places))
        (folder / f"rank-{name}.js").write_text(text, encoding="utf-8")
    for number, (name, _) in enumerate(properties(audit)):
        values = audit.column(name, np.float32, np.nan)
        text = _call("values", f"value-{number}", _packed(values))
        (folder / f"value-{number}.js").write_text(text, encoding="utf-8")


def _about(audit: Results) -> dict[str, Any]:
    """Data of the gallery beside its columns."""
    return {
        "count": audit.count,
        "names": [short(name) for name in audit.class_names],
        "shards": list(audit.shards),
        "starts": audit.starts,
        "photos": audit.photos,
        "overlays": True,
        "picture": fitted(audit.facts.input, SIDE),
        "sprite": {"side": SIDE, "columns": COLUMNS, "sheet": SHEET},
        "no_label": int(NO_LABEL),
        "regions": REGIONS,
        "opacity": OPACITY,
        "palettes": {name: _palette(name) for name in PALETTES},
        "properties": [title for _, title in properties(audit)],
    }


def with_photos(columns: str, photos: str | None, overlays: bool) -> str:
    """The text of ``columns.js`` for a report whose photos have another address.

    Args:
        columns: the text that ``write`` wrote.
        photos: address that the images' paths are appended to; None if there are no photos.
        overlays: whether the stored overlays exist.
    """
    # A class name can't match the pattern, because quotes in it are escaped.
    said = f'"photos": {json.dumps(photos)}, "overlays": {json.dumps(overlays)}'
    pattern = r'"photos": (?:null|"(?:[^"\\]|\\.)*"), "overlays": true'
    return re.sub(pattern, lambda _: said, columns, count=1)


def properties(audit: Results) -> list[tuple[str, str]]:
    """Name and title of the numeric columns that describe an image: properties in the order of
    their catalogue, then the further columns of the user's table.
    """
    kinds = {field.name: field.type for field in audit.predictions.schema}
    found = []
    for each in PROPERTIES:
        if each.name in kinds and not each.is_text:
            title = each.name.replace("_", " ")
            found.append((each.name, f"{title}, {each.unit}" if each.unit else title))
    further = [name for name, kind in kinds.items() if name.startswith(META) and kind == "double"]
    return found + [(name, name.removeprefix(META)) for name in further]


def _palette(name: str) -> str:
    """A colour map of OpenCV in base64: 256 times red, green, blue, one byte each."""
    ramp = np.arange(256, dtype=np.uint8)[:, None]
    bgr = cv2.applyColorMap(ramp, getattr(cv2, f"COLORMAP_{name.upper()}"))
    return base64.b64encode(bgr[:, 0, ::-1].tobytes()).decode()


def columns(audit: Results) -> Iterator[tuple[str, np.ndarray]]:
    """Columns that the gallery filters and sorts by, one value for each image."""
    yield "label", np.where(audit.labels < 0, NO_LABEL, audit.labels.astype(np.uint16))
    yield "predicted", audit.predicted.astype(np.uint16)
    yield "probability", audit.probability.astype(np.float32)
    yield "strength", _levels(audit.column("map_max", float, None))
    for name in ("concentration", "border"):
        shares = audit.column(f"heat_{name}", float, 0)
        yield name, (shares * 255).round().astype(np.uint8)
    yield "region", audit.mean_maps.hottest
    yield "share", (audit.mean_maps.most * 65535).round().astype(np.uint16)


def _shard(
    shard: str,
    rows: pd.DataFrame,
    stored: dict[str, np.ndarray],
    audit: Results,
    numbers: dict[str, int],
) -> dict[str, Any]:
    maps = stored["maps"].astype(np.float32)
    first, more = maps[: len(rows)], maps[len(rows) :]
    peaks = first.max(axis=(1, 2), initial=0)
    order = {image_id: at for at, image_id in enumerate(rows["image_id"])}
    owners = np.array([order[i] for i in stored["image_id"][len(rows) :].tolist()], int)
    # A further map of an image has the scale of the strongest of the image's maps.
    tops = peaks.copy()
    np.maximum.at(tops, owners, more.max(axis=(1, 2), initial=0))
    on_disk = overlays.drawn(audit.settings["overlays"], rows["correct"].astype("boolean"))
    return {
        "ids": rows["image_id"].tolist(),
        "paths": rows["path"].tolist(),
        "overlays": [
            audit.overlay(shard, image_id) if drawn else None
            for image_id, drawn in zip(rows["image_id"], on_disk, strict=True)
        ],
        "sprites": audit.sprites(shard),
        "height": maps.shape[1],
        "width": maps.shape[2],
        "maps": _packed(_against(first, peaks)),
        "further": {
            "rows": owners.tolist(),
            "classes": stored["class_index"][len(rows) :].tolist(),
            "maps": _packed(_against(more, tops[owners])),
        },
        "top": [[numbers[name] for name in names] for names in rows["top_classes"]],
        "scores": [[_score(p) for p in each] for each in rows["top_probabilities"]],
        "truth": [None if p != p else _score(p) for p in rows["true_probability"]],
        "sizes": rows[["width", "height"]].to_numpy().tolist(),
    }


def _against(maps: np.ndarray, tops: np.ndarray) -> np.ndarray:
    """Maps (n, h, w) as levels 0..255; 255 stands for the value ``tops`` (n,) of each map."""
    tops = tops[:, None, None]
    levels = np.divide(maps, tops, out=np.zeros_like(maps), where=tops > 0) * 255
    return levels.round().astype(np.uint8)


def _levels(strength: np.ndarray) -> np.ndarray:
    """Strength of each map (n,) relative to the strongest, 0..65535."""
    top = max(strength.max(initial=0), np.finfo(float).tiny)
    return (strength / top * 65535).round().astype(np.uint16)


def _packed(values: np.ndarray) -> str:
    """The bytes of an array in base64."""
    return base64.b64encode(values.tobytes()).decode()


def _score(probability: float) -> float:
    """Round to five digits; only an exact 0 or 1 becomes 0 or 1."""
    value = float(probability)
    return value if value in (0, 1) else round(min(max(value, 1e-5), 1 - 1e-5), 5)


def _call(function: str, *arguments: Any) -> str:
    """A script that hands data to the page; nothing in it can end the script element."""
    texts = [json.dumps(argument, ensure_ascii=True) for argument in arguments]
    return f"convaudit.{function}({', '.join(texts)});\n".replace("</", "<\\/")
