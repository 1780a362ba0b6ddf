"""Compute all numbers of ``metrics.json``."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from convaudit.checks.class_order import better_order, is_better, other_number_order
from convaudit.metrics import calibration, classification
from convaudit.metrics.classification import Answers, Scores
from convaudit.metrics.cues import Cue
from convaudit.metrics.intervals import wilson
from convaudit.metrics.multilabel import multilabel
from convaudit.metrics.slices import Slice, slices

SLICES = 200
"""Greatest number of listed slices, the worst first."""


@dataclass(frozen=True)
class Evidence:
    """The data from which the numbers are computed.

    Attributes:
        head: "softmax", "sigmoid", "binary" or "logits".
        class_names: in the order of the model's outputs.
        answers: of the labelled images.
        sample: scores of some labelled images.
        several, several_scores: (n, classes), bool and float32: labels and scores of the images
            whose several labels are known; None if images have one label each.
        columns: columns by which the labelled images are sliced.
        cues: of the confirmed suspects, on the labelled images.
        images_audited, images_quarantined, empty_maps, channels, dead_channels: counts.
        duplicates: as ``checks.duplicates`` gives them.
        scaling, scaling_known: scaling of the pixels, and False if it is a guess.
        scaling_check: the result with other scalings (``model/scaling.json``).
        target_layer: layer of the saliency maps.
    """

    head: str
    class_names: list[str]
    answers: Answers
    sample: Scores
    columns: Mapping[str, pd.Series]
    images_audited: int
    images_quarantined: int
    empty_maps: int
    channels: int
    dead_channels: int
    duplicates: pd.DataFrame
    scaling: str
    scaling_known: bool
    scaling_check: Mapping[str, Any]
    target_layer: str
    several: np.ndarray | None = None
    several_scores: np.ndarray | None = None
    cues: Sequence[Cue] = ()


def numbers(evidence: Evidence) -> dict[str, Any]:
    """The numbers by their names in ``summary.json``; None for a number that is not known."""
    answers = evidence.answers
    read = evidence.images_audited + evidence.images_quarantined
    unread = wilson(evidence.images_quarantined, read)
    return {
        "images_read": read,
        "images_audited": evidence.images_audited,
        "images_quarantined": evidence.images_quarantined,
        "quarantine_share": unread.value,
        "images_labelled": len(answers.labels),
        "classes": len(evidence.class_names),
        **_accuracy(evidence),
        **_calibration(evidence),
        "multilabel": _multilabel(evidence),
        "class_order_ok": _class_order_ok(evidence),
        "scaling_ok": _scaling_ok(evidence),
        "scaling": evidence.scaling,
        "scaling_known": evidence.scaling_known,
        "target_layer": evidence.target_layer,
        "empty_maps": evidence.empty_maps,
        "dead_channels": evidence.dead_channels,
        "channels": evidence.channels,
        "duplicates": len(evidence.duplicates),
        "duplicates_across_labels": int(evidence.duplicates["across_labels"].sum()),
        **_slices(evidence),
    }


def _accuracy(evidence: Evidence) -> dict[str, Any]:
    answers, names = evidence.answers, evidence.class_names
    correct = answers.correct
    accuracy = wilson(int(correct.sum()), len(correct))
    counts = classification.confusion(answers.labels, answers.predicted, len(names))
    table = classification.per_class(counts, names)
    ranked = classification.by_score(evidence.sample, evidence.head, len(names))
    table["roc_auc"] = [ranked["roc_auc_per_class"][at] for at in table.index]
    del ranked["roc_auc_per_class"]
    return {
        "accuracy": accuracy.value,
        "accuracy_95_low": accuracy.low,
        "accuracy_95_high": accuracy.high,
        "errors": int((~correct).sum()),
        **classification.ordinary(answers, len(names)),
        **ranked,
        "per_class": _records(table) if len(correct) else [],
    }


def _calibration(evidence: Evidence) -> dict[str, Any]:
    answers = evidence.answers
    bins = calibration.equal_width(answers.probability, answers.correct)
    equal = calibration.equal_count(answers.probability, answers.correct)
    error = calibration.error_interval(bins)
    sample = evidence.sample
    cooled = None
    if evidence.head != "sigmoid":
        cooled = calibration.temperature(sample.scores, sample.labels)
    return {
        "calibration_error": error.value,
        "calibration_error_95_low": error.low,
        "calibration_error_95_high": error.high,
        "calibration_error_equal_count": calibration.error(equal) if len(equal) else None,
        "calibration": _records(bins),
        "calibration_equal_count": _records(equal),
        "temperature": cooled.value if cooled else None,
        "temperature_error_before": cooled.error_before if cooled else None,
        "temperature_error_after": cooled.error_after if cooled else None,
    }


def _multilabel(evidence: Evidence) -> dict[str, Any] | None:
    if evidence.several is None or evidence.several_scores is None or not len(evidence.several):
        return None
    return multilabel(evidence.several_scores, evidence.several, evidence.class_names)


def _class_order_ok(evidence: Evidence) -> bool | None:
    """True if no other order of the names gives clearly more right answers; None if unknown."""
    answers = evidence.answers
    if evidence.head == "sigmoid" or not len(answers.labels):
        return None
    labels, predicted = answers.labels, answers.predicted
    if better_order(labels, predicted, len(evidence.class_names)) is not None:
        return False
    other = other_number_order(evidence.class_names)
    return other is None or not is_better(other[1], labels, predicted)


def _scaling_ok(evidence: Evidence) -> bool | None:
    """True if no other scaling gives clearly more right answers; None for an untested guess."""
    check = evidence.scaling_check
    if check["better"]:
        return False
    return True if evidence.scaling_known or check["images"] else None


def _slices(evidence: Evidence) -> dict[str, Any]:
    found: list[Slice] = []
    if len(evidence.answers.labels):
        found = slices(evidence.columns, evidence.answers.correct, evidence.cues)
    return {
        "slices_tried": len(found),
        "slices": [each.facts() for each in found[:SLICES]],
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows for JSON, with null for a missing number."""
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records", double_precision=15))
    return rows


def labelled(
    labels: np.ndarray,
    predicted: np.ndarray,
    probability: np.ndarray,
    true_probability: np.ndarray,
    true_rank: np.ndarray,
    brier: np.ndarray,
) -> Answers:
    """The answers to the images that have a label.

    Args:
        labels: (n,) class indices, -1 without a label; the others: (n,) as in ``Answers``.
    """
    known = labels >= 0
    columns = labels, predicted, probability, true_probability, true_rank, brier
    return Answers(*(values[known] for values in columns))


def tried_suspects(
    interventions: Mapping[str, Any] | None, classes: int
) -> list[dict[str, Any]] | None:
    """The suspects that the policy judges.

    Args:
        interventions: the content of ``interventions.json``; None if shortcuts are not looked for.
        classes: number of the model's classes.

    Returns:
        None if no experiment was made: shortcuts are not looked for, or every class has too few
        images. An empty list would claim that there is no suspect.
    """
    if interventions is None:
        return None
    undecidable = len(interventions["undecidable"]) == classes
    if undecidable and not interventions["forward_passes"]:
        return None
    return interventions["suspects"]


def confirmed_cues(
    interventions: Mapping[str, Any] | None,
    ids: pd.Series,
    labels: np.ndarray,
    predicted: np.ndarray,
    class_names: Sequence[str],
) -> list[Cue]:
    """The cues of the confirmed suspects on n images, in the suspects' order.

    Args:
        interventions: the content of ``interventions.json``; None if shortcuts are not looked for.
        ids: (n,) of the images.
        labels, predicted: (n,) class indices; a label of -1 is not known.
        class_names: in index order.
    """
    if interventions is None:
        return []
    found = []
    for suspect in interventions["suspects"]:
        if suspect["status"] != "confirmed":
            continue
        cue = interventions["cues"][suspect["id"]]
        target = list(class_names).index(suspect["class"])
        checked, carriers = (ids.isin(cue[name]).to_numpy() for name in ("checked", "carriers"))
        others = checked & (labels >= 0) & (labels != target) & (predicted == labels)
        usual = float(carriers[others].mean()) if others.any() else 0.0
        found.append(Cue(suspect["id"], checked, carriers & (predicted == target), usual))
    return found
