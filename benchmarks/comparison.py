"""Compare two fabricated audits of a million images: seconds and peak memory of the job.

python benchmarks/comparison.py
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))
sys.path.append(str(Path(__file__).parents[1] / "workflow" / "scripts"))

import fabricated
import figures

DETAILS = """## Two audits of a million images side by side

The benchmark fabricates results of audits of these sizes, with a thousand classes and maps of
7 x 7. It compares two models on the same images, then two datasets of one model. The job runs in a
process of its own.

{table}
"""
SIZES = (10_000, 1_000_000)
JOB = """
import json, resource, sys, time
from pathlib import Path
import compare
folder = Path(sys.argv[1])
began = time.perf_counter()
compare.compare_audits(
    audits=[str(folder / "first"), str(folder / sys.argv[2])],
    own=None,
    key="",
    page=str(folder / "out" / "comparison"),
    numbers=str(folder / "out" / "comparison.json"),
)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": time.perf_counter() - began, "megabytes": peak}))
"""


def measure() -> figures.Part:
    rows, last = [], {}
    for size in SIZES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            fabricated.results(folder / "first", size, overlays=False)
            fabricated.again(folder / "first", folder / "models", model="another")
            fabricated.again(folder / "first", folder / "datasets", files="f")
            for kind in ("models", "datasets"):
                used = last[kind] = _job(folder, kind)
                cells = f"{used['seconds']:.0f}", f"{used['megabytes']:.0f}"
                rows.append([f"two {kind}, {size:,} images each", *cells])
    columns = ["comparison", "seconds", "peak memory, MB"]
    found = [
        figures.Figure(
            f"compare two {kind}, {SIZES[-1]:,} images each: memory",
            used["megabytes"] / 1000,
            4,
            False,
            f"it took {used['seconds']:.0f} s",
            " GB",
        )
        for kind, used in last.items()
    ]
    return figures.Part(found, DETAILS.format(table=figures.table(columns, rows)))


def _job(folder: Path, second: str) -> dict[str, float]:
    command = [sys.executable, "-c", JOB, str(folder), second]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path[-2:])}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


if __name__ == "__main__":
    figures.show(measure())
