"""Parts of the dataset on which the model is worse than on the rest.

A slice is one value of a column: of metadata, a folder of the path, or a fifth of a property. Each
is held against all other images by Fisher's exact test; Holm's correction (1979) pays for the
number of slices tried. Slices that share their errors are one story.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import fisher_exact

from convaudit.metrics.intervals import wilson

FEWEST = 10
"""A slice of fewer labelled images is not tried."""
VALUES = 50
"""A column of texts with more values is not tried: it names images rather than groups."""
PARTS = 5
"""A property is cut into so many parts of equal counts."""
ALIKE = 0.5
"""Slices that share this part of their errors (Jaccard) are one story."""
SURE, GAP = 0.05, 0.05
"""A slice is a finding where its corrected p-value is below SURE and its accuracy at least GAP
under the rest's.
"""


@dataclass(frozen=True)
class Slice:
    """``support`` labelled images of one value of a column, of which ``right`` are right.

    ``p_adjusted`` is of the difference to the rest, after Holm. ``story`` is the name of the slice
    that tells the same story, its own where it is the first; None where it is no finding.
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

    def facts(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)


def slices(columns: Mapping[str, pd.Series], correct: np.ndarray) -> list[Slice]:
    """Every slice, the worst against the rest first.

    Args:
        columns: by name a value for each of n labelled images; numbers are cut into fifths, any
            other column has a slice for each value. Missing values are in no slice.
        correct: (n,) whether each image is right.
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
    return _stories(ordered, {name: member & ~correct for name, member in members.items()})


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
    """True if each value goes with a single class, as folders named after classes do: such slices
    are rows of the table per class already.
    """
    if not 0 < values.nunique() <= VALUES:
        return False
    pairs = pd.DataFrame({"value": values.to_numpy(object), "label": labels}).dropna()
    return bool((pairs.groupby("value")["label"].nunique() == 1).all())


def _members(values: pd.Series) -> Iterator[tuple[str, np.ndarray]]:
    """Each slice of a column with enough images, and enough images beside it."""
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
    """Numbers as the part of equal count that they are in, "1.2 to 3.4"."""
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
    """Holm's step-down adjustment: the i-th smallest times (m - i), never falling, at most 1."""
    p = np.array(p_values, float)
    order = np.argsort(p, kind="stable")
    steps = p[order] * (len(p) - np.arange(len(p)))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(steps)) if len(p) else steps
    return adjusted.tolist()


def _stories(ordered: list[Slice], errors: Mapping[str, np.ndarray]) -> list[Slice]:
    """Findings that share most of their errors get the name of the worst of them."""
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
