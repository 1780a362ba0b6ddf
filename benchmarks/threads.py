"""Two jobs of a stage on two cores: one after the other, as ``threads: 2`` has it, against side by
side, as ``threads: 1`` would. Whole jobs, run by Snakemake, the start of Python and of TensorFlow
included.

python benchmarks/threads.py [images a shard] [repeats]
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

ROOT = Path(__file__).parents[1]
CONFIG = ("model=squeezenet.keras", "images=photos", "preprocess={scaling: torch}")
FILTERS = "filters={layers: [conv2d_4, conv2d_13], count: 32}"
STAGES = {
    "preprocess": ["results/preprocess/0000.npy", "results/preprocess/0001.npy"],
    "predict": ["results/predict/0000.npz", "results/predict/0001.npz"],
    "gradcam": ["results/gradcam/sprites/0000.drawn", "results/gradcam/sprites/0001.drawn"],
    "filters": ["results/filters/conv2d_4.png", "results/filters/conv2d_13.png"],
}


def main(count: int, repeats: int) -> None:
    print("| two jobs | side by side / one by one | seconds: one by one | side by side |")
    print("|---|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(folder, count)
        for stage, targets in STAGES.items():
            times: dict[int, list[float]] = {2: [], 1: []}
            for _ in range(repeats):
                for threads, measured in times.items():
                    for target in targets:
                        (folder / target).unlink(missing_ok=True)
                    measured.append(_snakemake(folder, count, stage, threads, targets))
            one_by_one, together = median(times[2]), median(times[1])
            ratio = together / one_by_one
            print(f"| {stage} | {ratio:.2f} | {one_by_one:.1f} | {together:.1f} |", flush=True)


def _prepare(folder: Path, count: int) -> None:
    """An audit of two shards of noisy photos, run so far that each stage can be run alone."""
    for name in ("Snakefile", "workflow", "config", "profiles", "environment.yml"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    bench.squeezenet().save(folder / "squeezenet.keras")
    (folder / "photos").mkdir()
    generator = np.random.default_rng(0)
    for number in range(2 * count):
        coarse = generator.integers(0, 256, (24, 32, 3), np.uint8)
        photo = cv2.resize(coarse, (500, 375), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / "photos" / f"{number:05d}.jpg"), photo)
    for stage, targets in STAGES.items():
        _snakemake(folder, count, stage, 2, targets)


def _snakemake(folder: Path, count: int, stage: str, threads: int, targets: list[str]) -> float:
    command = [sys.executable, "-m", "snakemake", *targets, "--cores", "2", "--quiet", "all"]
    command += ["--set-threads", f"{stage}={threads}"]
    command += ["--config", *CONFIG, FILTERS, f"shard_size={count}"]
    environment = {**os.environ, "SLURM_CONF": os.devnull}
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return time.perf_counter() - began


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    main(*given, *(256, 3)[len(given) :])
