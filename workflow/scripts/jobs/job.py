"""What every script does around its one function: log, end with Snakemake, fail in one line."""

import ctypes
import logging
import os
import re
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from convaudit.errors import AuditError, printable
from convaudit.system import progress
from convaudit.system.atomic import claim
from convaudit.system.integrity import damaged
from convaudit.system.malloc import keep_freed_memory

_PR_SET_PDEATHSIG = 1
_DISK_FULL = re.compile("No space left|quota exceeded|requested and [0-9]+ written", re.IGNORECASE)
"""By their words: NumPy and Arrow keep the error's number to themselves."""


@contextmanager
def job(name: str, log: str, reads: Iterable[str] = ()) -> Iterator[None]:
    """Log to ``log``; end in one line, with exit code 1, where something goes wrong.

    A traceback is for the log alone. From here on no earlier process of the same job, left behind
    by a run that was killed, can put a file in place.

    Args:
        name: which job it is: rule, shard or layer.
        log: the log file; it stands for the job, so no other job may have the same.
        reads: the files that the job reads, to look for a damaged one where the job fails.
    """
    _end_with_parent()
    keep_freed_memory()
    # A log that can't be written must not hide what the job has to say.
    logging.raiseExceptions = False
    try:
        claim(log)
    except OSError as error:
        sys.exit(f"convaudit {name}: can't write {log}: {error.strerror}")
    logging.basicConfig(
        filename=log,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        force=True,
    )
    _show_progress(name)
    try:
        yield
    except AuditError as error:
        message = printable(str(error))
        logging.error("%s", message)
        sys.exit(f"convaudit {name}: {message} (log: {log})")
    except MemoryError:
        logging.exception("out of memory")
        sys.exit(f"convaudit {name}: out of memory; give the rule more mem_mb or lower batch_size")
    except Exception as error:
        logging.exception("unexpected error")
        sys.exit(f"convaudit {name}: {_explain(error, reads)} (the full story: {log})")
    logging.info("done")


def _show_progress(name: str) -> None:
    """In a terminal too: one short line with the job's name, since several jobs may share it."""
    if sys.stderr.isatty() and progress.QUIET not in os.environ:
        screen = logging.StreamHandler()
        screen.setFormatter(logging.Formatter(f"{name}: %(message)s"))
        progress.log.addHandler(screen)


def _explain(error: Exception, reads: Iterable[str]) -> str:
    if isinstance(error, OSError) and _DISK_FULL.search(str(error)):
        return "no space left on the disk of the results: make room and run again"
    if broken := damaged(reads):
        return f"{broken[0]} is damaged: delete it and run again"
    reason = (str(error).splitlines() or [""])[0]
    return f"{type(error).__name__}: {printable(reason)}"


def _end_with_parent() -> None:
    """Die with Snakemake where it is killed. Linux only; elsewhere the claim must do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
