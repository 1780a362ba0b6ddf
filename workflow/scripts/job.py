"""What every script does around its one function: log, and fail in one line."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from convaudit import allocator
from convaudit.errors import AuditError


@contextmanager
def job(name: str, log: str) -> Iterator[None]:
    """Log to ``log``; end in one line, with exit code 1, where something goes wrong.

    A traceback is for the log alone. ``name`` says which job it was: rule, shard or layer.
    """
    allocator.keep_freed_memory()
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=log,
        filemode="w",
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        force=True,
    )
    try:
        yield
    except AuditError as error:
        logging.error("%s", error)
        sys.exit(f"convaudit {name}: {error}")
    except MemoryError:
        logging.exception("out of memory")
        sys.exit(f"convaudit {name}: out of memory; give the rule more mem_mb or lower batch_size")
    except Exception as error:
        logging.exception("unexpected error")
        reason = (str(error).splitlines() or [""])[0]
        sys.exit(f"convaudit {name}: {type(error).__name__}: {reason} (the full story: {log})")
    logging.info("done")
