"""Metrics of a multi-label classifier."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from convaudit.metrics.intervals import wilson


def multilabel(scores: np.ndarray, truth: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """Exact match, macro and micro F1, mean average precision, and the metrics of each class.

    A class is predicted if its probability is over 0.5. Means are over the classes that some image
    has.

    Args:
        scores: (n, classes) before the sigmoid.
        truth: (n, classes) bool: the labels of each image.
        names: of the classes.
    """
    named = scores > 0
    both, given, support = (each.sum(axis=0) for each in (named & truth, named, truth))
    with np.errstate(invalid="ignore"):
        recall, precision, f1 = both / support, both / given, 2 * both / (support + given)
    ranked = [_ranked(truth[:, at], scores[:, at]) for at in range(len(names))]
    present = support > 0
    exact = wilson(int((named == truth).all(axis=1).sum()), len(truth))
    total = int(support.sum() + given.sum())
    precisions = [average for average, _ in ranked if average is not None]
    return {
        "images": len(truth),
        "exact_match": exact.value,
        "exact_match_95_low": exact.low,
        "exact_match_95_high": exact.high,
        "macro_f1": float(f1[present].mean()) if present.any() else None,
        "micro_f1": float(2 * both.sum() / total) if total else None,
        "mean_average_precision": float(np.mean(precisions)) if precisions else None,
        "per_class": [
            {
                "name": name,
                "support": int(support[at]),
                "predicted": int(given[at]),
                "right": int(both[at]),
                "recall": _known(recall[at]),
                "precision": _known(precision[at]),
                "f1": _known(f1[at]),
                "average_precision": ranked[at][0],
                "roc_auc": ranked[at][1],
            }
            for at, name in enumerate(names)
            if support[at] or given[at]
        ],
    }


def _ranked(truth: np.ndarray, scores: np.ndarray) -> tuple[float | None, float | None]:
    """Average precision and ROC AUC; None if all images or no image have the class."""
    if truth.all() or not truth.any():
        return None, None
    return float(average_precision_score(truth, scores)), float(roc_auc_score(truth, scores))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
