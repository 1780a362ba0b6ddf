"""Print the verdict, one line a gate, and fail unless the model may be signed."""

import json
import sys
from pathlib import Path

from convaudit.errors import printable
from convaudit.verdict import exit_code
from jobs.job import job


def gate(*, verdict: str) -> int:
    """Print what was judged.

    Returns:
        The exit code: 0 for pass, 10 for fail, 11 for undecided, 12 for ask.
    """
    found = json.loads(Path(verdict).read_text(encoding="utf-8"))
    for each in found["gates"]:
        print(printable(f"{each['result']:9} {each['name']}: {each['text']}"))
    for remark in found["remarks"]:
        print(printable(f"{'note':9} {remark}"))
    print(f"verdict: {found['result']}", flush=True)
    return exit_code(found["result"])


if __name__ == "__main__":
    with job("gate", snakemake.log[0], snakemake.input):
        sys.exit(gate(verdict=snakemake.input.verdict))
