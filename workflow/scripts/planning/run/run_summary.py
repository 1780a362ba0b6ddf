"""The summary at the end of a run: the time of each stage, and the outcome of the audit."""

import csv
import json
import os
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from convaudit.system.progress import QUIET, duration
from jobs.stop import go_on


def begin(results: Path) -> None:
    """Record when the run began, by the clock of the file system with the results."""
    go_on(results)
    _mark(results).touch()


def hush() -> None:
    """Print no progress in this process and its jobs; the logs still contain it."""
    os.environ[QUIET] = "1"


def say(results: Path) -> None:
    """Print the time of each stage and the path of the report, if any job ran."""
    began = _mark(results).stat().st_mtime
    if QUIET not in os.environ and (line := took(results)):
        print(line, file=sys.stderr)
        for name, told in (("summary.json", outcome), ("comparison.json", compared)):
            made = results / name
            if made.exists() and made.stat().st_mtime >= began:
                print(told(results, json.loads(made.read_text())), file=sys.stderr)


def outcome(results: Path, summary: dict[str, Any]) -> str:
    """Two lines about an audit: the report's path and main numbers; the verdict and its reason."""
    parts = [f"{summary['images_audited']:,} images"]
    if summary["accuracy"] is not None:
        parts.append(f"{summary['accuracy']:.1%} of those with a label right")
    parts.append(f"{summary['images_quarantined']:,} in quarantine")
    lines = [f"{results / 'report' / 'index.html'}: {', '.join(parts)}"]
    verdict = summary["verdict"]
    reason = "" if verdict["result"] == "pass" else f" {verdict['gates'][0]['text']}"
    lines.append(f"Verdict: {verdict['result']}.{reason}")
    return "\n".join(lines)


def compared(results: Path, comparison: dict[str, Any]) -> str:
    """A comparison in a line for its page and one for each doubt."""
    numbers = comparison["comparison"]
    parts = [f"{numbers['images']:,} images"]
    if numbers["accuracy_difference"] is not None:
        ends = (numbers[f"accuracy_difference{end}"] * 100 for end in ("", "_95_low", "_95_high"))
        parts.append("accuracy {:+.1f} points ({:+.1f} to {:+.1f})".format(*ends))
    if numbers["negative_flips"] is not None:
        parts.append(f"{numbers['negative_flips']:.1%} right before and wrong now")
    page = results / "comparison" / "index.html"
    return "\n".join([f"{page}: {', '.join(parts)}", *comparison["doubts"]])


def took(results: Path) -> str:
    """A line about the jobs that finished since ``begin``; empty if there are none.

    The time of a stage is the sum over its jobs, each with the start of Python.
    """
    mark = _mark(results)
    began = mark.stat().st_mtime
    mark.touch()
    whole = mark.stat().st_mtime - began
    ended = sorted((path.stat().st_mtime, path) for path in results.glob("benchmarks/**/*.tsv"))
    stages: dict[str, list[float]] = defaultdict(list)
    processor = 0.0
    for path in (path for time, path in ended if time >= began):
        with path.open() as file:
            row = next(csv.DictReader(file, delimiter="\t"))
        stages[path.relative_to(results / "benchmarks").parts[0].removesuffix(".tsv")].append(
            float(row["s"])
        )
        processor += _number(row["cpu_time"])
    if not stages:
        return ""
    parts = [_stage(name, seconds) for name, seconds in stages.items()]
    spent = f" ({duration(processor)} of processor time)" if processor else ""
    return " · ".join([*parts, f"whole run {duration(whole)}{spent}"])


def _mark(results: Path) -> Path:
    return results / ".convaudit" / "began"


def _stage(name: str, seconds: list[float]) -> str:
    jobs = f" in {len(seconds)} jobs" if len(seconds) > 1 else ""
    return f"{name} {duration(sum(seconds))}{jobs}"


def _number(text: str) -> float:
    """Snakemake writes NA for a job that was too short to be measured."""
    return 0.0 if text in {"NA", "-"} else float(text)
