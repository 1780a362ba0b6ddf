"""Forward pass and whole pass with and without oneDNN's kernels, on this processor.

    python benchmarks/onednn.py

A process a side, which take turns: TensorFlow chooses its kernels once, while it is imported.
"""

import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import figures

ROUNDS, REPEATS = 5, {"SqueezeNet": 5, "VGG16": 2}
COLUMNS = ["network", "", "without oneDNN, ms an image", "with", "without / with"]


def main() -> None:
    sides = {}
    for value in ("0", "1"):
        environment = os.environ | {"TF_ENABLE_ONEDNN_OPTS": value, "TF_CPP_MIN_LOG_LEVEL": "3"}
        sides[value] = subprocess.Popen(
            [sys.executable, __file__, "side"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    rows = []
    for name in REPEATS:
        found: dict[str, list[list[float]]] = {value: [] for value in sides}
        for _ in range(ROUNDS):
            for value, side in sides.items():
                print(name, file=side.stdin, flush=True)
                found[value].append([float(ms) for ms in side.stdout.readline().split()])
        for at, what in enumerate(("forward", "the pass")):
            off, on = (median(each[at] for each in found[value]) for value in sides)
            rows.append([name, what, f"{off:.1f}", f"{on:.1f}", f"{off / on:.2f}"])
    print(figures.table(COLUMNS, rows))
    for side in sides.values():
        side.communicate()


def side() -> None:
    """Measure the network that a line names, and print milliseconds an image."""
    # Before convaudit, which would set the variable.
    import tensorflow  # noqa: F401

    sys.path.append(str(Path(__file__).parent))
    import bench
    import onepass

    for line in sys.stdin:
        name = line.strip()
        ms, _ = onepass._times(bench.models()[name], REPEATS[name])
        print(ms["bare"], ms["whole"], flush=True)


if __name__ == "__main__":
    side() if sys.argv[1:] == ["side"] else main()
