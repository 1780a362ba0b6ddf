"""Draw the Grad-CAM overlay of every image of a shard, at the image's own size."""

import logging
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from convaudit import dataset, heat, images, overlays
from convaudit.atomic import atomic_folder
from convaudit.pool import in_order
from convaudit.progress import Progress
from convaudit.stacks import blocks, taken
from job import job

_TOGETHER = 64
"""Maps in memory at a time."""


def draw(
    *,
    maps: str,
    rows: str,
    pixels: str,
    source: str,
    alpha: float,
    colormap: str,
    folder: str,
    sprites: str,
    threads: int,
) -> None:
    top = dataset.root(Path(source))
    cv2.setNumThreads(1)  # each image has a thread of its own
    table = pd.read_parquet(rows)

    def one(drawing: tuple[str, str, str, np.ndarray]) -> None:
        path, sha256, image_id, values = drawing
        image = images.decode(dataset.read_unchanged(top / path, sha256))
        drawn = overlays.overlay(image, values, alpha, colormap)
        (Path(temporary) / f"{image_id}.jpg").write_bytes(overlays.encode_jpeg(drawn))

    drawings = zip(table["path"], table["sha256"], table["image_id"], _heats(maps), strict=False)
    progress = Progress(len(table), "overlays")
    with atomic_folder(folder) as temporary:
        for _ in in_order(one, drawings, threads):
            progress.add()
    with atomic_folder(sprites) as temporary:
        for number, start in enumerate(range(0, len(table), overlays.SHEET)):
            sheet = overlays.sprites(taken(pixels, slice(start, start + overlays.SHEET)))
            (temporary / f"{number}.jpg").write_bytes(overlays.encode_jpeg(sheet))
    logging.info("%d overlays", len(table))


def _heats(maps: str) -> Iterator[np.ndarray]:
    """The map of each image, in their order; maps of further classes come behind."""
    stored = (blocks(maps, name, _TOGETHER) for name in ("maps", "scale"))
    for halves, scales in zip(*stored, strict=True):
        yield from heat.unpack(halves, scales)


if __name__ == "__main__":
    with job(f"gradcam shard {snakemake.wildcards.shard}", snakemake.log[0], snakemake.input):
        draw(
            maps=snakemake.input.maps,
            rows=snakemake.input.rows,
            pixels=snakemake.input.pixels,
            source=snakemake.params.images,
            alpha=snakemake.params.alpha,
            colormap=snakemake.params.colormap,
            folder=snakemake.output.overlays,
            sprites=snakemake.output.sprites,
            threads=snakemake.threads,
        )
