"""What a heat map says in numbers: how strong, where, and how concentrated."""

from collections.abc import Iterator

import numpy as np

from convaudit.system.array_files import blocks

_TOGETHER = 64
"""Maps in memory at a time."""


def measure(maps: np.ndarray) -> dict[str, np.ndarray]:
    """Measure maps (n, h, w), never negative, at the layer's resolution.

    Returns:
        By name, a number for each map: ``map_max``; ``map_empty`` (no positive evidence); and
        shares of the heat, missing for an empty map: ``heat_border`` in the outermost cells,
        ``heat_x``, ``heat_y`` the centre of mass (0 left or top, 1 right or bottom),
        ``heat_concentration`` the share of the hottest tenth of the area (0.1 where heat is even,
        1 where one spot has it all).
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
    """Maps (n, h, w) in half precision, for storing; ``unpack`` gives them back.

    Half precision holds 6e-8 to 65504. A map that would lose digits there, as of probabilities
    near 0 or 1, is divided by a power of two.

    Returns:
        The maps, float16, and the scale (n,), float32, to multiply each with: 1 for a map whose
        maximum is within 2^-8 and 2^15.
    """
    _, exponent = np.frexp(maps.max(axis=(1, 2), initial=0.0))
    scale = np.where((exponent > -8) & (exponent <= 15), 0, exponent)
    scale = np.ldexp(np.float32(1), scale).astype(np.float32)
    return (maps / scale[:, None, None]).astype(np.float16), scale


def unpack(maps: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The maps (n, h, w) that ``pack`` packed, as float32."""
    return maps.astype(np.float32) * scale[:, None, None]


def read_one_by_one(file: str) -> Iterator[np.ndarray]:
    """Yield the maps (h, w) of an .npz that ``predictions.save_maps`` wrote: one of each image in
    their order, then those of further classes.
    """
    stored = (blocks(file, name, _TOGETHER) for name in ("maps", "scale"))
    for halves, scales in zip(*stored, strict=True):
        yield from unpack(halves, scales)


def _hottest(shares: np.ndarray, area: float) -> np.ndarray:
    """Share of the heat within the hottest cells that cover ``area``; a cell counts in part."""
    cells = area * shares.shape[1]
    covered = np.clip(cells - np.arange(shares.shape[1]), 0, 1)
    return -np.sort(-shares, axis=1) @ covered
