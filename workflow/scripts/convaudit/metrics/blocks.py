"""Many images' numbers, a part at a time."""

from collections.abc import Iterator

BLOCK = 3 << 14
"""So many images' numbers are worked on at once where intermediate results need memory."""


def blocks(count: int) -> Iterator[slice]:
    """One after another the parts of ``count`` images."""
    return (slice(start, start + BLOCK) for start in range(0, count, BLOCK))
