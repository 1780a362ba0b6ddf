"""Collect the sample in which shortcuts are searched, from an audit's tables and image files."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from convaudit.dataset import images, labels, scan
from convaudit.models.facts import ModelFacts
from convaudit.properties.catalogue import PROPERTIES
from convaudit.shortcuts.halves import hash_number
from convaudit.shortcuts.sample import Sample

_LONGEST = 1_000
"""Greatest side in pixels, unless the network's input is over half as large: larger photographs are
shrunk before experiments. To decode 12 megapixels takes six forward passes of a small network, and
each change touches every pixel again."""
_SHORTEST = 16
"""Least side in pixels of a picture in the sample; nothing can be measured or pasted in smaller
ones."""
_TOGETHER = 10
"""Greatest number of near duplicates that are kept in one half. A longer series, such as the frames
of a video, is divided in the order of its paths: else one half could lack its class."""
_KEPT = 64
"""Number of decoded photographs that are kept in memory, because donors are read many times."""


def collect(
    predictions: str,
    scores: list[str],
    ledger: str,
    source: str,
    duplicates: str,
    facts: ModelFacts,
    names: list[str] | None,
    *,
    most: int,
) -> Sample:
    """Choose the sample and read its scores, labels and properties.

    Args:
        predictions: the audit's table, one row per image.
        scores: ``{shard}.scores.npz``, as ``predictions.ScoreSample`` writes them.
        ledger: path and sha256 of each image.
        source: the folder or table of the images.
        duplicates: ``duplicates.parquet``; each of its groups goes into one half.
        facts: of the model.
        names: of the classes in index order; None if the labels are the indices.
        most: greatest number of images; each class gets the same share if it has enough images.
    """
    table = pd.read_parquet(predictions)
    parts = [_scores(Path(path)) for path in scores]
    values = np.concatenate([part["scores"] for part in parts])
    places = pd.MultiIndex.from_frame(pd.concat([part["places"] for part in parts]))
    table = table.set_index(["shard", "row"]).loc[places].reset_index()
    ids = table["image_id"].to_numpy(str)
    large = (table[["height", "width"]].min(axis=1) >= _SHORTEST).to_numpy()
    table, values, ids = table[large], values[large], ids[large]
    truth = table["label_index"].fillna(-1).to_numpy(int)
    strata = np.where(truth >= 0, truth, table["predicted_index"].to_numpy(int))
    chosen = _even(ids, strata, most)
    table, ids = table.iloc[chosen], ids[chosen]
    measured = [each.name for each in PROPERTIES if not each.is_text and each.name in table]
    further = [
        name for name in table if name.startswith("meta_") and table[name].dtype.kind in "if"
    ]
    files = pd.read_parquet(ledger, columns=["image_id", "path", "sha256"]).set_index("image_id")
    return Sample(
        ids=ids,
        labels=truth[chosen],
        scores=values[chosen],
        head=facts.head,
        class_names=labels.of_model(names, facts.classes),
        properties=table[measured + further].reset_index(drop=True).astype(float),
        groups=_groups(duplicates, ids),
        read=_reader(scan.root(Path(source)), files.loc[ids], max(_LONGEST, 2 * max(facts.size))),
    )


def _groups(duplicates: str, ids: np.ndarray) -> np.ndarray:
    """(n,) texts: the group of near duplicates of each image, or its own id if it has none.

    Groups have at most ``_TOGETHER`` images of the sample.
    """
    found = pd.read_parquet(duplicates, columns=["group", "image_id"]).dropna()
    found = found[found["image_id"].isin(ids)]
    part = found.groupby("group").cumcount() // _TOGETHER
    names = found["group"].astype(int).astype(str) + part.map(lambda at: f" {at}" if at else "")
    named = dict(zip(found["image_id"], names, strict=True))
    return np.array([named.get(each, each) for each in ids.tolist()])


def _scores(path: Path) -> dict[str, Any]:
    shard = path.name.partition(".")[0]
    with np.load(path, allow_pickle=False) as stored:
        rows = stored["row"]
        places = pd.DataFrame({"shard": [shard] * len(rows), "row": rows})
        return {"scores": stored["scores"], "places": places}


def _even(ids: np.ndarray, strata: np.ndarray, most: int) -> np.ndarray:
    """Positions of at most ``most`` images, ascending: about equally many of each stratum, chosen
    in the order of their hashes.
    """
    order = sorted(range(len(ids)), key=lambda at: hash_number(str(ids[at]), "sample"))
    turns: dict[int, int] = {}
    ranks = np.zeros(len(ids), int)
    for at in order:
        stratum = int(strata[at])
        ranks[at] = turns.get(stratum, 0)
        turns[stratum] = ranks[at] + 1
    return np.sort(np.lexsort((strata, ranks))[:most])


def _reader(top: Path, files: pd.DataFrame, longest: int) -> Callable[[int], np.ndarray]:
    entries = list(files[["path", "sha256"]].itertuples(index=False, name=None))

    @lru_cache(maxsize=_KEPT)
    def read(at: int) -> np.ndarray:
        path, sha256 = entries[at]
        return images.decode_shrunk(scan.read_unchanged(top / path, sha256), longest)

    return read
