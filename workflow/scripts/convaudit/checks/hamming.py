"""Find all pairs of 64-bit numbers that differ in few bits, exactly, also among millions."""

from collections.abc import Iterator

import numpy as np

AT_ONCE = 1 << 22
"""Number of pairs compared at once; this takes some 150 MB of memory."""
_CHUNKS = 4
LARGEST = 2 * _CHUNKS - 1
"""Greatest radius in bits: two numbers that differ in at most this many bits differ in at most one
bit in one of the four chunks."""


def close_pairs(hashes: np.ndarray, radius: int, others: np.ndarray | None = None) -> np.ndarray:
    """Find pairs (i, j) with at most ``radius`` different bits: i < j among ``hashes``, or i of
    ``hashes`` and j of ``others``.

    Multi-index hashing (Norouzi, Punjani and Fleet 2012): at least one of four chunks of 16 bits
    differs in at most one bit, so only numbers with such a chunk are compared. The result is exact.

    Args:
        hashes: uint64 (n,), all different.
        radius: at most ``LARGEST``.
        others: uint64 (m,), all different.

    Returns:
        int64 (k, 2), sorted, each pair once.
    """
    if not 0 <= radius <= LARGEST:
        raise ValueError(f"radius {radius} is not from 0 to {LARGEST}")
    found = [np.empty((0, 2), np.int64)]
    for chunk in range(_CHUNKS):
        left = _chunk(hashes, chunk)
        right = left if others is None else _chunk(others, chunk)
        for first, second in _candidates(left, right):
            second_hashes = hashes if others is None else others
            near = np.bitwise_count(hashes[first] ^ second_hashes[second]) <= radius
            pairs = np.stack([first[near], second[near]], axis=1).astype(np.int64)
            found.append(pairs if others is not None else pairs[pairs[:, 0] < pairs[:, 1]])
    return np.unique(np.concatenate(found), axis=0)


def _chunk(hashes: np.ndarray, chunk: int) -> np.ndarray:
    """Every fourth bit, as a number below 65,536. Neighbouring bits of a hash depend on each
    other.
    """
    bits = np.unpackbits(hashes.astype(">u8").view(np.uint8).reshape(-1, 8), axis=1)
    return np.packbits(bits[:, chunk::_CHUNKS], axis=1).view(">u2")[:, 0].astype(np.int64)


def _candidates(left: np.ndarray, right: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield pairs of positions whose chunks differ in at most one bit, about ``AT_ONCE`` at a
    time.
    """
    order = np.argsort(right, kind="stable")
    starts = np.searchsorted(right[order], np.arange(2**16 + 1))
    for flipped in (0, *(1 << bit for bit in range(16))):
        partner = left ^ flipped
        first, counts = starts[partner], starts[partner + 1] - starts[partner]
        ends = np.cumsum(counts)
        at = 0
        while at < len(left):
            done = ends[at - 1] if at else 0
            end = max(at + 1, int(np.searchsorted(ends, done + AT_ONCE, side="right")))
            some = counts[at:end]
            owners = np.repeat(np.arange(at, end), some)
            within = np.arange(len(owners)) - np.repeat(ends[at:end] - some - done, some)
            yield owners, order[np.repeat(first[at:end], some) + within]
            at = end
