"""Find images that look alike within a dataset, and audited images that the model was trained
on.
"""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from convaudit.checks.hamming import close_pairs
from convaudit.checks.radius import radius_by_chance
from convaudit.metrics.intervals import wilson
from convaudit.properties.difference_hash import MISSING, parse


@dataclass(frozen=True)
class Training:
    """Number of audited images that are training images, and the accuracy with and without them.

    ``exact`` counts equal files, ``images`` these and images that look alike. Accuracies are those
    of labelled images, with Wilson's 95 % interval; None if there are none.
    """

    files: int
    exact: int
    images: int
    share: float
    labelled_among: int
    accuracy_among: float | None
    accuracy_among_95_low: float | None
    accuracy_among_95_high: float | None
    labelled_without: int
    accuracy_without: float | None
    accuracy_without_95_low: float | None
    accuracy_without_95_high: float | None


@dataclass(frozen=True)
class NearDuplicates:
    """Near duplicates of a dataset.

    ``table`` has one row per image with a near duplicate: ``group`` (from 0, in the order of the
    groups' first paths), ``image_id``, ``path``, ``label``, ``across_labels`` (True if the group
    has different labels) and ``training``: "exact", "near" or "". ``group`` is missing if an image
    has a duplicate among the training images only. ``radius`` is the greatest number of different
    bits in the hashes of two of them; None if hashes can't tell copies from other images.
    """

    table: pd.DataFrame
    radius: int | None
    groups: int
    images: int
    across_labels: int
    plain: int
    training: Training | None

    def summary(self) -> dict[str, object]:
        """The numbers for ``summary.json``."""
        return {
            "radius": self.radius,
            "groups": self.groups,
            "images": self.images,
            "images_across_labels": self.across_labels,
            "images_too_plain": self.plain,
            "training": None if self.training is None else asdict(self.training),
        }


def group_numbers(hashes: np.ndarray, radius: int) -> np.ndarray:
    """Number the groups of images that are connected by near duplicates.

    Args:
        hashes: uint64 (n,).
        radius: greatest number of different bits of two near duplicates.

    Returns:
        int64 (n,): equal for images of one group, -1 for an image that has no near duplicate.
    """
    different, of = np.unique(hashes, return_inverse=True)
    pairs = close_pairs(different, radius)
    links = coo_matrix((np.ones(len(pairs), bool), pairs.T), shape=(len(different),) * 2)
    _, component = connected_components(links, directed=False)
    mine = component[of]
    sizes = np.bincount(mine)
    return np.where(sizes[mine] > 1, mine, -1)


def near_duplicates(images: pd.DataFrame, training: pd.DataFrame | None = None) -> NearDuplicates:
    """Group the images that look alike, and find those that the model was trained on.

    Args:
        images: one row per image with the columns ``image_id``, ``path``, ``label``, ``sha256``,
            ``dhash`` and ``correct``; ``label`` and ``correct`` are missing for unlabelled images.
        training: columns ``sha256`` and ``dhash`` of the training images, if they are known.
    """
    known = (images["dhash"] != MISSING).to_numpy()
    hashes = parse(images["dhash"].to_numpy(object)[known])
    radius = radius_by_chance(hashes)
    numbers = np.full(len(images), -1, np.int64)
    if radius is not None:
        numbers[known] = group_numbers(hashes, radius)
    table = images[["image_id", "path", "label"]].assign(group=numbers)
    table["training"] = "" if training is None else _seen(images, training)
    found = table[(table["group"] >= 0) | (table["training"] != "")].sort_values(
        "path", kind="stable", ignore_index=True
    )
    grouped = found["group"] >= 0
    found.loc[grouped, "group"] = pd.factorize(found.loc[grouped, "group"])[0]
    labels = found[grouped].groupby("group")["label"].nunique()
    across = found["group"].map(labels).fillna(0).gt(1)
    found = found.assign(
        across_labels=across, group=found["group"].where(grouped).astype("Int64")
    ).sort_values(["group", "path"], kind="stable", ignore_index=True)
    columns = ["group", "image_id", "path", "label", "across_labels", "training"]
    return NearDuplicates(
        table=found[columns],
        radius=radius,
        groups=len(labels),
        images=int(grouped.sum()),
        across_labels=int(across.sum()),
        plain=int((~known).sum()),
        training=None if training is None else _leak(images, table["training"], len(training)),
    )


def _seen(images: pd.DataFrame, training: pd.DataFrame) -> np.ndarray:
    """(n,) texts: "exact" for an equal training file, "near" for one that looks alike, else ""."""
    texts, others = images["dhash"].to_numpy(object), training["dhash"].to_numpy(object)
    seen = np.full(len(images), "", object)
    known = np.flatnonzero(texts != MISSING)
    hashes, others = parse(texts[known]), parse(others[others != MISSING])
    different, of = np.unique(hashes, return_inverse=True)
    radius = radius_by_chance(hashes, others)
    if radius is not None:
        pairs = close_pairs(different, radius, np.unique(others))
        seen[known[np.isin(of, pairs[:, 0])]] = "near"
    seen[images["sha256"].isin(training["sha256"]).to_numpy()] = "exact"
    return seen


def _leak(images: pd.DataFrame, seen: pd.Series, files: int) -> Training:
    correct = images["correct"].astype("boolean")
    among = (seen != "").to_numpy()
    inside, outside = correct[among].dropna(), correct[~among].dropna()
    here, there = (wilson(int(part.sum()), len(part)) for part in (inside, outside))
    return Training(
        files=files,
        exact=int((seen == "exact").sum()),
        images=int(among.sum()),
        share=float(among.sum() / max(1, len(among))),
        labelled_among=len(inside),
        accuracy_among=here.value,
        accuracy_among_95_low=here.low,
        accuracy_among_95_high=here.high,
        labelled_without=len(outside),
        accuracy_without=there.value,
        accuracy_without_95_low=there.low,
        accuracy_without_95_high=there.high,
    )
