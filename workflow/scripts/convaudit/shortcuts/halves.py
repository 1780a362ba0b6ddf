"""Two halves of the images: one discovers suspects, the other confirms them."""

import hashlib

import numpy as np

DISCOVER, CONFIRM = 0, 1


def hash_number(text: str, purpose: str) -> int:
    """A number below 2**64, a hash of a text and a purpose; the same on every machine."""
    return int.from_bytes(hashlib.sha256(f"{purpose}|{text}".encode()).digest()[:8], "big")


def halves(groups: np.ndarray, strata: np.ndarray) -> np.ndarray:
    """Divide images into two halves, near duplicates together, each stratum about evenly.

    Args:
        groups: (n,) texts; images of one group (near duplicates) come into the same half.
        strata: (n,) integers, the class of each image. A group has the stratum of its first image.

    Returns:
        (n,) of ``DISCOVER`` and ``CONFIRM``. The groups of a stratum are dealt in turn, in the
        order of their hashes, so the halves differ by one group at most.
    """
    names, first, members = np.unique(groups, return_index=True, return_inverse=True)
    order = sorted(range(len(names)), key=lambda at: hash_number(str(names[at]), "half"))
    dealt = np.zeros(len(names), np.int8)
    turns: dict[int, int] = {}
    for at in order:
        stratum = int(strata[first[at]])
        dealt[at] = turns.get(stratum, 0) % 2
        turns[stratum] = turns.get(stratum, 0) + 1
    return dealt[members]
