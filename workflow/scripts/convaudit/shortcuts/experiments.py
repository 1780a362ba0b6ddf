"""Experiments: what is done to an image of another class, and to a carrier, for each suspect."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from convaudit.shortcuts import operations, recipes
from convaudit.shortcuts.patches import Box, Patch, cut

Read = Callable[[int], np.ndarray]
"""Gives the pixels of the sample's image at a position."""

FILLS = ("smooth", "other")
"""How a removed region is filled: smoothly from its rim, or with the same region of an image of
another class."""


class Experiment(Protocol):
    """What is done to the pixels (H, W, 3) of a file; every choice follows from ``seed``."""

    @property
    def fills(self) -> Sequence[str]:
        """Ways to remove the cue; none where it can't be removed."""

    def insert(self, image: np.ndarray, seed: int) -> np.ndarray:
        """The image with the cue of a donor."""

    def insert_control(self, image: np.ndarray, changed: np.ndarray, seed: int) -> np.ndarray:
        """The image changed as much as ``changed``, without the cue."""

    def remove(self, image: np.ndarray, seed: int, fill: str) -> np.ndarray | None:
        """The carrier without its cue; None where the cue is not found in it."""

    def remove_control(
        self, image: np.ndarray, changed: np.ndarray, seed: int, fill: str
    ) -> np.ndarray | None:
        """The carrier changed as much as ``changed``, with its cue."""


@dataclass(frozen=True)
class Whole:
    """The look of the whole picture.

    name: of the recipe; donors, others: positions of carriers and of images without the cue.
    """

    name: str
    donors: tuple[int, ...]
    others: tuple[int, ...]
    read: Read

    @property
    def fills(self) -> Sequence[str]:
        """A blurred or compressed picture can't be mended; a tone can be moved back."""
        return ("others' look",) if recipes.BY_NAME[self.name].lower is None else ()

    def insert(self, image: np.ndarray, seed: int) -> np.ndarray:
        return recipes.BY_NAME[self.name].insert(image, self._donor(seed), seed)

    def insert_control(self, image: np.ndarray, changed: np.ndarray, seed: int) -> np.ndarray:
        return recipes.BY_NAME[self.name].control(image, changed, self._donor(seed), seed)

    def remove(self, image: np.ndarray, seed: int, fill: str) -> np.ndarray | None:
        return recipes.BY_NAME[self.name].insert(image, self._other(seed), seed)

    def remove_control(
        self, image: np.ndarray, changed: np.ndarray, seed: int, fill: str
    ) -> np.ndarray | None:
        return recipes.BY_NAME[self.name].control(image, changed, self._other(seed), seed)

    def _donor(self, seed: int) -> np.ndarray:
        return self.read(self.donors[seed % len(self.donors)])

    def _other(self, seed: int) -> np.ndarray:
        return self.read(self.others[seed % len(self.others)])


@dataclass(frozen=True)
class Region:
    """A fixed region of the picture.

    mask: (side, side) booleans of the whole picture, squeezed; template: signed grey levels (side,
    side, 3) of a translucent mark, else None: then the donor's pixels are pasted.
    """

    mask: np.ndarray
    template: np.ndarray | None
    donors: tuple[int, ...]
    others: tuple[int, ...]
    read: Read

    @property
    def fills(self) -> Sequence[str]:
        return FILLS

    def insert(self, image: np.ndarray, seed: int) -> np.ndarray:
        return self._laid(image, self.read(self.donors[seed % len(self.donors)]), self.mask)

    def insert_control(self, image: np.ndarray, changed: np.ndarray, seed: int) -> np.ndarray:
        """The same region from an image of another class; a mark is laid on upside down."""
        if self.template is not None:
            return self._marked(image, self.template[::-1, ::-1], self.mask[::-1, ::-1], -1)
        return self._laid(image, self.read(self.others[seed % len(self.others)]), self.mask)

    def remove(self, image: np.ndarray, seed: int, fill: str) -> np.ndarray | None:
        if self.template is not None and fill == "smooth":
            return self._marked(image, self.template, self.mask, -1)
        return self._filled(image, self.mask, seed, fill)

    def remove_control(
        self, image: np.ndarray, changed: np.ndarray, seed: int, fill: str
    ) -> np.ndarray | None:
        """The same is done to a region of the same shape elsewhere."""
        return self._filled(image, elsewhere(self.mask, seed), seed, fill)

    def _laid(self, image: np.ndarray, donor: np.ndarray, mask: np.ndarray) -> np.ndarray:
        if self.template is not None:
            return self._marked(image, self.template, mask, 1)
        height, width = image.shape[:2]
        patch = cv2.resize(donor, (width, height), interpolation=cv2.INTER_LINEAR)
        return operations.pasted(image, patch, operations.feathered(stretched(mask, image), 2))

    def _marked(
        self, image: np.ndarray, template: np.ndarray, mask: np.ndarray, sign: int
    ) -> np.ndarray:
        size = image.shape[1::-1]
        large = cv2.resize(template, size, interpolation=cv2.INTER_CUBIC)
        opacity = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
        return operations.added(image, sign * large, opacity)

    def _filled(self, image: np.ndarray, mask: np.ndarray, seed: int, fill: str) -> np.ndarray:
        large = stretched(mask, image)
        if fill == "smooth":
            return operations.healed(image, large)
        other = self.read(self.others[seed % len(self.others)])
        patch = cv2.resize(other, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        return operations.pasted(image, patch, operations.feathered(large, 2))


@dataclass(frozen=True)
class Crop:
    """A piece of picture that may be anywhere.

    patch: what it looks like; donors, boxes: positions of carriers and where it is in each, as
    shares of the sides; others: positions of images without it.
    """

    patch: Patch
    donors: tuple[int, ...]
    boxes: tuple[Box, ...]
    others: tuple[int, ...]
    read: Read

    @property
    def fills(self) -> Sequence[str]:
        return FILLS

    def insert(self, image: np.ndarray, seed: int) -> np.ndarray:
        number = seed % len(self.donors)
        piece = cut(self.read(self.donors[number]), self.boxes[number])
        return _dropped(image, piece, self.boxes[number], seed)

    def insert_control(self, image: np.ndarray, changed: np.ndarray, seed: int) -> np.ndarray:
        """A piece of the same size of the same donor that does not touch the cue."""
        number = seed % len(self.donors)
        box = apart_from(self.boxes[number], seed)
        return _dropped(image, cut(self.read(self.donors[number]), box), box, seed)

    def remove(self, image: np.ndarray, seed: int, fill: str) -> np.ndarray | None:
        box = self.patch.locate(image)
        return None if box is None else self._filled(image, box, seed, fill)

    def remove_control(
        self, image: np.ndarray, changed: np.ndarray, seed: int, fill: str
    ) -> np.ndarray | None:
        box = self.patch.locate(image)
        return None if box is None else self._filled(image, apart_from(box, seed), seed, fill)

    def _filled(self, image: np.ndarray, box: Box, seed: int, fill: str) -> np.ndarray:
        height, width = image.shape[:2]
        mask = np.zeros((height, width), bool)
        mask[
            int(box[1] * height) : round(box[3] * height),
            int(box[0] * width) : round(box[2] * width),
        ] = True
        if fill == "smooth":
            return operations.healed(image, mask)
        other = self.read(self.others[seed % len(self.others)])
        patch = cv2.resize(other, (width, height), interpolation=cv2.INTER_LINEAR)
        return operations.pasted(image, patch, operations.feathered(mask, 1))


def stretched(mask: np.ndarray, image: np.ndarray) -> np.ndarray:
    """A small mask as booleans of the image's size."""
    large = cv2.resize(mask.astype(np.float32), image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return large > 0.5


def elsewhere(mask: np.ndarray, seed: int) -> np.ndarray:
    """The same shape at another place: of some shifts the one that overlaps least."""
    random = np.random.default_rng(seed)
    shifts = random.integers(0, len(mask), (24, 2))
    moved = [np.roll(mask, tuple(shift), (0, 1)) for shift in shifts]
    return min(moved, key=lambda other: int((other & mask).sum()))


def _dropped(image: np.ndarray, piece: np.ndarray, box: Box, seed: int) -> np.ndarray:
    """A donor's piece at a random place, as large as it was in the donor."""
    height, width = image.shape[:2]
    wide = min(width, max(2, round((box[2] - box[0]) * width)))
    tall = min(height, max(2, round((box[3] - box[1]) * height)))
    random = np.random.default_rng(seed)
    x0, y0 = int(random.integers(0, width - wide + 1)), int(random.integers(0, height - tall + 1))
    patch, mask = image.copy(), np.zeros((height, width), bool)
    patch[y0 : y0 + tall, x0 : x0 + wide] = cv2.resize(
        piece, (wide, tall), interpolation=cv2.INTER_AREA
    )
    mask[y0 : y0 + tall, x0 : x0 + wide] = True
    return operations.pasted(image, patch, operations.feathered(mask, 1))


def apart_from(box: Box, seed: int) -> Box:
    """A box of the same size elsewhere: of some random ones the first that does not touch."""
    random = np.random.default_rng(seed)
    wide, tall = box[2] - box[0], box[3] - box[1]
    best, least = box, 2.0
    for x, y in random.random((24, 2)):
        other = x * (1 - wide), y * (1 - tall), x * (1 - wide) + wide, y * (1 - tall) + tall
        across = max(0.0, min(box[2], other[2]) - max(box[0], other[0]))
        down = max(0.0, min(box[3], other[3]) - max(box[1], other[1]))
        if across * down < least:
            best, least = other, across * down
    return best
