"""Channel statistics of a dataset: made shard by shard, merged without seeing an image again."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

TOP = 9
"""How many of the images that excite a channel most are kept."""


@dataclass
class Summary:
    """Of one layer with C channels over n images.

    ``mean``, ``square`` and ``active`` (C,) are sums over the images of their means over
    positions, float64: sums, so that summaries add up. ``maximum`` (C,) is over all;
    ``top_values`` (C, TOP) descending, and ``top_images`` (C, TOP) the images' ids, "" where
    there are fewer; of images that tie, the earlier comes first.
    """

    count: np.ndarray
    mean: np.ndarray
    square: np.ndarray
    maximum: np.ndarray
    active: np.ndarray
    top_values: np.ndarray
    top_images: np.ndarray


def summarise(
    mean: np.ndarray,
    square: np.ndarray,
    maximum: np.ndarray,
    active: np.ndarray,
    images: np.ndarray,
) -> Summary:
    """Sum up one layer's values (n, C): means of images over positions, of squares, maxima and
    active shares. ``images`` (n,) are the images' ids.
    """
    values, names = _top(maximum.astype(np.float64), images)
    return Summary(
        np.array(len(images)),
        mean.sum(0, dtype=np.float64),
        square.sum(0, dtype=np.float64),
        maximum.max(0, initial=-np.inf).astype(np.float64),
        active.sum(0, dtype=np.float64),
        values,
        names,
    )


def merge(first: Summary, second: Summary) -> Summary:
    """The summary of both shards' images."""
    values = np.concatenate([first.top_values, second.top_values], axis=1)
    names = np.concatenate([first.top_images, second.top_images], axis=1)
    order = np.argsort(-values, axis=1, kind="stable")[:, :TOP]
    return Summary(
        first.count + second.count,
        first.mean + second.mean,
        first.square + second.square,
        np.maximum(first.maximum, second.maximum),
        first.active + second.active,
        np.take_along_axis(values, order, 1),
        np.take_along_axis(names, order, 1),
    )


def save(file: Path | IO[bytes], layers: dict[str, Summary]) -> None:
    """Write summaries by layer as npz, without pickle: the same summaries, the same bytes."""
    arrays: dict[str, Any] = {"layers": np.array(list(layers), str)}
    for number, summary in enumerate(layers.values()):
        for field in fields(Summary):
            arrays[f"{number}.{field.name}"] = getattr(summary, field.name)
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
    (never over zero), top_images (ids, strongest first) and top_values (their maxima).
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
            "top_values": [
                [v for v in row if np.isfinite(v)] for row in summary.top_values.tolist()
            ],
        }
    )


def _top(values: np.ndarray, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    short = max(0, TOP - len(values))
    values = np.pad(values, ((0, short), (0, 0)), constant_values=-np.inf)
    images = np.concatenate([images.astype(str), np.full(short, "")])
    order = np.argsort(-values, axis=0, kind="stable")[:TOP].T
    return np.take_along_axis(values.T, order, 1), images[order]
