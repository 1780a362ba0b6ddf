"""Rank of each image among all by its path or by a number, for the gallery to sort by."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow.compute as pc

from convaudit.report.results import Results

NUMBERS = ("logit", "true_probability", "width", "height", "area", "aspect")


def ranks(audit: Results) -> Iterator[tuple[str, np.ndarray]]:
    """Yield a column's name and the images' ranks by it (n,), uint32 from 1.

    Equal values share a rank, without gaps. A missing value has the lowest rank. The first path in
    the alphabet has the greatest rank, because the gallery lists the greatest rank first.
    """
    yield "path", _dense(audit.predictions["path"], "descending")
    for name in NUMBERS:
        yield name, _dense(_numbers(audit, name), "ascending")


def _numbers(audit: Results, name: str) -> np.ndarray:
    if name not in {"area", "aspect"}:
        return audit.column(name, float, np.nan)
    width, height = (audit.column(side, float) for side in ("width", "height"))
    return width * height if name == "area" else width / height


def _dense(values: Any, order: str) -> np.ndarray:
    found = pc.rank(values, sort_keys=[("", order, "at_start")], tiebreaker="dense")
    return found.to_numpy().astype(np.uint32)
