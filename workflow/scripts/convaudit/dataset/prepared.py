"""Read images at the network's size, as ``preprocess`` gives them to the network."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from convaudit.dataset import images, scan


def prepared(
    top: Path, files: Iterable[tuple[str, str]], size: tuple[int, int], interpolation: str
) -> np.ndarray:
    """Images (n, H, W, 3), uint8 RGB, before scaling.

    Args:
        top: folder that the paths start from.
        files: path and SHA-256 of each image.
        size: (H, W).
        interpolation: setting ``preprocess.interpolation``.

    Raises:
        AuditError: a file is gone or has changed since the audit began.
    """
    found = [
        images.resize(images.decode(scan.read_unchanged(top / path, sha256)), size, interpolation)
        for path, sha256 in files
    ]
    return np.stack(found) if found else np.zeros((0, *size, 3), np.uint8)
