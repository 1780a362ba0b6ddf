"""The truth about a case, which its folder holds as truth.json."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "truth.json"


@dataclass(frozen=True)
class Specification:
    """The case to make.

    Attributes:
        cue: L1 to C3, or None for a case in which nothing is planted.
        strength: per cent of the class's training images that carry the cue.
        photographs: the set, A to D.
        network: flat, squeeze, residual or mobile.
        negative: for a hard negative, N1 to N15 or "clean"; None for a planted cue.
        seed: of all random numbers.
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
    """A folder of images to audit: the sorted file names of carriers, and boxes of local cues."""

    folder: str
    carriers: tuple[str, ...]
    boxes: dict[str, tuple[float, float, float, float]]


@dataclass(frozen=True)
class Oracle:
    """The effect of the cue when it is inserted into held-out images of other classes.

    Attributes:
        score: Adebayo's spurious score: of the images that were not predicted as the class, the
            share that is after insertion. It decides whether the model relies on the cue.
        pairs: number of these images.
        effect: share predicted as the class after insertion minus the share before, of all images.
    """

    score: float
    pairs: int
    effect: float


@dataclass(frozen=True)
class Truth:
    """The truth about a case, as it was made."""

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
