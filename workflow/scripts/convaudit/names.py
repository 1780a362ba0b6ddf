"""File names for images: readable, safe everywhere, and never two alike."""

import hashlib
import re
import unicodedata
from pathlib import PurePosixPath

_LONGEST_SLUG = 60
_UNSAFE = re.compile(r"[^A-Za-z0-9_]+")


def image_id(relative_path: str) -> str:
    """Name an image for file names, URLs and HTML ids.

    Args:
        relative_path: the path in the dataset, with "/"; may hold anything a file name can,
            undecodable bytes included (as Python's surrogate escapes).

    Returns:
        A slug of the file's stem and 8 hex digits of the path's SHA-256, of ``[A-Za-z0-9_-]``
        alone and at most 69 characters. Accents are dropped from letters; a stem without one
        safe character becomes "image". Equal paths give equal names; different ones differ.
    """
    stem = unicodedata.normalize("NFKD", PurePosixPath(relative_path).stem)
    plain = stem.encode("ascii", "ignore").decode()
    slug = _UNSAFE.sub("-", plain)[:_LONGEST_SLUG].strip("-") or "image"
    digest = hashlib.sha256(relative_path.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{slug}-{digest[:8]}"
