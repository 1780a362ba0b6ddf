"""Draw the Grad-CAM overlays of a shard, at the image's own size."""

import logging
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from convaudit.attribution import map_statistics
from convaudit.dataset import images, scan
from convaudit.drawing import encoding, overlays, sprites
from convaudit.system.array_files import taken
from convaudit.system.atomic import atomic_folder
from convaudit.system.ordered_map import in_order
from convaudit.system.progress import Progress
from jobs.job import job


def draw(
    *,
    maps: str,
    predictions: str,
    rows: str,
    pixels: str,
    source: Path,
    shown: str,
    interpolation: str,
    alpha: float,
    colormap: str,
    blend: str,
    folder: str,
    sheets: str,
    threads: int,
) -> None:
    """Draw the overlays and the sprite sheets of a shard.

    Args:
        maps: .npz with the saliency maps, as ``predict`` wrote it.
        predictions: .parquet with the column ``correct``, as ``predict`` wrote it.
        rows: .parquet, one row per image: image_id, path, sha256.
        pixels: .npy with the images (n, H, W, 3) at the network's size, uint8 RGB.
        source: the folder that the images' paths start from, or the table that lists them.
        shown: setting ``overlays``: the images that get an overlay.
        interpolation: setting ``preprocess.interpolation``: which part of a photo the network sees.
        alpha, colormap, blend: settings of ``gradcam``.
        folder: folder that is written: ``{image_id}.jpg``, and ``{image_id}-{index}.jpg`` for the
            map of a further class.
        sheets: folder that is written: ``0.jpg``, ``1.jpg`` … with small pictures of the images.
        threads: how many images are drawn at the same time.
    """
    top = scan.root(source)
    cv2.setNumThreads(1)  # each image has a thread of its own
    table = pd.read_parquet(rows, columns=["image_id", "path", "sha256"])
    files = {image_id: (path, sha256) for image_id, path, sha256 in table.itertuples(index=False)}
    with np.load(maps, allow_pickle=False) as arrays:
        ids, classes = arrays["image_id"].tolist(), arrays["class_index"].tolist()
    predicted = pd.read_parquet(predictions, columns=["image_id", "correct"])
    drawn_ids = set(predicted["image_id"][overlays.drawn(shown, predicted["correct"])])
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

    stored = enumerate(map_statistics.read_one_by_one(maps) if drawn_ids else ())
    drawings = (drawing for drawing in stored if ids[drawing[0]] in drawn_ids)
    total = sum(image_id in drawn_ids for image_id in ids)
    progress = Progress(total, "overlays")
    with atomic_folder(folder) as temporary:
        for _ in in_order(one, drawings, threads):
            progress.add()
    count = -(-len(table) // sprites.SHEET)
    with atomic_folder(sheets) as temporary:
        for _ in in_order(sheet, range(count), threads):
            pass
    logging.info("%d overlays", total)


if __name__ == "__main__":
    with job(f"gradcam shard {snakemake.wildcards.shard}", snakemake.log[0], snakemake.input):
        draw(
            maps=snakemake.input.maps,
            predictions=snakemake.input.predictions,
            rows=snakemake.input.rows,
            pixels=snakemake.input.pixels,
            source=snakemake.params.images,
            shown=snakemake.params.overlays,
            interpolation=snakemake.params.interpolation,
            alpha=snakemake.params.alpha,
            colormap=snakemake.params.colormap,
            blend=snakemake.params.blend,
            folder=snakemake.output.overlays,
            sheets=snakemake.output.sprites,
            threads=snakemake.threads,
        )
