"""Describe how images with more than eight bits per value were read."""

import numpy as np


def depth_notes(bits: np.ndarray) -> list[str]:
    """Say in one sentence how values of more than 8 bits were read, if there are any.

    Args:
        bits: (n,) bits per value of each image, from ``images.read``.
    """
    kinds, counts = np.unique(bits[bits > 8], return_counts=True)
    if not len(kinds):
        return []
    listed = " and ".join(
        f"of {count:,} image{'s' * (count != 1)} as values of {kind} bits"
        for kind, count in zip(kinds.tolist(), counts.tolist(), strict=True)
    )
    mixed = ", so the brightness of one and of another can't be compared" * (len(kinds) > 1)
    return [f"the upper 8 bits are read {listed}{mixed}"]
