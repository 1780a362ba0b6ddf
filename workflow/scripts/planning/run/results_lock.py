"""Protect a results folder: from two runs at once, and from a run in another working directory.

Snakemake records in the working directory (.snakemake) what each result was made from. If a results
folder is not in these records, Snakemake would take every file in it for up to date.
"""

import fcntl
import json
import os
import socket
import uuid
from pathlib import Path
from typing import IO

from convaudit.errors import AuditError

_held: list[IO[str]] = []


def enter(results: Path) -> None:
    """Lock a results folder against other runs until this process ends.

    Raises:
        AuditError: another run uses the folder, or the folder can't be written.
    """
    lock = results / ".convaudit" / "lock"
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("a+")
    except OSError as error:
        raise AuditError(f"config: results: can't write {lock}: {error.strerror}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        raise _in_use(results, file.read()) from None
    except OSError:
        # The file system has no locks. Snakemake's own lock of the working directory remains.
        return
    _held.append(file)
    file.truncate(0)
    file.write(f"process {os.getpid()} on {socket.gethostname()}")
    file.flush()


def require_own(results: Path, records: Path, key: str, *, begun: str, finished: str) -> None:
    """Refuse results that another working directory made, unless they are what this would make.

    Args:
        results: the results folder.
        records: the working directory's folder for Snakemake's records.
        key: key of the last job, which covers everything that the results depend on.
        begun: a file in the results that exists once something was made.
        finished: the file, in the results, that holds the key of the last job.

    Raises:
        AuditError: the results began elsewhere, or their records are lost.
    """
    made = (results / begun).exists()
    if made and not _is_own(results, records) and _finished_key(results / finished) != key:
        if owner := _owner(results):
            raise _in_use(results, owner)
        raise AuditError(
            f"config: results: {results} holds an audit of another model, other images or "
            "settings, or one whose records (.snakemake) are not in this folder: name another "
            "results folder, or move that one away"
        )


def adopt(results: Path, records: Path) -> None:
    """Write down, in the results and in the records, that they belong together."""
    if _is_own(results, records):
        return
    origin = uuid.uuid4().hex
    (records / "convaudit").mkdir(parents=True, exist_ok=True)
    (records / "convaudit" / origin).write_text(str(results))
    _mark(results).write_text(origin)


def _in_use(results: Path, owner: str) -> AuditError:
    return AuditError(
        f"config: results: {results} is in use by another snakemake ({owner}): wait for it, or "
        "name another folder"
    )


def _owner(results: Path) -> str:
    """Name of the process that holds the lock; empty if there is none."""
    try:
        with (results / ".convaudit" / "lock").open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read()
    except OSError:
        pass
    return ""


def _is_own(results: Path, records: Path) -> bool:
    mark = _mark(results)
    return mark.exists() and _recorded(records / "convaudit" / mark.read_text()) == str(results)


def _mark(results: Path) -> Path:
    return results / ".convaudit" / "origin"


def _recorded(record: Path) -> str | None:
    """The path of the results when they were made. Under another path Snakemake finds no
    records.
    """
    return record.read_text() if record.exists() else None


def _finished_key(finished: Path) -> str | None:
    try:
        return json.loads(finished.read_text())["key"]
    except (OSError, ValueError, KeyError):
        return None
