"""Format class names and numbers for readers."""

import re

import numpy as np

from convaudit.dataset.table_files import META
from convaudit.properties.catalogue import PROPERTIES

_UNITS = {each.name: re.sub(r"^\d.*|,.*", "", each.unit) for each in PROPERTIES if not each.is_text}
"""Unit of each property by its name, without the range: "levels" of "levels, 0 to 255"."""


def short(name: str) -> str:
    """A class name without synset id and synonyms: "grey fox" of "n02120505 grey fox, gray fox"."""
    synset = re.match(r"n\d{8} +([^,]+)", name)
    return synset[1] if synset else name


def slice_words(name: str) -> str:
    """A slice in words: "luminance mean 12 to 34 levels" of "luminance_mean = 12 to 34".

    A column of the user's table loses its prefix: "meta_hospital = A" is "hospital = A".
    """
    column, _, value = name.partition(" = ")
    words = column.removeprefix(META).replace("_", " ")
    if column not in _UNITS:
        return f"{words} = {value}"
    return f"{words} {value} {_UNITS[column]}".rstrip()


def tail(path: str) -> str:
    """The end of a path: the file's folder and name."""
    parts = path.split("/")
    return path if len(parts) <= 2 else f"…/{'/'.join(parts[-2:])}"


def percent(value: float | None, digits: int = 1) -> str:
    """A share in per cent; a share below 1 is never "100%", one above 0 never "0%"."""
    if value is None or np.isnan(value):
        return "–"
    step = 0.1**digits / 100
    if 0 < value < step / 2:
        return f"<{step:.{digits}%}"
    text = f"{value:.{digits}%}"
    return f">{1 - step:.{digits}%}" if value < 1 and text == f"{1:.{digits}%}" else text


def plain(value: float) -> str:
    """A number of any size with three digits, or with five decimal places if it is small."""
    text = f"{value:.3g}"
    if "e" not in text:
        return text
    if abs(value) >= 1:
        return f"{value:,.0f}"
    return f"{value:.5f}" if abs(value) >= 1e-5 else "≈ 0"
