"""The input of every method: a case's files on disk, its labels and the trained network."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import keras
import numpy as np

from convaudit.dataset.images import decode, resize
from planted.truth import Audit, Truth


@dataclass(frozen=True)
class Audited:
    """Images of one audit, sorted by class and name.

    names: (n,) paths below the audit's folder, which are the image ids; labels: (n,).
    """

    folder: Path
    truth: Truth
    audit: Audit
    names: tuple[str, ...]
    labels: np.ndarray

    @cached_property
    def data(self) -> list[bytes]:
        """The files."""
        return [(self.folder / self.audit.folder / name).read_bytes() for name in self.names]

    @cached_property
    def pictures(self) -> list[np.ndarray]:
        """The decoded images, RGB uint8, at their own sizes."""
        return [decode(each) for each in self.data]

    @cached_property
    def inputs(self) -> np.ndarray:
        """The network's input: (n, side, side, 3), float32 in 0..1."""
        return self.prepare(self.pictures)

    def prepare(self, pictures: list[np.ndarray]) -> np.ndarray:
        """Resize and scale as the audit does."""
        size = (self.truth.side, self.truth.side)
        resized = [resize(each, size, self.truth.interpolation) for each in pictures]
        return np.stack(resized).astype(np.float32) / 255

    @cached_property
    def model(self) -> keras.Model:
        return keras.models.load_model(self.folder / "model.keras", compile=False)

    @cached_property
    def probabilities(self) -> np.ndarray:
        """(n, K): probabilities of the K classes."""
        found = np.asarray(self.model.predict(self.inputs, batch_size=128, verbose=0))
        return np.hstack([1 - found, found]) if found.shape[1] == 1 else found

    @cached_property
    def predicted(self) -> np.ndarray:
        return self.probabilities.argmax(1)

    @cached_property
    def carries(self) -> np.ndarray:
        """(n,) bool: the cue was planted into the image."""
        return np.isin(self.names, self.audit.carriers)


def read(folder: Path, truth: Truth, audit: Audit) -> Audited:
    """The images of an audit."""
    names, labels = [], []
    for label, name in enumerate(truth.classes):
        for path in sorted((folder / audit.folder / name).iterdir()):
            names.append(f"{name}/{path.name}")
            labels.append(label)
    return Audited(folder, truth, audit, tuple(names), np.array(labels))
