"""Small pictures of single images, cut from the shards' sprite sheets, with heat overlays."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa

from convaudit.drawing.sprites import COLUMNS, SHEET, SIDE, fitted
from convaudit.errors import AuditError
from convaudit.report.results import Results

ON_SHEET = 64 * COLUMNS
"""Number of thumbnails on one sheet of a layer's page. A JPEG can't be higher than 65,500 pixels,
and a sheet of this size takes 28 MB of memory when it is drawn or shown.
"""
OPACITY = 0.14, 0.66
"""Opacity of a map over a photograph: its value where the map is 0, and the increase to where the
map is at its maximum."""

FIELDS = (
    *("image_id", "path", "label", "label_index", "predicted", "predicted_index"),
    *("probability", "true_probability", "map_empty", "shard", "row"),
)


@dataclass(frozen=True)
class Seen:
    """An image as the model saw it.

    row: ``FIELDS`` of its row in the predictions; jpeg: the picture, without the margins of its
    cell; maps: its saliency maps by class, (h, w), not normalised.
    """

    row: Any
    jpeg: bytes
    maps: dict[int, np.ndarray]

    @property
    def photo(self) -> np.ndarray:
        """RGB uint8 (height, width, 3)."""
        picture = cv2.imdecode(np.frombuffer(self.jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
        assert picture is not None
        return picture


def collect(
    folder: Path, audit: Results, numbers: set[int], ids: set[str]
) -> tuple[dict[int, Seen], dict[str, Seen]]:
    """Cut the images with these row numbers or these ids from the sprite sheets.

    One sheet is in memory at a time.

    Returns:
        The images by row number, and the same images by id.

    Raises:
        AuditError: a sprite sheet can't be read.
    """
    by_number, by_id = {}, {}
    for shard, start, rows in zip(audit.shards, audit.starts, audit.rows(FIELDS), strict=False):
        ids_here = rows["image_id"].to_pylist()
        shown = [start + at in numbers or name in ids for at, name in enumerate(ids_here)]
        mine = rows.filter(pa.array(shown, pa.bool_())).to_pandas()
        for number, seen in _cut(folder, audit, shard, mine):
            by_number[start + number] = by_id[seen.row.image_id] = seen
    return by_number, by_id


def _cut(
    folder: Path, audit: Results, shard: str, rows: pd.DataFrame
) -> Iterator[tuple[int, Seen]]:
    """Yield rows of a shard with their position in the shard and their pictures."""
    if rows.empty:
        return
    top, left, height, width = fitted(audit.facts.input, SIDE)
    maps = _maps(audit.maps(shard), set(rows["image_id"]))
    path, sheet = Path(), np.empty(0)
    for row in rows.itertuples():
        number, at = divmod(row.row, SHEET)
        if path != (path := folder / audit.sprites(shard) / f"{number}.jpg"):
            sheet = _sheet(path)
        y, x = at // COLUMNS * SIDE + top, at % COLUMNS * SIDE + left
        done, data = cv2.imencode(
            ".jpg", sheet[y : y + height, x : x + width], [cv2.IMWRITE_JPEG_QUALITY, 88]
        )
        if not done:
            raise AuditError(f"{path} has no cell {row.row}: delete it and run again")
        yield row.row, Seen(row, data.tobytes(), maps[row.image_id])


def _sheet(path: Path) -> np.ndarray:
    sheet = cv2.imread(str(path))
    if sheet is None:
        raise AuditError(f"{path} can't be read: delete it and run again")
    return sheet


def _maps(stored: dict[str, np.ndarray], wanted: set[str]) -> dict[str, dict[int, np.ndarray]]:
    maps: dict[str, dict[int, np.ndarray]] = {image_id: {} for image_id in wanted}
    for at, image_id in enumerate(stored["image_id"].tolist()):
        if image_id in wanted:
            maps[image_id][int(stored["class_index"][at])] = stored["maps"][at].astype(np.float32)
    return maps


def photo(seen: Seen) -> str:
    """The image as a data URI."""
    return _uri(seen.jpeg, "jpeg")


def overlay(seen: Seen, heat: np.ndarray, top: float) -> str:
    """The image with its heat drawn over it, as a data URI: dark without heat, bright at ``top``.

    Args:
        seen: the image.
        heat: (h, w), not negative, of any size.
        top: value of full heat; pictures that are compared need the same value.
    """
    picture = seen.photo
    height, width = picture.shape[:2]
    level = cv2.resize(heat / max(top, np.finfo(np.float32).tiny), (width, height))
    level = level.clip(0, 1)[..., None]
    colour = colours((level[..., 0] * 255).astype(np.uint8))
    lowest, span = OPACITY
    alpha = lowest + span * level
    drawn = (colour * alpha + picture * (1 - alpha)).round().astype(np.uint8)
    bgr = cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR)
    return _uri(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes(), "jpeg")


def colours(levels: np.ndarray) -> np.ndarray:
    """Levels (h, w) uint8 in the colours of inferno, RGB (h, w, 3)."""
    return cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)


def heat_picture(shares: np.ndarray) -> str:
    """A map (h, w) in 0..1 as a data URI with 4 x 4 pixels for each cell."""
    height, width = shares.shape
    size = (width * 4, height * 4)
    large = cv2.resize(shares.clip(0, 1).astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    bgr = cv2.cvtColor(colours((large * 255).astype(np.uint8)), cv2.COLOR_RGB2BGR)
    return _uri(cv2.imencode(".png", bgr)[1].tobytes(), "png")


def sheets(folder: Path, name: str, seen: list[Seen], size: int = 96) -> None:
    """Write square thumbnails in the given order, ``COLUMNS`` per row and ``ON_SHEET`` per sheet.

    All sheets have the same size.

    Args:
        folder: the folder to write to.
        name: id of the layer, for ``sheet_name``.
        seen: the images.
        size: side of a thumbnail in pixels.
    """
    rows = -(-min(len(seen), ON_SHEET) // COLUMNS)
    picture = np.empty((rows * size, COLUMNS * size, 3), np.uint8)
    for number, first in enumerate(range(0, len(seen), ON_SHEET)):
        picture[:] = 0
        for at, one in enumerate(seen[first : first + ON_SHEET]):
            small = one.photo
            top, left, height, width = fitted(small.shape, size)
            y, x = at // COLUMNS * size + top, at % COLUMNS * size + left
            cell = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
            picture[y : y + height, x : x + width] = cv2.cvtColor(cell, cv2.COLOR_RGB2BGR)
        data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
        (folder / sheet_name(name, number)).write_bytes(data.tobytes())


def sheet_name(name: str, number: int) -> str:
    """The file name of a sheet. It is unique, because no layer's id contains "~"."""
    return f"{name}~{number}.jpg" if number else f"{name}.jpg"


def _uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
