"""Compare a policy with an audit's numbers: a result for each gate, and the verdict.

An end of an interval is compared with the limit, never the value itself. A limit is met if the
whole interval lies on its right side, missed if the whole lies on its wrong side, else undecided.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from convaudit.errors import AuditError
from convaudit.metrics.intervals import LEVEL, images_to_decide
from convaudit.verdict import metric, wording
from convaudit.verdict.metric import Measured
from convaudit.verdict.policy import Answer, Gate, Policy, Waiver

ORDER = ("fail", "ask", "undecided", "warn", "waived", "skipped", "pass")
"""Results of a gate; those that decide the verdict come first."""


@dataclass(frozen=True)
class Judged:
    """A gate's result: value with its interval, the limit, and one sentence; None if not known."""

    name: str
    result: str
    value: float | None
    low: float | None
    high: float | None
    bound: str
    limit: float
    text: str
    link: str


@dataclass(frozen=True)
class Verdict:
    """``result`` is pass, fail, undecided or ask; the gates that decide it come first.

    ``remarks`` are sentences for the signer about waivers, also void ones, and answers.
    """

    result: str
    gates: tuple[Judged, ...]
    policy_sha256: str
    audit_key: str
    remarks: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """The content of ``verdict.json``."""
        return {**asdict(self), "gates": [asdict(gate) for gate in self.gates]}


def judge(
    policy: Policy,
    summary: Mapping[str, Any],
    *,
    model: str,
    audit_key: str,
    expired: Sequence[int] = (),
) -> Verdict:
    """Compare a policy with the numbers of an audit.

    Args:
        policy: gates, waivers and answers.
        summary: the content of ``summary.json``; a part that was not measured is None.
        model: SHA-256 of the model's file, or its name in keras.applications.
        audit_key: key that covers everything that was measured.
        expired: numbers of the waivers that no longer hold.
    """
    valid, remarks = _valid(policy, model, expired)
    suspects, more = _settled(summary.get("suspects"), policy.answers, valid)
    given = {**summary, "suspects": suspects}
    judged = [_waived(_gate(gate, given), valid) for gate in policy.gates]
    ordered = sorted(judged, key=lambda one: ORDER.index(one.result))
    worst = ordered[0].result
    result = worst if worst in ("fail", "ask", "undecided") else "pass"
    return Verdict(result, tuple(ordered), policy.sha256, audit_key, (*remarks, *more))


def _valid(
    policy: Policy, model: str, expired: Sequence[int]
) -> tuple[list[Waiver], tuple[str, ...]]:
    valid, remarks = [], []
    for at, waiver in enumerate(policy.waivers):
        if at in expired:
            remarks.append(
                f"The waiver of {waiver.what} by {waiver.name} is void: it expired on "
                f"{waiver.expires}."
            )
        elif not model.startswith(waiver.model):
            remarks.append(
                f"The waiver of {waiver.what} by {waiver.name} is void: it is for "
                f"another model ({waiver.model[:12]})."
            )
        else:
            valid.append(waiver)
    return valid, tuple(remarks)


def _settled(
    suspects: Any, answers: Mapping[str, Answer], waivers: list[Waiver]
) -> tuple[list[dict[str, Any]] | None, tuple[str, ...]]:
    """Apply answers and waivers to suspects: one that asks becomes a note or a block.

    Returns:
        The suspects, None if there was no search, and a remark for each answer and waiver used.
    """
    if suspects is None:
        return None, ()
    remarks, found = [], []
    waived = {waiver.cue: waiver for waiver in waivers if waiver.cue}
    for suspect in suspects:
        answer, waiver = answers.get(suspect["id"]), waived.get(suspect["id"])
        title = suspect["title"]
        if waiver:
            remarks.append(
                f"{title}: waived by {waiver.name} until {waiver.expires}: {waiver.reason}"
            )
            suspect = {**suspect, "severity": "note"}
        elif answer and suspect["severity"] == "ask":
            thing = answer.answer == "thing"
            said = "this is the thing itself" if thing else "this is a shortcut"
            why = f": {answer.reason}" if answer.reason else ""
            remarks.append(f"{title}: {said}, says {answer.name}{why}")
            suspect = {**suspect, "severity": "note" if thing else "block"}
        found.append(suspect)
    return found, tuple(remarks)


def _waived(judged: Judged, waivers: list[Waiver]) -> Judged:
    for waiver in waivers:
        if waiver.gate == judged.name and judged.result in ("fail", "ask", "undecided"):
            text = f"{judged.text} Waived by {waiver.name} until {waiver.expires}: {waiver.reason}"
            return replace(judged, result="waived", text=text)
    return judged


def _gate(gate: Gate, summary: Mapping[str, Any]) -> Judged:
    try:
        if gate.scope != "all":
            return _each(gate, summary)
        if gate.where or isinstance(summary.get(gate.metric), list):
            return _counted(gate, summary)
        found = metric.single(summary, gate.metric)
        return _missing(gate) if found is None else _judged(gate, found)
    except AuditError as error:
        return _without(gate, "fail", f"Can't be judged: {error}.")


def _counted(gate: Gate, summary: Mapping[str, Any]) -> Judged:
    """Count the rows that match. Undecided suspects widen the interval."""
    found = metric.rows(summary, gate.metric)
    if found is None:
        return _missing(gate)
    sure = [row for row in found if metric.matches(row, gate.where)]
    maybe: list[Mapping[str, Any]] = []
    if gate.metric == "suspects" and gate.where.get("status") == "confirmed":
        where = {**gate.where, "status": "undecided"}
        maybe = [row for row in found if metric.matches(row, where)]
    count = Measured("", len(sure), len(sure), len(sure) + len(maybe))
    result = _result(gate, count)
    text = wording.counted(gate, sure, maybe)
    return _told(gate, count, result, text)


def _each(gate: Gate, summary: Mapping[str, Any]) -> Judged:
    """Judge the deciding row; all rows share the error of 5 % (Bonferroni)."""
    path, _, name = gate.metric.rpartition(".")
    found = metric.rows(summary, path)
    if found is None:
        return _missing(gate)
    wanted = [row for row in found if metric.matches(row, gate.where)]
    measured = [one for row in wanted if (one := metric.of_row(row, name)) is not None]
    enough = [one for one in measured if (one.images or 0) >= gate.min_images]
    few = len(measured) - len(enough)
    if not enough:
        what = gate.scope.removeprefix("each ")
        few_text = f"No {what} has {gate.min_images} images or more." if few else None
        return _missing(gate) if few_text is None else _without(gate, gate.on_undecided, few_text)
    level = 1 - (1 - LEVEL) / len(enough)
    corrected = [one.at(level) for one in enough]
    lowest = gate.bound == "lower"
    results = [_result(gate, one) for one in corrected]
    worst = min(results, key=ORDER.index)
    deciding = [one for one, result in zip(corrected, results, strict=True) if result == worst]
    decides = min(deciding, key=lambda one: (one.value if lowest else -one.value, one.of))
    judged = _judged(gate, decides, level)
    more = wording.others(gate, worst, len(deciding) - 1, few)
    return replace(judged, text=f"{judged.text}{more}")


def _judged(gate: Gate, found: Measured, level: float = LEVEL) -> Judged:
    result = _result(gate, found)
    text = wording.measured(gate, found)
    if not _met(gate, found) and not _missed(gate, found):
        text += wording.undecided(_needed(gate, found, level))
    return _told(gate, found, result, text)


def _met(gate: Gate, found: Measured) -> bool:
    return found.low >= gate.limit if gate.bound == "lower" else found.high <= gate.limit


def _missed(gate: Gate, found: Measured) -> bool:
    return found.high < gate.limit if gate.bound == "lower" else found.low > gate.limit


def _result(gate: Gate, found: Measured) -> str:
    if _met(gate, found):
        return "pass"
    if _missed(gate, found):
        return gate.severity
    # A gate that only warns does not make the verdict undecided.
    return "warn" if gate.severity == "warn" else gate.on_undecided


def _needed(gate: Gate, found: Measured, level: float) -> int | None:
    """Number of images that would decide at the same value; None if none would, or if unknown."""
    if found.successes is not None:
        return images_to_decide(found.value, gate.limit, level)
    gap = abs(found.value - gate.limit)
    if found.images is None or math.isclose(gap, 0, abs_tol=1e-12):
        return None
    half = max(found.high - found.value, found.value - found.low)
    return math.ceil(found.images * (half / gap) ** 2)


def _missing(gate: Gate) -> Judged:
    known = metric.words(gate.metric)
    result = {"skip": "skipped"}.get(gate.on_missing, gate.on_missing)
    if result == "fail" and gate.severity == "warn":
        result = "warn"
    return _without(gate, result, known.absent)


def _without(gate: Gate, result: str, text: str) -> Judged:
    link = metric.words(gate.metric).link
    return Judged(gate.name, result, None, None, None, gate.bound, gate.limit, text, link)


def _told(gate: Gate, found: Measured, result: str, text: str) -> Judged:
    link = metric.words(gate.metric).link
    numbers = found.value, found.low, found.high
    return Judged(gate.name, result, *numbers, gate.bound, gate.limit, text, link)
