"""Files and folders that are either complete or absent, even if a process is killed."""

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
    """Make this process the only one that may write the results of a job.

    A killed run can leave a process of the same job behind. After this call, that process can't
    write any result: its next ``atomic`` fails.

    Args:
        path: a file that stands for the job; it is created.
    """
    global _claim
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    _claim = path, path.open("w")


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder; it is renamed to ``path`` if the block succeeds.

    The temporary name has the same suffix, because encoders choose the format by it. If two
    processes write the same path, each has its own temporary file, so their contents never mix.

    Raises:
        AuditError: another process has claimed this job.
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
    """Yield a temporary folder; it replaces the folder ``path`` if the block succeeds.

    Raises:
        AuditError: another process has claimed this job.
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
    """Remove temporary files that killed processes left; only the process with the claim may."""
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
        raise AuditError("another process runs this job now, so this one writes no result")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
