"""Whole audits: milliseconds per further image, the fixed cost, and time, memory and disk.

python benchmarks/audit.py
"""

import bench  # before TensorFlow, whose kernels it chooses

# isort: split

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import NamedTuple

import cv2
import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from skimage import data
from sklearn.linear_model import RidgeClassifier

import figures
from convaudit.dataset import images
from convaudit.drawing import encoding, overlays
from convaudit.provenance import THREADS

ROOT = Path(__file__).parents[1]
SMALL, LARGE, LARGEST = 512, 2048, 10_240
REPEATS, PARTS_REPEATS, BATCH = 2, 5, 32
SIDES = (375, 500)
FITTED = 200
SEARCH = ("suspects", "interventions", "trust")
DETAILS = """## Whole audits

The audited images are JPEG files of {wide} x {tall} pixels: random crops of five photographs of
scikit-image, each of which is a class. The model is SqueezeNet's architecture with random weights
and a last layer that is fitted to the five classes. `snakemake --cores {threads}` runs each audit
{repeats} times, the audits take turns. They draw no filters; only the last row includes the search
for shortcuts and the test of the maps; all other settings are the defaults.

{runs}
The parts of an image's cost are {limit:.1f} ms: {parts}. Work of a single thread is divided by
{threads}, because the cores share the images.

Each shard starts three processes, which take {start:.1f} s whatever the number of its images. With
`shard_size: 512` that is {share:.1f} ms per image, for every network: the import of TensorFlow
({imports:.1f} s), the loading of the model, the tracing of the pass, and Snakemake's own work for a
job. Larger shards cost less per image; smaller shards occupy more cores. `shard_size: auto` makes
shards of up to 2,048 images.

The fixed cost is the start of Snakemake, the start of TensorFlow in `model`, `predict`,
`scaling_check` and `activations`, and the report. This table gives the peak memory of each job, the
time that a further image adds to it, and its time without these, with all images in one shard, in
the last run; jobs of one thread run side by side:

{jobs}
The jobs do work that is not among the parts above. `predict` computes statistics and maps (section
"The pass"), `gradcam` draws the small pictures of the gallery, `preprocess` and `gradcam` hash each
file, and `report` draws pictures, up to a number that audits of this size do not reach.

With {large:,} images the search for shortcuts and the test of the maps took: {search}.

### {largest:,} images

One audit of this size ran once, without filters and with the defaults otherwise. It took
{largest_seconds:.0f} s: {throughput:.0f} images per second. At its end the folders of the results
have these sizes on disk:

{disk}
This table gives the number of jobs of each rule, their seconds in sum, and the largest peak memory
of one job:

{largest_jobs}"""


class _Job(NamedTuple):
    """A rule's job in the smaller and in the larger audit: peak memory in MB, seconds."""

    name: str
    memory: tuple[float, float]
    seconds: tuple[float, float]

    @property
    def growth(self) -> float:
        return self.memory[1] / self.memory[0]

    def row(self) -> list[str]:
        # A job whose time does not grow may by chance be faster with more images.
        further = max(0.0, (self.seconds[1] - self.seconds[0]) / (LARGE - SMALL))
        fixed = self.seconds[0] - further * SMALL
        peaks = [f"{peak:.0f}" for peak in self.memory]
        return [self.name, *peaks, f"{further * 1000:.1f}", f"{fixed:.1f}"]


def measure() -> figures.Part:
    with tempfile.TemporaryDirectory() as created:
        folder = Path(created)
        _photos(folder / "photos", LARGEST)
        model = _classifier(folder / "photos")
        model.save(folder / "model.keras")
        parts = _parts(model, folder / "photos")
        runs = {
            "few": _Run(folder, SMALL, search=False),
            "many": _Run(folder, LARGE, search=False),
            "shards": _Run(folder, LARGE, search=False, shard_size=512),
            "searched": _Run(folder, LARGE, search=True),
        }
        times: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(REPEATS):
            for name, run in runs.items():
                times[name].append(run())
        seconds = {name: median(values) for name, values in times.items()}
        largest = _Run(folder, LARGEST, search=True)
        largest_seconds = largest()
        jobs = _jobs(runs["few"], runs["many"])
        search = _measured(runs["searched"])
        limit = sum(parts.values())
        rows = [[str(runs[name]), *(f"{t:.1f}" for t in values)] for name, values in times.items()]
        start = (seconds["shards"] - seconds["many"]) / (LARGE / 512 - 1)
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
                [
                    *("job", f"MB, {SMALL:,} images", f"MB, {LARGE:,} images"),
                    *("ms a further image", "s, fixed"),
                ],
                [job.row() for job in jobs],
            ),
            large=LARGE,
            search=", ".join(f"`{rule}` {search[rule].seconds:.0f} s" for rule in SEARCH),
            largest=LARGEST,
            largest_seconds=largest_seconds,
            throughput=LARGEST / largest_seconds,
            disk=figures.table(["folder", "MB", "kB an image"], _disk(largest)),
            largest_jobs=figures.table(["rule", "jobs", "s", "MB"], _rules(largest)),
        )
    return figures.Part([*_slopes(seconds, limit, parts), *_others(seconds, jobs)], details)


def _slopes(
    seconds: dict[str, float], limit: float, parts: dict[str, float]
) -> list[figures.Figure]:
    """The cost of a further image, as a multiple of its parts."""
    found = []
    for what, many in (("`shard_size: auto`", "many"), ("shards of 512", "shards")):
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
    return found


def _others(seconds: dict[str, float], jobs: list[_Job]) -> list[figures.Figure]:
    fixed = seconds["few"] - (seconds["many"] - seconds["few"]) / (LARGE - SMALL) * SMALL
    worst = max(jobs, key=lambda job: job.growth)
    rest = seconds["many"]
    search = seconds["searched"] - rest
    return [
        figures.Figure(
            "fixed cost of an audit, filters and search aside",
            fixed,
            20,
            False,
            "starts, report",
            " s",
        ),
        figures.Figure(
            f"search for shortcuts and test of the maps, {LARGE:,} images / the rest of the audit",
            search / rest,
            1.0,
            False,
            f"{search:.0f} s against {rest:.0f}",
        ),
        figures.Figure(
            f"peak memory of a job, {LARGE:,} images in a shard / {SMALL:,}",
            worst.growth,
            1.2,
            False,
            f"`{worst.name}`, the one that grows most",
        ),
    ]


class _Run:
    """An audit that starts without results: a call runs it and returns the seconds it took."""

    def __init__(
        self, folder: Path, count: int, *, search: bool, shard_size: int | str = "auto"
    ) -> None:
        self.count = count
        self._folder = folder
        searched = ", search for shortcuts" if search else ""
        self._name = f"{count:,} images, `shard_size: {shard_size}`{searched}"
        self.results = folder / f"{count}-{shard_size}-{search}"
        table = folder / f"{count}.csv"
        names = sorted(path.name for path in (folder / "photos").iterdir())[:count]
        rows = "".join(f"photos/{name},{_label(name)}\n" for name in names)
        table.write_text(f"path,label\n{rows}")
        self._config = [
            f"model={folder / 'model.keras'}",
            f"images={table}",
            f"results={self.results}",
            f"shard_size={shard_size}",
            "filters={layers: []}",
            f"shortcuts={{enabled: {str(search).lower()}}}",
            f"trust={{enabled: {str(search).lower()}}}",
        ]

    def __str__(self) -> str:
        return self._name

    def __call__(self) -> float:
        for old in (self.results, self._folder / ".snakemake"):
            shutil.rmtree(old, ignore_errors=True)
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


def _label(name: str) -> str:
    """The photograph of which a file is a crop: the number behind its dash."""
    return Path(name).stem.split("-")[1]


def _classifier(folder: Path) -> keras.Model:
    """SqueezeNet with random weights; a last layer, fitted by ridge regression, names the photo."""
    keras.utils.set_random_seed(0)
    random = bench.squeezenet()
    features = keras.Model(random.input, random.layers[-2].output)
    files = sorted(folder.iterdir())[:FITTED]
    photos = np.stack(
        [images.resize(images.decode(file.read_bytes()), (227, 227), "area") for file in files]
    )
    found = features.predict(photos / 255, batch_size=BATCH, verbose=0)
    mean, deviation = found.mean(0), found.std(0) + found.std() / 100
    fitted = RidgeClassifier().fit((found - mean) / deviation, [int(_label(f.name)) for f in files])
    last = keras.layers.Dense(fitted.coef_.shape[0], "softmax")
    output = last(features.output)
    # Scores of ±1 would be unsure of every image.
    kernel = 5 * fitted.coef_.T / deviation[:, None]
    last.set_weights([kernel, 5 * fitted.intercept_ - mean @ kernel])
    return keras.Model(random.input, output)


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
        name = f"{number:05}-{number % len(sources)}.jpg"
        (folder / name).write_bytes(encoding.encode_jpeg(resized))


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


def _jobs(few: _Run, many: _Run) -> list[_Job]:
    """Jobs of a second or more: shorter ones end before their memory is measured."""
    one, other = _measured(few), _measured(many)
    return [
        _Job(
            name,
            (one[name].memory, other[name].memory),
            (one[name].seconds, other[name].seconds),
        )
        for name in one
        if other[name].seconds >= 1
    ]


class _Rule(NamedTuple):
    """The jobs of a rule: their number, seconds in all, the greatest peak memory in MB."""

    jobs: int
    seconds: float
    memory: float


def _measured(run: _Run) -> dict[str, _Rule]:
    """What Snakemake noted of each rule's jobs."""
    tables: dict[str, list[pd.DataFrame]] = {}
    for file in sorted(run.results.glob("benchmarks/**/*.tsv")):
        name = file.relative_to(run.results / "benchmarks").parts[0].removesuffix(".tsv")
        tables.setdefault(name, []).append(pd.read_csv(file, sep="\t"))
    rules = {name: pd.concat(found) for name, found in tables.items()}
    return {name: _Rule(len(t), t["s"].sum(), t["max_rss"].max()) for name, t in rules.items()}


def _rules(run: _Run) -> list[list[str]]:
    """A row for each rule that took a second or more."""
    return [
        [name, f"{rule.jobs}", f"{rule.seconds:.0f}", f"{rule.memory:.0f}"]
        for name, rule in _measured(run).items()
        if rule.seconds >= 1
    ]


def _disk(run: _Run) -> list[list[str]]:
    """A row for each folder of the results that holds a megabyte or more, and one for all."""
    sizes: Counter[str] = Counter()
    for file in run.results.rglob("*"):
        if file.is_file():
            place = file.relative_to(run.results)
            sizes[place.parts[0] if len(place.parts) > 1 else "files beside them"] += (
                file.stat().st_size
            )
    rows = [*((name, size) for name, size in sizes.most_common() if size >= 1e6)]
    rows.append(("all", sizes.total()))
    return [[name, f"{size / 1e6:.0f}", f"{size / 1e3 / run.count:.1f}"] for name, size in rows]


if __name__ == "__main__":
    figures.show(measure())
