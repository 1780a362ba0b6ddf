"""Jinja environment, number formats and style sheet of all pages."""

import base64
import re
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from convaudit.drawing.grids import PATTERNS_PER_ROW
from convaudit.drawing.sprites import COLUMNS
from convaudit.report.wording import percent, plain, short, slice_words, tail

STATIC = Path(__file__).parent / "static"


def environment() -> Environment:
    """The templates, with the filters that they use."""
    found = Environment(
        loader=PackageLoader("convaudit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "percent": percent,
        "short": short,
        "tail": tail,
        "slice_words": slice_words,
        "number": "{:,}".format,
        "plain": plain,
    }
    return found


def style() -> str:
    """The style sheet, with its fonts and the numbers of pictures in a row of their sheets."""
    rows = f":root {{ --patterns: {PATTERNS_PER_ROW}; --thumbs: {COLUMNS}; }}\n"
    text = rows + (STATIC / "style.css").read_text(encoding="utf-8")

    def inline(found: re.Match[str]) -> str:
        data = base64.b64encode((STATIC / found[1]).read_bytes()).decode()
        return f"url(data:font/woff2;base64,{data})"

    return re.sub(r"url\((fonts/[\w-]+\.woff2)\)", inline, text)
