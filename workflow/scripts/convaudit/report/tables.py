"""What the report is made of, and what follows from the heat maps shard by shard."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from convaudit.report import measures


@dataclass(frozen=True)
class Audit:
    """Everything the report shows. Paths are relative to the report's folder."""

    facts: dict[str, Any]
    """What is known of the model."""
    class_names: list[str]
    predictions: pd.DataFrame
    quarantine: pd.DataFrame
    duplicates: pd.DataFrame
    channels: pd.DataFrame
    maps: Callable[[str], dict[str, np.ndarray]]
    """Gives a shard's image_id, class_index and maps (n, h, w)."""
    overlay: Callable[[str, str], str]
    """Gives the path of an overlay by shard and image id."""
    sprite: Callable[[str], str]
    """Gives the path of a shard's sprite sheet."""
    filters: dict[str, tuple[str, pd.DataFrame]]
    """By layer id the grid's path and its table."""
    activations: dict[str, dict[str, str]]
    """By image id the grids' paths by layer id."""
    settings: dict[str, Any]
    provenance: dict[str, Any]

    @cached_property
    def shards(self) -> list[str]:
        return sorted(self.predictions["shard"].unique())

    @cached_property
    def labelled(self) -> pd.DataFrame:
        """The images that have a label."""
        return self.predictions[self.predictions["correct"].notna()]

    @cached_property
    def heat(self) -> "Heat":
        return _heat(self)

    def by_shard(self) -> Iterator[tuple[pd.DataFrame, dict[str, np.ndarray]]]:
        """Each shard's predictions with its maps; the first map of an image is its own row's."""
        for shard, rows in self.predictions.groupby("shard", sort=True):
            yield rows, self.maps(str(shard))


@dataclass(frozen=True)
class Heat:
    """Where the heat is, each image one vote whatever its strength.

    regions (n, 9): shares by ninth, NaN without heat; cells: for each (label, predicted) pair,
    label -1 where unknown, the number of images with heat and the sum (h, w) of their shares.
    """

    regions: np.ndarray
    cells: dict[tuple[int, int], tuple[int, np.ndarray]]

    def mean(self, *, label: int | None = None, predicted: int | None = None) -> Any:
        """Count and mean share (h, w) over the cells that match; None where there is no image."""
        chosen = [
            cell
            for (cell_label, cell_predicted), cell in self.cells.items()
            if label in (None, cell_label) and predicted in (None, cell_predicted)
        ]
        count = sum(number for number, _ in chosen)
        return count, (sum(total for _, total in chosen) / count if count else None)


def _heat(audit: Audit) -> Heat:
    regions = []
    cells: dict[tuple[int, int], tuple[int, np.ndarray]] = {}
    for rows, stored in audit.by_shard():
        maps = stored["maps"][: len(rows)].astype(np.float64)
        regions.append(measures.region_shares(maps))
        total = maps.sum(axis=(1, 2))
        hot = total > 0
        labels = rows["label_index"].fillna(-1).to_numpy(int)
        pairs = np.stack([labels, rows["predicted_index"].to_numpy(int)], axis=1)
        for pair in np.unique(pairs[hot], axis=0):
            mine = hot & (pairs == pair).all(axis=1)
            shares = (maps[mine] / total[mine, None, None]).sum(axis=0)
            key = (int(pair[0]), int(pair[1]))
            number, known = cells.get(key, (0, np.zeros_like(shares)))
            cells[key] = (number + int(mine.sum()), known + shares)
    return Heat(np.concatenate(regions), cells)
