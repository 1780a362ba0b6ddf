"""Stop an audit that must not go on, although Snakemake goes on after a failed job."""

from pathlib import Path

from convaudit.errors import AuditError


def stop(results: Path, why: str) -> None:
    """Let the jobs that have not begun end at once, until the next run begins."""
    _mark(results).parent.mkdir(parents=True, exist_ok=True)
    _mark(results).write_text(why, encoding="utf-8")


def go_on(results: Path) -> None:
    """Remove the stop mark at the start of a run, because the reason may have been mended."""
    _mark(results).unlink(missing_ok=True)


def require_going(results: Path) -> None:
    """Check that no job has stopped the audit.

    Raises:
        AuditError: a job has stopped the audit.
    """
    if _mark(results).exists():
        raise AuditError(f"not begun: {_mark(results).read_text(encoding='utf-8')}")


def _mark(results: Path) -> Path:
    return results / ".convaudit" / "stopped"
