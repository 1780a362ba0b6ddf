"""Standard metrics as rows of a table."""

from collections.abc import Sequence
from typing import Any

from convaudit.report.wording import percent, plain, short


def rows(summary: dict[str, Any], class_names: Sequence[str]) -> list[dict[str, str]]:
    """Name, value, interval and meaning of each number that is known.

    Args:
        summary: the content of ``summary.json``.
        class_names: in index order.
    """
    against = "mean over the classes, each against the rest"
    if summary["classes"] == 2:
        against = f"of “{short(class_names[1])}”"
    of = f"{against}, on {summary['score_images']:,} images"
    told = {
        "accuracy": ("accuracy", percent, "images whose predicted class is the true one"),
        "top5_accuracy": ("top-5 accuracy", percent, "true class among the five most probable"),
        "balanced_accuracy": ("balanced accuracy", percent, "mean recall of the classes"),
        "macro_f1": ("macro F1", percent, "mean over the classes"),
        "roc_auc": ("ROC AUC", plain, of),
        "average_precision": ("average precision", plain, of),
        "log_loss": ("log-loss", plain, "mean of -log of the true class's probability"),
        "brier": ("Brier score", plain, "mean squared distance of the probabilities"),
        "calibration_error": (
            "calibration error",
            percent,
            "mean gap of confidence and accuracy in ten bins of equal width",
        ),
        "calibration_error_equal_count": (
            "calibration error, equal-count bins",
            percent,
            "the same gap in ten bins of equal counts",
        ),
        "temperature": ("temperature", plain, _cooled(summary)),
    }
    found = _multilabel(summary["multilabel"]) if summary["multilabel"] else []
    for key, (name, show, what) in told.items():
        value = summary[key]
        if value is None or not summary["images_labelled"]:
            continue
        low, high = (summary.get(f"{key}_95_{end}") for end in ("low", "high"))
        interval = f"{show(low)} to {show(high)}" if low is not None and high is not None else ""
        found.append({"name": name, "value": show(value), "interval": interval, "what": what})
    return found


def _multilabel(numbers: dict[str, Any]) -> list[dict[str, str]]:
    """Rows for multi-label images; they stand before the rows for one label per image."""
    told = {
        "exact_match": "images all of whose labels are named, and no other",
        "macro_f1": "mean F1 of the classes, several labels per image",
        "micro_f1": "F1 of all labels together",
        "mean_average_precision": "mean over the classes",
    }
    low, high = numbers["exact_match_95_low"], numbers["exact_match_95_high"]
    interval = f"{percent(low)} to {percent(high)}"
    return [
        {
            "name": key.replace("_", " "),
            "value": percent(numbers[key]),
            "interval": interval if key == "exact_match" else "",
            "what": f"{what} ({numbers['images']:,} images)",
        }
        for key, what in told.items()
    ]


def _cooled(summary: dict[str, Any]) -> str:
    """The effect of dividing the logits by the temperature."""
    if summary["temperature"] is None:
        return ""
    before, after = summary["temperature_error_before"], summary["temperature_error_after"]
    return (
        "with all logits divided by this number, which gives the least log-loss, the calibration "
        f"error (equal-count bins) is {percent(after)} instead of {percent(before)}"
        f"{': it does not fix the calibration' if after >= before else ''}"
    )
