"""Make image ids: readable, safe as file names everywhere, and checked for collisions."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np

_LONGEST_SLUG = 60
_UNSAFE = re.compile(r"[^A-Za-z0-9_]+")


def image_id(relative_path: str) -> str:
    """Name an image for file names, URLs and HTML ids.

    Args:
        relative_path: the path in the dataset, with "/"; may hold anything a file name can,
            undecodable bytes included (as Python's surrogate escapes).

    Returns:
        A slug of the file's stem and 8 hex digits of the path's SHA-256: at most 69 characters of
        ``[A-Za-z0-9_-]``. Accents are dropped from letters; a stem without a safe character becomes
        "image". Equal paths give equal ids. Different paths give different ids, except for those
        that ``clashes`` finds.
    """
    stem = unicodedata.normalize("NFKD", PurePosixPath(relative_path).stem)
    plain = stem.encode("ascii", "ignore").decode()
    slug = _UNSAFE.sub("-", plain)[:_LONGEST_SLUG].strip("-") or "image"
    return f"{slug}-{_digest(relative_path).hex()}"


def clashes(relative_paths: Sequence[str]) -> dict[int, int]:
    """Find paths whose id an earlier path has already: two in a million paths, or made on purpose.

    Returns:
        The positions of such paths, each with the position of the earlier one. Ids that differ only
        in case count as equal, as on some file systems.
    """
    digests = np.array([int.from_bytes(_digest(path)) for path in relative_paths], np.uint32)
    order = np.argsort(digests, kind="stable")
    again = np.flatnonzero(np.diff(digests[order]) == 0)
    first: dict[str, int] = {}
    found = {}
    for position in sorted({int(order[i + step]) for i in again for step in (0, 1)}):
        name = image_id(relative_paths[position]).lower()
        if name in first:
            found[position] = first[name]
        first.setdefault(name, position)
    return found


def _digest(relative_path: str) -> bytes:
    return hashlib.sha256(relative_path.encode("utf-8", "surrogateescape")).digest()[:4]
