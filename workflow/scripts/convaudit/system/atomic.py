"""Files and folders that are either whole or absent."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from convaudit.errors import AuditError

_claim: tuple[Path, IO[str]] | None = None


def claim(path: str | Path) -> None:
    """Be the only process that puts files in place on behalf of ``path``, a file made for this.

    A process that claimed ``path`` before, left behind by a run that was killed, can put nothing
    in place from here on: its next ``atomic`` fails.
    """
    global _claim
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    _claim = path, path.open("w")


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that becomes ``path`` if the block succeeds.

    The temporary name keeps the suffix, since encoders choose a format by it. Two processes that
    write the same path never mix: each has its own temporary, and the last rename wins whole.

    Raises:
        AuditError: another process has claimed this one's work.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=_prefix(path), suffix=path.suffix)
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        _require_claim()
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yield a temporary folder that replaces the folder ``path`` if the block succeeds.

    Raises:
        AuditError: another process has claimed this one's work.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=_prefix(path)))
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        _require_claim()
        shutil.rmtree(path, ignore_errors=True)
        os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _prefix(path: Path) -> str:
    return f".tmp-{path.name}-"


def _sweep(path: Path) -> None:
    """Remove what killed processes left of ``path``; only one that claimed its work may."""
    if _claim is None:
        return
    for left in path.parent.iterdir():
        if left.name.startswith(_prefix(path)):
            shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)


def _require_claim() -> None:
    if _claim is None:
        return
    path, file = _claim
    try:
        ours = os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return
    except OSError:
        ours = False
    if not ours:
        raise AuditError("a later run has taken over this job, so it puts nothing in place")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
