"""Small parts of one colour, such as a pen's strokes, that a class's pictures have."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter

from convaudit.shortcuts.cues.strokes import Colour, amount, drawn, shrunk, within

NAME = "part of one colour"
"""The suspect's name, by which its id is made."""
_CELLS = 8
"""Colours are counted in 8 cells for each of red, green and blue."""
_LEAST = 0.002
"""A part covers at least this share of the picture: 51 of 160 x 160 pixels."""
_CLEARLY = 0.4
"""Least difference between the share of the class's images that have the part and that of others.
"""
_ROUNDS = 3
"""The colour is moved this many times to the median of the pixels that are near it."""


@dataclass(frozen=True)
class OwnColour:
    """A colour that small connected parts of a class's pictures have.

    colour: the colour; share, elsewhere: share of the class's images, and of other images, that
    have it; sizes: the share of the picture that has the colour, by the position of each image that
    has a part.
    """

    colour: Colour
    share: float
    elsewhere: float
    sizes: dict[int, float]

    def drawn(self, picture: np.ndarray) -> np.ndarray | None:
        """Its largest part in an RGB picture (H, W, 3), as (H, W) booleans; None if it has none."""
        return drawn(picture, self.colour, _LEAST)


def own_colour(pictures: list[np.ndarray], member: np.ndarray) -> OwnColour | None:
    """Find the colour that small parts of most images of a class have, and few others.

    Args:
        pictures: n images, RGB uint8, of any size.
        member: (n,) booleans: the class.

    Returns:
        None if the shares differ by less than 0.4 for every colour.
    """
    if min(member.sum(), (~member).sum()) < 8:
        return None
    small = [shrunk(picture) for picture in pictures]
    counts = np.stack([_counted(picture) for picture in small])
    has = np.stack([_with_beside(each) for each in counts]) >= _LEAST
    score = has[member].mean(axis=0) - has[~member].mean(axis=0)
    # Cells beside that of the colour have the same score, but fewer pixels of their own.
    more = counts[member].mean(axis=0) - counts[~member].mean(axis=0)
    best = int(np.lexsort((more, score))[-1])
    if score[best] < _CLEARLY:
        return None
    carriers = np.flatnonzero(has[:, best] & member)
    colour = _settled([small[at] for at in carriers], best)
    found = np.array([drawn(picture, colour, _LEAST) is not None for picture in small])
    sizes = {int(at): amount(small[at], colour) for at in np.flatnonzero(found)}
    share, elsewhere = float(found[member].mean()), float(found[~member].mean())
    if share - elsewhere < _CLEARLY:
        return None
    return OwnColour(colour, share, elsewhere, sizes)


def _counted(picture: np.ndarray) -> np.ndarray:
    """Share of the pixels in each cell of colours (512,)."""
    cells = (picture // (256 // _CELLS)).reshape(-1, 3).astype(int)
    index = (cells[:, 0] * _CELLS + cells[:, 1]) * _CELLS + cells[:, 2]
    return np.bincount(index, minlength=_CELLS**3) / len(index)


def _with_beside(counts: np.ndarray) -> np.ndarray:
    """Sum of each cell (512,) and the cells beside it."""
    return uniform_filter(counts.reshape((_CELLS,) * 3), 3, mode="constant").ravel() * 27


def _settled(pictures: list[np.ndarray], cell: int) -> Colour:
    """The median colour of the pixels about a cell's middle, moved to where they lie densest."""
    width = 256 // _CELLS
    at = np.array(np.unravel_index(cell, (_CELLS,) * 3)) * width + width / 2
    pixels = np.concatenate([picture.reshape(-1, 1, 3) for picture in pictures])
    for reach in np.linspace(width, width / 2, _ROUNDS):
        near = pixels[within(pixels, at, reach)]
        at = np.median(near, axis=0) if len(near) else at
    red, green, blue = map(float, at)
    return red, green, blue
