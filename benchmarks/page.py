"""Write docs/benchmarks.md; each subject is measured in a process of its own.

python benchmarks/page.py
"""

import importlib
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "workflow" / "scripts"))

import peer
from convaudit import provenance
from figures import Part

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
SUBJECTS = (
    *("onepass", "cams", "audit", "threads", "walk", "properties", "duplicates"),
    *("report", "comparison", "filters"),
)
INTRODUCTION = """# Benchmarks

Written by `make bench`; do not edit. Both sides of a figure were measured in one run, in turn; a
figure is the ratio of their medians. The networks are SqueezeNet 1.1 (227 pixels) and VGG16 (224),
with random weights.

{machine}. {cores} cores, {memory:.0f} GB. {versions}. Took {minutes:.0f} minutes.

| what | measured | bar | | against |
| --- | --: | --: | --- | --- |
"""


def main() -> None:
    began = time.perf_counter()
    for name in ("tf-keras-vis", "xplique"):
        peer.environment(name)
    print(f"environments of the peers: {time.perf_counter() - began:.0f} s", flush=True)
    parts: list[Part] = []
    for subject in SUBJECTS:
        parts.append(_part(subject))
        minutes = (time.perf_counter() - began) / 60
        rows = "".join(figure.row() for part in parts for figure in part.figures)
        details = [part.details for part in parts]
        PAGE.write_text("\n".join([_introduction(minutes) + rows, *details]))
    print(f"{PAGE.relative_to(ROOT)}: {minutes:.0f} minutes")


def _part(subject: str) -> Part:
    began = time.perf_counter()
    own_process = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=own_process) as pool:
        part = pool.submit(_measure, subject).result()
    print(f"{subject}: {time.perf_counter() - began:.0f} s", flush=True)
    return part


def _measure(subject: str) -> Part:
    return importlib.import_module(subject).measure()


def _introduction(minutes: float) -> str:
    versions = provenance.versions()
    return INTRODUCTION.format(
        machine=provenance.machine()["processor"],
        cores=os.cpu_count(),
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9,
        versions=", ".join(f"{name} {number}" for name, number in versions.items()),
        minutes=minutes,
    )


if __name__ == "__main__":
    main()
