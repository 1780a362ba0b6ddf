"""Estimate the time of an audit from a few of its images and patterns."""

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from convaudit.dataset import images, scan
from convaudit.drawing import encoding, overlays
from convaudit.provenance import THREADS

if TYPE_CHECKING:
    from pathlib import Path

    from convaudit.models.network import Network
    from convaudit.models.scaling import Scaling

SAMPLE = 32
"""Number of images that accuracy and time are measured on."""
_FORWARD = 16
"""Number of images that the forward pass is timed on."""
_PASS = 1.4
"""Time of the pass relative to a forward pass: the greatest ratio that benchmarks/onepass.py
measured."""
_STARTS = 3
"""Number of jobs that start TensorFlow beside those of shards and layers."""
_REST = 10
"""Seconds that all other jobs of an audit take, whatever its size (2 cores, 96 images)."""


class Sample(NamedTuple):
    """Sample images at the network's size, and the cost of reading and drawing them.

    Attributes:
        pixels: (n, H, W, 3) uint8 RGB, as the audit resizes them.
        resized: the same by other ways to resize.
        bits: (n,) bits of the files' values.
        labels: (n,) labels, missing without a label.
        seconds: time for one image on one core.
        overlay_bytes: mean size of an overlay's file.
    """

    pixels: np.ndarray
    resized: dict[str, np.ndarray]
    bits: np.ndarray
    labels: pd.Series
    seconds: float
    overlay_bytes: float


def read_sample(
    files: pd.DataFrame, source: "Path", size: tuple[int, int], settings: dict[str, Any]
) -> Sample:
    """Decode, resize and draw ``SAMPLE`` images as the audit would.

    Args:
        files: path, label and fault of every image; the sample is spread evenly over them.
        source: the folder that the images' paths start from, or the table that lists them.
        size: height and width of the network's input.
        settings: the config.
    """
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
    count = max(1, len(pixels))
    return Sample(
        pixels=np.array(pixels),
        resized={name: np.array([each[name] for each in resized]) for name in (*resized, {})[0]},
        bits=np.array(bits, int),
        labels=pd.Series(kept, dtype="str"),
        seconds=(time.perf_counter() - began - aside) / count,
        overlay_bytes=written / count,
    )


def seconds_of_forward_pass(network: "Network", pixels: np.ndarray, scaling: "Scaling") -> float:
    """Time of a forward pass for one image.

    Args:
        pixels: (n, H, W, 3) images at the network's size.
    """
    batch = scaling.apply(pixels[:_FORWARD].astype(np.float32))
    network.run(batch)
    began = time.perf_counter()
    network.run(batch)
    return (time.perf_counter() - began) / len(batch)


def seconds_of_images(
    *, images: int, shards: int, read: float, forward: float, start: float
) -> float:
    """Time for everything but the patterns, on all cores of this machine.

    Args:
        images: number of images.
        shards: number of shards.
        read: seconds to read an image and draw its overlay, on one core.
        forward: seconds of the network's forward passes for one image.
        start: seconds to start TensorFlow and load the model.
    """
    cores = os.cpu_count() or 1
    lanes = min(_lanes(), shards)
    return (
        _REST
        + start * (_STARTS + shards / lanes)
        + images * (read / cores + _PASS * forward / lanes)
    )


def seconds_of_patterns(
    network: "Network",
    counts: Mapping[str, int],
    *,
    scaling: "Scaling",
    settings: dict[str, Any],
    start: float,
) -> float:
    """Time for the patterns of all layers, on all cores of this machine.

    Args:
        counts: number of patterns by layer.
        settings: the section ``filters`` of the config.
        start: seconds to start TensorFlow and load the model.
    """
    from convaudit.feature_visualization import ascent

    if not counts:
        return 0
    climbing = ascent.estimate_seconds(
        network,
        dict(counts),
        scaling=scaling,
        start=settings["start"],
        size=settings["size"],
        steps=settings["steps"],
    )
    return (climbing + len(counts) * start) / _lanes()


def _lanes() -> int:
    """Number of jobs with TensorFlow that run at the same time."""
    return max(1, (os.cpu_count() or 1) // THREADS)
