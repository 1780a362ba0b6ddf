"""The page of two audits side by side: a single file that contains all its pictures."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import cv2
import numpy as np

from convaudit.attribution import map_statistics
from convaudit.comparison.comparison import Comparison, headline
from convaudit.comparison.heat_maps import ClassHeat
from convaudit.comparison.results_folders import Finished
from convaudit.drawing.sprites import COLUMNS, SHEET, SIDE, fitted
from convaudit.errors import AuditError
from convaudit.report import rendering, thumbnails
from convaudit.report.charts import heat_key
from convaudit.report.comparison.findings import sentences
from convaudit.report.thumbnails import Seen
from convaudit.report.wording import short, slice_words

SHOWN = {"negative": 48, "mended": 24, "moved": 24}
"""Greatest number of images in each gallery; ``images.parquet`` lists all."""
CLASSES = 12
"""Greatest number of classes whose mean heat is shown."""
ROWS = 40
"""Greatest number of rows in the longer tables."""


def write_comparison(folder: Path, found: Comparison, page: Path) -> None:
    """Write ``index.html``.

    Args:
        folder: the folder to write to.
        found: the comparison.
        page: the folder to which ``folder`` is moved later; the links to both audits start there.

    Raises:
        AuditError: a picture of one of the audits can't be read.
    """
    groups = _chosen(found)
    cards = {name: _cards(found, at, page) for name, at in groups.items()}
    shown = found.heat[:CLASSES]
    top = max((float(heat.max()) for each in shown for heat in _both(each)), default=1.0)
    text = (
        rendering.environment()
        .get_template("comparison.html")
        .render(
            style=rendering.style(),
            found=found,
            numbers=headline(found),
            sides=[_side(audit, page) for audit in (found.first, found.second)],
            titles=_titles(found),
            sentences=sentences(found),
            cards=cards,
            heat=[_heat(each, top) for each in shown],
            heat_key=heat_key(top, found.heat[0].first.size) if found.heat else "",
            rows=ROWS,
            worst=_worst(found),
        )
    )
    (folder / "index.html").write_text(text, encoding="utf-8")


def _both(each: ClassHeat) -> tuple[np.ndarray, np.ndarray]:
    return each.first, each.second


def _heat(each: ClassHeat, top: float) -> dict[str, Any]:
    return {
        "name": each.name,
        "images": each.images,
        "overlap": each.overlap,
        "pictures": [
            thumbnails.heat_picture(np.sqrt(heat.astype(np.float32) / top)) for heat in _both(each)
        ],
    }


def _worst(found: Comparison) -> list[Any]:
    """Classes and slices that changed, those with the greatest loss first."""
    if found.models is None:
        return []
    groups = [
        *(replace(each, name=short(each.name)) for each in found.models.per_class),
        *(replace(each, name=slice_words(each.name)) for each in found.models.slices),
    ]
    changed = [group for group in groups if group.only_first or group.only_second]
    return sorted(changed, key=lambda group: (group.difference.value, group.name))


def _chosen(found: Comparison) -> dict[str, np.ndarray]:
    """The pairs that each gallery shows: the most confident errors, and the most moved maps."""
    if found.models is None:
        return {}
    answers = found.models.answers
    negative, mended = np.flatnonzero(answers.only_first), np.flatnonzero(answers.only_second)
    moved = np.flatnonzero(found.models.moved)
    orders = {
        "negative": negative[np.argsort(-answers.second_probability[negative], kind="stable")],
        "mended": mended[np.argsort(-answers.first_probability[mended], kind="stable")],
        "moved": moved[np.argsort(found.models.overlap[moved], kind="stable")],
    }
    return {name: order[: SHOWN[name]] for name, order in orders.items()}


def _cards(found: Comparison, chosen: np.ndarray, page: Path) -> list[dict[str, Any]]:
    assert found.models is not None
    answers, names = found.models.answers, found.models.answers.names
    sides = (found.first, found.pairs.first), (found.second, found.pairs.second)
    seen = [_seen(audit, rows[chosen]) for audit, rows in sides]
    said = (
        (answers.first, answers.first_probability),
        (answers.second, answers.second_probability),
    )
    cards = []
    for place, at in enumerate(chosen.tolist()):
        label = int(answers.label[at])
        cards.append(
            {
                "path": str(found.first.images["path"].iloc[found.pairs.first[at]]),
                "label": names[label] if label >= 0 else None,
                "photo": thumbnails.photo(seen[0][place]),
                "overlap": float(found.models.overlap[at]),
                "sides": [
                    {
                        "name": name,
                        "predicted": names[int(predicted[at])],
                        "right": int(predicted[at]) == label,
                        "probability": float(probability[at]),
                        "picture": _overlay(pictures[place]),
                        "link": _link(audit, rows[at], page),
                    }
                    for name, (audit, rows), pictures, (predicted, probability) in zip(
                        ("first", "second"), sides, seen, said, strict=True
                    )
                ],
            }
        )
    return cards


def _overlay(seen: Seen) -> str:
    """Draw each map on its own scale, because the scores of two models have no common unit."""
    heat = seen.maps[0]
    return thumbnails.overlay(seen, heat, float(heat.max()))


def _seen(audit: Finished, rows: Sequence[int] | np.ndarray) -> list[Seen]:
    """The images as the model saw them, with their first maps, in the order of ``rows``."""
    top, left, height, width = fitted(audit.input, SIDE)
    found: dict[int, Seen] = {}
    images = audit.images.iloc[rows].assign(place=list(rows))
    for shard, mine in images.groupby("shard", sort=True, observed=True):
        path = audit.folder / "gradcam" / "maps" / f"{shard}.npz"
        with np.load(path, allow_pickle=False) as stored:
            maps = map_statistics.unpack(stored["maps"], stored["scale"])
        for row, place in zip(mine["row"], mine["place"], strict=True):
            number, at = divmod(row, SHEET)
            sheet = _sheet(audit.folder / "gradcam" / "sprites" / str(shard) / f"{number}.jpg")
            y, x = at // COLUMNS * SIDE + top, at % COLUMNS * SIDE + left
            cell = sheet[y : y + height, x : x + width]
            jpeg = cv2.imencode(".jpg", cell, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()
            found[place] = Seen(None, jpeg, {0: maps[row].astype(np.float32)})
    return [found[row] for row in rows]


def _sheet(path: Path) -> np.ndarray:
    sheet = cv2.imread(str(path))
    if sheet is None:
        raise AuditError(f"{path} can't be read: run the audit again and then the comparison")
    return sheet


def _side(audit: Finished, page: Path) -> dict[str, Any]:
    return {
        "name": audit.name,
        "model": audit.model_name,
        "images": audit.images_name,
        "identity": audit.model,
        "count": len(audit.images),
        "report": _relative(audit, page) + "/report/index.html",
    }


def _link(audit: Finished, row: int, page: Path) -> str:
    image = audit.images.iloc[row]
    return f"{_relative(audit, page)}/report/images.html#image={image['shard']}-{image['row']}"


def _titles(found: Comparison) -> tuple[str, str]:
    """The names of the models or of the datasets; the folders' names if these are equal."""
    first, second = found.first, found.second
    if found.models is not None:
        names = first.model_name, second.model_name
    else:
        names = first.images_name, second.images_name
    return names if names[0] != names[1] else (first.name, second.name)


def _relative(audit: Finished, page: Path) -> str:
    return quote(Path(os.path.relpath(audit.folder.resolve(), page.resolve())).as_posix())
