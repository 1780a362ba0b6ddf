"""Where a result comes from: versions, code, hashes; and whether it is still what it was."""

import hashlib
import platform
import subprocess
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import convaudit
from convaudit.errors import AuditError

THREADS = 2
"""Threads of TensorFlow's pool. Fixed: how sums are split, so their last bits, follow from it."""
PACKAGES = (
    "tensorflow",
    "keras",
    "numpy",
    "numba",
    "opencv-python",
    "pandas",
    "pyarrow",
    "pillow",
    "snakemake",
)


def versions() -> dict[str, str]:
    """Versions of convaudit, Python and the packages that decide a result."""
    own = {"convaudit": convaudit.__version__, "python": platform.python_version()}
    return own | {package: version(package) for package in PACKAGES}


def revision(folder: Path) -> dict[str, str | bool | None]:
    """The git commit of a checkout and whether its files differ from it; None outside of one.

    Files that git does not know, such as results, are no part of the code.
    """
    commit = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit or None, "dirty": None if changes is None else bool(changes)}


def machine() -> dict[str, str]:
    """Processor and system: results are the same bytes on processors of the same kind."""
    return {"system": platform.system(), "processor": _processor()}


def sha256(path: Path) -> str:
    """SHA-256 of a file's content, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hashes(files: Iterable[str], root: Path, threads: int) -> Iterator[tuple[str, str]]:
    """Paths, which start from ``root`` unless absolute, with the SHA-256 of what is there.

    Memory holds a thousand of them at a time.
    """

    def hashed(some: list[str]) -> list[tuple[str, str]]:
        return [(path, sha256(root / path)) for path in some]

    rest = iter(files)
    with ThreadPoolExecutor(threads) as pool:
        while some := list(islice(rest, 1000)):
            for part in pool.map(hashed, (some[at : at + 50] for at in range(0, len(some), 50))):
                yield from part


def require_unchanged(model: dict[str, Any]) -> None:
    """Hold a model's files against the hashes in its ``identity``; call it after they were read.

    Args:
        model: ``identity``, ``source``, ``weights`` and ``custom_modules``; names that are no
            files of a user (of keras.applications, of the demo) are left out.

    Raises:
        AuditError: a file is gone or has another content than when the audit began.
    """
    if model["identity"] == "demo":
        return
    for name in (model["source"], model["weights"], *model["custom_modules"]):
        path = Path(name)
        named = path.suffix or (name == model["source"] and path.is_file())
        if named and not (path.is_file() and sha256(path) in model["identity"]):
            raise AuditError(f"{name} was replaced while the audit ran: run it again")


def differences(expected: dict[str, str], found: dict[str, str]) -> list[str]:
    """A line for each file that is missing, changed or new."""
    lines = [f"missing: {path}" for path in expected if path not in found]
    lines += [
        f"changed: {path}"
        for path in expected
        if found.get(path, "") != expected[path] and path in found
    ]
    return lines + [f"new: {path}" for path in found if path not in expected]


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
