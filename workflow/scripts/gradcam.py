"""Draw the Grad-CAM overlay of every image of a shard, at the image's own size."""

import logging
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from convaudit.attribution import map_statistics
from convaudit.dataset import images, scan
from convaudit.drawing import encoding, overlays, sprites
from convaudit.system.array_files import blocks, taken
from convaudit.system.atomic import atomic_folder
from convaudit.system.ordered_map import in_order
from convaudit.system.progress import Progress
from jobs.job import job

_TOGETHER = 64
"""Maps in memory at a time."""


def draw(
    *,
    maps: str,
    rows: str,
    pixels: str,
    source: str,
    interpolation: str,
    alpha: float,
    colormap: str,
    blend: str,
    folder: str,
    sheets: str,
    threads: int,
) -> None:
    """An image's overlay is ``{image_id}.jpg``; of a further class ``{image_id}-{index}.jpg``."""
    top = scan.root(Path(source))
    cv2.setNumThreads(1)  # each image has a thread of its own
    table = pd.read_parquet(rows, columns=["image_id", "path", "sha256"])
    files = {image_id: (path, sha256) for image_id, path, sha256 in table.itertuples(index=False)}
    with np.load(maps, allow_pickle=False) as stored:
        ids, classes = stored["image_id"].tolist(), stored["class_index"].tolist()
    size = np.load(pixels, mmap_mode="r").shape[1:3]

    def one(drawing: tuple[int, np.ndarray]) -> None:
        at, values = drawing
        path, sha256 = files[ids[at]]
        name = ids[at] if at < len(table) else f"{ids[at]}-{classes[at]}"
        image = images.decode(scan.read_unchanged(top / path, sha256))
        part = images.seen(image.shape, size, interpolation)
        drawn = overlays.overlay(image, values, alpha, colormap, blend, part)
        (Path(temporary) / f"{name}.jpg").write_bytes(encoding.encode_jpeg(drawn))

    def sheet(number: int) -> None:
        shown = slice(number * sprites.SHEET, (number + 1) * sprites.SHEET)
        drawn = sprites.sprites(taken(pixels, shown))
        (Path(temporary) / f"{number}.jpg").write_bytes(encoding.encode_jpeg(drawn))

    drawings = enumerate(_heats(maps))
    progress = Progress(len(ids), "overlays")
    with atomic_folder(folder) as temporary:
        for _ in in_order(one, drawings, threads):
            progress.add()
    count = -(-len(table) // sprites.SHEET)
    with atomic_folder(sheets) as temporary:
        for _ in in_order(sheet, range(count), threads):
            pass
    logging.info("%d overlays", len(ids))


def _heats(maps: str) -> Iterator[np.ndarray]:
    """The maps that were asked for: one of each image, in their order, then further ones."""
    stored = (blocks(maps, name, _TOGETHER) for name in ("maps", "scale"))
    for halves, scales in zip(*stored, strict=True):
        yield from map_statistics.unpack(halves, scales)


if __name__ == "__main__":
    with job(f"gradcam shard {snakemake.wildcards.shard}", snakemake.log[0], snakemake.input):
        draw(
            maps=snakemake.input.maps,
            rows=snakemake.input.rows,
            pixels=snakemake.input.pixels,
            source=snakemake.params.images,
            interpolation=snakemake.params.interpolation,
            alpha=snakemake.params.alpha,
            colormap=snakemake.params.colormap,
            blend=snakemake.params.blend,
            folder=snakemake.output.overlays,
            sheets=snakemake.output.sprites,
            threads=snakemake.threads,
        )
