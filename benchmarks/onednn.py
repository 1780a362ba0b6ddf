"""Time of the forward pass and of the whole pass, with and without oneDNN's kernels.

    python benchmarks/onednn.py

Each side has a process of its own, because TensorFlow chooses its kernels once, while it is
imported; the processes take turns. It takes five to ten minutes, and prints the medians of the
rounds with the least and the greatest in brackets.
"""

import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import figures

ROUNDS = 3
REPEATS = {"SqueezeNet": 5, "VGG16": 1}
BATCHES = {"SqueezeNet": 32, "VGG16": 8}
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
            off, on = ([each[at] for each in found[value]] for value in sides)
            ratio = f"{median(off) / median(on):.2f}"
            rows.append([name, what, _with_spread(off), _with_spread(on), ratio])
    print(figures.table(COLUMNS, rows))
    for side in sides.values():
        side.communicate()


def _with_spread(ms: list[float]) -> str:
    return f"{median(ms):.1f} ({min(ms):.1f} to {max(ms):.1f})"


def side() -> None:
    """Measure the network that each line of the input names, and print milliseconds per image."""
    # Imported before convaudit, which would set the variable.
    import tensorflow  # noqa: F401

    sys.path.append(str(Path(__file__).parent))
    import bench
    import onepass

    for line in sys.stdin:
        name = line.strip()
        ms, _ = onepass.times(bench.models()[name], REPEATS[name], BATCHES[name])
        print(ms["bare"], ms["whole"], flush=True)


if __name__ == "__main__":
    side() if sys.argv[1:] == ["side"] else main()
