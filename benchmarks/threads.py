"""Compare two jobs of a stage on two cores: at the same time, and one after the other.

python benchmarks/threads.py
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import cv2
import numpy as np

import bench
import figures

ROOT = Path(__file__).parents[1]
CONFIG = ("model=squeezenet.keras", "images=photos", "preprocess={scaling: torch}")
COUNT, REPEATS = 96, 2
STAGES = {
    "preprocess": ["results/preprocess/0000.npy", "results/preprocess/0001.npy"],
    "predict": ["results/predict/0000.npz", "results/predict/0001.npz"],
    "gradcam": ["results/gradcam/sprites/0000.drawn", "results/gradcam/sprites/0001.drawn"],
}
DETAILS = """## Two jobs at a time

`snakemake --cores 2` runs two shards of {count} images: first one job after the other with two
threads each, then both at the same time with one thread each. The times are those of whole jobs,
with the start of Python and of TensorFlow.

{table}
"""


def measure() -> figures.Part:
    rows, ratios = [], {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(folder)
        for stage, targets in STAGES.items():
            times: dict[int, list[float]] = {2: [], 1: []}
            for _ in range(REPEATS):
                for threads, measured in times.items():
                    for target in targets:
                        (folder / target).unlink(missing_ok=True)
                    measured.append(_snakemake(folder, stage, threads, targets))
            one_by_one, together = median(times[2]), median(times[1])
            ratios[stage] = together / one_by_one
            rows.append([stage, f"{one_by_one:.1f}", f"{together:.1f}"])
    worst = max(ratios, key=ratios.__getitem__)
    slowest = figures.Figure(
        "two jobs side by side on two cores",
        ratios[worst],
        1,
        False,
        f"one after the other; `{worst}`, the worst",
    )
    table = figures.table(["seconds of two jobs", "one by one", "side by side"], rows)
    return figures.Part([slowest], DETAILS.format(count=COUNT, table=table))


def _prepare(folder: Path) -> None:
    """Make an audit of two shards of noisy photos and run all stages, so each can run alone."""
    for name in ("Snakefile", "workflow", "config", "profiles", "environment.yml"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    bench.squeezenet().save(folder / "squeezenet.keras")
    (folder / "photos").mkdir()
    generator = np.random.default_rng(0)
    for number in range(2 * COUNT):
        coarse = generator.integers(0, 256, (24, 32, 3), np.uint8)
        photo = cv2.resize(coarse, (500, 375), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / "photos" / f"{number:05d}.jpg"), photo)
    for stage, targets in STAGES.items():
        _snakemake(folder, stage, 2, targets)


def _snakemake(folder: Path, stage: str, threads: int, targets: list[str]) -> float:
    command = [sys.executable, "-m", "snakemake", *targets, "--cores", "2", "--notemp"]
    command += ["--quiet", "all", "--set-threads", f"{stage}={threads}"]
    command += ["--config", *CONFIG, f"shard_size={COUNT}"]
    environment = {**os.environ, "SLURM_CONF": os.devnull}
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return time.perf_counter() - began


if __name__ == "__main__":
    figures.show(measure())
