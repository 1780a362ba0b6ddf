"""Find files that a dataset holds more than once."""

from collections.abc import Iterable

import pandas as pd


def duplicates(ledger: pd.DataFrame, unreadable: Iterable[str] = ()) -> pd.DataFrame:
    """Group the images whose files are equal byte for byte.

    Args:
        ledger: columns ``path``, ``label`` (or null) and ``sha256`` (null if the file can't be
            read; it is in no group).
        unreadable: paths of files that are no images. They are left out, because two copies of a
            text file are no finding. They may begin with an additional "./", as in the quarantine
            table.

    Returns:
        One row per duplicated image, by ``group`` (from 0, in order of the groups' first paths)
        and ``path``: ``group``, ``path``, ``label`` and ``across_labels`` (True if the files of the
            group have different labels, of which at most one is right).
    """
    bad = {variant for path in unreadable for variant in (path, path.removeprefix("./"))}
    usable = ledger["sha256"].notna() & ~ledger["path"].isin(bad)
    known = ledger[usable].sort_values("path", kind="stable")
    repeated = known[known["sha256"].duplicated(keep=False)]
    by_content = repeated.groupby("sha256", sort=False)
    rows = repeated[["path", "label"]].assign(
        group=by_content.ngroup(), across_labels=by_content["label"].transform("nunique") > 1
    )
    rows = rows.sort_values(["group", "path"], kind="stable", ignore_index=True)
    return rows[["group", "path", "label", "across_labels"]]
