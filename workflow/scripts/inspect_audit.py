"""Print what an audit would work on, before any of it runs: the model, the images, the effort."""

import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from convaudit.activations.store import forecast
from convaudit.dataset import images, labels, scan
from convaudit.dataset.depth import depth_notes
from convaudit.drawing import encoding, overlays
from convaudit.models.facts import ModelChoices, ModelFacts, ModelSource
from convaudit.models.scaling import SCALINGS
from convaudit.preview import disk_space
from convaudit.preview.text import (
    describe_check,
    describe_effort,
    describe_images,
    describe_layers,
    describe_model,
    describe_resizing,
    describe_room,
)
from jobs.job import job
from jobs.tensorflow_job import open_network
from planning import plan as plans

if TYPE_CHECKING:
    from convaudit.models.network import Network
    from convaudit.models.scaling import Scaling

SAMPLE = 32
"""Images that accuracy and effort are measured on."""

PASS = 1.4
"""What the pass costs against a bare forward pass, at most."""

STARTS = 3
"""Jobs beside those of shards and layers that start TensorFlow."""

REST = 10
"""Seconds for all else that an audit of any size does."""

THREADS = 2
"""Of a job with TensorFlow: so many cores take one at a time."""


class Sample(NamedTuple):
    """Images at the network's size, by other ways to resize too, the bits of their values, their
    labels, and what each cost on one core.
    """

    pixels: np.ndarray
    resized: dict[str, np.ndarray]
    bits: np.ndarray
    labels: pd.Series
    seconds: float
    overlay_bytes: float


def inspect(
    *,
    facts: str,
    choices: ModelChoices,
    index: str,
    source: str,
    model: ModelSource,
    settings: dict[str, Any],
    watched: list[str],
    filtered: list[str],
) -> None:
    known = ModelFacts.read(facts, choices)
    listed = ["path", "label", "size", "fault"]
    files = pd.read_parquet(Path(index) / "files.parquet", columns=listed)
    plan = plans.load(Path(index))
    names = labels.of_model(plan.class_names, known.classes)
    print(describe_layers(known, watched, filtered))
    print(describe_model(known, plan.class_names and names, settings["gradcam"]["method"]))
    sample = _sample(files, Path(source), known.size, settings)
    notes = [*plan.notes, *depth_notes(sample.bits)]
    how = settings["preprocess"]["interpolation"]
    print(describe_images(files, plan.other_files, notes, how), flush=True)
    if not len(sample.pixels):
        print("forecast      none: no image of the sample can be read")
        return
    began = time.perf_counter()
    _, network = open_network(model)
    opening = time.perf_counter() - began
    for section, chosen in (("activations", watched), ("filters", filtered)):
        for name in chosen:
            network.require_maps(name, f"config: {section}.layers")
    network.require_target(known.target_layer, "config: gradcam.layer")
    print(_check(network, sample, names, known.scaling, how), flush=True)
    lanes = max(1, (os.cpu_count() or 1) // THREADS)
    counts = _patterns(filtered, known, settings["filters"]["count"])
    climbing = _climbing(network, counts, SCALINGS[known.scaling], settings["filters"], opening)
    looking, why = _images(network, sample, SCALINGS[known.scaling])
    if settings["gradcam"]["method"] == "scorecam":  # a forward pass for each channel of the layer
        looking *= network.require_maps(known.target_layer, "config: gradcam.layer")[-1] or 1
    shards = len(plan.shards)
    seconds = REST + opening * (STARTS + shards / min(lanes, shards))
    seconds += len(files) * (sample.seconds / (os.cpu_count() or 1) + looking / min(lanes, shards))
    stored = disk_space.disk(
        known,
        settings,
        watched=watched,
        patterns=sum(counts.values()),
        images=len(files),
        each=sample.pixels[0].nbytes + sample.overlay_bytes,
        shards=shards,
    )
    print(describe_effort(seconds, climbing / lanes, counts, stored, why))
    if settings["activations"]["keep"] == "maps":
        room = shutil.disk_usage(index).free
        print(describe_room(forecast(known.layers, watched), len(files), room))


def _sample(
    files: pd.DataFrame, source: Path, size: tuple[int, int], settings: dict[str, Any]
) -> Sample:
    """Decode, resize and draw as the audit would, evenly spread over the dataset."""
    readable = files[files["fault"].isna()]
    rows = np.linspace(0, len(readable) - 1, min(SAMPLE, len(readable))).astype(int)
    look, how = settings["gradcam"], settings["preprocess"]["interpolation"]
    pixels, resized, bits, kept, written = [], [], [], [], 0
    began, aside = time.perf_counter(), 0.0
    for row in readable.iloc[rows].itertuples():
        try:
            image, depth = images.read((scan.root(source) / row.path).read_bytes())
        except (OSError, images.Unreadable):
            continue
        pixels.append(images.resize(image, size, how))
        start = time.perf_counter()
        resized.append(images.variants(image, size, how))
        aside += time.perf_counter() - start
        bits.append(depth)
        kept.append(row.label)
        images.decode((scan.root(source) / row.path).read_bytes())
        drawn = overlays.overlay(image, np.eye(7), look["alpha"], look["colormap"], look["blend"])
        written += len(encoding.encode_jpeg(drawn))
    each = max(1, len(pixels))
    seconds = (time.perf_counter() - began - aside) / each
    return Sample(
        pixels=np.array(pixels),
        resized={name: np.array([each[name] for each in resized]) for name in (*resized, {})[0]},
        bits=np.array(bits, int),
        labels=pd.Series(kept, dtype="str"),
        seconds=seconds,
        overlay_bytes=written / each,
    )


def _check(network: "Network", sample: Sample, names: list[str], used: str, how: str) -> str:
    from convaudit.checks.resizing_check import check_resizing
    from convaudit.checks.scaling_check import check_scaling

    truth = labels.indices(sample.labels, names)
    if network.head == "sigmoid":  # the label is not the only right answer
        truth[:] = -1
    usable = truth >= 0
    scaled = check_scaling(network, sample.pixels[usable], truth[usable], used, names)
    resized = check_resizing(network, sample.resized, truth, SCALINGS[used], how)
    return f"{describe_check(scaled)}\n{describe_resizing(resized)}"


def _images(network: "Network", sample: Sample, scaling: "Scaling") -> tuple[float, str]:
    """Seconds of the pass for an image, and what they are made of, in words."""
    batch = scaling.apply(sample.pixels[:16].astype(np.float32))
    network.run(batch)
    began = time.perf_counter()
    network.run(batch)
    looking = (time.perf_counter() - began) / len(batch)
    why = f"{sample.seconds * 1e3:.0f} ms to read and draw, {looking * 1e3:.0f} ms in the network"
    return PASS * looking, why


def _patterns(filtered: list[str], facts: ModelFacts, count: int) -> dict[str, int]:
    """Number of patterns that are drawn, by layer."""
    return {name: min(count, facts.layer(name).channels) for name in filtered}


def _climbing(
    network: "Network",
    counts: dict[str, int],
    scaling: "Scaling",
    settings: dict[str, Any],
    opening: float,
) -> float:
    """Seconds for the patterns of all layers, one after the other, from a few of them."""
    from convaudit.feature_visualization import ascent

    if not counts:
        return 0
    climbing = ascent.forecast(
        network,
        counts,
        scaling=scaling,
        start=settings["start"],
        size=settings["size"],
        steps=settings["steps"],
    )
    return climbing + len(counts) * opening


if __name__ == "__main__":
    with job("inspect", snakemake.log[0]):
        inspect(
            facts=snakemake.input.facts,
            choices=snakemake.params.choices,
            index=snakemake.params.index,
            source=snakemake.params.images,
            model=snakemake.params.model,
            settings=snakemake.params.settings,
            watched=snakemake.params.watched,
            filtered=snakemake.params.filtered,
        )
