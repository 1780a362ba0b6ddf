"""Match the images of two audits by file, and decide what can be compared."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from convaudit.checks.class_order import better_order
from convaudit.comparison.results_folders import Finished
from convaudit.errors import AuditError

Kind = Literal["models", "datasets"]
SAME = 0.5
"""Least share of the smaller audit's images that must be in the other for a comparison of
models."""


@dataclass(frozen=True)
class Pairs:
    """(m,) rows of the first and of the second audit with the same file."""

    first: np.ndarray
    second: np.ndarray


def pair(first: Finished, second: Finished) -> Pairs:
    """Match the images of two audits by the SHA-256 of their files.

    Several files with the same content are paired in the order of their paths.
    """
    left, right = _numbered(first), _numbered(second)
    joined = left.merge(right, on=["sha256", "copy"], suffixes=("_first", "_second"))
    joined = joined.sort_values("row_first", kind="stable")
    return Pairs(joined["row_first"].to_numpy(), joined["row_second"].to_numpy())


def _numbered(audit: Finished) -> pd.DataFrame:
    files = audit.images[["path", "sha256"]].assign(row=np.arange(len(audit.images)))
    files = files[files["sha256"].notna()].sort_values("path", kind="stable")
    return files.assign(copy=files.groupby("sha256").cumcount())[["sha256", "copy", "row"]]


def kind_of(first: Finished, second: Finished, pairs: Pairs) -> Kind:
    """Decide what is compared: two models on the same images, or one model on two datasets.

    Raises:
        AuditError: neither is possible, or the audits do not differ.
    """
    sizes = len(first.images), len(second.images)
    share = len(pairs.first) / max(1, min(sizes))
    same_model = first.model == second.model
    if first.predictions_sha256 == second.predictions_sha256:
        raise AuditError(
            f"config: compare: {first.name} and {second.name} hold the same predictions: there is "
            "nothing to compare"
        )
    if same_model and not (share == 1 and sizes[0] == sizes[1]):
        return "datasets"
    if share >= SAME:
        _require_classes(first, second)
        return "models"
    raise AuditError(
        f"config: compare: {first.name} and {second.name} are of different models and have "
        f"{len(pairs.first):,} images in common ({share:.0%} of the smaller): a difference could "
        "be the models' or the images'; audit one of the models on the other's images"
    )


def _require_classes(first: Finished, second: Finished) -> None:
    if not set(first.class_names) & set(second.class_names):
        raise AuditError(
            f"config: compare: the models of {first.name} and {second.name} have no class in "
            f"common: {first.class_names[0]!r}, ... and {second.class_names[0]!r}, ..."
        )


def doubts(first: Finished, second: Finished, kind: Kind) -> list[str]:
    """Reasons to doubt the comparison: different scalings or class orders, or failed checks of
    them.
    """
    found = [text for audit in (first, second) for text in _doubts(audit)]
    used = first.scaling["used"], second.scaling["used"]
    if kind == "datasets" and used[0] != used[1]:
        found.append(
            f"The pixels were scaled as {used[0]} in {first.name} and as {used[1]} in "
            f"{second.name}: a difference may come from that."
        )
    if kind == "datasets" and first.class_names != second.class_names:
        found.append(
            f"The classes are named in another order, or by other names, in {second.name} than in "
            f"{first.name}, though the model is the same."
        )
    return found


def _doubts(audit: Finished) -> list[str]:
    found = []
    if audit.scaling["better"]:
        found.append(
            f"In {audit.name} clearly more images would be right if the pixels were scaled as "
            f"{audit.scaling['better']} than as {audit.scaling['used']}."
        )
    known = audit.known
    labels = audit.images["label_index"].to_numpy()[known]
    predicted = audit.images["predicted_index"].to_numpy()[known]
    if better_order(labels, predicted, len(audit.class_names)) is not None:
        found.append(
            f"In {audit.name} the class names seem to be in another order than the model's "
            "outputs: with another order clearly more images would be right."
        )
    return found
