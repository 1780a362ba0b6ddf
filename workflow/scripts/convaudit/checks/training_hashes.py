"""Hash training images: SHA-256 of each file and difference hash of its picture."""

import hashlib
from pathlib import Path

import pandas as pd

from convaudit.dataset import images, scan
from convaudit.dataset.training_images import HASHES, is_saved
from convaudit.properties.difference_hash import difference_hash
from convaudit.properties.pixel_properties import working_luminance
from convaudit.system.ordered_map import in_order
from convaudit.system.progress import Progress


def training_hashes(source: Path, threads: int) -> pd.DataFrame:
    """Hash training images.

    Args:
        source: a folder or a table of images, as for audited images; or saved hashes: a .parquet
            with the columns "path", "sha256" and "dhash".

    Returns:
        The columns ``HASHES``, one row per image file; ``dhash`` is "" for a picture that is too
        plain.

    Raises:
        AuditError: the folder or table does not exist or has no image.
    """
    if is_saved(source):
        return pd.read_parquet(source, columns=HASHES)
    files = scan.scan(source).files
    readable = files.loc[files["fault"].isna(), "path"].tolist()
    top, progress = scan.root(source), Progress(len(readable), "training images")

    def hashed(path: str) -> tuple[str, str, str] | None:
        found = _hashes(top / path)
        return found and (path, *found)

    rows = []
    for row in in_order(hashed, readable, threads):
        progress.add()
        if row:
            rows.append(row)
    return pd.DataFrame(rows, columns=HASHES, dtype="str")


def _hashes(path: Path) -> tuple[str, str] | None:
    """SHA-256 and difference hash of an image file; None if it can't be read as an image."""
    try:
        data = path.read_bytes()
        image = images.decode(data)
    except (OSError, images.Unreadable):
        return None
    looks = difference_hash(working_luminance(image))
    return hashlib.sha256(data).hexdigest(), looks
