"""Whole audits: milliseconds per further image, the fixed cost, and time and memory of each job.

python benchmarks/audit.py
"""

import bench  # before TensorFlow, whose kernels it chooses

# isort: split

import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import NamedTuple

import cv2
import keras
import numpy as np
import tensorflow as tf
from skimage import data

import figures
from convaudit.dataset import images
from convaudit.drawing import encoding, overlays
from convaudit.provenance import THREADS

ROOT = Path(__file__).parents[1]
SMALL, LARGE = 512, 2048
REPEATS, PARTS_REPEATS, BATCH = 2, 5, 32
SIDES = (375, 500)
DETAILS = """## Whole audits

Audits of unlabelled JPEG photos of {wide} x {tall} (crops of scikit-image's own), SqueezeNet's
architecture, without filters, `snakemake --cores {threads}`, {repeats} runs of each in turn.

{runs}
The limit is {limit:.1f} ms an image: {parts}; what one thread does is spread over {threads}.

A shard begins with three processes, {start:.1f} s beside its images: with `shard_size: 512` that is
{share:.1f} ms an image, the same for every network. It is the import of TensorFlow
({imports:.1f} s), the model's load, the tracing of the pass, and Snakemake's own work for a job.
Larger shards are cheaper, smaller ones spread over more cores.

The fixed cost is the start of Snakemake, of TensorFlow in `model`, `predict`, `scaling_check` and
`activations`, and the report. The jobs, all images in one shard, with their peak memory and what a
further image adds to their time, in the last run:

{jobs}
What they add beyond the limit: `predict` the statistics and maps (above: The pass); `gradcam` the
small pictures of the gallery, `preprocess` and `gradcam` a hash of each file; `report` pictures, up
to a bound that audits of this size do not reach.
"""


def measure() -> figures.Part:
    keras.utils.set_random_seed(0)
    model = bench.squeezenet()
    with tempfile.TemporaryDirectory() as created:
        folder = Path(created)
        _photos(folder / "photos", LARGE)
        model.save(folder / "model.keras")
        parts = _parts(model, folder / "photos")
        runs = {
            "few": _Run(folder, SMALL, 512),
            "many": _Run(folder, LARGE, 512),
            "whole": _Run(folder, LARGE, LARGE),
        }
        times: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(REPEATS):
            for name, run in runs.items():
                times[name].append(run())
        seconds = {name: median(values) for name, values in times.items()}
        jobs = _jobs(runs["few"], runs["whole"])
    limit = sum(parts.values())
    start = (seconds["many"] - seconds["whole"]) / (LARGE / 512 - 1)
    found = []
    for what, many in (("shards of 512", "many"), (f"one shard of {LARGE:,}", "whole")):
        slope = (seconds[many] - seconds["few"]) / (LARGE - SMALL) * 1000
        found.append(
            figures.Figure(
                f"the whole audit, a further image, {what}",
                slope / limit,
                1.3,
                False,
                f"{slope:.1f} ms against {limit:.1f}: {', '.join(parts)}",
            )
        )
    fixed = seconds["few"] - (seconds["whole"] - seconds["few"]) / (LARGE - SMALL) * SMALL
    found.append(
        figures.Figure(
            "fixed cost of an audit, filters aside", fixed, 30, False, "starts, report", " s"
        )
    )
    worst = max(jobs, key=lambda job: job.growth)
    found.append(
        figures.Figure(
            f"peak memory of a job, {LARGE:,} images in a shard / {SMALL:,}",
            worst.growth,
            1.2,
            False,
            f"`{worst.name}`, the one that grows most",
        )
    )
    rows = [[str(runs[name]), *(f"{t:.1f}" for t in values)] for name, values in times.items()]
    details = DETAILS.format(
        wide=SIDES[1],
        tall=SIDES[0],
        threads=THREADS,
        repeats=REPEATS,
        runs=figures.table(["seconds", *(f"run {n + 1}" for n in range(REPEATS))], rows),
        limit=limit,
        parts=", ".join(f"{what} {ms:.1f}" for what, ms in parts.items()),
        start=start,
        share=start / 512 * 1000,
        imports=_imports(),
        jobs=figures.table(
            ["job", f"MB, {SMALL:,} images", f"MB, {LARGE:,} images", "ms a further image"],
            [job.row() for job in jobs],
        ),
    )
    return figures.Part(found, details)


class _Run:
    """An audit that starts without results: a call runs it and returns the seconds it took."""

    def __init__(self, folder: Path, count: int, shard_size: int) -> None:
        self.count = count
        self._folder = folder
        self._name = f"{count:,} images, shards of {shard_size:,}"
        self.results = folder / f"{count}-{shard_size}"
        table = folder / f"{count}.csv"
        names = sorted(path.name for path in (folder / "photos").iterdir())[:count]
        table.write_text("path\n" + "".join(f"photos/{name}\n" for name in names))
        self._config = [
            f"model={folder / 'model.keras'}",
            f"images={table}",
            f"results={self.results}",
            f"shard_size={shard_size}",
            "filters={layers: []}",
        ]

    def __str__(self) -> str:
        return self._name

    def __call__(self) -> float:
        for old in (self.results, self._folder / ".snakemake"):
            subprocess.run(["rm", "-rf", old], check=True)
        command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile"]
        command += ["--workflow-profile", ROOT / "profiles" / "default", "--quiet", "rules"]
        command += ["--configfile", ROOT / "config" / "config.yaml"]
        command += ["--cores", str(THREADS), "--directory", self._folder]
        began = time.perf_counter()
        done = subprocess.run(
            [*command, "--config", *self._config],
            # The Slurm plugin looks for a controller at each start: 9 s where there is none.
            env=os.environ | {"SLURM_CONF": os.devnull},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        return time.perf_counter() - began


def _photos(folder: Path, count: int) -> None:
    """Random crops of photographs, enlarged or shrunk to a usual size, as JPEG."""
    sources = [data.astronaut(), data.chelsea(), data.coffee(), data.rocket(), data.retina()]
    generator = np.random.default_rng(0)
    folder.mkdir()
    for number in range(count):
        photo = sources[number % len(sources)]
        height = int(min(photo.shape[0], photo.shape[1] * 0.75) * generator.uniform(0.6, 1))
        width = height * 4 // 3
        top = generator.integers(photo.shape[0] - height + 1)
        left = generator.integers(photo.shape[1] - width + 1)
        crop = photo[top : top + height, left : left + width]
        resized = images.resize(crop, SIDES, "area")
        (folder / f"{number:05}.jpg").write_bytes(encoding.encode_jpeg(resized))


def _parts(model: keras.Model, folder: Path) -> dict[str, float]:
    """Milliseconds per image of each necessary step, with the work spread over the cores."""
    files = [path.read_bytes() for path in sorted(folder.iterdir())[: 2 * BATCH]]
    size = model.input_shape[1:3]
    photos = [images.decode(file) for file in files]
    drawn = [_blend(photo) for photo in photos]
    noise = np.random.default_rng(0).uniform(0, 1, (BATCH, *model.input_shape[1:]))
    inputs = tf.constant(noise, tf.float32)
    forward = tf.function(lambda x: model(x, training=False), autograph=False)
    cv2.setNumThreads(1)
    with ThreadPoolExecutor(THREADS) as pool:

        def over(function: Callable, values: list) -> Callable[[], list]:
            return lambda: list(pool.map(function, values))

        sides = {
            "decode": over(images.decode, files),
            "resize": over(lambda photo: images.resize(photo, size, "area"), photos),
            "forward": lambda: [forward(inputs).numpy() for _ in range(2)],
            "decode for the overlay": over(images.decode, files),
            "blend": over(_blend, photos),
            "encode": over(encoding.encode_jpeg, drawn),
        }
        seconds = bench.medians(sides, PARTS_REPEATS)
    return {what: value / len(files) * 1000 for what, value in seconds.items()}


def _imports() -> float:
    """Seconds of a Python process that only imports TensorFlow."""
    command = [sys.executable, "-c", "import tensorflow"]
    times = bench.medians({"import": lambda: subprocess.run(command, capture_output=True)}, 3)
    return times["import"]


def _blend(photo: np.ndarray) -> np.ndarray:
    return overlays.overlay(photo, np.arange(169.0).reshape(13, 13))


class _Job(NamedTuple):
    """A rule's job in the smaller and in the larger audit: peak memory in MB, seconds."""

    name: str
    memory: tuple[float, float]
    seconds: tuple[float, float]

    @property
    def growth(self) -> float:
        return self.memory[1] / self.memory[0]

    def row(self) -> list[str]:
        further = (self.seconds[1] - self.seconds[0]) / (LARGE - SMALL) * 1000
        return [self.name, *(f"{peak:.0f}" for peak in self.memory), f"{further:.1f}"]


def _jobs(few: _Run, many: _Run) -> list[_Job]:
    """Jobs of a second or more: shorter ones end before their memory is measured."""
    one, other = _measured(few), _measured(many)
    return [
        _Job(name, (one[name][0], other[name][0]), (one[name][1], other[name][1]))
        for name in one
        if other[name][1] >= 1
    ]


def _measured(run: _Run) -> dict[str, tuple[float, float]]:
    """By rule, peak resident memory in MB and seconds of its only job."""
    found = {}
    for file in sorted(run.results.glob("benchmarks/**/*.tsv")):
        name = file.relative_to(run.results / "benchmarks").parts[0].removesuffix(".tsv")
        with file.open() as rows:
            (row,) = csv.DictReader(rows, delimiter="\t")
        found[name] = float(row["max_rss"]), float(row["s"])
    return found


if __name__ == "__main__":
    figures.show(measure())
