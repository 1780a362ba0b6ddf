"""Channel statistics of a dataset: made shard by shard, merged without seeing an image again."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

TOP = 9
"""How many of the images that excite a channel most are kept."""
BINS = 42
"""Of a histogram of images' maxima: 0 and less, then half octaves from 2^-10 to 2^10 and over."""
MOST_CLASSES = 100
"""Of more classes no sums by class are kept: the files would be mostly these."""


@dataclass
class Summary:
    """Of one layer with C channels over n images.

    ``mean``, ``square`` and ``active`` (C,) are sums over the images of their means over
    positions, float64: sums, so that summaries add up. ``maximum`` (C,) is over all;
    ``top_values`` (C, TOP) descending, and ``top_images`` (C, TOP) the images' ids, "" where
    there are fewer; of images that tie, the earlier comes first; ``top_y`` and ``top_x`` (C, TOP)
    are the places of these maxima, 0..1. ``histogram`` (C, BINS) counts the images by their
    maximum. ``class_count`` (K,) counts the images of each class and ``class_maximum`` (C, K) sums
    their maxima, negative ones as 0; both are empty where classes are more than ``MOST_CLASSES``.
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
    """Sum up one layer's values (n, C): means of images over positions, of squares, maxima, active
    shares and places of the maxima. ``images`` (n,) are the images' ids, ``classes`` (n,) their
    classes' indices, of ``class_count``.
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
    """The summary of both shards' images."""
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
    """The summaries of layers whose channels, so many each, were put side by side."""
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
    """Write summaries by layer as npz, without pickle: the same summaries, the same bytes."""
    arrays: dict[str, Any] = {"layers": np.array(list(layers), str)}
    for number, summary in enumerate(layers.values()):
        for field in fields(Summary):
            # Merged or not, an array is stored row by row.
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
    """Merge shards' files, one in memory at a time."""
    total: dict[str, Summary] = {}
    for file in files:
        for name, summary in load(file).items():
            total[name] = merge(total[name], summary) if name in total else summary
    return total


def channel_table(layers: dict[str, Summary]) -> pd.DataFrame:
    """One row a channel, over all images and positions.

    Columns: layer, channel, mean, std, max, active_fraction (share of positions over zero), dead
    (never over zero), top_images (ids, strongest first), top_values (their maxima), top_y and top_x
    (where these are, 0..1), histogram (images by their maximum, see ``BINS``), class_means (mean
    maximum of each class's images, negative ones as 0; missing without images), selectivity and
    selective_for.

    Selectivity is the index of Morcos et al. 2018, (a - b) / (a + b) with a the greatest class mean
    and b the mean of the others: 0 for a channel that tells no class, 1 for one that fires for one
    class alone; ``selective_for`` is the index of that class. Both are missing for dead channels,
    and where fewer than two classes have images.
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
    """Rows of values, one for each image that there is."""
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
    """Rows (C, up to TOP) of the greatest values (n, C) of each channel, the greatest first."""
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
