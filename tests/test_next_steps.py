"""The verdict says what to do next: one action for each kind of gate that stops a signature."""

from typing import Any

import pytest

from convaudit.report.sections.next_steps import next_steps
from convaudit.verdict import metric

SUMMARY: dict[str, Any] = {
    "accuracy": 0.85,
    "images_labelled": 240,
    "images_quarantined": 3,
    "scaling_known": True,
    "temperature_error_before": 0.15,
    "temperature_error_after": 0.05,
}


def gate(link: str, result: str = "fail", **changes: Any) -> dict[str, Any]:
    given = {"name": "a gate", "value": 0.5, "limit": 0.8, "text": "What was measured."}
    return {**given, "link": link, "result": result, **changes}


def steps(*gates: dict[str, Any], shortcut: Any = None, **changes: Any) -> list[str]:
    return next_steps({**SUMMARY, "verdict": {"gates": list(gates)}, **changes}, shortcut)


def test_each_gate_that_stops_a_signature_has_its_action_once():
    gates = [
        gate("#shortcuts"),
        gate("#calibration"),
        gate("#quarantine"),
        gate("#quarantine"),
        gate("#confusion", "undecided", name="accuracy", value=0.85),
        gate("#trust", "warn"),
        gate("#classes", "pass"),
    ]
    # 0.85 against 0.8 needs 3.8415 x 0.8 x 0.2 / 0.05^2 = 245.9 images, said as 250: 10 more.
    assert steps(*gates, shortcut={"id": "s"}, scaling_known=False) == [
        "Train the model again on images where the cue is gone or equally frequent in all classes.",
        "Calibrate the model, for example by temperature.",
        "Repair or remove the 3 unreadable files.",
        "Audit about 10 more labelled images, to decide the gate “accuracy”.",
        "Set preprocess.scaling to the scaling that was used in training.",
    ]


def test_there_are_at_most_five_and_none_for_a_model_that_passes():
    assert len(steps(*(gate("#verdict", name=str(number)) for number in range(9)))) == 5
    assert steps(gate("#accuracy", "pass"), gate("#trust", "warn"), scaling_known=False) == []


@pytest.mark.parametrize(
    ("given", "changes", "said"),
    [
        (gate("#calibration"), {"temperature_error_after": 0.4}, "a temperature alone does not"),
        (gate("#quarantine"), {"images_quarantined": 1}, "the 1 unreadable file."),
        (gate("#shortcuts", "ask"), {}, "answer in the policy"),
        (gate("#confusion"), {}, "Improve the accuracy"),
        (gate("#confusion", text=metric.words("class_order_ok").otherwise), {}, "classes=FILE"),
        (
            gate("#confusion", "undecided", value=None, text=metric.UNLABELLED),
            {"accuracy": None},
            "Give the images labels",
        ),
        (gate("#shortcuts", "undecided", value=None), {}, "measurable: What was measured."),
        (gate("#classes", "undecided"), {}, "until the gate “a gate” is decided"),
        (gate("#verdict"), {}, "Fix what the gate “a gate” names."),
    ],
)
def test_the_action_fits_the_gate(given, changes, said):
    (step,) = steps(given, **changes)
    assert said in step
