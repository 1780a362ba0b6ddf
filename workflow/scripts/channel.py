"""Draw one channel of one layer for one image, as a picture of its own."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from convaudit.atomic import atomic
from convaudit.errors import AuditError
from convaudit.grids import activation_tile
from convaudit.overlays import encode_png
from convaudit.scaling import SCALINGS
from job import job
from tensorflow_job import open_network

SIDE = 512
"""Least side of the picture, in pixels; each position of the map becomes a square."""


def draw(
    *,
    model: dict[str, Any],
    facts: str,
    predictions: str,
    pixels: list[str],
    scaling: str,
    image_id: str,
    layer_id: str,
    channel: int,
    picture: str,
) -> None:
    """
    Raises:
        AuditError: there is no such image, layer or channel.
    """
    known = json.loads(Path(facts).read_text())
    layer = next((entry for entry in known["layers"] if entry["id"] == layer_id), None)
    if layer is None or len(layer["shape"]) != 3:
        raise AuditError(f"the model has no layer {layer_id!r} with channels")
    if channel >= layer["shape"][-1]:
        raise AuditError(f"{layer_id} has the channels 0 to {layer['shape'][-1] - 1}")
    rows = pd.read_parquet(predictions, columns=["image_id", "shard", "row"])
    chosen = rows[rows["image_id"] == image_id]
    if chosen.empty:
        raise AuditError(f"there is no image {image_id!r}: predictions.parquet has the image_ids")
    shard, row = chosen[["shard", "row"]].iloc[0]
    image = np.load({Path(path).stem: path for path in pixels}[shard], mmap_mode="r")[row]

    _, network = open_network(model)
    scale = SCALINGS[known["scaling"] if scaling == "auto" else scaling]
    maps = network.activations(scale.apply(image[None].astype(np.float32)), [layer["name"]])
    tile = activation_tile(maps[layer["name"]][0, :, :, channel])
    factor = max(1, -(-SIDE // min(tile.shape[:2])))
    large = cv2.resize(tile, None, fx=factor, fy=factor, interpolation=cv2.INTER_NEAREST)
    with atomic(picture) as temporary:
        temporary.write_bytes(encode_png(large))


if __name__ == "__main__":
    with job("channel", snakemake.log[0], snakemake.input):
        draw(
            model=snakemake.params.model,
            facts=snakemake.input.facts,
            predictions=snakemake.input.predictions,
            pixels=snakemake.input.pixels,
            scaling=snakemake.params.scaling,
            image_id=snakemake.wildcards.image_id,
            layer_id=snakemake.wildcards.layer,
            channel=int(snakemake.wildcards.channel),
            picture=snakemake.output[0],
        )
