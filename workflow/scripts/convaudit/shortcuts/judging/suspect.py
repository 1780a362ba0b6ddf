"""A suspect after its trials."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from convaudit.shortcuts.candidate import Evidence
from convaudit.shortcuts.laboratory.trials import CONFIRMED, Pair, Trial


@dataclass(frozen=True)
class Suspect:
    """A suspect after its trials; ``as_json`` gives its entry in ``summary.json``.

    ``carries`` is that of its candidate.
    """

    id: str
    cue: str
    kind: str
    target: str
    title: str
    text: str
    status: str
    severity: str
    data: Evidence
    insert: Trial | None
    remove: Trial | None
    images: list[str]
    image_count: int
    carries: np.ndarray
    pairs: list[Pair]
    detail: dict[str, Any]

    @property
    def effect(self) -> float:
        """Share of images that the insertion turned, less that of its control; 0 if not tried."""
        return self.insert.difference.value if self.insert else 0.0

    @property
    def turns(self) -> bool:
        """True if the insertion alone confirms it."""
        return self.insert is not None and self.insert.difference.low >= CONFIRMED

    def as_json(self) -> dict[str, Any]:
        """The suspect as JSON; docs/shortcuts.md explains the fields."""
        return {
            "id": self.id,
            "cue": self.cue,
            "kind": self.kind,
            "class": self.target,
            "title": self.title,
            "text": self.text,
            "status": self.status,
            "severity": self.severity,
            "data": {"r": short(self.data.r), "auc": short(self.data.auc), "n": self.data.n},
            "insert": _trial_json(self.insert),
            "remove": _trial_json(self.remove),
            "images": self.images,
            "image_count": self.image_count,
            "detail": self.detail,
            "link": f"report/index.html#{self.id}",
        }


def _trial_json(trial: Trial | None) -> dict[str, Any] | None:
    if trial is None or not trial.difference.pairs:
        return None
    return {
        "pairs": trial.difference.pairs,
        "flips": trial.flips,
        "control_flips": trial.control_flips,
        "low": short(trial.difference.low),
        "high": short(trial.difference.high),
    }


def short(value: float) -> float:
    """A number as the JSON gives it."""
    return round(float(value), 6)
