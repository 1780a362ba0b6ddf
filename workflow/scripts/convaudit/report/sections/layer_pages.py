"""The page of a layer: pattern, statistics and strongest images of each channel."""

from dataclasses import asdict
from typing import Any

import pandas as pd

from convaudit.drawing.sprites import fitted
from convaudit.report import charts, thumbnails
from convaudit.report.results import Results
from convaudit.report.wording import short

IMAGES, CLASSES = 7, 5
"""Greatest numbers of images and of classes that are shown for a channel."""
FINE = 1000
"""Side of a cell in which places are computed as shares of the side."""


def layers(audit: Results) -> list[dict[str, Any]]:
    """The layers with channel statistics or filter patterns, in the network's order."""
    counted = audit.channels.groupby("layer")["dead"].agg(["size", "sum"])
    return [
        {
            **asdict(layer),
            "channels": int(counted["size"].get(layer.name, layer.channels)),
            "dead": int(counted["sum"].get(layer.name, 0)),
            "repeats": "Pooling" in layer.kind,
            "sheet": counted["sum"].get(layer.name, 0) < counted["size"].get(layer.name, 0),
            "grid": audit.filters.get(layer.id, (None,))[0],
        }
        for layer in audit.facts.layers
        if layer.name in counted.index or layer.id in audit.filters
    ]


def wanted(audit: Results) -> set[str]:
    """Ids of the images that are shown for any channel."""
    alive = audit.channels[~audit.channels["dead"].astype(bool)]
    return set(alive["top_images"].str[:IMAGES].explode().dropna())


def channels(
    audit: Results, layer: dict[str, Any], seen: dict[str, thumbnails.Seen]
) -> tuple[list[dict[str, Any]], list[thumbnails.Seen]]:
    """The data of each channel of a layer, and the images for the layer's sheets."""
    rows = audit.channels[audit.channels["layer"] == layer["name"]]
    table = audit.filters[layer["id"]][1] if layer["id"] in audit.filters else pd.DataFrame()
    drawn = {int(row["channel"]): dict(row, at=at) for at, (_, row) in enumerate(table.iterrows())}
    ids = {
        row.channel: [] if row.dead else list(row.top_images[:IMAGES]) for row in rows.itertuples()
    }
    used = sorted({image for images in ids.values() for image in images})
    place = {image: divmod(at, thumbnails.ON_SHEET) for at, image in enumerate(used)}
    twins = duplicates(rows)
    most = float(rows["max"].max()) if len(rows) else 0.0
    top, left, height, width = (side / FINE for side in fitted(audit.facts.input, FINE))
    found = [
        {
            **row._asdict(),
            "spark": charts.spark(row.histogram),
            "classes": _classes(audit, row),
            "pattern": drawn.get(row.channel),
            "twin": twins.get(row.channel),
            "strength": row.max / most if most > 0 else 0.0,
            "images": [
                {
                    "path": seen[image].row.path,
                    "link": f"../images.html#image={seen[image].row.shard}-{seen[image].row.row}",
                    "sheet": thumbnails.sheet_name(layer["id"], place[image][0]),
                    "x": place[image][1] % thumbnails.COLUMNS,
                    "y": place[image][1] // thumbnails.COLUMNS,
                    "value": value,
                    "crop": (left + width * at_x, top + height * at_y),
                }
                for image, value, at_y, at_x in zip(
                    ids[row.channel], row.top_values, row.top_y, row.top_x, strict=False
                )
            ],
        }
        for row in rows.itertuples(index=False)
    ]
    return found, [seen[image] for image in used]


def _classes(audit: Results, row: Any) -> list[dict[str, Any]]:
    """The mean activation of a channel for each class, the strongest first; empty for a dead
    channel.
    """
    means = {at: mean for at, mean in enumerate(row.class_means) if mean == mean}
    greatest = max(means.values(), default=0)
    ordered = sorted(means, key=lambda at: (-means[at], at))[:CLASSES]
    return [
        {
            "name": short(audit.class_names[at]),
            "mean": means[at],
            "share": means[at] / greatest,
            "link": f"../images.html#label={at}",
        }
        for at in ordered
        if greatest > 0
    ]


def duplicates(rows: pd.DataFrame) -> dict[int, int]:
    """Channels that duplicate an earlier one: the same images in the same order excite them, and
    their mean, deviation and maximum are proportional to within 0.1 %.
    """
    known: dict[tuple[str, ...], list[Any]] = {}
    found = {}
    for row in rows.itertuples():
        if row.dead:
            continue
        earlier = known.setdefault(tuple(row.top_images), [])
        twin = next((other for other in earlier if _proportional(row, other)), None)
        if twin is None:
            earlier.append(row)
        else:
            found[int(row.channel)] = int(twin.channel)
    return found


def _proportional(row: Any, other: Any) -> bool:
    scale = row.max / other.max
    return all(
        abs(mine - theirs * scale) <= 1e-3 * abs(row.max)
        for mine, theirs in ((row.mean, other.mean), (row.std, other.std))
    )
