"""Errors: single images, the most confident first, and confused pairs of classes."""

from typing import Any

import numpy as np
import pandas as pd

from convaudit.report import charts, thumbnails
from convaudit.report.results import PAIRS, Results
from convaudit.report.sections import mean_heat, suspects
from convaudit.report.wording import short

FIRST = 24
"""Greatest number of errors on the first page; the gallery has all."""
A_PAIR = 36
"""Greatest number of errors on the page of a confused pair."""
MATRIX = 40
"""With more classes only the commonest confused pairs are shown instead of the matrix."""


def worst(audit: Results) -> np.ndarray:
    """Row numbers of at most ``FIRST`` wrong images, the most confident first."""
    return surest(audit, np.flatnonzero(audit.wrong), FIRST)


def worst_of(audit: Results, label: int, predicted: int) -> np.ndarray:
    """Row numbers of at most ``A_PAIR`` images of a confused pair, the most confident first."""
    mine = (audit.labels == label) & (audit.predicted == predicted)
    return surest(audit, np.flatnonzero(mine), A_PAIR)


def surest(audit: Results, numbers: np.ndarray, most: int) -> np.ndarray:
    """The ``most`` most confident of the rows ``numbers`` (m,), the most confident first; ties keep
    their order.
    """
    sure = audit.probability[numbers]
    if len(sure) > most:
        high = sure >= np.partition(sure, -most)[-most]
        numbers, sure = numbers[high], sure[high]
    return numbers[np.argsort(-sure, kind="stable")][:most]


def wanted(audit: Results) -> set[int]:
    """The numbers of the images that the first page and the pages of pairs show."""
    numbers = set(worst(audit).tolist())
    for label, predicted, _ in audit.confused[:PAIRS]:
        numbers |= set(worst_of(audit, label, predicted).tolist())
    return numbers


def cards(
    audit: Results,
    seen: list[thumbnails.Seen],
    among: str = "",
    shortcuts: dict[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Cards with the photo, the heat for the predicted class and, if there is a map, the heat for
    the true class; the maps of one image are on one scale. A card links to its image in the gallery
    with the filter ``among``. The card of a wrong image also links to the suspect among
    ``shortcuts`` whose cue the image carries, or says that it was not found or not searched.
    """
    return [_card(audit, one, among, shortcuts) for one in seen]


def _card(
    audit: Results, seen: thumbnails.Seen, among: str, shortcuts: dict[str, Any] | None
) -> dict[str, Any]:
    row = seen.row
    top = max(float(heat.max()) for heat in seen.maps.values())
    ordered = sorted(seen.maps, key=lambda index: (index != row.predicted_index, index))
    wrong = not pd.isna(row.label) and row.label_index != row.predicted_index
    found = suspects.cue_of(shortcuts, row.image_id, row.predicted) if wrong else None
    suspect, cue = found or (None, None)
    return {
        "path": row.path,
        "label": None if pd.isna(row.label) else row.label,
        "predicted": row.predicted,
        "wrong": wrong,
        "suspect": suspect,
        "cue": cue,
        "probability": row.probability,
        "true_probability": row.true_probability,
        "link": f"images.html#{among}{'&' if among else ''}image={row.shard}-{row.row}",
        "empty": row.map_empty,
        "photo": thumbnails.photo(seen),
        "heats": [
            {
                "name": short(audit.class_names[index]),
                "picture": thumbnails.overlay(seen, seen.maps[index], top),
            }
            for index in ordered
        ],
    }


def pairs(audit: Results) -> list[dict[str, Any]]:
    """The confused pairs of classes, the commonest first."""
    return [
        {
            "label": label,
            "predicted": predicted,
            "label_name": short(audit.class_names[label]),
            "predicted_name": short(audit.class_names[predicted]),
            "count": count,
            "page": f"pairs/{label}-{predicted}.html" if at < PAIRS else None,
        }
        for at, (label, predicted, count) in enumerate(audit.confused)
    ]


def matrix(audit: Results) -> dict[str, Any] | None:
    """The confusion matrix of the classes that occur; None with more than ``MATRIX`` classes."""
    table = audit.confusion
    used = np.flatnonzero(table.sum(axis=0) + table.sum(axis=1))
    if not len(used) or len(used) > MATRIX:
        return None
    paged = {(pair["label"], pair["predicted"]): pair["page"] for pair in pairs(audit)}
    right = np.diag(table)
    with np.errstate(invalid="ignore"):
        recall, precision = right / table.sum(axis=1), right / table.sum(axis=0)
    return {
        "names": [short(audit.class_names[index]) for index in used],
        "precision": precision[used].tolist(),
        "rows": [
            {
                "recall": recall[label],
                "name": short(audit.class_names[label]),
                "cells": [
                    {
                        "count": int(table[label, predicted]),
                        "share": table[label, predicted] / max(1, table[label].sum()),
                        "right": label == predicted,
                        "page": paged.get((label, predicted)),
                        "link": f"images.html#label={label}&predicted={predicted}",
                    }
                    for predicted in used
                ],
            }
            for label in used
        ],
    }


def compare(audit: Results, known: mean_heat.Cells, label: int, predicted: int) -> dict[str, Any]:
    """Mean heat of a confused pair's errors and of the right predictions of both classes, on one
    scale, with the key of its colours.
    """
    keys = [(label, label), (label, predicted), (predicted, predicted)]
    found = [known[key] for key in keys if key in known]
    top = mean_heat.scale(found)
    return {
        "places": [place.shown(audit.class_names, top) for place in found],
        "heat_key": charts.heat_key(top, found[0].mean.size) if found else "",
    }
