"""Class names as people say them."""

import re


def short(name: str) -> str:
    """A class name as people say it: of "n02120505 grey fox, gray fox" the words "grey fox"."""
    synset = re.match(r"n\d{8} +([^,]+)", name)
    return synset[1] if synset else name


def tail(path: str) -> str:
    """The end of a path, by which people know a file: its folder and its name."""
    parts = path.split("/")
    return path if len(parts) <= 2 else f"…/{'/'.join(parts[-2:])}"
