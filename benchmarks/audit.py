"""Whole audits: seconds per further image, what starts it, and the memory of each job.

python benchmarks/audit.py
"""

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

import cv2
import keras
import numpy as np
import tensorflow as tf
from skimage import data

import bench
import figures
from convaudit import images, overlays
from convaudit.provenance import THREADS
from convaudit.scaling import SCALINGS

ROOT = Path(__file__).parents[1]
SMALL, LARGE = 512, 2048
WHOLE = 2048
"""A shard as large as the larger audit: its start is paid once."""
REPEATS, PARTS_REPEATS, BATCH = 2, 5, 32
SIDES = (375, 500)
DETAILS = """## Whole audits

Audits of {small:,} and {large:,} unlabelled JPEG photos of {wide} x {tall} (crops of scikit-image's
own), SqueezeNet's architecture, without filters, `snakemake --cores {threads}`, {repeats} runs of
each in turn.

{runs}
The limit is {limit:.1f} ms an image: {parts}; what one thread does is spread over {threads}.

A shard begins with three processes, {start:.1f} s beside its images: with `shard_size: 512` that is
{share:.1f} ms an image. Larger shards are cheaper, smaller ones spread over more cores.

The fixed cost is the start of Snakemake, of TensorFlow in `model`, `predict`, `scaling_check` and
`activations`, and the report. Peak memory of the jobs in MB, all images in one shard:

{memory}
"""


def measure() -> figures.Part:
    with tempfile.TemporaryDirectory() as created:
        folder = Path(created)
        _photos(folder / "photos", LARGE)
        few = folder / "few.csv"
        names = sorted(path.name for path in (folder / "photos").iterdir())
        for table, some in ((few, names[:SMALL]), (folder / "many.csv", names)):
            table.write_text("path\n" + "".join(f"photos/{name}\n" for name in some))
        keras.utils.set_random_seed(0)
        model = bench.squeezenet()
        model.save(folder / "model.keras")
        parts = _parts(model, folder / "photos")
        runs = {
            "few, default shards": _Run(folder, "few.csv", 512),
            "many, default shards": _Run(folder, "many.csv", 512),
            "many, one shard": _Run(folder, "many.csv", WHOLE),
        }
        times: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(REPEATS):
            for name, run in runs.items():
                times[name].append(run())
        seconds = {name: median(values) for name, values in times.items()}
        memory = _memory(folder, [runs["few, default shards"], runs["many, one shard"]])
    limit = sum(parts.values())
    further = LARGE - SMALL
    few_s, many_s, whole_s = seconds.values()
    slope, within = ((s - few_s) / further * 1000 for s in (many_s, whole_s))
    fixed = few_s - slope * SMALL / 1000
    against = f"{slope:.1f} ms against {limit:.1f}: {', '.join(parts)}"
    found = [
        figures.Figure(
            "the whole audit, a further image, shards of 512", slope / limit, 1.3, False, against
        ),
        figures.Figure(
            f"the whole audit, a further image, one shard of {WHOLE:,}",
            within / limit,
            1.3,
            False,
            f"{within:.1f} ms against the same",
        ),
        figures.Figure(
            "fixed cost of an audit, filters aside", fixed, 30, False, "starts, report", " s"
        ),
        figures.Figure(
            f"peak memory of a job, {LARGE:,} images in a shard / {SMALL:,}",
            *_largest(memory),
        ),
    ]
    rows = [[name, *(f"{t:.1f}" for t in values)] for name, values in times.items()]
    details = DETAILS.format(
        small=SMALL,
        large=LARGE,
        wide=SIDES[1],
        tall=SIDES[0],
        threads=THREADS,
        repeats=REPEATS,
        runs=figures.table(["seconds", *(f"run {n + 1}" for n in range(REPEATS))], rows),
        limit=limit,
        parts=", ".join(f"{what} {ms:.1f}" for what, ms in parts.items()),
        start=(many_s - whole_s) / (LARGE / 512 - 1),
        share=(many_s - whole_s) / (LARGE / 512 - 1) / 512 * 1000,
        memory=figures.table(["job", f"{SMALL:,} images", f"{LARGE:,} images"], memory),
    )
    return figures.Part(found, details)


class _Run:
    """An audit from nothing: a call runs it and gives its seconds."""

    def __init__(self, folder: Path, table: str, shard_size: int) -> None:
        self._folder = folder
        self.results = folder / f"{table}-{shard_size}"
        self._config = [
            f"model={folder / 'model.keras'}",
            f"images={folder / table}",
            f"results={self.results}",
            f"shard_size={shard_size}",
            "filters={layers: []}",
        ]

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
        (folder / f"{number:05}.jpg").write_bytes(overlays.encode_jpeg(resized))


def _parts(model: keras.Model, folder: Path) -> dict[str, float]:
    """Milliseconds an image of all that must be done for one, spread over the cores."""
    files = [path.read_bytes() for path in sorted(folder.iterdir())[: 2 * BATCH]]
    size = model.input_shape[1:3]
    photos = [images.decode(file) for file in files]
    pixels = np.stack([images.resize(photo, size, "area") for photo in photos])
    drawn = [_blend(photo) for photo in photos]
    inputs = tf.constant(SCALINGS["unit"].apply(pixels[:BATCH].astype(np.float32)))
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
            "encode": over(overlays.encode_jpeg, drawn),
        }
        seconds = bench.medians(sides, PARTS_REPEATS)
    return {what: value / len(files) * 1000 for what, value in seconds.items()}


def _blend(photo: np.ndarray) -> np.ndarray:
    return overlays.overlay(photo, np.arange(169.0).reshape(13, 13))


def _largest(memory: list[list[str]]) -> tuple[float, float, bool, str]:
    """The greatest growth from the first number of a row to the second, as a figure."""
    job, few, many = max(memory, key=lambda row: int(row[2]) / int(row[1]))
    return int(many) / int(few), 1.2, False, f"`{job}`, the one that grows most"


def _memory(folder: Path, runs: list[_Run]) -> list[list[str]]:
    """Peak resident memory in MB of the jobs by rule, the largest of a rule's."""
    found: dict[str, list[str]] = {}
    for run in runs:
        for file in sorted(run.results.glob("benchmarks/**/*.tsv")):
            name = file.relative_to(run.results / "benchmarks").parts[0].removesuffix(".tsv")
            with file.open() as rows:
                peak = max(float(row["max_rss"]) for row in csv.DictReader(rows, delimiter="\t"))
            found.setdefault(name, []).append(f"{peak:.0f}")
    return [[name, *peaks] for name, peaks in found.items()]


if __name__ == "__main__":
    figures.show(measure())
