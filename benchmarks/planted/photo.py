"""A photograph before it is encoded as a file."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Photo:
    """Pixels RGB uint8 (h, w, 3) and, if it is known, the object's mask, bool (h, w)."""

    pixels: np.ndarray
    mask: np.ndarray | None = None
