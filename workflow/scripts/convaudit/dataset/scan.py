"""Which files a dataset has: a folder is walked, a table is read. No image is opened."""

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from convaudit.dataset import table_files
from convaudit.dataset.exclusion import excluded
from convaudit.dataset.image_ids import clashes
from convaudit.dataset.table_files import Columns
from convaudit.errors import AuditError

COLUMNS = ("path", "label", "size", "mtime_ns", "fault")
"""Of a listing, beside ``meta_…``; a label or a fault that there is not is a missing value."""
_IGNORED = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir"})
"""What Windows, macOS and a NAS leave beside images, in lower case."""
_OTHERS = frozenset(
    (
        ".txt .xml .json .jsonl .csv .tsv .md .rst .yaml .yml .names .data .cfg .cache .log .pdf "
        ".doc .docx .xls .xlsx .ods .odt .htm .html .css .js .py .pyc .ipynb .m .r .sh .bat .npy "
        ".npz .mat .h5 .hdf5 .keras .pb .tflite .onnx .pt .pth .pkl .pickle .parquet .feather "
        ".tfrecord .tfrecords .db .sqlite .ini .url .lnk .zip .tar .gz .tgz .bz2 .xz .7z .rar "
        ".sha256 .md5 .mp4 .avi .mov .mkv .webm .mp3 .wav .tex .bib .ds_store"
    ).split()
)
"""Endings of files that nobody takes for an image."""
_LARGEST = 10**9
"""Bytes. More than the largest image that is decoded has, even where nothing is compressed."""


@dataclass(frozen=True)
class Listing:
    """A dataset's files."""

    files: pd.DataFrame
    """One row a file, sorted by path: ``path`` (relative to the root, with "/"), ``label`` (if
    any), ``size`` in bytes, ``mtime_ns``, ``fault``: why it can't be read, if it can't, and
    ``meta_…``: further columns of the user's table, text or float64.
    """
    others: dict[str, int] = field(default_factory=dict)
    """How many files are beside them that are no images, by their ending: annotations, notes."""
    notes: tuple[str, ...] = ()
    """What was assumed, a sentence each."""


def scan(source: Path, exclude: Sequence[str] = (), columns: Columns | None = None) -> Listing:
    """List a dataset.

    Args:
        source: a folder (one sub-folder a class, or flat) or a .csv/.tsv/.parquet table with a
            column of paths and, if labelled, one of labels.
        exclude: patterns of what is left out (``exclusion``).
        columns: which of a table's columns these are.

    Raises:
        AuditError: there is no such folder or table, it has no image, or one path twice.
    """
    others: Counter[str] = Counter()
    notes: tuple[str, ...] = ()
    meta: list[str] = []
    if source.is_dir():
        rows = list(_walk(source, others))
    elif source.suffix.lower() in table_files.SUFFIXES:
        table = table_files.read(source, columns or Columns())
        notes, meta = table.notes, list(table.rows.columns[2:])
        rows = list(_listed(source, table.rows))
    elif source.exists():
        raise AuditError(
            f"images: {source} is neither a folder nor a .csv/.parquet table: write a .csv whose "
            "first line is path,label"
        )
    else:
        raise AuditError(f"images: there is no folder or table {source}")
    if not rows:
        kinds = ", ".join(f"{count:,} {ending}" for ending, count in others.most_common(5))
        raise AuditError(
            f"images: {source} has no "
            + (f"image, only other files ({kinds})" if others else "file")
            + ": put images in it, or name another folder"
        )
    files = listing(rows, meta)
    if exclude:
        out, said = excluded(files["path"], exclude)
        if out.all():
            raise AuditError(f"config: exclude: nothing is left of {source}: every file matches")
        files = files[~out].reset_index(drop=True)
        notes += tuple(said)
    return Listing(files, dict(sorted(others.items())), notes)


def listing(rows: list[tuple], meta: Sequence[str] = ()) -> pd.DataFrame:
    """Rows of (path, label, size, mtime_ns, fault, …) as ``Listing.files``, sorted by path.

    Args:
        meta: names of the further columns.
    """
    table = pd.DataFrame(rows, columns=[*COLUMNS, *meta])
    table = table.astype({"path": "str", "label": "str", "fault": "str"})
    for name in meta:
        if not pd.api.types.is_float_dtype(table[name]):
            table[name] = table[name].astype("str")
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
            f"{path}: {table_files.why(error)}, though the audit has begun: run it again"
        ) from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise AuditError(f"{path} changed while the audit ran: run it again")
    return data


def _walk(top: Path, others: Counter[str]) -> Iterator[tuple]:
    """Files below ``top``, hidden ones and link loops left out; those that are no images are only
    counted. Iterative: depth has no limit.
    """
    pending = [("", str(top), frozenset({_identity(os.stat(top))}))]
    while pending:
        prefix, folder, ancestors = pending.pop()
        try:
            with os.scandir(folder) as found:
                children = [e for e in found if not _ignored(e.name)]
        except OSError as error:
            if not prefix:
                raise AuditError(
                    f"images: {top} can't be listed: {table_files.why(error)}"
                ) from None
            yield _row(prefix, None, f"the folder can't be listed: {table_files.why(error)}")
            continue
        for entry in children:
            relative = prefix + entry.name
            try:
                status = entry.stat()
            except OSError as error:
                yield _row(relative, None, table_files.why(error))
                continue
            if not stat.S_ISDIR(status.st_mode):
                ending = f".{entry.name.rpartition('.')[2].lower()}"
                if ending in _OTHERS:
                    others[ending] += 1
                else:
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


def _listed(source: Path, table: pd.DataFrame) -> Iterator[tuple]:
    """The rows of a table, with what the files are like."""
    for path, label, *meta in table.itertuples(index=False, name=None):
        try:
            status = os.stat(source.parent / path)
        except (OSError, ValueError) as error:
            yield path, label, 0, 0, table_files.why(error), *meta
        else:
            _, _, size, mtime, fault = _row(path, status)
            yield path, label, size, mtime, fault, *meta


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
