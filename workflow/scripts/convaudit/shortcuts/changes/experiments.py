"""Experiments: insert a cue into images of other classes, and remove it from images that carry
it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import cv2
import numpy as np

from convaudit.shortcuts.changes import operations, recipes
from convaudit.shortcuts.changes.fine_detail import fine_detail_like
from convaudit.shortcuts.cues.boxes import Box, cut
from convaudit.shortcuts.cues.own_colour import OwnColour
from convaudit.shortcuts.cues.surroundings import outer

Read = Callable[[int], np.ndarray]
"""Gives the pixels of the sample's image at a position."""

FILLS = ("smooth", "other")
"""Ways to fill a removed region: smoothly from its rim, or with the same region of an image of
another class."""


class Thing(Protocol):
    """A thing that may be anywhere in a picture."""

    def locate(self, picture: np.ndarray) -> Box | None:
        """Its box in an RGB picture (H, W, 3); None if it is not there."""


class Experiment(Protocol):
    """Changes to an image (H, W, 3) at the file's size; every random choice follows from
    ``seed``.
    """

    @property
    def fills(self) -> Sequence[str]:
        """Ways to remove the cue; empty if it can't be removed."""

    def insert(self, image: np.ndarray, seed: int) -> np.ndarray:
        """The image with the cue of a donor."""

    def insert_control(self, image: np.ndarray, changed: np.ndarray, seed: int) -> np.ndarray:
        """The image changed as much as ``changed``, without the cue."""

    def remove(self, image: np.ndarray, seed: int, fill: str) -> np.ndarray | None:
        """The carrier without its cue; None if the cue is not found in it."""

    def remove_control(
        self, image: np.ndarray, changed: np.ndarray, seed: int, fill: str
    ) -> np.ndarray | None:
        """The carrier changed as much as ``changed``, with its cue."""


@dataclass(frozen=True, kw_only=True)
class Images:
    """The images that an experiment takes pixels from.

    donors: positions of images that carry the cue; others: positions of images without it.
    """

    donors: tuple[int, ...]
    others: tuple[int, ...]
    read: Read

    @property
    def fills(self) -> Sequence[str]:
        return FILLS

    def donor(self, seed: int) -> np.ndarray:
        """Pixels (H, W, 3) of the donor that the seed chooses."""
        return self.read(self.donors[seed % len(self.donors)])

    def other(self, seed: int) -> np.ndarray:
        """Pixels (H, W, 3) of the image without the cue that the seed chooses."""
        return self.read(self.others[seed % len(self.others)])

    def filled(
        self, image: np.ndarray, mask: np.ndarray, seed: int, fill: str, feather: int
    ) -> np.ndarray:
        """Remove the masked region: fill it smoothly, or from an image without the cue.

        Args:
            image: (H, W, 3).
            mask: (H, W) booleans.
            seed: chooses the image without the cue.
            fill: one of ``FILLS``.
            feather: width in pixels of the soft edge of a pasted region.
        """
        if fill == "smooth":
            return operations.healed(image, mask)
        size = image.shape[1::-1]
        patch = cv2.resize(self.other(seed), size, interpolation=cv2.INTER_LINEAR)
        return operations.pasted(image, patch, operations.feathered(mask, feather))


@dataclass(frozen=True, kw_only=True)
class Whole(Images):
    """The cue is the look of the whole picture, such as its tone.

    name: the recipe's name.
    """

    name: str

    @property
    def fills(self) -> Sequence[str]:
        """Blur, noise and compression can't be undone; a tone can be moved back."""
        return ("others' look",) if recipes.BY_NAME[self.name].lower is None else ()

    def insert(self, image: np.ndarray, seed: int) -> np.ndarray:
        return recipes.BY_NAME[self.name].insert(image, self.donor(seed), seed)

    def insert_control(self, image: np.ndarray, changed: np.ndarray, seed: int) -> np.ndarray:
        return recipes.BY_NAME[self.name].control(image, changed, self.donor(seed), seed)

    def remove(self, image: np.ndarray, seed: int, fill: str) -> np.ndarray | None:
        return recipes.BY_NAME[self.name].insert(image, self.other(seed), seed)

    def remove_control(
        self, image: np.ndarray, changed: np.ndarray, seed: int, fill: str
    ) -> np.ndarray | None:
        return recipes.BY_NAME[self.name].control(image, changed, self.other(seed), seed)


@dataclass(frozen=True, kw_only=True)
class Blur(Images):
    """The cue is a blur. Every image gets the same blur, as a lens would give it. If each were
    brought to the donor's focus, smooth images would get too little.

    sigma: standard deviation as a share of the shorter side.
    """

    name: ClassVar[str] = recipes.BLUR.name
    sigma: float

    @property
    def fills(self) -> Sequence[str]:
        """A blur can't be undone."""
        return ()

    def insert(self, image: np.ndarray, seed: int) -> np.ndarray:
        return operations.blurred(image, self.sigma * min(image.shape[:2]))

    def insert_control(self, image: np.ndarray, changed: np.ndarray, seed: int) -> np.ndarray:
        return recipes.as_sharp(image, changed)

    def remove(self, image: np.ndarray, seed: int, fill: str) -> None:
        """Return None, because a blur can't be undone."""

    def remove_control(self, image: np.ndarray, changed: np.ndarray, seed: int, fill: str) -> None:
        """Return None, as ``remove`` does."""


@dataclass(frozen=True, kw_only=True)
class FineDetail(Images):
    """The cue is in the fine detail of the whole picture. The control is the detail of another
    class.
    """

    name: ClassVar[str] = recipes.FINE_DETAIL.name

    @property
    def fills(self) -> Sequence[str]:
        return ("others' detail",)

    def insert(self, image: np.ndarray, seed: int) -> np.ndarray:
        return fine_detail_like(image, self.donor(seed), seed)

    def insert_control(self, image: np.ndarray, changed: np.ndarray, seed: int) -> np.ndarray:
        return fine_detail_like(image, self.other(seed), seed)

    def remove(self, image: np.ndarray, seed: int, fill: str) -> np.ndarray:
        return fine_detail_like(image, self.other(seed), seed)

    def remove_control(
        self, image: np.ndarray, changed: np.ndarray, seed: int, fill: str
    ) -> np.ndarray:
        return fine_detail_like(image, self.donor(seed), seed)


@dataclass(frozen=True, kw_only=True)
class Region(Images):
    """The cue is at a fixed region of the picture.

    mask: (side, side) booleans, the whole picture resized to a square; template: (side, side, 3)
    signed grey levels of a translucent mark, or None: then the donor's pixels are pasted.
    """

    mask: np.ndarray
    template: np.ndarray | None

    def insert(self, image: np.ndarray, seed: int) -> np.ndarray:
        return self._laid(image, self.donor(seed), self.mask)

    def insert_control(self, image: np.ndarray, changed: np.ndarray, seed: int) -> np.ndarray:
        """The same region from an image of another class; a mark is laid on upside down."""
        if self.template is not None:
            return self._marked(image, self.template[::-1, ::-1], self.mask[::-1, ::-1], -1)
        return self._laid(image, self.other(seed), self.mask)

    def remove(self, image: np.ndarray, seed: int, fill: str) -> np.ndarray | None:
        if self.template is not None and fill == "smooth":
            return self._marked(image, self.template, self.mask, -1)
        return self.filled(image, stretched(self.mask, image), seed, fill, feather=2)

    def remove_control(
        self, image: np.ndarray, changed: np.ndarray, seed: int, fill: str
    ) -> np.ndarray | None:
        """Fill a region of the same shape at another place; a mark is laid on once more."""
        if self.template is not None and fill == "smooth":
            return self._marked(image, self.template, self.mask, 1)
        mask = stretched(elsewhere(self.mask, seed), image)
        return self.filled(image, mask, seed, fill, feather=2)

    def _laid(self, image: np.ndarray, donor: np.ndarray, mask: np.ndarray) -> np.ndarray:
        if self.template is not None:
            return self._marked(image, self.template, mask, 1)
        return _laid_on(image, donor, mask)

    def _marked(
        self, image: np.ndarray, template: np.ndarray, mask: np.ndarray, sign: int
    ) -> np.ndarray:
        size = image.shape[1::-1]
        large = cv2.resize(template, size, interpolation=cv2.INTER_CUBIC)
        opacity = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
        return operations.added(image, sign * large, opacity)


@dataclass(frozen=True, kw_only=True)
class Crop(Images):
    """The cue is a small piece of the picture, which may be anywhere.

    thing: finds it in an image; boxes: where it is in each donor, as shares of the sides.
    """

    thing: Thing
    boxes: tuple[Box, ...]

    def insert(self, image: np.ndarray, seed: int) -> np.ndarray:
        box = self.boxes[seed % len(self.boxes)]
        return _placed(image, cut(self.donor(seed), box), box)

    def insert_control(self, image: np.ndarray, changed: np.ndarray, seed: int) -> np.ndarray:
        """A piece of the same size of the same donor that does not touch the cue."""
        box = self.boxes[seed % len(self.boxes)]
        return _placed(image, cut(self.donor(seed), apart_from(box, seed)), box)

    def remove(self, image: np.ndarray, seed: int, fill: str) -> np.ndarray | None:
        box = self.thing.locate(image)
        return None if box is None else self._boxed(image, box, seed, fill)

    def remove_control(
        self, image: np.ndarray, changed: np.ndarray, seed: int, fill: str
    ) -> np.ndarray | None:
        box = self.thing.locate(image)
        return None if box is None else self._boxed(image, apart_from(box, seed), seed, fill)

    def _boxed(self, image: np.ndarray, box: Box, seed: int, fill: str) -> np.ndarray:
        height, width = image.shape[:2]
        mask = np.zeros((height, width), bool)
        mask[
            int(box[1] * height) : round(box[3] * height),
            int(box[0] * width) : round(box[2] * width),
        ] = True
        return self.filled(image, mask, seed, fill, feather=1)


@dataclass(frozen=True, kw_only=True)
class Drawing(Images):
    """The cue is drawn in one colour. Only its own pixels are pasted, as it may be an outline.

    thing: finds its pixels. The control fills them from an image of another class.
    """

    thing: OwnColour

    def insert(self, image: np.ndarray, seed: int) -> np.ndarray:
        return self._traced(image, self.donor(seed), seed)

    def insert_control(self, image: np.ndarray, changed: np.ndarray, seed: int) -> np.ndarray:
        return self._traced(image, self.other(seed), seed)

    def _traced(self, image: np.ndarray, source: np.ndarray, seed: int) -> np.ndarray:
        mask = self.thing.drawn(self.donor(seed))
        if mask is None:
            return image
        fitted = cv2.resize(source, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        return operations.pasted(image, fitted, stretched(mask, image).astype(np.float32))

    def remove(self, image: np.ndarray, seed: int, fill: str) -> np.ndarray | None:
        mask = self.thing.drawn(image)
        return None if mask is None else self.filled(image, mask, seed, fill, feather=1)

    def remove_control(
        self, image: np.ndarray, changed: np.ndarray, seed: int, fill: str
    ) -> np.ndarray | None:
        mask = self.thing.drawn(image)
        if mask is None:
            return None
        return self.filled(image, elsewhere(mask, seed), seed, fill, feather=1)


@dataclass(frozen=True, kw_only=True)
class Surround(Images):
    """The cue is the outer half of the picture.

    The control of insertion is the outer half of a picture of another class. The control of removal
    is to remove the inner half: a network that recognises the thing itself needs that as much, and
    so does any network if the picture looks the same everywhere.
    """

    @property
    def fills(self) -> Sequence[str]:
        return ("other",)

    def insert(self, image: np.ndarray, seed: int) -> np.ndarray:
        return _laid_on(image, self.donor(seed), outer())

    def insert_control(self, image: np.ndarray, changed: np.ndarray, seed: int) -> np.ndarray:
        return _laid_on(image, self.other(seed), outer())

    def remove(self, image: np.ndarray, seed: int, fill: str) -> np.ndarray | None:
        return _laid_on(image, self.other(seed), outer())

    def remove_control(
        self, image: np.ndarray, changed: np.ndarray, seed: int, fill: str
    ) -> np.ndarray | None:
        return _laid_on(image, self.other(seed), ~outer())


def _laid_on(image: np.ndarray, donor: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Lay a region of a donor, which is squeezed to the image's size, on the image.

    Args:
        image, donor: (H, W, 3), of any two sizes.
        mask: (side, side) booleans: the region.
    """
    fitted = cv2.resize(donor, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return operations.pasted(image, fitted, operations.feathered(stretched(mask, image), 2))


def stretched(mask: np.ndarray, image: np.ndarray) -> np.ndarray:
    """A mask of any size as booleans (H, W) for an image (H, W, 3)."""
    large = cv2.resize(mask.astype(np.float32), image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return large > 0.5


def elsewhere(mask: np.ndarray, seed: int) -> np.ndarray:
    """A region (h, w) moved elsewhere: of 24 random shifts the one with the least overlap."""
    random = np.random.default_rng(seed)
    shifts = random.integers(0, len(mask), (24, 2))
    moved = [np.roll(mask, tuple(shift), (0, 1)) for shift in shifts]
    return min(moved, key=lambda other: int((other & mask).sum()))


def _placed(image: np.ndarray, piece: np.ndarray, box: Box) -> np.ndarray:
    """Paste a donor's piece into the box, the cue's place in the donor."""
    height, width = image.shape[:2]
    wide = min(width, max(2, round((box[2] - box[0]) * width)))
    tall = min(height, max(2, round((box[3] - box[1]) * height)))
    x0, y0 = min(round(box[0] * width), width - wide), min(round(box[1] * height), height - tall)
    patch, mask = image.copy(), np.zeros((height, width), bool)
    patch[y0 : y0 + tall, x0 : x0 + wide] = cv2.resize(
        piece, (wide, tall), interpolation=cv2.INTER_AREA
    )
    mask[y0 : y0 + tall, x0 : x0 + wide] = True
    return operations.pasted(image, patch, operations.feathered(mask, 1))


def apart_from(box: Box, seed: int) -> Box:
    """A box of the same size elsewhere: of 24 random boxes the first with the least overlap."""
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
