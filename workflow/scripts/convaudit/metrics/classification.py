"""Standard metrics of a classifier, as scikit-learn defines them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from convaudit.metrics.blocks import blocks
from convaudit.metrics.intervals import Interval, of_mean, of_mean_share, wilson

TOP = 5


@dataclass(frozen=True)
class Answers:
    """The answers to n labelled images.

    labels, predicted: (n,) class indices; probability: (n,) of the predicted class;
    true_probability: (n,) of the true class; true_rank: (n,) number of classes that are at least as
    probable as the true class, including itself; brier: (n,) squared distance of the probabilities
    from the one-hot truth.
    """

    labels: np.ndarray
    predicted: np.ndarray
    probability: np.ndarray
    true_probability: np.ndarray
    true_rank: np.ndarray
    brier: np.ndarray

    @property
    def correct(self) -> np.ndarray:
        """(n,) bool: the answer is right."""
        return self.labels == self.predicted


@dataclass(frozen=True)
class Scores:
    """Scores of all images or of a random sample: (n, units) before softmax or sigmoid, and the
    true classes (n,).
    """

    scores: np.ndarray
    labels: np.ndarray


def confusion(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Number of images by true class (row) and predicted class (column): (classes, classes).

    Args:
        labels, predicted: (n,) class indices.
        classes: number of classes.
    """
    counts = np.zeros((classes, classes), int)
    for part in blocks(len(labels)):
        np.add.at(counts, (labels[part], predicted[part]), 1)
    return counts


def per_class(counts: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """Support, recall, precision and F1 of each class that has images or predictions.

    Args:
        counts: (classes, classes) as ``confusion`` returns them.
        names: of the classes, in index order.

    Returns:
        One row per class, with its index in the table's index: name, support, predicted, right,
        recall, precision, f1 (NaN if not defined).
    """
    support, given = counts.sum(axis=1), counts.sum(axis=0)
    right = np.diag(counts)
    with np.errstate(invalid="ignore"):
        table = pd.DataFrame(
            {
                "name": names,
                "support": support,
                "predicted": given,
                "right": right,
                "recall": right / support,
                "precision": right / given,
                "f1": 2 * right / (support + given),
            }
        )
    return table[(support > 0) | (given > 0)]


def ordinary(answers: Answers, classes: int) -> dict[str, Any]:
    """Top-5 and balanced accuracy, macro F1, log-loss and Brier score, with 95 % intervals.

    Balanced accuracy and macro F1 are means over the classes that have an image. The Brier score is
    the sum over classes of (p - y)^2, and half of it for two classes, as in scikit-learn.
    """
    counts = confusion(answers.labels, answers.predicted, classes)
    table = per_class(counts, [str(number) for number in range(classes)])
    seen = table[table["support"] > 0]
    recalls = [
        wilson(right, support)
        for right, support in zip(seen["right"].tolist(), seen["support"].tolist(), strict=True)
    ]
    top = answers.true_rank <= TOP
    # A probability of 0 was too small for float32; it is clipped as in scikit-learn.
    floor = np.finfo(np.float32).eps
    loss = -np.log(np.maximum(answers.true_probability.astype(float), floor))
    brier = answers.brier.astype(float) * (0.5 if classes == 2 else 1)
    found = {
        "top5_accuracy": wilson(int(top.sum()), len(top))
        if classes > TOP
        else Interval(None, None, None),
        "balanced_accuracy": of_mean_share(recalls),
        "log_loss": of_mean(loss),
        "brier": of_mean(brier),
    }
    f1 = float(seen["f1"].mean()) if len(seen) else None
    return {**_named(found), "macro_f1": f1}


def by_score(sample: Scores, head: str, classes: int) -> dict[str, Any]:
    """ROC AUC and average precision: for two classes those of the second class, else the means over
    all classes, each against the rest.

    Args:
        sample: scores and true classes.
        head: "binary", "softmax", "sigmoid" or "logits".
        classes: number of classes.

    Returns:
        ``roc_auc`` and ``average_precision`` (None if no class has both images of it and others),
        ``score_images`` (number of images) and ``roc_auc_per_class`` (by class; None without
        images).
    """
    values, labels = sample.scores, sample.labels
    wanted = [1] if classes == 2 else list(range(classes))
    areas: dict[int, float] = {}
    precisions: list[float] = []
    if head != "binary" and head != "sigmoid" and len(values):
        values = _log_probabilities(values)
    for each in wanted:
        truth = labels == each
        if truth.all() or not truth.any():
            continue
        score = values[:, 0] if head == "binary" else values[:, each]
        areas[each] = float(roc_auc_score(truth, score))
        precisions.append(float(average_precision_score(truth, score)))
    return {
        "roc_auc": float(np.mean(list(areas.values()))) if areas else None,
        "average_precision": float(np.mean(precisions)) if precisions else None,
        "score_images": len(labels),
        "roc_auc_per_class": [areas.get(each) for each in range(classes)],
    }


def _log_probabilities(scores: np.ndarray) -> np.ndarray:
    """Log-probabilities in float64. They rank images by the probability of a class; logits would
    not.
    """
    values = scores.astype(float)
    top = values.max(axis=1, keepdims=True)
    return values - top - np.log(np.exp(values - top).sum(axis=1, keepdims=True))


def _named(found: dict[str, Interval]) -> dict[str, float | None]:
    named: dict[str, float | None] = {}
    for name, (value, low, high) in found.items():
        named |= {name: value, f"{name}_95_low": low, f"{name}_95_high": high}
    return named
