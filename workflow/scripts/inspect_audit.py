"""Print what an audit would work on, before any of it runs: the model, the images, the effort."""

import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from convaudit import dataset, images, labels, overlays
from convaudit.activation_maps import forecast
from convaudit.overview import describe_check, describe_images, describe_model, describe_room
from convaudit.progress import duration
from convaudit.scaling import SCALINGS
from job import job
from planning import plan as planning
from tensorflow_job import open_network

if TYPE_CHECKING:
    from convaudit.network import Network

SAMPLE = 32
"""Images that accuracy and effort are measured on."""

PASS = 1.4
"""What the pass costs against a bare forward pass, at most."""

FIXED = 30
"""Seconds that an audit takes whatever its size, the filters aside."""


class Sample(NamedTuple):
    """Images at the network's size, their labels, and what each cost on one core."""

    pixels: np.ndarray
    labels: pd.Series
    seconds: float
    overlay_bytes: float


def inspect(
    *,
    facts: str,
    index: str,
    source: str,
    model: dict[str, Any],
    settings: dict[str, Any],
    watched: list[str],
    filtered: list[str],
) -> None:
    known = planning.described(Path(facts), settings)
    files = pd.read_parquet(Path(index) / "files.parquet")
    print(describe_model(known, watched, filtered))
    print(describe_images(files), flush=True)
    sample = _sample(files, Path(source), known["input"][:2], settings)
    if not len(sample.pixels):
        print("forecast      none: no image of the sample can be read")
        return
    began = time.perf_counter()
    _, network = open_network(model)
    opening = time.perf_counter() - began
    names = labels.of_model(planning.load(Path(index)).class_names, network.classes)
    print(_check(network, sample, names, known["scaling"]), flush=True)
    print(_forecast(network, sample, len(files), known), flush=True)
    if settings["activations"]["keep"] == "maps":
        room = shutil.disk_usage(index).free
        print(describe_room(forecast(known["layers"], watched), len(files), room))
    print(_filters_forecast(network, filtered, known, settings["filters"], opening))


def _sample(
    files: pd.DataFrame, source: Path, size: tuple[int, int], settings: dict[str, Any]
) -> Sample:
    """Decode, resize and draw as the audit would, evenly spread over the dataset."""
    readable = files[files["fault"].isna()]
    rows = np.linspace(0, len(readable) - 1, min(SAMPLE, len(readable))).astype(int)
    look = settings["gradcam"]
    pixels, kept, written = [], [], 0
    began = time.perf_counter()
    for row in readable.iloc[rows].itertuples():
        try:
            image = images.decode((dataset.root(source) / row.path).read_bytes())
        except (OSError, images.Unreadable):
            continue
        pixels.append(images.resize(image, size, settings["preprocess"]["interpolation"]))
        kept.append(row.label)
        images.decode((dataset.root(source) / row.path).read_bytes())
        drawn = overlays.overlay(image, np.eye(7), look["alpha"], look["colormap"])
        written += len(overlays.encode_jpeg(drawn))
    each = max(1, len(pixels))
    seconds = (time.perf_counter() - began) / each
    return Sample(np.array(pixels), pd.Series(kept, dtype="str"), seconds, written / each)


def _check(network: "Network", sample: Sample, names: list[str], used: str) -> str:
    from convaudit.scaling_check import check_scaling

    truth = labels.indices(sample.labels, names)
    usable = (truth >= 0) & (network.head != "sigmoid")
    return describe_check(check_scaling(network, sample.pixels[usable], truth[usable], used))


def _forecast(network: "Network", sample: Sample, count: int, facts: dict[str, Any]) -> str:
    """Time and disk for all images, from those of the sample."""
    batch = SCALINGS[facts["scaling"]].apply(sample.pixels[:16].astype(np.float32))
    network.run(batch)
    began = time.perf_counter()
    network.run(batch)
    looking = (time.perf_counter() - began) / len(batch)
    cores = os.cpu_count() or 1
    seconds = FIXED + count * (sample.seconds / cores + PASS * looking)
    stored = sample.pixels[0].nbytes + sample.overlay_bytes
    return (
        f"forecast      {duration(seconds)} on this machine's {cores} cores, beside the filters; "
        f"{count * stored / 1e9:,.2f} GB on disk\n"
        f"              (an image: {sample.seconds * 1e3:.1f} ms of a core to read and draw, "
        f"{looking * 1e3:.1f} ms in the network)"
    )


def _filters_forecast(
    network: "Network",
    filtered: list[str],
    facts: dict[str, Any],
    settings: dict[str, Any],
    opening: float,
) -> str:
    """Time for the patterns of all layers, from a step in a few of them; one after the other."""
    from convaudit import ascent

    channels = {layer["name"]: layer["shape"][-1] for layer in facts["layers"]}
    counts = {name: min(settings["count"], channels[name]) for name in filtered}
    if not counts:
        return "filters       of no layer"
    climbing = ascent.forecast(
        network,
        counts,
        scaling=SCALINGS[facts["scaling"]],
        start=settings["start"],
        size=settings["size"],
        steps=settings["steps"],
    )
    return (
        f"filters       {duration(climbing + len(counts) * opening)} for {sum(counts.values()):,} "
        f"channels of {len(counts)} layers, one layer after the other"
    )


if __name__ == "__main__":
    with job("inspect", snakemake.log[0]):
        inspect(
            facts=snakemake.input.facts,
            index=snakemake.params.index,
            source=snakemake.params.images,
            model=snakemake.params.model,
            settings=snakemake.params.settings,
            watched=snakemake.params.watched,
            filtered=snakemake.params.filtered,
        )
