"""Say what to do next about the gates that stop a signature, one short action for each kind."""

from collections.abc import Mapping
from typing import Any

from convaudit.metrics.intervals import images_to_decide
from convaudit.verdict import metric
from convaudit.verdict.wording import rounded

_MOST = 5
"""Greatest number of actions; more would not be read."""
_CLASS_ORDER = metric.words("class_order_ok").otherwise


def next_steps(summary: Mapping[str, Any], shortcut: Mapping[str, Any] | None) -> list[str]:
    """At most five actions, in the order of the verdict's gates, and each once.

    Args:
        summary: the content of ``summary.json``.
        shortcut: the suspect that decides the verdict (``suspects.reason``), or None.
    """
    stops = [
        gate
        for gate in summary["verdict"]["gates"]
        if gate["result"] in ("fail", "ask", "undecided")
    ]
    found = [_action(gate, summary, shortcut) for gate in stops]
    if not summary["scaling_known"] and stops:
        found.append("Set preprocess.scaling to the scaling that was used in training.")
    return list(dict.fromkeys(found))[:_MOST]


def _action(
    gate: Mapping[str, Any], summary: Mapping[str, Any], shortcut: Mapping[str, Any] | None
) -> str:
    kind = gate["link"].removeprefix("#")
    if gate["result"] == "undecided" or gate["value"] is None:
        return _decide(gate, summary)
    if kind == "shortcuts" and gate["result"] == "ask":
        return (
            "Look at the suspects that ask, and answer in the policy whether each is the thing "
            "itself."
        )
    if kind == "shortcuts" and shortcut:
        return (
            "Train the model again on images where the cue is gone or equally frequent in all "
            "classes."
        )
    if kind == "confusion" and gate["text"] == _CLASS_ORDER:
        return "Give the class names in the order of the training (classes=FILE)."
    bad = summary["images_quarantined"]
    return {
        "data": "Set preprocess.scaling to the scaling that was used in training.",
        "confusion": "Improve the accuracy, for example with more training images.",
        "classes": "Add training images of the weakest classes.",
        "slices": "Add training images like those of the weakest slices.",
        "calibration": _calibrate(summary),
        "quarantine": f"Repair or remove the {bad:,} unreadable file{'' if bad == 1 else 's'}.",
    }.get(kind, f"Fix what the gate “{gate['name']}” names.")


def _decide(gate: Mapping[str, Any], summary: Mapping[str, Any]) -> str:
    """How an undecided gate can be decided."""
    if gate["value"] is None:
        if summary["accuracy"] is None and gate["text"] == metric.UNLABELLED:
            return (
                "Give the images labels (a folder for each class, or a table with the column "
                "label): without labels no accuracy is known."
            )
        return f"Make the gate “{gate['name']}” measurable: {gate['text']}"
    needed = None
    if gate["link"] == "#confusion" and gate["value"] == summary["accuracy"]:
        needed = images_to_decide(gate["value"], gate["limit"])
    if needed is None:
        return f"Audit more images, until the gate “{gate['name']}” is decided."
    more = max(1, rounded(needed) - summary["images_labelled"])
    return f"Audit about {more:,} more labelled images, to decide the gate “{gate['name']}”."


def _calibrate(summary: Mapping[str, Any]) -> str:
    before, after = summary["temperature_error_before"], summary["temperature_error_after"]
    if after is None or after < before:
        return "Calibrate the model, for example by temperature."
    return "Calibrate the model; a temperature alone does not fix it."
