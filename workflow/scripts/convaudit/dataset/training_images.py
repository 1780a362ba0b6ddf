"""Where the training images are: a folder or a table of images, or a file of their hashes."""

import hashlib
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from convaudit.dataset import scan
from convaudit.system.checksums import sha256

HASHES = ["path", "sha256", "dhash"]
"""Columns of a file of hashes."""


def is_saved(source: Path) -> bool:
    """True if it is a file of hashes, not a table of images."""
    if source.suffix.lower() != ".parquet" or not source.is_file():
        return False
    return set(HASHES) <= set(pq.read_schema(source).names)


def digest(source: Path) -> str:
    """What stands for the training images in a key: their names and sizes, or the hashes' file.

    Raises:
        AuditError: there is no such folder or table, or it has no image.
    """
    if is_saved(source):
        return sha256(source)
    files = scan.scan(source).files
    rows = pd.util.hash_pandas_object(files[["path", "size"]], index=False)
    return hashlib.sha256(rows.to_numpy().tobytes()).hexdigest()
