"""Print the verdict, one line per gate, and fail unless the model may be signed."""

import json
import sys
from pathlib import Path

from convaudit.verdict import exit_code
from convaudit.verdict.files import as_lines
from jobs.job import job


def gate(*, verdict: str) -> int:
    """Print the gates and the verdict.

    Args:
        verdict: ``verdict.json``.

    Returns:
        The exit code: 0 for pass, 10 for fail, 11 for undecided, 12 for ask.
    """
    found = json.loads(Path(verdict).read_text(encoding="utf-8"))
    print("\n".join(as_lines(found)), flush=True)
    return exit_code(found["result"])


if __name__ == "__main__":
    with job("gate", snakemake.log[0], snakemake.input):
        sys.exit(gate(verdict=snakemake.input.verdict))
