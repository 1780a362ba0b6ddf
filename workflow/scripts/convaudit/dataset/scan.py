"""Which files a dataset has: a folder is walked, a table is read. No image is opened."""

import hashlib
import os
import stat
import warnings
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from convaudit.dataset.image_ids import clashes
from convaudit.errors import AuditError

COLUMNS = ("path", "label", "size", "mtime_ns", "fault")
"""Of a listing; a label or a fault that there is not is a missing value."""
_IGNORED = frozenset({"thumbs.db", "desktop.ini"})
_LARGEST = 10**9
"""Bytes. More than the largest image that is decoded has, even where nothing is compressed."""


def scan(source: Path) -> pd.DataFrame:
    """List a dataset.

    Args:
        source: a folder (one sub-folder a class, or flat) or a .csv/.parquet table with the
            columns ``path`` and, if labelled, ``label``.

    Returns:
        One row a file, sorted by path: ``path`` (relative to the root, with "/"), ``label`` (if
        any), ``size`` in bytes, ``mtime_ns``, and ``fault``: why it can't be read, if it can't.

    Raises:
        AuditError: there is no such folder or table, or it has no file.
    """
    if source.is_dir():
        rows = list(_walk(source))
    elif source.suffix.lower() in {".csv", ".parquet"}:
        rows = list(_table(source))
    elif source.exists():
        raise AuditError(f"images: {source} is neither a folder nor a .csv/.parquet table")
    else:
        raise AuditError(f"images: there is no folder or table {source}")
    if not rows:
        raise AuditError(f"images: {source} has no file: put images in it, or name another folder")
    return listing(rows)


def listing(rows: list[tuple]) -> pd.DataFrame:
    """Rows of (path, label, size, mtime_ns, fault) as ``scan`` returns them, sorted by path."""
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table = table.astype({"path": "str", "label": "str", "fault": "str"})
    table = table.sort_values("path", kind="stable", ignore_index=True)
    paths = table["path"].tolist()
    for row, earlier in clashes(paths).items():
        fault = f"its name gets the same id as {paths[earlier]}: rename one of them"
        table.loc[row, ["size", "mtime_ns", "fault"]] = [0, 0, fault]
    return table


def root(source: Path) -> Path:
    """The folder that relative paths start from: the folder itself, or the table's folder."""
    return source if source.is_dir() else source.parent


def folders(source: Path) -> set[str]:
    """The names of a dataset's class folders, empty ones too; none of a table."""
    if not source.is_dir():
        return set()
    top = source.resolve()
    with os.scandir(source) as found:
        return {
            entry.name
            for entry in found
            if entry.is_dir()
            and not _ignored(entry.name)
            and not top.is_relative_to(Path(entry.path).resolve())
        }


def read_unchanged(path: Path, sha256: str) -> bytes:
    """The content of an image whose hash is known.

    Raises:
        AuditError: it is gone or has another content, so it is not the image that was indexed.
    """
    try:
        # Of a pipe put in its place the reading would never end.
        data = path.read_bytes() if stat.S_ISREG(path.stat().st_mode) else b""
    except OSError as error:
        raise AuditError(
            f"{path}: {_why(error)}, though the audit has begun: run it again"
        ) from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise AuditError(f"{path} changed while the audit ran: run it again")
    return data


def _walk(top: Path) -> Iterator[tuple]:
    """Files below ``top``, hidden ones and link loops left out. Iterative: depth has no limit."""
    pending = [("", str(top), frozenset({_identity(os.stat(top))}))]
    while pending:
        prefix, folder, ancestors = pending.pop()
        try:
            with os.scandir(folder) as found:
                children = [e for e in found if not _ignored(e.name)]
        except OSError as error:
            if not prefix:
                raise AuditError(f"images: {top} can't be listed: {_why(error)}") from None
            yield _row(prefix, None, f"the folder can't be listed: {_why(error)}")
            continue
        for entry in children:
            relative = prefix + entry.name
            try:
                status = entry.stat()
            except OSError as error:
                yield _row(relative, None, _why(error))
                continue
            if not stat.S_ISDIR(status.st_mode):
                yield _row(relative, status)
            elif (identity := _identity(status)) in ancestors:
                yield _row(relative, None, "a link to a folder that contains it")
            else:
                pending.append((f"{relative}/", entry.path, ancestors | {identity}))


def _row(relative: str, status: os.stat_result | None, fault: str | None = None) -> tuple:
    head, inside, _ = relative.partition("/")
    label = head if inside else None
    relative = relative.rstrip("/")
    fault = fault if status is None else _fault(status)
    if not _storable(relative):
        relative, label = _printable(relative), None
        fault = "its name is not valid UTF-8: rename it"
    if fault or status is None:
        return relative, label, 0, 0, fault
    return relative, label, status.st_size, status.st_mtime_ns, None


def _fault(status: os.stat_result) -> str | None:
    """Why a file is not even opened. One like /proc/kmsg says that it is empty and never ends."""
    if not stat.S_ISREG(status.st_mode):
        return "not a regular file"
    if status.st_size == 0:
        return "the file is empty (0 bytes)"
    if status.st_size > _LARGEST:
        return f"too large: a file of {status.st_size / 1e9:,.1f} GB"
    return None


def _table(source: Path) -> Iterator[tuple]:
    table = _read_table(source)
    if "path" not in table.columns:
        raise AuditError(
            f"images: {source} has no column 'path' (it has: {', '.join(map(str, table.columns))})"
        )
    paths = table["path"]
    if (pathless := paths.isna()).any():
        raise AuditError(f"images: {source}: row {pathless.argmax() + 1} has no path")
    repeated = paths[paths.duplicated()]
    if len(repeated):
        raise AuditError(f"images: {source} names {repeated.iloc[0]!r} twice: keep one row of it")
    labels = table["label"] if "label" in table.columns else pd.Series(None, table.index, "str")
    for path, label in zip(paths, labels.replace("", None), strict=True):
        text = None if pd.isna(label) else label
        try:
            status = os.stat(source.parent / path)
        except (OSError, ValueError) as error:
            yield path, text, 0, 0, _why(error)
        else:
            _, _, size, mtime, fault = _row(path, status)
            yield path, text, size, mtime, fault


def _read_table(source: Path) -> pd.DataFrame:
    """A table with "path" and "label", if it has them, as texts or missing values."""
    try:
        if source.suffix.lower() == ".parquet":
            table = pd.read_parquet(source)
        else:
            with warnings.catch_warnings():  # of rows that are longer than the header
                warnings.simplefilter("error", pd.errors.ParserWarning)
                table = pd.read_csv(source, dtype=str, keep_default_na=False, index_col=False)
        table.columns = table.columns.map(str).str.strip()
        for name in table.columns.intersection(["path", "label"]):
            table[name] = table[name].astype("str")
        if "label" in table.columns:
            table["label"] = table["label"].str.strip()
    except OSError as error:
        raise AuditError(f"images: {source}: {_why(error)}") from None
    except (ValueError, UnicodeError, pd.errors.ParserWarning) as error:
        raise AuditError(f"images: {source} is no readable table: {_first_line(error)}") from None
    return table


def _why(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return _first_line(error)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _ignored(name: str) -> bool:
    return name.startswith(".") or name.lower() in _IGNORED


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(relative: str) -> str:
    """With "./", as no other path begins: a file may be called like this one's escapes."""
    return "./" + os.fsencode(relative).decode("utf-8", "backslashreplace")
