"""Find parts of the dataset on which the model is worse than on the rest.

A slice is one value of a column: a value of metadata, a folder of the path, or a fifth of a
property. Each slice is compared with all other images by Fisher's exact test, corrected for the
number of slices (Holm 1979). Slices with the same errors are grouped as one story, and those whose
errors carry the cue of a confirmed shortcut name it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import fisher_exact

from convaudit.metrics.cues import Cue, CueShare, cue_of
from convaudit.metrics.intervals import wilson

FEWEST = 10
"""Least number of labelled images in a tested slice."""
VALUES = 50
"""Greatest number of values of a tested text column; one with more names images rather than
groups."""
PARTS = 5
"""Number of parts of equal counts that a property is cut into."""
ALIKE = 0.5
"""Least Jaccard index of the errors of two slices that are one story."""
SURE, GAP = 0.05, 0.05
"""A slice is a finding if its corrected p-value is below SURE and its accuracy is at least GAP
lower than that of the rest."""


@dataclass(frozen=True)
class Slice:
    """``support`` labelled images of one value of a column, of which ``right`` are right.

    ``p_adjusted`` is the p-value of the difference to the rest, after Holm's correction. ``story``
    is the name of the worst slice with the same errors (its own name if it is the worst); None if
    the slice is no finding. ``suspect`` is the confirmed shortcut that the errors of a finding go
    with, or None.
    """

    name: str
    column: str
    value: str
    support: int
    right: int
    accuracy: float
    accuracy_95_low: float
    accuracy_95_high: float
    rest_accuracy: float
    difference: float
    p_adjusted: float
    finding: bool = False
    story: str | None = None
    suspect: CueShare | None = None

    def facts(self) -> dict[str, Any]:
        """The slice as JSON."""
        return asdict(self)


def slices(
    columns: Mapping[str, pd.Series], correct: np.ndarray, cues: Sequence[Cue] = ()
) -> list[Slice]:
    """Test every slice; the one that is worst compared with the rest comes first.

    Args:
        columns: by name the values (n,) of the labelled images. Numbers are cut into fifths; any
            other column has a slice for each value. Missing values are in no slice.
        correct: (n,) whether each image is right.
        cues: of the confirmed suspects.
    """
    members: dict[str, np.ndarray] = {}
    found: list[Slice] = []
    for column, values in columns.items():
        for value, member in _members(values):
            name = f"{column} = {value}"
            members[name] = member
            found.append(_slice(name, column, value, member, correct))
    adjusted = _holm([each.p_adjusted for each in found])
    corrected = [replace(each, p_adjusted=p) for each, p in zip(found, adjusted, strict=True)]
    ordered = sorted(corrected, key=lambda each: (each.difference, each.name))
    errors = {name: member & ~correct for name, member in members.items()}
    return [
        replace(each, suspect=cue_of(errors[each.name], cues)) if each.finding else each
        for each in _stories(ordered, errors)
    ]


def folders(paths: Sequence[str]) -> dict[str, pd.Series]:
    """The folder of each path at each level, as columns "folder 1" and so on."""
    if not len(paths):
        return {}
    parts = pd.Series(paths, dtype="str").str.rpartition("/")[0].str.split("/", expand=True)
    return {
        f"folder {level + 1}": parts[level].replace("", None).astype(object)
        for level in parts.columns
    }


def told_by_class(values: pd.Series, labels: np.ndarray) -> bool:
    """True if all images with a value have the same class, as in folders named after classes.
    Slices by such a column would repeat the table per class.

    Args:
        values: (n,) the column.
        labels: (n,) class indices.
    """
    if not 0 < values.nunique() <= VALUES:
        return False
    pairs = pd.DataFrame({"value": values.to_numpy(object), "label": labels}).dropna()
    return bool((pairs.groupby("value")["label"].nunique() == 1).all())


def _members(values: pd.Series) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the slices of a column that have enough images inside and outside."""
    if pd.api.types.is_numeric_dtype(values) and values.nunique() > PARTS:
        values = _parts(values.astype(float))
    if values.nunique() > VALUES:
        return
    named = values.astype(object).where(values.notna(), None)
    counts = named.value_counts()
    for value in sorted(counts.index, key=str):
        member = (named == value).to_numpy(bool)
        if FEWEST <= counts[value] <= len(values) - FEWEST:
            yield str(value), member


def _parts(values: pd.Series) -> pd.Series:
    """For each number the part of equal counts that it is in, as "1.2 to 3.4"."""
    cut = pd.qcut(values, PARTS, duplicates="drop")
    names = {part: f"{part.left:.4g} to {part.right:.4g}" for part in cut.cat.categories}
    return cut.astype(object).map(names)


def _slice(name: str, column: str, value: str, member: np.ndarray, correct: np.ndarray) -> Slice:
    support, right = int(member.sum()), int((member & correct).sum())
    others, others_right = len(correct) - support, int(correct.sum()) - right
    table = [[right, support - right], [others_right, others - others_right]]
    share, low, high = wilson(right, support).known
    rest = others_right / others
    return Slice(
        name,
        column,
        value,
        support,
        right,
        share,
        low,
        high,
        rest_accuracy=rest,
        difference=share - rest,
        p_adjusted=float(fisher_exact(table).pvalue),
    )


def _holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values: the i-th smallest (from 0) times (m - i), made non-decreasing, at
    most 1.
    """
    p = np.array(p_values, float)
    order = np.argsort(p, kind="stable")
    steps = p[order] * (len(p) - np.arange(len(p)))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(steps)) if len(p) else steps
    return adjusted.tolist()


def _stories(ordered: list[Slice], errors: Mapping[str, np.ndarray]) -> list[Slice]:
    """Give findings with mostly the same errors the name of the worst of them."""
    told: list[str] = []
    found = []
    for each in ordered:
        if each.p_adjusted >= SURE or each.difference > -GAP:
            found.append(each)
            continue
        same = (name for name in told if _jaccard(errors[each.name], errors[name]) >= ALIKE)
        story = next(same, each.name)
        if story == each.name:
            told.append(story)
        found.append(replace(each, finding=True, story=story))
    return found


def _jaccard(first: np.ndarray, second: np.ndarray) -> float:
    return float((first & second).sum() / max(1, (first | second).sum()))
