"""Images that a dataset holds more than once."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def repeated(ledger: Path, unreadable: Iterable[str] = ()) -> pd.DataFrame:
    """The rows of a ledger's file that ``duplicates`` may group. Of the others, however many,
    memory holds 8 bytes each.

    Args:
        unreadable: paths that are no images: the same text file twice is no finding. They may
            begin with an additional "./", as in the quarantine table.
    """
    bad = {variant for path in unreadable for variant in (path, path.removeprefix("./"))}

    def parts(columns: list[str]) -> Iterator[tuple[pa.Table, np.ndarray]]:
        with pq.ParquetFile(ledger) as file:
            for number in range(file.num_row_groups):
                part = file.read_row_group(number, columns=columns)
                known = part.filter(pc.is_valid(part["sha256"]))
                yield known, np.array([hash(text) for text in known["sha256"].to_pylist()], int)

    values, end = np.empty(pq.read_metadata(ledger).num_rows, int), 0
    for _, hashed in parts(["sha256"]):
        values[end : end + len(hashed)] = hashed
        end += len(hashed)
    values = values[:end]
    values.sort()
    twice = values[1:][values[1:] == values[:-1]]
    columns = ["path", "label", "sha256"]
    found = [part.filter(np.isin(hashed, twice)) for part, hashed in parts(columns)]
    schema = pa.schema([pq.read_schema(ledger).field(name) for name in columns])
    rows = pa.concat_tables([schema.empty_table(), *found]).to_pandas()
    return rows[~rows["path"].isin(bad)]


def duplicates(ledger: pd.DataFrame) -> pd.DataFrame:
    """Group the images whose files are equal byte for byte.

    Args:
        ledger: columns ``path``, ``label`` (or null) and ``sha256`` (null where a file couldn't
            be read: it belongs to no group).

    Returns:
        One row a duplicated image, by ``group`` (from 0, in order of the groups' first paths)
        and ``path``: ``group``, ``path``, ``label``, and ``across_labels``: whether the group
        stands under more than one label, so that at most one of them is right.
    """
    known = ledger[ledger["sha256"].notna()].sort_values("path", kind="stable")
    repeated = known[known["sha256"].duplicated(keep=False)]
    by_content = repeated.groupby("sha256", sort=False)
    rows = repeated[["path", "label"]].assign(
        group=by_content.ngroup(), across_labels=by_content["label"].transform("nunique") > 1
    )
    rows = rows.sort_values(["group", "path"], kind="stable", ignore_index=True)
    return rows[["group", "path", "label", "across_labels"]]
