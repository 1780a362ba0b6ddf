"""A picture of an experiment: images before, with the cue and with its control."""

from collections.abc import Sequence

import cv2
import numpy as np

from convaudit.dataset.images import resize
from convaudit.drawing.sprites import fitted
from convaudit.shortcuts.laboratory.trials import Pair

CELL, GAP = 144, 6
"""Side of a cell, and gap between cells, in pixels."""
_GROUND = 255
_FLIPPED, _STAYED = (26, 26, 26), (215, 215, 215)
"""Greys of the line below a picture if the answer flipped, and if it stayed. They are no colours,
because the report's colours are results of gates."""


def draw(pairs: Sequence[Pair]) -> np.ndarray:
    """Draw pairs as RGB uint8 (height, width, 3): one column per pair with three rows, before, with
    the cue and with the control.
    """
    columns = [_column(pair) for pair in pairs]
    gap = np.full((columns[0].shape[0], GAP, 3), _GROUND, np.uint8)
    parts = [part for column in columns for part in (gap, column)][1:]
    return np.concatenate(parts, axis=1)


def _column(pair: Pair) -> np.ndarray:
    rows = [
        _cell(pair.before, _STAYED),
        _cell(pair.after, _FLIPPED if pair.flipped else _STAYED),
        _cell(pair.control, _FLIPPED if pair.control_flipped else _STAYED),
    ]
    gap = np.full((GAP, CELL, 3), _GROUND, np.uint8)
    return np.concatenate([rows[0], gap, rows[1], gap, rows[2]])


def _cell(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    cell = np.full((CELL + 4, CELL, 3), _GROUND, np.uint8)
    top, left, tall, wide = fitted(picture.shape, CELL)
    cell[top : top + tall, left : left + wide] = resize(picture, (tall, wide), "area")
    cv2.rectangle(cell, (0, CELL + 1), (CELL, CELL + 3), colour, -1)
    return cell
