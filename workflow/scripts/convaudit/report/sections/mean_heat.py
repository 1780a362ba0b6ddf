"""Mean maps of each class and of each confused pair for the pages, on one scale."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from convaudit.models.facts import TOO_COARSE
from convaudit.report import regions
from convaudit.report.results import Results
from convaudit.report.thumbnails import heat_picture
from convaudit.report.wording import short

CORNERS = [0, 2, 6, 8]
"""Indices of the corners in ``regions.REGIONS``."""
MATRIX = 6
"""Greatest number of classes for a confusion matrix of mean maps."""
SHOWN = 12
"""Number of classes whose mean heat is on the first page."""
EVEN = 1.25 / 9
"""A mean map is called evenly spread if no region has more than this share."""
FEW = 5
"""Mean maps of fewer images come last, because they tell little about their class."""


@dataclass(frozen=True)
class Place:
    """Mean heat (h, w) of the ``count`` images predicted as ``predicted``; with ``label``, only of
    those with this label.
    """

    predicted: int
    label: int | None
    count: int
    mean: np.ndarray
    apart: float
    """Total variation distance from the mean heat of all other images, 0 to 1: the share of the
    heat that lies elsewhere."""

    def shown(self, names: list[str], top: float) -> dict[str, Any]:
        """The values that a page shows; ``top`` is the share that is drawn brightest."""
        shares = regions.region_shares(self.mean[None])[0]
        x, y = regions.centre_of_mass(self.mean)
        return {
            "predicted": self.predicted,
            "label": self.label,
            "name": short(names[self.predicted]),
            "is": None if self.label is None else short(names[self.label]),
            "count": self.count,
            "picture": heat_picture(np.sqrt(self.mean / top)),
            "border": 1 - float(self.mean[1:-1, 1:-1].sum()),
            "corners": [float(shares[corner]) for corner in CORNERS],
            "coarse": min(self.mean.shape) < TOO_COARSE,
            "spread": float(shares.max()) < EVEN,
            "region": regions.REGIONS[int(shares.argmax())],
            "share": float(shares.max()),
            "x": x,
            "y": y,
            "apart": self.apart,
        }


Cells = dict[tuple[int, int], Place]
"""By (label, predicted class)."""


def places(audit: Results) -> list[Place]:
    """The mean heat of every predicted class. The class that differs most from the others comes
    first; classes with fewer than ``FEW`` images come last.
    """
    found = []
    for index in np.flatnonzero(audit.mean_maps.counts).tolist():
        count, mean = audit.mean_maps.mean(predicted=index)
        found.append(_place(audit, index, None, count, mean))
    return sorted(found, key=lambda place: (place.count < FEW, -place.apart, place.predicted))


def commonest(cells: Cells) -> list[Place]:
    """The given cells (label, predicted) of the confusion matrix as a list: errors before right
    answers, the commonest first.
    """
    return sorted(
        cells.values(),
        key=lambda place: (place.label == place.predicted, -place.count, place.label),
    )


def cells(audit: Results) -> Cells:
    """The mean heat of the cells (label, predicted) of the confusion matrix: those of the diagonal
    and of the ``results.PAIRS`` commonest errors.
    """
    return {
        (label, predicted): _place(audit, predicted, label, count, total / count)
        for (label, predicted), (count, total) in audit.mean_maps.cells.items()
    }


def _place(
    audit: Results, predicted: int, label: int | None, count: int, mean: np.ndarray
) -> Place:
    everything, total = audit.mean_maps.overall
    rest = everything - count
    others = (total * everything - mean * count) / rest if rest else mean
    return Place(predicted, label, count, mean, regions.distance(mean, others))


def scale(found: list[Place]) -> float:
    """The heat that is drawn brightest: the greatest of any mean map."""
    return max((float(place.mean.max()) for place in found), default=1.0)


def matrix(audit: Results, known: Cells, top: float) -> dict[str, Any] | None:
    """The confusion matrix as mean heat; None with more than ``MATRIX`` classes."""
    used = sorted({index for pair in known for index in pair})
    if not known or len(used) > MATRIX:
        return None
    names = audit.class_names
    return {
        "names": [short(names[index]) for index in used],
        "rows": [
            {
                "name": short(names[label]),
                "cells": [
                    known[label, predicted].shown(names, top)
                    if (label, predicted) in known
                    else None
                    for predicted in used
                ],
            }
            for label in used
        ],
    }
