"""The walk of a dataset at the start of a run, with real files: seconds and peak memory.

python benchmarks/walk.py [images ...]
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPTS = Path(__file__).parents[1] / "workflow" / "scripts"
SIZES = (10_000, 1_000_000)
CLASSES = 1000
WALK = """
import json, resource, sys, time
from pathlib import Path
from convaudit import dataset
began = time.perf_counter(), time.process_time()
found = len(dataset.scan(Path(sys.argv[1])))
used = {
    "found": found,
    "seconds": time.perf_counter() - began[0],
    "processor": time.process_time() - began[1],
    "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}
print(json.dumps(used))
"""


def main(sizes: list[int]) -> None:
    print("| files | walk, s | of them the processor | peak memory, MB |")
    print("|--:|--:|--:|--:|")
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            _fill(Path(name), size)
            command = [sys.executable, "-c", WALK, name]
            environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
            done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
            used = json.loads(done.stdout)
            print(
                f"| {used['found']:,} | {used['seconds']:.1f} | {used['processor']:.1f} "
                f"| {used['megabytes']:.0f} |",
                flush=True,
            )


def _fill(folder: Path, size: int) -> None:
    """So many names in a folder a class; the names of a class are one file's."""
    for number in range(CLASSES):
        inside = folder / f"class-{number:04d}"
        inside.mkdir()
        first = inside / "image-0000000.jpg"
        first.write_bytes(b"\xff\xd8")
        for other in range(CLASSES + number, size, CLASSES):
            os.link(first, inside / f"image-{other:07d}.jpg")


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or list(SIZES))
