"""Settings of the memory allocator for large blocks."""

import ctypes

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Parameters of glibc's ``mallopt``."""


def keep_freed_memory() -> bool:
    """Keep the pages of freed large blocks for the next large block.

    By default glibc returns a large block to the kernel when it is freed. Photos and the
    activations of a batch are such blocks, so the kernel would clear the same pages for each of
    them. That took a fourth of a forward pass on a CPU and nearly half of the time of an overlay.

    Returns:
        True with glibc. Other allocators (macOS, musl) are not changed.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    return bool(mallopt(_MMAP_MAX, 0) and mallopt(_TRIM_THRESHOLD, 2**31 - 1))
