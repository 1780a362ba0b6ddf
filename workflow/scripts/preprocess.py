"""Decode a shard's images, resize them to the model's input, and list those that can't be read."""

import csv
import logging
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from convaudit.dataset import images, scan
from convaudit.dataset import ledger as ledgers
from convaudit.dataset.table_files import meta_columns
from convaudit.models.facts import ModelFacts
from convaudit.properties import measuring
from convaudit.system.array_files import growing
from convaudit.system.atomic import atomic
from convaudit.system.ordered_map import in_order
from convaudit.system.progress import Progress
from jobs.job import job

COLUMNS = ["image_id", "path", "label", "sha256", "height", "width", "bits"]


class Outcome(NamedTuple):
    """An image at the model's size with the file's height, width, bits per value and properties; or
    the reason why it can't be read.
    """

    pixels: np.ndarray | None = None
    height: int = 0
    width: int = 0
    bits: int = 0
    properties: dict[str, float | str] | None = None
    reason: str | None = None


def preprocess(
    *,
    ledger: Path,
    facts: str,
    shard: str,
    digest: str,
    source: Path,
    interpolation: str,
    pixels: str,
    rows: str,
    quarantine: str,
    threads: int,
) -> None:
    """Decode, measure and resize the images of a shard.

    Args:
        ledger: ``ledger.parquet``.
        facts: ``model.json``, which has the size of the network's input.
        shard: number of the shard, such as "0000".
        digest: the planned digest of the shard's files (``ledger.digests``).
        source: the folder that the images' paths start from, or the table that lists them.
        interpolation: setting ``preprocess.interpolation``.
        pixels: .npy that is written: the readable images (n, H, W, 3), uint8 RGB.
        rows: .parquet that is written, one row per readable image: ``COLUMNS``, the further columns
            of the user's table and the image's properties.
        quarantine: .csv that is written: path and reason of each file that can't be read.
        threads: number of images that are decoded at the same time.

    Raises:
        AuditError: the ledger was edited, or an image changed since it was hashed.
    """
    height, width = ModelFacts.read(facts).size
    entries = ledgers.read_shard(ledger, shard, digest)
    top = scan.root(source)
    cv2.setNumThreads(1)  # each image has a thread of its own

    def one(entry: Any) -> Outcome:
        return _prepare(top / entry.path, entry, (height, width), interpolation)

    listed = entries[["path", "sha256", "fault"]].itertuples(index=False)
    outcomes = in_order(one, listed, threads)
    progress = Progress(len(entries), "images")
    sizes, reasons, measured = [], [], []
    with atomic(pixels) as temporary, growing(temporary, (height, width, 3), np.uint8) as append:
        for outcome in outcomes:
            if outcome.pixels is not None and outcome.properties is not None:
                append(outcome.pixels[None])
                measured.append(outcome.properties)
            sizes.append((outcome.height, outcome.width, outcome.bits))
            reasons.append(outcome.reason)
            progress.add()
    good = np.array([reason is None for reason in reasons], bool)
    kept = entries[good].copy()
    kept[["height", "width", "bits"]] = np.array(sizes, np.int64).reshape(-1, 3)[good]
    bad = entries[~good][["path"]].assign(reason=[reason for reason in reasons if reason])
    with atomic(rows) as temporary:
        described = kept[COLUMNS + meta_columns(kept)].reset_index(drop=True)
        described.join(measuring.table(measured)).to_parquet(temporary, index=False)
    with atomic(quarantine) as temporary:
        bad.to_csv(
            temporary, index=False, quoting=csv.QUOTE_ALL
        )  # A file name may contain a bare \r.
    logging.info("%d images, %d quarantined", len(kept), len(bad))


def _prepare(path: Path, entry: Any, size: tuple[int, int], interpolation: str) -> Outcome:
    if isinstance(entry.fault, str):
        return Outcome(reason=entry.fault)
    data = scan.read_unchanged(path, entry.sha256)
    try:
        image, bits = images.read(data)
    except images.Unreadable as error:
        return Outcome(reason=str(error))
    resized = images.resize(image, size, interpolation)
    height, width, _ = image.shape
    return Outcome(resized, height, width, bits, measuring.measure(data, image))


if __name__ == "__main__":
    with job(f"preprocess shard {snakemake.wildcards.shard}", snakemake.log[0], snakemake.input):
        preprocess(
            ledger=snakemake.params.ledger,
            facts=snakemake.input.facts,
            shard=snakemake.wildcards.shard,
            digest=snakemake.params.digest,
            source=snakemake.params.images,
            interpolation=snakemake.params.interpolation,
            pixels=snakemake.output.pixels,
            rows=snakemake.output.rows,
            quarantine=snakemake.output.quarantine,
            threads=snakemake.threads,
        )
