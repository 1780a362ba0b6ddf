"""Draw one channel of one layer for one image."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from convaudit.dataset import scan
from convaudit.dataset.prepared import prepared
from convaudit.drawing.encoding import encode_png
from convaudit.drawing.grids import activation_tile
from convaudit.errors import AuditError
from convaudit.models.facts import ModelChoices, ModelFacts, ModelSource
from convaudit.models.scaling import scaling_of
from convaudit.system.atomic import atomic
from jobs.job import job
from jobs.tensorflow_job import open_network

SIDE = 512
"""Least side of the picture in pixels. Each position of the map becomes a square."""


def draw(
    *,
    model: ModelSource,
    facts: str,
    choices: ModelChoices,
    rows: str,
    source: Path,
    interpolation: str,
    image_id: str,
    layer_id: str,
    channel: int,
    picture: str,
) -> None:
    """Write the activation map of one channel as a picture.

    Args:
        model: the model that the config names.
        facts: path of ``model.json``.
        choices: what the config sets about the model.
        rows: .parquet of the shard that holds the image, as ``preprocess`` wrote it.
        source: the folder that the images' paths start from, or the table that lists them.
        interpolation: setting ``preprocess.interpolation``.
        image_id, layer_id, channel: the channel to draw.
        picture: the PNG that is written.

    Raises:
        AuditError: there is no such image, layer or channel.
    """
    known = ModelFacts.read(facts, choices)
    layer = next((layer for layer in known.layers if layer.id == layer_id), None)
    if layer is None or len(layer.shape) != 3:
        raise AuditError(f"the model has no layer {layer_id!r} with channels")
    if channel >= layer.channels:
        raise AuditError(f"{layer_id} has the channels 0 to {layer.channels - 1}")
    listed = pd.read_parquet(rows, columns=["image_id", "path", "sha256"]).set_index("image_id")
    if image_id not in listed.index:
        raise AuditError(f"there is no image {image_id!r}: predictions.parquet has the image_ids")
    image = prepared(scan.root(source), [listed.loc[image_id]], known.size, interpolation)

    _, network = open_network(model)
    inputs = scaling_of(known).apply(image.astype(np.float32))
    maps = network.activations(inputs, [layer.name])
    tile = activation_tile(maps[layer.name][0, :, :, channel])
    factor = max(1, -(-SIDE // min(tile.shape[:2])))
    large = cv2.resize(tile, None, fx=factor, fy=factor, interpolation=cv2.INTER_NEAREST)
    with atomic(picture) as temporary:
        temporary.write_bytes(encode_png(large))


if __name__ == "__main__":
    with job("channel", snakemake.log[0], snakemake.input):
        draw(
            model=snakemake.params.model,
            facts=snakemake.input.facts,
            choices=snakemake.params.choices,
            rows=snakemake.input.rows,
            source=snakemake.params.images,
            interpolation=snakemake.params.interpolation,
            image_id=snakemake.wildcards.image_id,
            layer_id=snakemake.wildcards.layer,
            channel=int(snakemake.wildcards.channel),
            picture=snakemake.output[0],
        )
