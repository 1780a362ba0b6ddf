"""Grids of small pictures: all channels of a layer, all filter patterns of a layer."""

import cv2
import numpy as np

PATTERNS_PER_ROW = 8
"""Patterns in a row of a filter grid."""
_MIDDLE, _SPREAD = 128, 64
_FLAT_COLOUR = (96, 96, 96)
_MARK_COLOUR = (255, 255, 255)
_PAPER = 255
_VIRIDIS = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_VIRIDIS)[
    :, 0, ::-1
]


def activation_tile(channel: np.ndarray) -> np.ndarray:
    """Draw one channel for viewing, as the reference notebook does (listing 5-31).

    Args:
        channel: (h, w), any real type and range.

    Returns:
        RGB, uint8, (h, w, 3): (x - mean) / deviation * 64 + 128, clipped to 0..255, in viridis. A
        channel that is constant or not finite becomes grey, which is no colour of viridis, with a
        white cross.
    """
    return activation_grid(np.asarray(channel)[:, :, None])


def activation_grid(maps: np.ndarray, per_row: int = 16) -> np.ndarray:
    """Draw all channels of a layer, each as ``activation_tile`` does, without gaps.

    Args:
        maps: (h, w, channels) activations of one image.
        per_row: tiles in a row. Channel i is in row i // per_row, column i % per_row.

    Returns:
        RGB, uint8, (rows x h, columns x w, 3), columns = min(per_row, channels). Cells after the
        last channel are white.
    """
    height, width, channels = maps.shape
    stretched, flat = _stretch(np.moveaxis(maps, 2, 0).astype(np.float64))
    tiles = _VIRIDIS[stretched]
    tiles[flat] = _flat_tile(height, width)
    columns = min(per_row, channels)
    rows = -(-channels // columns)
    places = np.full((rows * columns, height, width, 3), _PAPER, np.uint8)
    places[:channels] = tiles
    grid = places.reshape(rows, columns, height, width, 3).swapaxes(1, 2)
    return grid.reshape(rows * height, columns * width, 3)


def filter_grid(
    tiles: np.ndarray,
    per_row: int = PATTERNS_PER_ROW,
    margin: int = 5,
    dead: np.ndarray | None = None,
) -> np.ndarray:
    """Lay out filter patterns on black, as the reference notebook does (listing 5-39).

    Args:
        tiles: RGB, uint8, (n, size, size, 3), n > 0.
        per_row: tiles in a row; the last row may be shorter.
        margin: pixels between tiles.
        dead: (n,) bool: tiles without a pattern, which get a white cross; by default none.

    Returns:
        RGB, uint8: 64 tiles of 64 pixels with margin 5 give (547, 547, 3).
    """
    count, height, width, _ = tiles.shape
    columns = min(per_row, count)
    rows = -(-count // columns)
    step_down, step_right = height + margin, width + margin
    grid = np.zeros((rows * step_down - margin, columns * step_right - margin, 3), np.uint8)
    for index, tile in enumerate(tiles):
        top, left = index // columns * step_down, index % columns * step_right
        place = grid[top : top + height, left : left + width]
        place[:] = tile
        if dead is not None and dead[index]:
            _cross(place)
    return grid


def _stretch(maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Maps (c, h, w) as uint8, and which of them are constant or not finite (c,)."""
    finite = np.isfinite(maps).all((1, 2))
    maps = np.where(finite[:, None, None], maps, 0)
    flat = np.ptp(maps, axis=(1, 2)) == 0
    deviation = np.where(flat, 1, maps.std((1, 2)))
    centred = maps - maps.mean((1, 2), keepdims=True)
    scaled = centred / deviation[:, None, None] * _SPREAD + _MIDDLE
    return np.clip(scaled, 0, 255).astype(np.uint8), flat


def _flat_tile(height: int, width: int) -> np.ndarray:
    tile = np.full((height, width, 3), _FLAT_COLOUR, np.uint8)
    _cross(tile)
    return tile


def _cross(tile: np.ndarray) -> None:
    height, width = tile.shape[:2]
    along = np.arange(max(height, width))
    down = along * height // len(along)
    right = along * width // len(along)
    tile[down, right] = tile[down, width - 1 - right] = _MARK_COLOUR
