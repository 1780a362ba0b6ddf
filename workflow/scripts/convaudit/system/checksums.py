"""SHA-256 of files, and which files differ from the hashes that were written down."""

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path


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

    with ThreadPoolExecutor(threads) as pool:
        # Threads take 50 files at a time: a task for each small file would cost more than its hash.
        remaining = iter(files)
        while thousand := list(islice(remaining, 1000)):
            parts = (thousand[at : at + 50] for at in range(0, len(thousand), 50))
            for part in pool.map(hashed, parts):
                yield from part


def differences(expected: dict[str, str], found: dict[str, str]) -> list[str]:
    """One line for each file that is missing or changed.

    Args:
        expected: SHA-256 by path.
        found: SHA-256 by path, of the files that exist.
    """
    missing = [f"missing: {path}" for path in expected if path not in found]
    changed = [
        f"changed: {path}"
        for path, digest in expected.items()
        if path in found and found[path] != digest
    ]
    return missing + changed
