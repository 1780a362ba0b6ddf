"""List the files of a dataset: walk a folder or read a table. No image is opened."""

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
"""Columns of a listing besides ``meta_…``; no label and no fault are missing values."""
_IGNORED = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir"})
"""Files that Windows, macOS and network drives leave beside images, in lower case."""
_OTHERS = frozenset(
    (
        ".txt .xml .json .jsonl .csv .tsv .md .rst .yaml .yml .names .data .cfg .cache .log .pdf "
        ".doc .docx .xls .xlsx .ods .odt .htm .html .css .js .py .pyc .ipynb .m .r .sh .bat .npy "
        ".npz .mat .h5 .hdf5 .keras .pb .tflite .onnx .pt .pth .pkl .pickle .parquet .feather "
        ".tfrecord .tfrecords .db .sqlite .ini .url .lnk .zip .tar .gz .tgz .bz2 .xz .7z .rar "
        ".sha256 .md5 .mp4 .avi .mov .mkv .webm .mp3 .wav .tex .bib .ds_store"
    ).split()
)
"""Endings of files that are never images."""
_LARGEST = 10**9
"""Greatest size of a file in bytes: more than the largest accepted image has without compression.
"""


@dataclass(frozen=True)
class Listing:
    """The files of a dataset."""

    files: pd.DataFrame
    """One row per file, sorted by path: ``path`` (relative to the root, with "/"), ``label`` (if
    any), ``size`` in bytes, ``mtime_ns``, ``fault`` (why the file can't be read, if so) and
    ``meta_…`` (further columns of the user's table, text or float64).
    """
    others: dict[str, int] = field(default_factory=dict)
    """Number of other files (annotations, notes) by file ending."""
    notes: tuple[str, ...] = ()
    """Assumptions, one sentence each."""


def scan(source: Path, exclude: Sequence[str] = (), columns: Columns | None = None) -> Listing:
    """List a dataset.

    Args:
        source: a folder (one sub-folder per class, or flat) or a .csv/.tsv/.parquet table with a
            column of paths and, if labelled, one of labels.
        exclude: patterns of files that are left out (``exclusion``).
        columns: names of the table's columns with paths and labels.

    Raises:
        AuditError: the folder or table does not exist, has no image, or names a path twice.
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
    """Make ``Listing.files`` from rows of (path, label, size, mtime_ns, fault, …).

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
    """The folder that relative paths start from: the folder itself or the table's folder."""
    return source if source.is_dir() else source.parent


def folders(source: Path) -> set[str]:
    """Names of a dataset's class folders, including empty ones; none for a table."""
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
    """Read an image and check that it has the known hash.

    Raises:
        AuditError: the file is gone or its content is not the one that was indexed.
    """
    try:
        # If the file was replaced by a pipe, reading would never end.
        data = path.read_bytes() if stat.S_ISREG(path.stat().st_mode) else b""
    except OSError as error:
        raise AuditError(
            f"{path}: {table_files.why(error)}, though the audit has begun: run it again"
        ) from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise AuditError(f"{path} changed while the audit ran: run it again")
    return data


def _walk(top: Path, others: Counter[str]) -> Iterator[tuple]:
    """Walk the files below ``top`` without hidden ones and link loops; count files that are no
    images. It uses a stack instead of recursion, so the depth has no limit.
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
    """The reason not to open a file, or None. (/proc/kmsg has size 0, for example, and no end.)"""
    if not stat.S_ISREG(status.st_mode):
        return "not a regular file"
    if status.st_size == 0:
        return "the file is empty (0 bytes)"
    if status.st_size > _LARGEST:
        return f"too large: a file of {status.st_size / 1e9:,.1f} GB"
    return None


def _listed(source: Path, table: pd.DataFrame) -> Iterator[tuple]:
    """The rows of a table with size, time and fault of each file."""
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
    """Escape an undecodable name. "./" in front keeps it different from a file that has such a
    name.
    """
    return "./" + os.fsencode(relative).decode("utf-8", "backslashreplace")
