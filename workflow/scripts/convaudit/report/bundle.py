"""Pack the report and everything that its pages show into one zip, to be opened on any machine."""

import os
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from posixpath import normpath
from urllib.parse import unquote, urlsplit

from convaudit.report.gallery.data import with_photos

SHOWN_BY_BROWSERS = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp"}
PACKED = SHOWN_BY_BROWSERS | {".parquet", ".woff2"}
"""Endings of files that are compressed already."""
FULL_SIZE = 2_000_000_000
"""Greatest size in bytes of photos and overlays that are packed too. Without them the gallery shows
the small pictures, 128 pixels wide."""
COLUMNS = "report/data/columns.js"
FIRST = """<!doctype html><meta charset="utf-8"><title>convaudit</title>
<meta http-equiv="refresh" content="0; url=report/index.html">
<a href="report/index.html">The report</a>
"""
_STYLE_URL = re.compile(r"url\(['\"]?([^'\")]+)['\"]?\)")


@dataclass(frozen=True)
class Bundle:
    """The content of a bundle.

    Attributes:
        files: the files to pack by their name in the zip, sorted by name.
        photos: number of photos among them.
        full_size: bytes of photos and overlays, packed or not.
        full: whether photos and overlays are packed.
    """

    files: dict[str, Path]
    photos: int
    full_size: int
    full: bool

    @property
    def size(self) -> int:
        """Bytes of all files; the zip has hardly fewer, since pictures are compressed already."""
        return sum(path.stat().st_size for path in self.files.values())

    def in_words(self) -> str:
        """The content and its size, in one or two sentences."""
        said = f"{len(self.files):,} files, {_megabytes(self.size)} before compression"
        if self.full:
            return f"{said}, {self.photos:,} photos among them"
        return (
            f"{said}. Photos and overlays at full size would be {_megabytes(self.full_size)} more "
            f"and are left out (over {_megabytes(FULL_SIZE)}): the gallery shows the small pictures"
        )


def collect(results: Path, photos: Path, paths: Iterable[str], limit: int = FULL_SIZE) -> Bundle:
    """Choose what is packed.

    Args:
        results: the results folder, with ``report/``.
        photos: the folder that the images' paths start from.
        paths: the images' paths. Those outside the folder, those that are gone, and formats that
            browsers do not show are left out; the gallery shows their overlays instead.
        limit: greatest size in bytes of photos and overlays that are packed.
    """
    files = {name: results / name for name in _reached(results, results / "report")}
    sprites = results / "gradcam" / "sprites"
    files |= {path.relative_to(results).as_posix(): path for path in _below(sprites)}
    overlays = list(_below(results / "gradcam" / "overlays"))
    large = {path.relative_to(results).as_posix(): path for path in overlays}
    shown = {f"photos/{path}": photos / path for path in paths if _is_shown(path)}
    shown = {name: path for name, path in shown.items() if path.is_file()}
    large |= shown
    full_size = sum(path.stat().st_size for path in large.values())
    full = full_size <= limit
    if full:
        files |= large
    return Bundle(dict(sorted(files.items())), len(shown) if full else 0, full_size, full)


def write(bundle: Bundle, target: Path) -> None:
    """Write the zip; equal bundles give equal bytes.

    Args:
        bundle: what is packed.
        target: the zip file that is written; its ``index.html`` leads to the report.
    """
    with zipfile.ZipFile(target, "w") as packed:
        packed.writestr(_entry("index.html"), FIRST)
        for name, path in bundle.files.items():
            if name == COLUMNS:
                text = path.read_text(encoding="utf-8")
                text = with_photos(text, "../photos/" if bundle.full else None, bundle.full)
                packed.writestr(_entry(name), text)
                continue
            with path.open("rb") as source, packed.open(_entry(name), "w", force_zip64=True) as to:
                while part := source.read(1 << 20):
                    to.write(part)


def links(page: str) -> Iterator[str]:
    """Yield the relative addresses of pages, pictures, scripts and files in an HTML page."""
    parser = _Links()
    parser.feed(page)
    for address in parser.found:
        parts = urlsplit(address)
        if parts.path and not parts.scheme and not parts.netloc and parts.path[0] != "/":
            yield unquote(parts.path)


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"href", "src"} and value:
                self.found.append(value.strip())
            elif name == "style" and value:
                self.found += _STYLE_URL.findall(value)


def _reached(results: Path, report: Path) -> set[str]:
    """All files of the report, and all files in the results that its pages link to."""
    pending = [path.relative_to(results).as_posix() for path in _below(report)]
    reached: set[str] = set()
    while pending:
        name = pending.pop()
        if name in reached:
            continue
        reached.add(name)
        if name.endswith(".html"):
            page = (results / name).read_text(encoding="utf-8")
            near = PurePosixPath(name).parent
            named = (normpath((near / address).as_posix()) for address in links(page))
            pending += [it for it in named if it[:2] != ".." and (results / it).is_file()]
    return reached


def _below(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder, followlinks=True):
        yield from (Path(parent, name) for name in names)


def _is_shown(path: str) -> bool:
    parts = PurePosixPath(path)
    inside = not parts.is_absolute() and ".." not in parts.parts
    return inside and parts.suffix.lower() in SHOWN_BY_BROWSERS


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)  # dated 1980: the same results must give the same bytes
    entry.external_attr = 0o644 << 16
    stored = PurePosixPath(name).suffix.lower() in PACKED
    entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    return entry


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"
