"""Write docs/benchmarks.md; each subject is measured in a process of its own.

python benchmarks/page.py [SUBJECT ...]

Without a subject all are measured. docs/benchmarks.json keeps what was measured of each, so that
one subject can be measured again without the others.
"""

import importlib
import json
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "workflow" / "scripts"))

from convaudit import provenance
from figures import Part, table

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
STORED = PAGE.with_suffix(".json")
SUBJECTS = (
    *("onepass", "cams", "audit", "threads", "walk", "decoding", "properties"),
    *("duplicates", "report", "comparison", "filters"),
)
INTRODUCTION = """# Benchmarks

Written by `make bench`; do not edit. Both sides of a figure were measured in one run, in turn; a
figure is the ratio of their medians. The networks are SqueezeNet 1.1 (227 pixels) and VGG16 (224),
with random weights. The last table tells when, where and with which commit each was measured.

| what | measured | bar | | against |
| --- | --: | --: | --- | --- |
"""
MEASURED = """## When and where

{table}
{versions}
"""
MEASURED_COLUMNS = ("subject", "measured", "commit", "minutes", "machine")


def main(subjects: list[str]) -> None:
    began = time.perf_counter()
    if unknown := sorted(set(subjects) - set(SUBJECTS)):
        sys.exit(f"no such subject: {', '.join(unknown)}; there are {', '.join(SUBJECTS)}")
    commit = _commit()  # before this script changes the page
    stored = json.loads(STORED.read_text()) if STORED.exists() else {}
    for subject in subjects:
        stored[subject] = _measured(subject, commit)
        STORED.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n")
        PAGE.write_text(page(stored))
    print(f"{PAGE.relative_to(ROOT)}: {(time.perf_counter() - began) / 60:.0f} minutes")


def page(stored: dict[str, dict[str, str]]) -> str:
    """The page from what was measured of each subject."""
    there = [stored[subject] | {"subject": subject} for subject in SUBJECTS if subject in stored]
    rows = [[part[name] for name in MEASURED_COLUMNS] for part in there]
    versions = dict.fromkeys(part["versions"] for part in there)
    last = MEASURED.format(
        table=table(list(MEASURED_COLUMNS), rows), versions="\n\n".join(versions)
    )
    details = [part["details"] for part in there]
    return "\n".join([INTRODUCTION + "".join(part["rows"] for part in there), *details, last])


def _measured(subject: str, commit: str) -> dict[str, str]:
    """Measure a subject and return its rows and its section of the page in Markdown, with the
    columns of the last table.
    """
    began = time.perf_counter()
    own_process = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=own_process) as pool:
        part = pool.submit(_measure, subject).result()
    seconds = time.perf_counter() - began
    print(f"{subject}: {seconds:.0f} s", flush=True)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    processor, versions = provenance.machine()["processor"], provenance.versions()
    return {
        "rows": "".join(figure.row() for figure in part.figures),
        "details": part.details,
        "measured": date.today().isoformat(),
        "commit": commit,
        "minutes": f"{seconds / 60:.0f}",
        "machine": f"{processor}, {os.cpu_count()} cores, {memory:.0f} GB",
        "versions": ", ".join(f"{name} {number}" for name, number in versions.items()) + ".",
    }


def _measure(subject: str) -> Part:
    return importlib.import_module(subject).measure()


def _commit() -> str:
    state = provenance.revision(ROOT)
    return f"{str(state['commit'])[:7]}{' and changes' if state['dirty'] else ''}"


if __name__ == "__main__":
    main(sys.argv[1:] or list(SUBJECTS))
