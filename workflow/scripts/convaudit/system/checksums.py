"""SHA-256 of files: manifests of them, and which files differ from a manifest."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from urllib.parse import unquote

from convaudit.system.progress import Progress

_BREAKING = re.compile("[%\r\n]")


def sha256(path: Path) -> str:
    """SHA-256 of a file's content, in hex.

    Raises:
        OSError: the file can't be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hashes(files: Iterable[str], root: Path, threads: int) -> Iterator[tuple[str, str]]:
    """Yield each path with the SHA-256 of its content, in the given order.

    Args:
        files: paths that start from ``root``, unless they are absolute.
        root: a folder.
        threads: how many files are read at the same time.
    """

    def hashed(some: list[str]) -> list[tuple[str, str]]:
        return [(path, sha256(root / path)) for path in some]

    progress = Progress(None, "files hashed")
    with ThreadPoolExecutor(threads) as pool:
        # Threads take 50 files at a time: a task for each small file would cost more than its hash.
        remaining = iter(files)
        while thousand := list(islice(remaining, 1000)):
            parts = (thousand[at : at + 50] for at in range(0, len(thousand), 50))
            for part in pool.map(hashed, parts):
                yield from part
                progress.add(len(part))


def differences(
    expected: dict[str, str | None], present: Iterable[str], root: Path, threads: int
) -> Iterator[str]:
    """Yield one line for each file that is missing, changed or new, in this order.

    Args:
        expected: SHA-256 by path; a file without one (None) may be there or not.
        present: paths of the files that exist; those that are not expected are new.
        root: the folder that relative paths start from.
        threads: how many files are read at the same time.
    """
    hashed = [path for path, digest in expected.items() if digest]
    existing = [path for path in hashed if (root / path).is_file()]
    missing = set(hashed).difference(existing)
    yield from (f"missing: {path}" for path in hashed if path in missing)
    for path, digest in hashes(existing, root, threads):
        if digest != expected[path]:
            yield f"changed: {path}"
    yield from (f"new: {path}" for path in present if path not in expected)


def write_manifest(file: Path, lines: Iterable[tuple[str, str]]) -> None:
    """Write paths with their SHA-256 as BagIt (RFC 8493) does; ``sha256sum --check`` reads it.

    Args:
        lines: path and SHA-256; RFC 8493 has line breaks and "%" in a path percent-encoded.
    """
    with file.open("w", encoding="utf-8") as opened:
        for path, digest in lines:
            opened.write(f"{digest}  {_BREAKING.sub(_percent, path)}\n")


def read_manifest(file: Path) -> dict[str, str | None]:
    """The SHA-256 by path that ``write_manifest`` wrote."""
    lines = (line.split("  ", 1) for line in file.read_text(encoding="utf-8").split("\n") if line)
    return {unquote(path): digest for digest, path in lines}


def _percent(found: re.Match[str]) -> str:
    return f"%{ord(found[0]):02X}"
