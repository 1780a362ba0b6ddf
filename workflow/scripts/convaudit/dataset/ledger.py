"""The ledger: the lasting assignment of images to shards.

An image keeps its shard as long as it exists; new images fill the last shard that has room. So a
hundred new images among a million change one or two shards. A shard's digest is a hash over its
images' *stamps*. A stamp is made from size and modification time when a content is first seen, and
it changes only if the content changes, not if the file is copied or touched.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from convaudit.dataset.image_ids import image_id
from convaudit.dataset.table_files import meta_columns
from convaudit.errors import AuditError


def assign(
    entries: pd.DataFrame,
    previous: pd.DataFrame | None,
    capacity: int,
    sha256: Callable[[str], str | None],
) -> pd.DataFrame:
    """Give every image a shard and a stamp.

    Args:
        entries: files from ``dataset.scan``, sorted by path.
        previous: the last assignment (path, size, mtime_ns, stamp, shard, sha256 or None), or
            None the first time.
        capacity: greatest number of images that a shard is filled to.
        sha256: hashes the file at a path (None if it can't be read). Called only for files whose
            size or time changed and whose earlier hash is known.

    Returns:
        ``entries`` with the columns ``shard`` (int) and ``stamp`` (text).
    """
    fresh = entries["size"].astype(str) + "-" + entries["mtime_ns"].astype(str)
    fresh = fresh.where(entries["fault"].isna(), entries["fault"])
    if previous is None:
        shards = np.arange(len(entries)) // capacity
        return entries.assign(shard=shards.astype(np.int64), stamp=fresh)

    known = entries[["path"]].merge(previous, on="path", how="left", validate="one_to_one")
    same = (known["size"] == entries["size"]) & (known["mtime_ns"] == entries["mtime_ns"])
    stamps = known["stamp"].where(same & entries["fault"].isna(), fresh)
    touched = known["sha256"].notna() & ~same & (known["size"] == entries["size"])
    for row in np.flatnonzero(touched):
        if sha256(entries["path"].iat[row]) == known["sha256"].iat[row]:
            stamps.iat[row] = known["stamp"].iat[row]
    shards = known["shard"].to_numpy(dtype=float, na_value=np.nan, copy=True)
    _keep_renamed(shards, entries, previous)
    return entries.assign(shard=_fill(shards, capacity), stamp=stamps)


def digests(assigned: pd.DataFrame) -> dict[str, tuple[int, str]]:
    """Number of images and digest of each shard."""
    result = {}
    meta = [_texts(assigned[name]) for name in meta_columns(assigned)]
    parts = [assigned["label"].fillna("\0"), assigned["stamp"], *meta]
    lines = assigned["path"].str.cat(parts, sep="\n").to_numpy()
    shards = assigned["shard"].to_numpy()
    order = np.argsort(shards, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(shards[order])) + 1):
        digest = hashlib.sha256("\n\n".join(lines[rows]).encode())
        result[f"{shards[rows[0]]:04d}"] = (len(rows), digest.hexdigest())
    return result


def _texts(values: pd.Series) -> pd.Series:
    """Convert to text; much faster than pandas, which takes seconds for a million numbers."""
    texts = pa.Array.from_pandas(values).cast(pa.string()).to_pandas()
    return pd.Series(texts.to_numpy(), values.index, dtype="str").fillna("\0")


def read_shard(ledger: Path, shard: str, digest: str) -> pd.DataFrame:
    """Read the rows of a shard.

    Args:
        digest: the shard's digest from ``digests``.

    Raises:
        AuditError: the rows differ from the planned ones: the ledger was edited.
    """
    rows = pd.read_parquet(ledger, filters=[("shard", "=", int(shard))])
    named = [image_id(path) for path in rows["path"]] == rows["image_id"].tolist()
    if not named or digests(rows).get(shard, (0, ""))[1] != digest:
        raise AuditError(
            f"{ledger} is not as the index stage wrote it (shard {shard}): delete it and run again"
        )
    return rows


def _keep_renamed(shards: np.ndarray, entries: pd.DataFrame, previous: pd.DataFrame) -> None:
    """Keep the shard of renamed files: a new path with the size and time of a vanished one."""
    gone = previous.merge(entries[["path"]], on="path", how="left_anti")
    homes = dict(zip(zip(gone["size"], gone["mtime_ns"], strict=True), gone["shard"], strict=True))
    for row in np.flatnonzero(np.isnan(shards)) if homes else ():
        key = (entries["size"].iat[row], entries["mtime_ns"].iat[row])
        shards[row] = homes.pop(key, np.nan)


def _fill(shards: np.ndarray, capacity: int) -> np.ndarray:
    """Assign images without a shard (NaN), in order, to the last shard while it has room, then to
    new ones.
    """
    homeless = np.flatnonzero(np.isnan(shards))
    settled = shards[~np.isnan(shards)]
    last = int(settled.max()) if len(settled) else 0
    room = max(0, capacity - int((settled == last).sum()))
    offsets = np.arange(len(homeless)) - room
    shards[homeless] = np.where(offsets < 0, last, last + 1 + offsets // capacity)
    return shards.astype(np.int64)


def content_sha256(ledger: Path) -> str:
    """Hash the whole dataset: path, label and SHA-256 of every file, in the order of paths.

    It does not depend on the dataset's place and on the shards.
    """
    table = pd.read_parquet(ledger, columns=["path", "label", "sha256"]).sort_values("path")
    columns = (table[name].astype(object).fillna("").to_list() for name in table.columns)
    digest = hashlib.sha256()
    for fields in zip(*columns, strict=True):
        digest.update(("\0".join(fields) + "\n").encode(errors="surrogateescape"))
    return digest.hexdigest()
