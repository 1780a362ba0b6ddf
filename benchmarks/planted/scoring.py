"""Score the rows of a method: named, localised, confirmed, alarms."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import beta

from planted import cases
from planted.cues import CUES
from planted.finding import Answer, Finding, from_json
from planted.truth import Oracle, Specification

RELIES, IGNORES = 0.85, 0.1
"""Oracle scores above which a model relies on the cue, and below which it does not (Adebayo)."""
_OVERLAP = 0.3
"""Least intersection over union of a right place."""


@dataclass(frozen=True)
class Row:
    """One audit of one case, and the answer of one method."""

    specification: Specification
    audit: str
    target: str | None
    words: frozenset[str]
    oracle: Oracle | None
    accuracy: float
    shown_carriers: frozenset[str]
    box: tuple[float, ...] | None
    answer: Answer

    @property
    def relies(self) -> bool:
        """Whether the model was proven to rely on the cue: a positive."""
        planted = self.specification.negative is None
        return planted and self.oracle is not None and self.oracle.score > RELIES

    @property
    def clean(self) -> bool:
        """True if there is nothing to find: a hard negative, or a cue that the model ignores."""
        if self.specification.negative is not None:
            return self.oracle is None or self.oracle.score < IGNORES
        return self.oracle is not None and self.oracle.score < IGNORES

    def right(self, finding: Finding) -> bool:
        """True if a finding names cue and class, or the cue if the method names no class."""
        return finding.target in {"", self.target} and bool(set(finding.words) & self.words)


def rows(raw: Iterable[dict[str, Any]], method: str, *, reported: bool = True) -> list[Row]:
    """The rows of one method: those of the reported seeds, or those of the tuning seeds."""
    found = []
    for each in raw:
        if "failed" in each:
            continue
        known = each["truth"]
        specification = Specification(**known["specification"])
        if cases.is_tuning(specification) == reported:
            continue
        boxes = np.array(each["boxes"], float).reshape(-1, 4)
        cue = CUES.get(specification.cue or "")
        fixed = cue is not None and cue.fixed and len(boxes) > 0
        for answer in each["answers"]:
            if answer["method"] == method:
                row = Row(
                    specification,
                    each["audit"],
                    known["target"],
                    frozenset(known["words"]),
                    Oracle(**known["oracle"]) if known["oracle"] else None,
                    each["accuracy"],
                    frozenset(each["shown_carriers"]),
                    tuple(np.median(boxes, axis=0)) if fixed else None,
                    from_json(answer),
                )
                found.append(row)
    return found


def is_named(row: Row, among: int) -> bool:
    """Whether one of the first findings is right."""
    return any(row.right(each) for each in row.answer.findings[:among])


def is_confirmed(row: Row) -> bool:
    """Whether one of the first three findings is right and confirmed."""
    return any(row.right(each) and each.status == "confirmed" for each in row.answer.findings[:3])


def is_localised(row: Row) -> bool | None:
    """True if the right finding lies where the cue does; None if one of them has no box."""
    boxes = [each.box for each in row.answer.findings[:3] if row.right(each) and each.box]
    if row.box is None or not boxes:
        return None
    return any(overlap(row.box, box) >= _OVERLAP for box in boxes)


def overlap(first: Sequence[float], second: Sequence[float]) -> float:
    """Intersection over union of two boxes x0, y0, x1, y1."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    inner = max(0.0, width) * max(0.0, height)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return inner / (sum(areas) - inner) if sum(areas) > inner else 0.0


def precision(row: Row) -> float | None:
    """Share of true carriers among the first ten images of the first right finding."""
    for each in row.answer.findings[:3]:
        if row.right(each) and each.images:
            return float(np.mean([name in row.shown_carriers for name in each.images[:10]]))
    return None


def images_only(row: Row) -> float:
    """The same for a method that names no cue: the best of the target's first three slices."""
    slices = [each for each in row.answer.findings if each.target == row.target][:3]
    shares = [np.mean([name in row.shown_carriers for name in s.images[:10]]) for s in slices]
    return float(max(shares, default=0.0))


def is_alarm(row: Row, severity: str) -> bool:
    """True if a finding of this severity does not name a cue that the model uses."""
    loud = [each for each in row.answer.findings if each.severity == severity]
    return not all(is_excused(row, each) for each in loud)


def is_excused(row: Row, finding: Finding) -> bool:
    """True if a finding names the cue of a model that uses it at least a little."""
    used = row.oracle is not None and row.oracle.score >= IGNORES
    return used and row.right(finding)


def distance(row: Row) -> float | None:
    """|S - oracle| of the first right finding; None without one."""
    found = _tested(row)
    return abs(found[0] - found[3].effect) if found else None


def covers(row: Row) -> bool | None:
    """True if the first right finding's interval covers the oracle's effect; None without one."""
    found = _tested(row)
    return found[1] <= found[3].effect <= found[2] if found else None


def meets(row: Row) -> bool | None:
    """True if that interval meets the oracle's own; an oracle is measured on images too."""
    found = _tested(row)
    if not found:
        return None
    _, low, high, oracle = found
    least, most = bounds(max(0, round(oracle.effect * oracle.pairs)), oracle.pairs)
    return low <= most and high >= least


def _tested(row: Row) -> tuple[float, float, float, Oracle] | None:
    """Effect and interval of the first right finding among three, and the oracle."""
    for each in row.answer.findings[:3]:
        if row.right(each) and each.effect is not None and row.oracle is not None:
            assert each.low is not None and each.high is not None
            return each.effect, each.low, each.high, row.oracle
    return None


def bounds(hits: int, count: int, level: float = 0.95) -> tuple[float, float]:
    """Two-sided Clopper-Pearson interval of a share; (0, 1) if ``count`` is 0."""
    if count == 0:
        return 0.0, 1.0
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, hits, count - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, count - hits)) if hits < count else 1.0
    return low, high


def share(chosen: Sequence[Row], test: Callable[[Row], bool | None]) -> tuple[int, int]:
    """Number of hits, and number of rows that the test applies to."""
    answers = [answer for row in chosen if (answer := test(row)) is not None]
    return sum(answers), len(answers)
