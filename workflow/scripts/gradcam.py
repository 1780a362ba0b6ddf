"""Draw the Grad-CAM overlays of a shard, at the image's own size."""

import logging
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from convaudit.attribution import map_statistics
from convaudit.dataset import images, scan
from convaudit.drawing import encoding, overlays, sprites
from convaudit.models.facts import ModelFacts
from convaudit.system.atomic import atomic_folder
from convaudit.system.ordered_map import in_order
from convaudit.system.progress import Progress
from jobs.job import job


def draw(
    *,
    maps: str,
    predictions: str,
    rows: str,
    facts: str,
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
        facts: ``model.json``.
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
    size = ModelFacts.read(facts).size

    def one(drawing: tuple[int, np.ndarray | None]) -> np.ndarray:
        """Draw the overlay of a map; return its image at the network's size."""
        at, values = drawing
        path, sha256 = files[ids[at]]
        image = images.decode(scan.read_unchanged(top / path, sha256))
        if values is not None and ids[at] in drawn_ids:
            name = ids[at] if at < len(table) else f"{ids[at]}-{classes[at]}"
            part = images.seen(image.shape, size, interpolation)
            drawn = overlays.overlay(image, values, alpha, colormap, blend, part)
            (Path(large) / f"{name}.jpg").write_bytes(encoding.encode_jpeg(drawn))
        return images.resize(image, size, interpolation)

    stored = map_statistics.read_one_by_one(maps) if drawn_ids else iter(())
    firsts = ((at, next(stored, None)) for at in range(len(table)))
    total = sum(image_id in drawn_ids for image_id in ids)
    progress = Progress(len(table), "images")
    with atomic_folder(folder) as large, atomic_folder(sheets) as small:
        pictures = in_order(one, firsts, threads)
        for number in range(-(-len(table) // sprites.SHEET)):
            part = list(islice(pictures, sprites.SHEET))
            sheet = encoding.encode_jpeg(sprites.sprites(np.stack(part)))
            (Path(small) / f"{number}.jpg").write_bytes(sheet)
            progress.add(len(part))
        further = (each for each in enumerate(stored, len(table)) if ids[each[0]] in drawn_ids)
        for _ in in_order(one, further, threads):
            pass
    logging.info("%d overlays", total)


if __name__ == "__main__":
    with job(f"gradcam shard {snakemake.wildcards.shard}", snakemake.log[0], snakemake.input):
        draw(
            maps=snakemake.input.maps,
            predictions=snakemake.input.predictions,
            rows=snakemake.input.rows,
            facts=snakemake.input.facts,
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
