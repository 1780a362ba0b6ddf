"""Compare one model on two datasets: its outputs, the images' properties, and their
correlations.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from convaudit.comparison import statistics
from convaudit.comparison.results_folders import Finished
from convaudit.comparison.statistics import TwoSamples
from convaudit.metrics.intervals import Interval

STRONG, WEAK = 0.3, 0.15
"""Distances of an AUC from 0.5: at least STRONG means that a property separates a class from the
rest, at most WEAK that it does not."""
LEAST = 30
"""Least number of images of a class for which correlations are reported."""
MOST_CLASSES = 50


@dataclass(frozen=True)
class Drift:
    """Difference of one number between two datasets.

    ks, p, auc: as in ``TwoSamples``; p_adjusted: p after Bonferroni's correction over all outputs,
    or over all properties; first_mean, second_mean: mean of the number in each dataset.
    """

    name: str
    ks: float
    p: float
    p_adjusted: float
    auc: float
    first_mean: float
    second_mean: float


@dataclass(frozen=True)
class Correlation:
    """A property that separates a class from the rest in only one of two datasets, or in both in
    opposite directions.

    of: name of the class; first, second: ROC AUC of the property for the class in each dataset,
    with its interval.
    """

    property: str
    of: str
    state: Literal["new", "gone", "turned"]
    first: Interval
    second: Interval


@dataclass(frozen=True)
class LabelShift:
    """The change of accuracy that a change of the class shares alone would cause.

    first, second: share of each class in the datasets, in index order. Without labels those of the
        second dataset are estimated from its predictions (black box shift estimation).
    """

    by: Literal["labels", "predictions"]
    first: list[float]
    second: list[float]
    expected: float
    """Accuracy on the first dataset, reweighted to the class shares of the second."""


def output_drift(first: Finished, second: Finished) -> list[Drift]:
    """Compare each class's score and the confidence in both datasets; the greatest difference
    first.

    A score that was not stored, because it is not among the best ones, counts as 0 in both.
    """
    top = min(first.top, second.top)
    outputs = [audit.outputs(top) for audit in (first, second)]
    sizes = len(first.images), len(second.images)
    sure = [audit.images["probability"].to_numpy(float) for audit in (first, second)]
    found = [("confidence", *sure, statistics.two_samples(sure[0], sure[1], sizes))]
    sorted_scores = [_by_class(*each, len(first.class_names)) for each in outputs]
    for at, name in enumerate(first.class_names):
        some, others = sorted_scores[0][at], sorted_scores[1][at]
        if len(some) or len(others):
            found.append((name, some, others, statistics.two_samples(some, others, sizes)))
    return _ordered(found, sizes)


def _by_class(classes: np.ndarray, scores: np.ndarray, count: int) -> list[np.ndarray]:
    """The stored scores of each class."""
    order = np.argsort(classes.ravel(), kind="stable")
    ends = np.searchsorted(classes.ravel()[order], np.arange(1, count))
    return np.split(scores.ravel()[order], ends)


def property_drift(first: pd.DataFrame, second: pd.DataFrame) -> list[Drift]:
    """Compare each property that both datasets have, without missing values."""
    found = []
    for name in first.columns.intersection(second.columns, sort=False):
        some, others = (table[name].dropna().to_numpy(float) for table in (first, second))
        if len(some) and len(others):
            sizes = len(some), len(others)
            found.append((name, some, others, statistics.two_samples(some, others, sizes)))
    return _ordered(found, None)


def _ordered(
    found: list[tuple[str, np.ndarray, np.ndarray, TwoSamples]], sizes: tuple[int, int] | None
) -> list[Drift]:
    drifts = [
        Drift(
            name=name,
            ks=apart.ks,
            p=apart.p,
            p_adjusted=min(1.0, apart.p * len(found)),
            auc=apart.auc,
            first_mean=float(some.sum(dtype=float) / (sizes[0] if sizes else len(some))),
            second_mean=float(others.sum(dtype=float) / (sizes[1] if sizes else len(others))),
        )
        for name, some, others, apart in found
    ]
    return sorted(drifts, key=lambda drift: (-drift.ks, drift.name))


def label_shift(first: Finished, second: Finished) -> LabelShift | None:
    """The accuracy that a change of the class shares alone would cause; None if the first dataset
    has no labels.
    """
    if not first.known.any():
        return None
    classes = len(first.class_names)
    confusion = np.zeros((classes, classes))
    label = first.images["label_index"].to_numpy()[first.known]
    predicted = first.images["predicted_index"].to_numpy()
    np.add.at(confusion, (label, predicted[first.known]), 1)
    if second.known.any():
        by: Literal["labels", "predictions"] = "labels"
        counts = second.images["label_index"].to_numpy()[second.known]
        shares = np.bincount(counts, minlength=classes) / len(counts)
    else:
        by = "predictions"
        counts = second.images["predicted_index"].to_numpy()
        shares = statistics.label_shares(confusion, np.bincount(counts, minlength=classes))
    support = confusion.sum(axis=1)
    expected = statistics.reweighted_accuracy(confusion, shares)
    return LabelShift(by, (support / support.sum()).tolist(), shares.tolist(), expected)


def correlations(
    first: Finished,
    second: Finished,
    first_properties: pd.DataFrame,
    second_properties: pd.DataFrame,
) -> list[Correlation]:
    """Find properties that separate a class from the rest in one dataset and not in the other, or
    in the opposite direction. Classes are labels, or predictions without labels; only the
    ``MOST_CLASSES`` commonest are compared.
    """
    tables = (first, first_properties), (second, second_properties)
    groups = [_classes(audit) for audit, _ in tables]
    classes = len(first.class_names)
    counts = [np.bincount(group[group >= 0], minlength=classes) for group in groups]
    fewest = np.minimum(*counts)
    usual = np.argsort(-fewest, kind="stable")[:MOST_CLASSES]
    found = []
    for name in first_properties.columns.intersection(second_properties.columns, sort=False):
        before, now = (
            _aucs(table[name], group, classes)
            for (_, table), group in zip(tables, groups, strict=True)
        )
        for at in usual[fewest[usual] >= LEAST].tolist():
            some, others = before[at], now[at]
            state = some and others and _state(some.known[0], others.known[0])
            if some and others and state:
                found.append(Correlation(name, first.class_names[at], state, some, others))
    return sorted(found, key=lambda each: -abs(each.second.known[0] - each.first.known[0]))


def _classes(audit: Finished) -> np.ndarray:
    """Each image's class: its label, or its prediction if no image has a label."""
    column = "label_index" if audit.known.any() else "predicted_index"
    return audit.images[column].to_numpy()


def _aucs(values: pd.Series, group: np.ndarray, classes: int) -> list[Interval | None]:
    usable = values.notna().to_numpy() & (group >= 0)
    return statistics.class_aucs(values.to_numpy(float)[usable], group[usable], classes)


def _state(first: float, second: float) -> Literal["new", "gone", "turned"] | None:
    before, now = first - 0.5, second - 0.5
    if abs(before) < WEAK and abs(now) >= STRONG:
        return "new"
    if abs(before) >= STRONG and abs(now) < WEAK:
        return "gone"
    turned = min(abs(before), abs(now)) >= STRONG and before * now < 0
    return "turned" if turned else None
