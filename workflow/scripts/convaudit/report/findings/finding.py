"""A finding: a computed sentence about what is unusual in an audit, with its evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from convaudit.metrics.cues import CueShare

FEWEST = 5
"""Least number of images for a finding."""
SHOWN = 6
"""Greatest number of images or class names that a finding shows."""
GUESS = "The scaling is a guess"
"""Title of the finding that stands in the verdict, above all others."""


@dataclass(frozen=True)
class Finding:
    """``kind`` is classes, scaling, heat, trust, slice or data; ``count`` is the number of images,
    and ``rows`` are the row numbers of the ``SHOWN`` clearest ones, the clearest first. ``suspect``
    is the confirmed suspect whose cue most of its errors carry, or None.
    """

    kind: str
    title: str
    text: str
    link: str
    count: int = 0
    rows: Sequence[int] = ()
    region: int | None = None
    suspect: CueShare | None = None

    def facts(self) -> dict[str, Any]:
        """The finding as JSON."""
        page = f"index.html{self.link}" if self.link.startswith("#") else self.link
        return {
            "kind": self.kind,
            "title": self.title,
            "text": self.text,
            "images": self.count,
            "link": f"report/{page}",
        }
