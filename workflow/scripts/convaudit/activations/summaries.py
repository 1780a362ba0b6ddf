"""Channel statistics of the whole dataset: sums per shard that can be merged."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

TOP = 9
"""Number of images kept for each channel, those with the greatest activations."""
BINS = 42
"""Number of bins of a histogram of maxima: up to 0, then half octaves from 2^-10 to over 2^10."""
MOST_CLASSES = 100
"""Greatest number of classes with sums by class; with more, the files would hold little else."""


@dataclass
class Summary:
    """Statistics of one layer with C channels over n images.

    Attributes:
        count: n.
        mean, square, active: (C,) float64, sums over the images of the statistics of the same name
            in ``LayerStatistics``. They are sums, so that two summaries can be added.
        maximum: (C,) greatest activation of any image.
        top_values: (C, TOP) greatest maxima of single images, in falling order.
        top_images: (C, TOP) ids of these images; "" if there are fewer than TOP. Of equal maxima
            the earlier image comes first.
        top_y, top_x: (C, TOP) places of these maxima, 0..1.
        histogram: (C, BINS) number of images by their maximum.
        class_count: (K,) number of images of each class; empty with over ``MOST_CLASSES`` classes.
        class_maximum: (C, K) sum of the maxima of each class's images, negative ones as 0; empty
            with over ``MOST_CLASSES`` classes.
    """

    count: np.ndarray
    mean: np.ndarray
    square: np.ndarray
    maximum: np.ndarray
    active: np.ndarray
    top_values: np.ndarray
    top_images: np.ndarray
    top_y: np.ndarray
    top_x: np.ndarray
    histogram: np.ndarray
    class_count: np.ndarray
    class_maximum: np.ndarray


def summarise(
    mean: np.ndarray,
    square: np.ndarray,
    maximum: np.ndarray,
    active: np.ndarray,
    y: np.ndarray,
    x: np.ndarray,
    *,
    images: np.ndarray,
    classes: np.ndarray,
    class_count: int,
) -> Summary:
    """Sum up the statistics of n images in one layer.

    Args:
        mean, square, maximum, active, y, x: (n, C), as in ``LayerStatistics``.
        images: (n,) image ids.
        classes: (n,) index of the class that each image counts for.
        class_count: number of classes.
    """
    order = _strongest(maximum)
    kept = class_count if class_count <= MOST_CLASSES else 0
    is_class = (classes[:, None] == np.arange(kept)).astype(np.float64)
    short = ((0, 0), (0, TOP - order.shape[1]))
    return Summary(
        np.array(len(images)),
        mean.sum(0, dtype=np.float64),
        square.sum(0, dtype=np.float64),
        maximum.max(0, initial=-np.inf).astype(np.float64),
        active.sum(0, dtype=np.float64),
        np.pad(_taken(maximum.astype(np.float64), order), short, constant_values=-np.inf),
        np.pad(images.astype(str)[order], short, constant_values=""),
        np.pad(_taken(y, order), short),
        np.pad(_taken(x, order), short),
        _histogram(maximum),
        is_class.sum(0),
        np.maximum(maximum.astype(np.float64), 0).T @ is_class,
    )


def merge(first: Summary, second: Summary) -> Summary:
    """The summary of the images of both."""
    values = np.concatenate([first.top_values, second.top_values], axis=1)
    order = np.argsort(-values, axis=1, kind="stable")[:, :TOP]

    def best(name: str) -> np.ndarray:
        both = np.concatenate([getattr(first, name), getattr(second, name)], axis=1)
        return np.take_along_axis(both, order, 1)

    return Summary(
        first.count + second.count,
        first.mean + second.mean,
        first.square + second.square,
        np.maximum(first.maximum, second.maximum),
        first.active + second.active,
        best("top_values"),
        best("top_images"),
        best("top_y"),
        best("top_x"),
        first.histogram + second.histogram,
        first.class_count + second.class_count,
        first.class_maximum + second.class_maximum,
    )


def split(summary: Summary, channels: dict[str, int]) -> dict[str, Summary]:
    """Split a summary of several layers, whose channels were concatenated.

    Args:
        summary: of all channels, one layer after the other.
        channels: number of channels of each layer, in their order.
    """
    whole = {"count", "class_count"}
    parts, start = {}, 0
    for name, count in channels.items():
        own = slice(start, start := start + count)
        values = {field.name: getattr(summary, field.name) for field in fields(Summary)}
        parts[name] = Summary(
            **{key: value if key in whole else value[own] for key, value in values.items()}
        )
    return parts


def save(file: Path | IO[bytes], layers: dict[str, Summary]) -> None:
    """Write summaries by layer as .npz; equal summaries give equal bytes."""
    arrays: dict[str, Any] = {"layers": np.array(list(layers), str)}
    for number, summary in enumerate(layers.values()):
        for field in fields(Summary):
            # A merged array may have another memory order, which would change the bytes.
            arrays[f"{number}.{field.name}"] = np.asarray(getattr(summary, field.name), order="C")
    np.savez(file, **arrays)


def load(file: Path) -> dict[str, Summary]:
    """Read what ``save`` wrote."""
    with np.load(file, allow_pickle=False) as stored:
        return {
            str(name): Summary(*(stored[f"{number}.{field.name}"] for field in fields(Summary)))
            for number, name in enumerate(stored["layers"])
        }


def merge_files(files: Iterable[Path]) -> dict[str, Summary]:
    """Merge the files of all shards; one of them is in memory at a time."""
    total: dict[str, Summary] = {}
    for file in files:
        for name, summary in load(file).items():
            total[name] = merge(total[name], summary) if name in total else summary
    return total


def channel_table(layers: dict[str, Summary]) -> pd.DataFrame:
    """One row for each channel, over all images and positions.

    Columns: layer, channel, mean, std, max, active_fraction (share of positions with an activation
    over 0), dead (no activation over 0), top_images (ids, strongest first), top_values (their
    maxima), top_y and top_x (places of these maxima, 0..1), histogram (number of images by their
    maximum, see ``BINS``), class_means (mean maximum of each class's images, negative ones as 0;
    NaN for a class without images), selectivity and selective_for.

    Selectivity is the index of Morcos et al. 2018, (a - b) / (a + b), with the greatest class mean
    a and the mean b of the other class means. It is 0 if a channel responds to all classes alike
    and 1 if it responds to one class only, whose index is ``selective_for``. Both are missing for
    dead channels and if fewer than two classes have images.

    Example: class means 3, 1, 1 give (3 - 1) / (3 + 1) = 0.5 for the first class.
    """
    return pd.concat([_table(name, summary) for name, summary in layers.items()], ignore_index=True)


def _table(name: str, summary: Summary) -> pd.DataFrame:
    n = int(summary.count)
    mean = summary.mean / n
    deviation = np.sqrt(np.maximum(summary.square / n - mean**2, 0))
    return pd.DataFrame(
        {
            "layer": name,
            "channel": np.arange(len(mean)),
            "mean": mean,
            "std": deviation,
            "max": summary.maximum,
            "active_fraction": summary.active / n,
            "dead": summary.maximum <= 0,
            "top_images": [[i for i in row if i] for row in summary.top_images.tolist()],
            "top_values": _present(summary, summary.top_values),
            "top_y": _present(summary, summary.top_y),
            "top_x": _present(summary, summary.top_x),
            "histogram": summary.histogram.tolist(),
            **_by_class(summary),
        }
    )


def _present(summary: Summary, values: np.ndarray) -> list[list[float]]:
    """The values of each channel as a list, without the places where there is no image."""
    return [
        row[there].tolist() for row, there in zip(values, summary.top_images != "", strict=True)
    ]


def _by_class(summary: Summary) -> dict[str, Any]:
    with np.errstate(invalid="ignore", divide="ignore"):
        means = summary.class_maximum / summary.class_count
        seen = means[:, summary.class_count > 0]
        if seen.shape[1] < 2:
            nothing = np.full(len(means), np.nan)
            return {
                "class_means": means.tolist(),
                "selectivity": nothing,
                "selective_for": pd.array(nothing, "Int32"),
            }
        best = seen.max(axis=1)
        rest = (seen.sum(axis=1) - best) / (seen.shape[1] - 1)
        index = (best - rest) / (best + rest)
    chosen = np.flatnonzero(summary.class_count > 0)[seen.argmax(axis=1)]
    return {
        "class_means": means.tolist(),
        "selectivity": index,
        "selective_for": pd.Series(chosen, dtype="Int32").where(~np.isnan(index)),
    }


def _strongest(maximum: np.ndarray) -> np.ndarray:
    """For each channel the rows of its greatest values (n, C), in falling order: (C, up to TOP)."""
    return np.argsort(-maximum, axis=0, kind="stable")[:TOP].T


def _taken(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    return np.take_along_axis(values.T, order, 1)


def _histogram(maximum: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        octave = np.floor(2 * np.log2(np.maximum(maximum, 0))) + 21
    bins = np.nan_to_num(octave, neginf=0).clip(0, BINS - 1)
    bins = np.where(maximum > 0, np.maximum(bins, 1), 0).astype(int)
    channels = maximum.shape[1]
    flat = bins + BINS * np.arange(channels)
    return np.bincount(flat.ravel(), minlength=BINS * channels).reshape(channels, BINS)
