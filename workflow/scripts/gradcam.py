"""Draw the Grad-CAM overlay of every image of a shard, at the image's own size."""

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from convaudit import dataset, heat, images, overlays
from convaudit.atomic import atomic_folder
from job import job


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
    with np.load(maps, allow_pickle=False) as stored:
        first = pd.Series(range(len(stored["image_id"])), stored["image_id"])
        first = first[~first.index.duplicated()]
        heats = heat.unpack(stored["maps"], stored["scale"])[first[table["image_id"]].to_numpy()]

    def one(path: str, sha256: str, image_id: str, values: np.ndarray) -> None:
        image = images.decode(dataset.read_unchanged(top / path, sha256))
        drawn = overlays.overlay(image, values, alpha, colormap)
        (Path(temporary) / f"{image_id}.jpg").write_bytes(overlays.encode_jpeg(drawn))

    with atomic_folder(folder) as temporary, ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, table["path"], table["sha256"], table["image_id"], heats))
    stack = np.load(pixels, mmap_mode="r")
    with atomic_folder(sprites) as temporary:
        for number, start in enumerate(range(0, len(stack), overlays.SHEET)):
            sheet = overlays.sprites(stack[start : start + overlays.SHEET])
            (temporary / f"{number}.jpg").write_bytes(overlays.encode_jpeg(sheet))
    logging.info("%d overlays", len(table))


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
