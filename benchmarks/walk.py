"""The listing of a dataset at the start of a run, with real files: seconds and peak memory.

python benchmarks/walk.py
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import figures

SCRIPTS = Path(__file__).parents[1] / "workflow" / "scripts"
FILES, CLASSES = 1_000_000, 1000
DETAILS = """## A walk of a million files

Each start of Snakemake lists the dataset once; jobs do not list it, and `watch: false` leaves it
out. Listing {found:,} files in {classes:,} folders on a local disk took {seconds:.1f} s
({processor:.1f} s of processor time) and at most {megabytes:.0f} MB.
"""
WALK = """
import json, resource, sys, time
from pathlib import Path
from convaudit.dataset import scan
began = time.perf_counter(), time.process_time()
found = len(scan.scan(Path(sys.argv[1])).files)
used = {
    "found": found,
    "seconds": time.perf_counter() - began[0],
    "processor": time.process_time() - began[1],
    "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}
print(json.dumps(used))
"""


def measure() -> figures.Part:
    with tempfile.TemporaryDirectory() as name:
        _fill(Path(name))
        command = [sys.executable, "-c", WALK, name]
        environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
        done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
    used = json.loads(done.stdout)
    walk = figures.Figure(
        f"walk of {FILES:,} files", used["seconds"], 30, False, "local disk", " s"
    )
    return figures.Part([walk], DETAILS.format(classes=CLASSES, **used))


def _fill(folder: Path) -> None:
    """Make a dataset with one folder per class; all files of a class are hard links to one file."""
    for number in range(CLASSES):
        inside = folder / f"class-{number:04d}"
        inside.mkdir()
        first = inside / "image-0000000.jpg"
        first.write_bytes(b"\xff\xd8")
        for other in range(CLASSES + number, FILES, CLASSES):
            os.link(first, inside / f"image-{other:07d}.jpg")


if __name__ == "__main__":
    figures.show(measure())
