"""Sprite sheets: many small photographs in one file, which a browser loads at once."""

from collections.abc import Sequence

import numpy as np

from convaudit.dataset.images import resize

SIDE, COLUMNS, SHEET = 128, 16, 64
"""Side of a cell in pixels, cells in a row, pictures on a sheet. A browser decodes a whole sheet to
show one of its pictures, so sheets are small."""


def sprites(images: np.ndarray, columns: int = COLUMNS, size: int = SIDE) -> np.ndarray:
    """Draw one sheet: picture i is in row i // columns, column i % columns.

    Args:
        images: RGB, uint8, (n, h, w, 3). With n = 0 the sheet is one black row.
        columns: cells in a row.
        size: side of a cell in pixels. A picture is scaled to fit its cell, keeps its aspect ratio
            and is centred; the rest of the cell is black.

    Returns:
        RGB, uint8, (rows x size, columns x size, 3).
    """
    count, height, width, _ = images.shape
    rows = max(1, -(-count // columns))
    top, left, tall, wide = fitted((height, width), size)
    sheet = np.zeros((rows, size, columns, size, 3), np.uint8)
    for index, image in enumerate(images):
        cell = sheet[index // columns, :, index % columns]
        cell[top : top + tall, left : left + wide] = resize(image, (tall, wide), "area")
    return sheet.reshape(rows * size, columns * size, 3)


def fitted(shape: Sequence[int], size: int) -> tuple[int, int, int, int]:
    """Top, left, height and width of a picture (height, width) fitted into a square cell."""
    height, width = shape[:2]
    scale = size / max(height, width)
    tall, wide = max(1, round(height * scale)), max(1, round(width * scale))
    return (size - tall) // 2, (size - wide) // 2, tall, wide
