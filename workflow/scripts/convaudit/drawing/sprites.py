"""Sheets of small photographs, which a browser loads at once."""

from collections.abc import Sequence

import numpy as np

from convaudit.dataset.images import resize

SHEET = 64
"""Pictures on a sheet of sprites. A browser decodes a whole sheet to show one of them."""


def sprites(images: np.ndarray, columns: int = 16, size: int = 128) -> np.ndarray:
    """One sheet of small pictures: picture i is in row i // columns, column i % columns.

    Args:
        images: RGB, uint8, (n, h, w, 3). Without any the sheet is one black row.
        columns: cells in a row.
        size: side of a cell in pixels. A picture fills its cell's longer side, in the middle of
            it, and keeps its aspect ratio; what is left is black.

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
    """Where a picture (height, width) lies in a square cell that it fills: top, left, its size."""
    height, width = shape[:2]
    scale = size / max(height, width)
    tall, wide = max(1, round(height * scale)), max(1, round(width * scale))
    return (size - tall) // 2, (size - wide) // 2, tall, wide
