"""The training images: a folder or a table of images, or a file with their hashes."""

import hashlib
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from convaudit.dataset import scan
from convaudit.system.checksums import sha256

HASHES = ["path", "sha256", "dhash"]
"""Columns of a file of hashes."""


def is_saved(source: Path) -> bool:
    """True if the path is a file of hashes, not a table of images."""
    if source.suffix.lower() != ".parquet" or not source.is_file():
        return False
    return set(HASHES) <= set(pq.read_schema(source).names)


def digest(source: Path) -> str:
    """Digest of the training images for a job's key: of their names and sizes, or of the file of
    hashes.

    Raises:
        AuditError: there is no such folder or table, or it has no image.
    """
    if is_saved(source):
        return sha256(source)
    files = scan.scan(source).files
    rows = pd.util.hash_pandas_object(files[["path", "size"]], index=False)
    return hashlib.sha256(rows.to_numpy().tobytes()).hexdigest()
