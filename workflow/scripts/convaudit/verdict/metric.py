"""Look up numbers of summary.json by dotted path, with their intervals and names."""

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from convaudit.errors import AuditError
from convaudit.metrics.intervals import wilson


@dataclass(frozen=True)
class Words:
    """The words for a metric: name, unit, its place in the report, the sentence if it is absent.

    For the unit "yes" ``name`` is the sentence if the value is true, ``otherwise`` the other one.
    """

    name: str
    unit: Literal["share", "count", "yes", "number"] = "number"
    link: str = "#verdict"
    absent: str = "This was not measured."
    otherwise: str = ""


UNLABELLED = "This is not known, because no image has a label."
UNCOMPARED = "No other audit is compared (reference is not given)."
WORDS = {
    "suspects": Words(
        "suspects",
        "count",
        "#shortcuts",
        "Shortcuts were not searched for, or every class has too few images for an experiment "
        "(images under 16 pixels a side do not count).",
    ),
    "class_order_ok": Words(
        "No other order of the class names is clearly more accurate.",
        "yes",
        "#confusion",
        UNLABELLED,
        "With another order of the class names clearly more images would be right.",
    ),
    "scaling_ok": Words(
        "No other scaling of the pixels is clearly more accurate.",
        "yes",
        "#data",
        "The scaling is a guess that no labelled image could test.",
        "With another scaling of the pixels clearly more images would be right.",
    ),
    "accuracy": Words("accuracy", "share", "#confusion", UNLABELLED),
    "balanced_accuracy": Words("balanced accuracy", "share", "#numbers", UNLABELLED),
    "top5_accuracy": Words("top-5 accuracy", "share", "#numbers", UNLABELLED),
    "macro_f1": Words("macro F1", "share", "#numbers", UNLABELLED),
    "per_class.recall": Words("recall", "share", "#classes", UNLABELLED),
    "per_class.precision": Words("precision", "share", "#classes", UNLABELLED),
    "per_class.f1": Words("F1", "share", "#classes", UNLABELLED),
    "slices.accuracy": Words("accuracy", "share", "#slices", UNLABELLED),
    "calibration_error": Words("calibration error", "share", "#calibration", UNLABELLED),
    "quarantine_share": Words("share of unreadable files", "share", "#quarantine"),
    "duplicates_across_labels": Words("files under two labels", "count", "#duplicates"),
    "near_duplicates.training.images": Words(
        "audited images among the training images",
        "count",
        "#duplicates",
        "Training images were not searched for copies: training_images is not given.",
    ),
    "trust.heat_usable": Words(
        "The maps pass their own tests on this model.",
        "yes",
        "#trust",
        "The maps were not tested.",
        "The maps fail their own tests on this model.",
    ),
    "comparison.accuracy_difference": Words(
        "difference of accuracy from the reference", "share", "#verdict", UNCOMPARED
    ),
    "comparison.negative_flips": Words(
        "share of images that were right and are wrong now", "share", "#verdict", UNCOMPARED
    ),
    "comparison.new_shortcuts": Words("new proven shortcuts", "count", "#verdict", UNCOMPARED),
}
SUCCESSES = {
    "recall": ("right", "support"),
    "precision": ("right", "predicted"),
    "accuracy": ("right", "support"),
}
"""For each share in a row the fields of its numerator and denominator."""
SHARES = {"accuracy", "top5_accuracy"}
"""Shares of all labelled images."""


@dataclass(frozen=True)
class Measured:
    """A number with the ends of its interval.

    ``of`` is the name of its row, "" without one; ``images`` the number of images that it is
    measured on, if known; ``successes`` their number in a share, whose interval is Wilson's.
    """

    of: str
    value: float
    low: float
    high: float
    images: int | None = None
    successes: int | None = None

    def at(self, level: float) -> "Measured":
        """The number with an interval of another confidence level, if it is a share."""
        if self.successes is None or not self.images:
            return self
        share = wilson(self.successes, self.images, level)
        return Measured(self.of, *share.known, self.images, self.successes)


def words(path: str) -> Words:
    """The words for a metric; its path is the name if it has no words."""
    return WORDS.get(path, Words(path))


def single(summary: Mapping[str, Any], path: str) -> Measured | None:
    """The number at a path, with the interval beside it (``NAME_95_low``, ``NAME_95_high``).

    Returns:
        None if it is null, or if the part of the audit that it comes from is absent.

    Raises:
        AuditError: there is no such number.
    """
    above, name = _parent(summary, path)
    if above is None:
        return None
    if name not in above:
        raise AuditError(_unknown(summary, path))
    return _measured(above, name, "")


def rows(summary: Mapping[str, Any], path: str) -> list[Mapping[str, Any]] | None:
    """The list at a path; None if it is absent.

    Raises:
        AuditError: the path does not exist, or its value is no list.
    """
    above, name = _parent(summary, path)
    if above is None or above.get(name, ...) is None:
        return None
    found = above.get(name)
    if not isinstance(found, list):
        raise AuditError(_unknown(summary, path))
    return found


def of_row(row: Mapping[str, Any], name: str, images: str = "support") -> Measured | None:
    """A number of a row; None if it is null.

    Args:
        row: of a list in ``summary.json``.
        name: field of the number.
        images: field with the number of images, if the row has it.

    Raises:
        AuditError: the row has no such number.
    """
    if name not in row:
        raise AuditError(f"has no {name!r}; known: {', '.join(map(str, row))}")
    title = str(row.get("name") or row.get("title") or row.get("id") or "")
    found = _measured(row, name, title)
    if found is None or found.images is not None or row.get(images) is None:
        return found
    return Measured(found.of, found.value, found.low, found.high, int(row[images]))


def matches(row: Mapping[str, Any], where: Mapping[str, str | list[str]]) -> bool:
    """True if the row's value is one of the given ones for each field in ``where``."""
    return all(
        str(row.get(key)) in ([value] if isinstance(value, str) else value)
        for key, value in where.items()
    )


def _parent(summary: Mapping[str, Any], path: str) -> tuple[Mapping[str, Any] | None, str]:
    above: Any = summary
    *parents, name = path.split(".")
    for part in parents:
        if not isinstance(above, Mapping) or part not in above:
            raise AuditError(_unknown(summary, path))
        above = above[part]
        if above is None:
            return None, name
    if not isinstance(above, Mapping):
        raise AuditError(_unknown(summary, path))
    return above, name


def _measured(above: Mapping[str, Any], name: str, of: str) -> Measured | None:
    value = above[name]
    if value is None:
        return None
    if not isinstance(value, bool | int | float) or math.isnan(value):
        raise AuditError(f"{name!r} is no number")
    low, high = above.get(f"{name}_95_low"), above.get(f"{name}_95_high")
    successes, trials = (above.get(field) for field in SUCCESSES.get(name, ("", "")))
    if successes is None and low is not None:
        trials = above.get("images_labelled")
        successes = round(value * trials) if trials and name in SHARES else None
    elif successes is not None and trials:
        low, high = wilson(successes, trials)[1:]
    return Measured(
        of,
        float(value),
        float(value if low is None else low),
        float(value if high is None else high),
        trials,
        successes,
    )


def _unknown(summary: Mapping[str, Any], path: str) -> str:
    near = difflib.get_close_matches(path, [*WORDS, *summary], n=1)
    return f"summary.json has no {path!r}" + (f"; did you mean {near[0]!r}?" if near else "")
