"""Compute the difference hash: pictures that look alike have nearly the same 64 bits."""

import cv2
import numpy as np

MISSING = ""
"""The hash of a picture that is too plain for a meaningful one."""
_LEAST, _MOST = 8, 56
"""Least and greatest number of set bits in a meaningful hash; plain pictures and smooth gradients
have almost none or all."""


def difference_hash(working: np.ndarray) -> str:
    """dHash (Krawetz 2013): whether the luminance rises from each cell of a 9 x 8 grid to the next.

    Resizing, recompression and a change of brightness hardly change it; a crop of more than a few
    per cent, a flip and a turn do.

    Args:
        working: luminance, uint8, (h, w), at any size; cells are averages of its pixels.

    Returns:
        16 hex digits, row by row, the first bit the highest; ``MISSING`` if fewer than 8 bits
        or more than 56 are set.
    """
    cells = cv2.resize(working, (9, 8), interpolation=cv2.INTER_AREA)
    bits = cells[:, 1:] > cells[:, :-1]
    if not _LEAST <= bits.sum() <= _MOST:
        return MISSING
    return np.packbits(bits).tobytes().hex()


def parse(texts: np.ndarray) -> np.ndarray:
    """Convert hashes from texts (n,), none of them missing, to (n,) uint64."""
    data = bytes.fromhex("".join(texts.tolist()))
    return np.frombuffer(data, ">u8").astype(np.uint64)
