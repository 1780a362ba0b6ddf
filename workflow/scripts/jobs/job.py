"""Run the function of a script as a job: log file, one-line errors, end with Snakemake."""

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
"""Messages of a full disk. NumPy and Arrow raise errors without an errno, so the text is searched.
"""


@contextmanager
def job(name: str, log: str, reads: Iterable[str] = ()) -> Iterator[None]:
    """Log to a file; on an error print one line and exit with code 1.

    The traceback of an unexpected error goes to the log only. An older process of the same job,
    left behind by a killed run, can't write results any more (``atomic.claim``).

    Args:
        name: name of the job in messages: rule, shard or layer.
        log: the log file; each job needs its own.
        reads: files that the job reads; if the job fails, they are checked for damage.
    """
    _end_with_parent()
    keep_freed_memory()
    # A failure to write the log must not hide the message of the job.
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
        # "convaudit model: config: model: …" would name the job and the config's key alike.
        key = re.split("[:.]", message.removeprefix("config: "))[0]
        sys.exit(f"convaudit{'' if key == name else f' {name}'}: {message} (log: {log})")
    except MemoryError:
        logging.exception("out of memory")
        sys.exit(f"convaudit {name}: out of memory; give the rule more mem_mb or lower batch_size")
    except Exception as error:
        logging.exception("unexpected error")
        sys.exit(f"convaudit {name}: {_explain(error, reads)} (details: {log})")
    logging.info("done")


def _show_progress(name: str) -> None:
    """Show progress in the terminal too, with the name of the job, as several jobs may share it."""
    if sys.stderr.isatty() and progress.QUIET not in os.environ:
        screen = logging.StreamHandler()
        screen.setFormatter(logging.Formatter(f"{name}: %(message)s"))
        progress.log.addHandler(screen)


def _explain(error: Exception, reads: Iterable[str]) -> str:
    if isinstance(error, OSError) and _DISK_FULL.search(str(error)):
        return "no space left on the disk with the results: free some space and run again"
    if broken := damaged(reads):
        return f"{broken[0]} is damaged: delete it and run again"
    reason = (str(error).splitlines() or [""])[0]
    return f"{type(error).__name__}: {printable(reason)}"


def _end_with_parent() -> None:
    """Let the kernel kill this process when Snakemake is killed (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
