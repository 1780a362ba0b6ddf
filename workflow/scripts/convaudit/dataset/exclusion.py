"""Files that the user leaves out of a dataset, by patterns."""

import fnmatch
import re
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import pandas as pd


def excluded(paths: pd.Series, patterns: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Find the paths that match a pattern, and count them for each pattern in a sentence.

    A pattern without "/" is compared with the name of the file and of each folder above it
    (``masks``, ``*_mask.png``). A pattern with "/" is compared with the path from the root of the
    file and of each folder above it (``val/*``, ``cats/old``). ``*`` matches any text, ``?`` any
    character, ``[ab]`` one of several.

    Args:
        paths: relative, with "/".

    Returns:
        bool, (n,), and the sentences.
    """
    listed = paths.tolist()
    out = np.zeros(len(listed), bool)
    said = []
    for pattern in patterns:
        fits = _matcher(pattern.strip("/"))
        matched = np.fromiter(map(fits, listed), bool, len(listed))
        said.append(f"exclude leaves out {int(matched.sum()):,} files that match {pattern!r}")
        out |= matched
    return out, said


def _matcher(pattern: str) -> Callable[[str], bool]:
    regex = re.compile(fnmatch.translate(pattern))
    whole = "/" in pattern

    def fits(path: str) -> bool:
        above, _, name = path.rpartition("/")
        return bool(regex.match(path if whole else name)) or (above != "" and folder(above))

    folder = cache(fits)
    return fits
