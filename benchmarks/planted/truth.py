"""What is true of a case, as it lies in its folder as truth.json."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "truth.json"


@dataclass(frozen=True)
class Specification:
    """Which case to make.

    Attributes:
        cue: L1 to C3, or None for a case in which nothing was planted.
        strength: per cent of the class's training images that carry the cue.
        photographs: the set, A to D.
        network: flat, squeeze, residual or mobile.
        negative: for a hard negative, N1 to N15 or "clean"; None for a planted cue.
        seed: everything random depends on it.
    """

    cue: str | None
    strength: int
    photographs: str
    network: str
    seed: int
    negative: str | None = None

    @property
    def name(self) -> str:
        """A folder's name."""
        what = f"{self.negative or 'P'}-{self.cue or 0}-{self.strength}"
        return f"{what}-{self.photographs}-{self.network}-{self.seed}"


@dataclass(frozen=True)
class Audit:
    """A folder of images to audit: carriers' file names, sorted, and their boxes where local."""

    folder: str
    carriers: tuple[str, ...]
    boxes: dict[str, tuple[float, float, float, float]]


@dataclass(frozen=True)
class Oracle:
    """The cue inserted into held-out images of other classes.

    Attributes:
        score: Adebayo's spurious score: share called the class after insertion, of images that were
            not called so before; what decides whether the model relies on the cue.
        pairs: of how many.
        effect: share called the class after insertion minus the share before, of all images.
    """

    score: float
    pairs: int
    effect: float


@dataclass(frozen=True)
class Truth:
    """All that is known of a case."""

    specification: Specification
    classes: tuple[str, ...]
    target: str | None
    """The class that the cue goes with."""
    words: tuple[str, ...]
    side: int
    scaling: str
    interpolation: str
    training_accuracy: float
    clean_accuracy: float
    """On held-out images without the cue."""
    oracle: Oracle | None
    audits: tuple[Audit, ...]

    def write(self, folder: Path) -> None:
        """Write truth.json last: a folder that has it is whole."""
        text = json.dumps(dataclasses.asdict(self), indent=1)
        temporary = folder / (NAME + ".part")
        temporary.write_text(text)
        temporary.rename(folder / NAME)


def read(folder: Path) -> Truth:
    """The truth of a case's folder."""
    raw: dict[str, Any] = json.loads((folder / NAME).read_text())
    raw["specification"] = Specification(**raw["specification"])
    raw["oracle"] = Oracle(**raw["oracle"]) if raw["oracle"] else None
    raw["audits"] = tuple(
        Audit(
            each["folder"],
            tuple(each["carriers"]),
            {name: tuple(box) for name, box in each["boxes"].items()},
        )
        for each in raw["audits"]
    )
    raw["classes"], raw["words"] = tuple(raw["classes"]), tuple(raw["words"])
    return Truth(**raw)
