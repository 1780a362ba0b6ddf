"""Process numbers of many images in blocks."""

from collections.abc import Iterator

BLOCK = 3 << 14
"""Number of images in a block, which bounds the memory of intermediate results."""


def blocks(count: int) -> Iterator[slice]:
    """Yield slices that divide ``count`` images into blocks."""
    return (slice(start, start + BLOCK) for start in range(0, count, BLOCK))
