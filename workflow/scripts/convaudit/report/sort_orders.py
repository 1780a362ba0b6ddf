"""Each image's place among all by its path or by a number, for a gallery that sorts."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from convaudit.report.metrics import blocks
from convaudit.report.results import Results

NUMBERS = ("logit", "true_probability", "width", "height", "area", "aspect")
AT_ONCE = 1 << 17
"""Paths that are held and ranked at once."""
SAMPLED = 64
"""One of so many paths tells where the paths are cut into ranges."""


def ranks(audit: Results) -> Iterator[tuple[str, np.ndarray]]:
    """A column's name and the images' ranks by it (n,), uint32 from 1, equal ones sharing theirs; a
    missing value is the least. Paths are in falling order, so that the first comes first as the
    greatest number does.
    """
    yield "path", _by_path(audit)
    for name in NUMBERS:
        yield name, _dense(_numbers(audit, name))


def _numbers(audit: Results, name: str) -> np.ndarray:
    if name not in {"area", "aspect"}:
        return audit.column(name, float, np.nan)
    width, height = (audit.column(side, np.int32, None) for side in ("width", "height"))
    return np.multiply(width, height, dtype=float) if name == "area" else width / height


def _dense(values: np.ndarray) -> np.ndarray:
    different = np.unique(values)
    missing = bool(np.isnan(different[-1:]).any())
    found = np.empty(len(values), np.uint32)
    for part in blocks(len(values)):
        # What is missing stands last: round to the front with it.
        found[part] = (np.searchsorted(different, values[part]) + missing) % len(different) + 1
    return found


def _by_path(audit: Results) -> np.ndarray:
    """Range by range of the paths' order, each in a pass over all of them: texts of a million
    images would fill the memory.
    """
    found, different = np.empty(audit.count, np.uint32), 0
    for low, high in pairwise(["", *_cuts(audit), None]):
        numbers, texts = [np.empty(0, np.uint32)], []
        for start, paths in _paths(audit):
            inside = pc.greater_equal(paths, low)
            if high is not None:
                inside = pc.and_(inside, pc.less(paths, high))
            numbers.append(start + np.flatnonzero(inside).astype(np.uint32))
            texts += paths.filter(inside).chunks
        ranked = pc.rank(pa.chunked_array(texts, pa.large_string()), tiebreaker="dense").to_numpy()
        found[np.concatenate(numbers)] = different + ranked
        different += int(ranked.max(initial=0))
    return different + 1 - found


def _cuts(audit: Results) -> list[str]:
    """Where to cut the paths' order into ranges of about ``AT_ONCE``."""
    if audit.count <= AT_ONCE:
        return []
    sample = sorted({path for _, paths in _paths(audit) for path in paths[::SAMPLED].to_pylist()})
    step = AT_ONCE // SAMPLED
    return sample[step::step]


def _paths(audit: Results) -> Iterator[tuple[int, pa.ChunkedArray]]:
    """The number of each shard's first image, and the shard's paths."""
    for start, rows in zip(audit.starts, audit.rows(["path"]), strict=False):
        yield start, rows["path"].cast(pa.large_string())
