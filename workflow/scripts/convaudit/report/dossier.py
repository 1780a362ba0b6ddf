"""A page a layer: for each channel its pattern, its numbers and the images that excite it most."""

from typing import Any, NamedTuple

import pandas as pd

from convaudit.report.tables import Audit


class Cell(NamedTuple):
    """Where an image's thumbnail is: its sheet, and column and row there."""

    path: str
    sprite: str
    x: int
    y: int


class Cells:
    """Finds thumbnails by image id, for the images that some channel names."""

    def __init__(self, audit: Audit) -> None:
        named = audit.channels["top_images"].explode().dropna().unique()
        rows = audit.predictions[audit.predictions["image_id"].isin(named)]
        self._cells = {
            row.image_id: Cell(row.path, audit.sprite(row.shard), row.row % 16, row.row // 16)
            for row in rows.itertuples()
        }

    def __getitem__(self, image_id: str) -> Cell:
        return self._cells[image_id]


def channels(audit: Audit, name: str, layer_id: str, cells: Cells) -> list[dict[str, Any]]:
    """What is known of each channel of a layer."""
    rows = audit.channels[audit.channels["layer"] == name]
    table = audit.filters[layer_id][1] if layer_id in audit.filters else pd.DataFrame()
    drawn = {int(row["channel"]): dict(row, at=at) for at, (_, row) in enumerate(table.iterrows())}
    return [
        {
            **row._asdict(),
            "pattern": drawn.get(row.channel),
            "images": [cells[image] for image in row.top_images[:8]],
        }
        for row in rows.itertuples(index=False)
    ]
