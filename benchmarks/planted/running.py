"""Run the cases one by one and append rows to a file of JSON lines; finished cases are skipped."""

import dataclasses
import functools
import json
import shutil
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from convaudit import provenance
from planted import audited, baselines, cases, detector, making, truth
from planted.finding import Answer
from planted.truth import Specification, Truth

_A_LINE_EACH = 60.0
"""Seconds between two lines of progress."""


def run(
    chosen: Sequence[Specification],
    cache: Path,
    rows: Path,
    deadline: float,
    peers: bool,
    keep: bool,
) -> None:
    """Make each case unless it is in ``cache``, audit it by every method, append its rows.

    Args:
        chosen: the cases, in the order in which they are run.
        cache: the folder of the cases' folders.
        rows: file of JSON lines, one for each audit of a case.
        deadline: seconds since the epoch after which no case is begun.
        peers: run the baselines too.
        keep: leave a case's images on disk once it has been audited.
    """
    done = {row["case"] for row in read(rows) if "failed" not in row}
    waiting = [each for each in chosen if each.name not in done]
    began = last = time.time()
    for number, specification in enumerate(waiting):
        if time.time() > deadline:
            print(f"the deadline has passed: {len(waiting) - number} cases left", flush=True)
            return
        try:
            _one(specification, cache / specification.name, rows, peers)
        except Exception:  # one case must not end a run of hours; it is printed and counted
            traceback.print_exc()
            _append(rows, [{"case": specification.name, "failed": traceback.format_exc(limit=2)}])
        if not keep:
            shutil.rmtree(cache / specification.name, ignore_errors=True)
        if time.time() - last > _A_LINE_EACH or number + 1 == len(waiting):
            last = time.time()
            minutes = (last - began) / 60
            where = f"{number + 1} of {len(waiting)} cases, {minutes:.0f} min"
            print(f"{where}, last {specification.name}", flush=True)


def read(rows: Path) -> list[dict[str, Any]]:
    """The rows so far."""
    if not rows.exists():
        return []
    return [json.loads(line) for line in rows.read_text().splitlines() if line.strip()]


def fetch(specification: Specification, folder: Path) -> Truth:
    """The case's truth; the case is made unless its folder is complete."""
    if not (folder / truth.NAME).exists():
        making.make(specification, cases.plan(specification), folder)
    return truth.read(folder)


def _one(specification: Specification, folder: Path, rows: Path, peers: bool) -> None:
    known = fetch(specification, folder)
    found = []
    for audit in known.audits:
        began = time.perf_counter()
        images = audited.read(folder, known, audit)
        answers: list[Answer] = [detector.detect(images)]
        if peers:
            answers += baselines.answers(images)
        found.append(_row(images, answers, time.perf_counter() - began))
    _append(rows, found)


def _row(images: audited.Audited, answers: Sequence[Answer], seconds: float) -> dict[str, Any]:
    known = dataclasses.asdict(images.truth)
    del known["audits"]
    boxes = images.audit.boxes
    shown = {
        each for answer in answers for finding in answer.findings for each in finding.images[:10]
    }
    return {
        "case": images.truth.specification.name,
        "audit": images.audit.folder,
        "truth": known,
        "accuracy": float((images.predicted == images.labels).mean()),
        "carriers": len(images.audit.carriers),
        "images": len(images.names),
        "shown_carriers": sorted(shown & set(images.audit.carriers)),
        "boxes": [boxes[name] for name in sorted(boxes)[:20]],
        "library": _library(),
        "answers": [answer.as_json() for answer in answers],
        "seconds": round(seconds, 1),
    }


@functools.cache
def _library() -> str:
    """The commit of the library under test."""
    state = provenance.revision(Path(__file__).parents[2])
    return f"{str(state['commit'])[:7]}{' and changes' if state['dirty'] else ''}"


def _append(rows: Path, found: Sequence[dict[str, Any]]) -> None:
    rows.parent.mkdir(parents=True, exist_ok=True)
    with rows.open("a") as file:
        file.write("".join(json.dumps(row) + "\n" for row in found))
