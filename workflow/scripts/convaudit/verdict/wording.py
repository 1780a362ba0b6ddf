"""Describe a gate's result in one or two sentences."""

from collections.abc import Mapping, Sequence
from typing import Any

from convaudit.verdict import metric
from convaudit.verdict.metric import Measured, Words
from convaudit.verdict.policy import Gate

SHOWN = 3
_SEVERITIES = {
    "": ("", ""),
    "block": ("that blocks", "that block"),
    "ask": ("that needs an answer", "that need an answer"),
}
"""Words for one suspect of a severity, and for several."""


def measured(gate: Gate, found: Measured) -> str:
    """The measured value and the limit."""
    words = metric.words(gate.metric)
    if words.unit == "yes":
        return words.name if found.value else words.otherwise
    name = words.name + (f" of {found.of}" if found.of else "")
    interval = ""
    if (found.low, found.high) != (found.value, found.value):
        low, high = _number(found.low, words), _number(found.high, words)
        interval = f" (interval {low} to {high})"
    value = _number(found.value, words)
    if words.unit == "count":
        return (
            f"There {'is' if found.value == 1 else 'are'} {value} {name}{interval}; {asked(gate)}."
        )
    return f"The {name} is {value}{interval}; {asked(gate)}."


def asked(gate: Gate) -> str:
    """The limit, as in "at least 80.0% is required"."""
    words = metric.words(gate.metric)
    if words.unit == "count" and gate.bound == "upper" and gate.limit == 0:
        return "none is allowed"
    limit = _number(gate.limit, words)
    return (
        f"at least {limit} is required" if gate.bound == "lower" else f"at most {limit} is allowed"
    )


def undecided(images: int | None) -> str:
    """The reason why the interval does not decide, and how many images would."""
    if images is None:
        return " The limit is in the interval, so this is undecided."
    return f" There are too few images to decide: about {rounded(images):,} would be enough."


def counted(
    gate: Gate, sure: Sequence[Mapping[str, Any]], maybe: Sequence[Mapping[str, Any]]
) -> str:
    """Number and names of matching rows, and of rows that are undecided."""
    text = f"{_kind(gate, len(sure))}{_names(sure)}; {asked(gate)}."
    if maybe:
        verb = "is" if len(maybe) == 1 else "are"
        text += (
            f" {len(maybe)} more {verb} undecided, with too few images to decide{_names(maybe)}."
        )
    return text


def others(gate: Gate, result: str, also: int, few: int) -> str:
    """Number of other rows with the same result, and of rows that are too small to be judged."""
    what = gate.scope.removeprefix("each ")
    text = ""
    if also and result != "pass":
        verb = "has" if also == 1 else "have"
        text += f" {_count(also, 'other', what)} {verb} the same result."
    if few:
        verb = "is" if few == 1 else "are"
        text += (
            f" {_count(few, '', what)} of fewer than {gate.min_images} images {verb} not judged."
        )
    return text


def _kind(gate: Gate, count: int) -> str:
    """Number and kind of the rows that a gate counts, as in "1 confirmed shortcut that blocks"."""
    name = metric.words(gate.metric).name
    where = {
        key: value if isinstance(value, str) else " or ".join(value)
        for key, value in gate.where.items()
    }
    before, after = "", ""
    if gate.metric == "suspects":
        status, severity = where.pop("status", ""), where.pop("severity", "")
        name = "shortcuts" if status == "confirmed" else name
        before = status.replace("_", " ")
        after = _SEVERITIES.get(severity, (f"of severity {severity}",) * 2)[count != 1]
    name = name.removesuffix("s") if count == 1 else name
    rest = f"({', '.join(where.values())})" if where else ""
    return " ".join(filter(None, (f"{count:,}", before, name, after, rest)))


def _count(count: int, which: str, what: str) -> str:
    plural = {"class": "classes"}.get(what, f"{what}s")
    return " ".join(filter(None, (f"{count:,}", which, what if count == 1 else plural)))


def _names(rows: Sequence[Mapping[str, Any]]) -> str:
    names = [str(row.get("title") or row.get("name") or row.get("id")) for row in rows[:SHOWN]]
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return f": {'; '.join(names)}{more}" if names else ""


def _number(value: float, words: Words) -> str:
    if words.unit == "share":
        return f"{value:.1%}"
    return f"{value:,.0f}" if words.unit == "count" else f"{value:.4g}"


def rounded(images: int) -> int:
    """Round up to two digits, because more would claim more than is known."""
    step = 10 ** max(0, len(str(images)) - 2)
    return -(-images // step) * step
