"""The findings of a method, in one form for all methods."""

import dataclasses
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One suspicion.

    Attributes:
        words: the cue in words of the report; empty if the method can't name one.
        target: the class, or "" if the method names none.
        status: confirmed, refuted, undecided, data_only or fragile; "" without an experiment.
        severity: block, ask, warn or note; "" without an experiment.
        images: file names, the clearest first.
        effect, low, high: share of images that the inserted cue turned minus that of its control,
            and its interval; None if nothing was inserted.
        box: x0, y0, x1, y1 as shares of the sides; None if no place is named.
    """

    words: tuple[str, ...]
    target: str
    status: str = ""
    severity: str = ""
    images: tuple[str, ...] = ()
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Answer:
    """The findings of a method in an audit, the best first, with its seconds and forward passes."""

    method: str
    findings: tuple[Finding, ...]
    seconds: float
    forwards: int = 0

    def as_json(self) -> dict[str, Any]:
        """For a row; at most ten findings with ten images each."""
        short = [
            dataclasses.asdict(dataclasses.replace(each, images=each.images[:10]))
            for each in self.findings[:10]
        ]
        return {
            "method": self.method,
            "findings": short,
            "seconds": round(self.seconds, 2),
            "forwards": self.forwards,
        }


def from_json(raw: dict[str, Any]) -> Answer:
    """The answer of a row."""
    findings = [
        Finding(**{k: tuple(v) if isinstance(v, list) else v for k, v in each.items()})
        for each in raw["findings"]
    ]
    return Answer(raw["method"], tuple(findings), raw["seconds"], raw["forwards"])
