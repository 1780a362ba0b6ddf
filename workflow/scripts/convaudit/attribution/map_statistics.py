"""Measure the strength, place and concentration of saliency maps, and store maps."""

from collections.abc import Iterator

import numpy as np

from convaudit.system.array_files import blocks

_TOGETHER = 64
"""Maps in memory at a time."""


def measure(maps: np.ndarray) -> dict[str, np.ndarray]:
    """Measure saliency maps.

    Args:
        maps: (n, h, w), not negative, at the resolution of the target layer.

    Returns:
        By name one number for each map. ``map_max``: the greatest value. ``map_empty``: True if no
        value is positive. The others are NaN for an empty map. ``heat_border``: share of the map's
        sum in its outermost cells. ``heat_x``, ``heat_y``: centre of mass, from 0 (left, top) to 1
        (right, bottom). ``heat_concentration``: share of the sum in the strongest tenth of the
        area; 0.1 for a constant map, 1 if all of it is in a tenth of the area.
    """
    maps = maps.astype(np.float64)
    n, height, width = maps.shape
    total = maps.sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = np.where(total[:, None, None] > 0, maps / total[:, None, None], np.nan)
    inner = shares[:, 1:-1, 1:-1].sum(axis=(1, 2))
    x = (np.arange(width) + 0.5) / width
    y = (np.arange(height) + 0.5) / height
    return {
        "map_max": maps.max(axis=(1, 2), initial=0.0),
        "map_empty": total <= 0,
        "heat_border": shares.sum(axis=(1, 2)) - inner,
        "heat_x": shares.sum(axis=1) @ x,
        "heat_y": shares.sum(axis=2) @ y,
        "heat_concentration": _hottest(shares.reshape(n, -1), 0.1),
    }


def pack(maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Convert maps (n, h, w) to half precision for storage; ``unpack`` is the inverse.

    Half precision represents 6e-8 to 65504. A map that would lose digits, such as that of a
    probability near 0 or 1, is divided by a power of two first.

    Returns:
        The maps as float16, and (n,) float32: the factor that ``unpack`` multiplies each map with.
        It is 1 for a map whose maximum is between 2^-8 and 2^15.
    """
    _, exponent = np.frexp(maps.max(axis=(1, 2), initial=0.0))
    scale = np.where((exponent > -8) & (exponent <= 15), 0, exponent)
    scale = np.ldexp(np.float32(1), scale).astype(np.float32)
    return (maps / scale[:, None, None]).astype(np.float16), scale


def unpack(maps: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The inverse of ``pack``: maps (n, h, w) as float32."""
    return maps.astype(np.float32) * scale[:, None, None]


def read_one_by_one(file: str) -> Iterator[np.ndarray]:
    """Yield the maps (h, w) of an .npz that ``predictions.save_maps`` wrote: one of each image in
    their order, then those of further classes.
    """
    stored = (blocks(file, name, _TOGETHER) for name in ("maps", "scale"))
    for halves, scales in zip(*stored, strict=True):
        yield from unpack(halves, scales)


def _hottest(shares: np.ndarray, area: float) -> np.ndarray:
    """Share of the sum in the strongest cells that cover ``area``; the last cell counts in part."""
    cells = area * shares.shape[1]
    covered = np.clip(cells - np.arange(shares.shape[1]), 0, 1)
    return -np.sort(-shares, axis=1) @ covered
