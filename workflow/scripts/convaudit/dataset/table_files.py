"""Read a table of images: find the columns with paths and labels, keep all others."""

import os
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from convaudit.dataset.class_list import LFS_POINTER
from convaudit.errors import AuditError

SUFFIXES = frozenset({".csv", ".tsv", ".parquet"})
META = "meta_"
"""Prefix of the names of the user's further columns."""

_PATHS = (
    "path filepath file_path image_path img_path imagepath filename file_name file image "
    "image_name imagename img image_file image_id imageid id"
).split()
_NEVER_IMAGES = 8
"""Number of the first names that certainly name a file, not the image itself."""
_LABELS = (
    "label labels class class_name classname category category_name target class_id classid "
    "label_name species breed diagnosis dx"
).split()
_ENDINGS = ("", ".jpg", ".jpeg", ".png", ".JPG", ".JPEG", ".PNG", ".bmp", ".tif", ".tiff", ".webp")
_TRIED = 50
"""Number of rows that are tried to find the folder in which a table's files lie."""
_EXACT = 2**53
"""float64 represents all whole numbers below this exactly."""


@dataclass(frozen=True)
class Columns:
    """Names of the columns with paths and labels, or "auto"."""

    path: str = "auto"
    label: str = "auto"


@dataclass(frozen=True)
class Table:
    """A table of images.

    rows: the columns "path" and "label" (texts; None if missing), then ``meta_…``: further columns,
    float64 if all values are numbers, else text. notes: assumptions, one sentence each.
    """

    rows: pd.DataFrame
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Place:
    """How paths in a table become files: drop the first parts of the path, then add a folder in
    front and an ending behind.
    """

    cut: int
    folder: str
    ending: str

    def path(self, path: str) -> str:
        return f"{self.folder}{path.split('/', self.cut)[-1]}{self.ending}"


def read(source: Path, columns: Columns) -> Table:
    """Read a table of images.

    Args:
        source: .csv (of commas, semicolons or tabs), .tsv or .parquet.
        columns: as the user named them.

    Raises:
        AuditError: the table can't be read or has no column of paths, or a row has no path or a
            path that another row has.
    """
    table = _content(source)
    names = [str(name) for name in table.columns]
    path = _chosen(source, names, "path", columns.path, _PATHS)
    if path is None:
        raise AuditError(_no_path(source, table))
    label = _chosen(source, names, "label", columns.label, _LABELS)
    paths = table[path].astype("str").str.strip()
    if not paths.str.contains("/").any():  # paths of Windows
        paths = paths.str.replace("\\", "/")
    if (pathless := (paths.isna() | (paths == ""))).any():
        raise AuditError(f"images: {source}: row {pathless.argmax() + 1} has no path")
    repeated = paths[paths.duplicated()]
    if len(repeated):
        raise AuditError(f"images: {source} names {repeated.iloc[0]!r} twice: keep one row of it")
    notes = []
    several = _several(table[label]) if label else None
    labels = _labels(table[label]) if label and several is None else None
    if label is None and (marks := _one_hot(table.drop(columns=path))) is not None:
        labels = marks
        notes.append("the label is the name of the one column that holds a 1")
    elif (path, label) not in {("path", "label"), ("path", None)}:
        said = f"the label from {label!r}" if label else "no label"
        notes.append(f"of the table the path is taken from the column {path!r}, {said}")
    if label and (numbers := _numbering(table, label)):
        notes.append(
            f"the classes are sorted by name, while the column {numbers!r} numbers them otherwise: "
            f"if the model's outputs are these numbers, set columns='{{label: {numbers}}}'"
        )
    if several is not None:
        notes.append(
            f"{label!r} holds several labels per image: each of the {several.shape[1]} is a column "
            "of its own; name the model's classes in index order with classes=FILE"
        )
    elif labels is None and len(names) > 1:
        others = ", ".join(repr(name) for name in names if name != path)
        notes.append(
            f"the table has no column of labels that is known by its name (but {others}): "
            "columns='{label: NAME}' names one"
        )
    if (place := _place(source.parent, paths)) is not None:
        paths = paths.map(place.path)
        notes.append(
            f"the table's files are not where it says: {table[path].iloc[0]!r} is taken for "
            f"{paths.iloc[0]!r}, from the table's folder"
        )
    rows = {"path": paths, "label": labels}
    kept = {name: table[name] for name in names if name not in {path, label}}
    kept |= {} if several is None else {name: several[name] for name in several.columns}
    meta = {
        META + name: values for name, each in kept.items() if (values := _meta(each)) is not None
    }
    return Table(pd.DataFrame(rows | meta, index=table.index, dtype=None), tuple(notes))


def meta_columns(table: pd.DataFrame) -> list[str]:
    """The names of those columns of a table that come from the user's table."""
    return [name for name in table.columns if name.startswith(META)]


def why(error: Exception) -> str:
    """The reason why a file can't be read, in words."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _content(source: Path) -> pd.DataFrame:
    try:
        with source.open("rb") as file:
            pointer = file.read(len(LFS_POINTER)) == LFS_POINTER
        if pointer:
            raise AuditError(
                f"images: {source} is a Git LFS pointer, not the table itself: fetch it with git "
                "lfs pull"
            )
        if source.suffix.lower() == ".parquet":
            table = _parquet(source)
        else:
            with warnings.catch_warnings():  # pandas warns of rows longer than the header
                warnings.simplefilter("error", pd.errors.ParserWarning)
                table = pd.read_csv(
                    source,
                    sep=_separator(source),
                    dtype=str,
                    keep_default_na=False,
                    index_col=False,
                    encoding="utf-8-sig",
                )
    except OSError as error:
        raise AuditError(f"images: {source}: {why(error)}") from None
    except UnicodeError:
        raise AuditError(
            f"images: {source} is no readable table: it is not UTF-8 text: save it as CSV UTF-8"
        ) from None
    except (ValueError, pa.ArrowException, pd.errors.ParserWarning) as error:
        raise AuditError(f"images: {source} is no readable table: {why(error)}") from None
    table.columns = table.columns.map(str).str.strip()
    return table.loc[:, ~table.columns.duplicated()]


def _parquet(source: Path) -> pd.DataFrame:
    """Read all columns but those of structs and bytes (which may hold images) and of lists that are
    not texts (lists of texts may be labels).
    """
    schema = pq.read_schema(source)
    nested = (pa.types.is_nested, pa.types.is_binary, pa.types.is_large_binary)
    plain = [
        f.name
        for f in schema
        if not any(kind(f.type) for kind in nested)
        or (pa.types.is_list(f.type) and pa.types.is_string(f.type.value_type))
    ]
    texts = [
        field.name
        for field in schema
        if pa.types.is_binary(field.type) and field.name.lower() in _PATHS[:_NEVER_IMAGES]
    ]
    table = pq.read_table(source, columns=plain + texts).to_pandas()
    for name in texts:  # paths as bytes
        table[name] = table[name].str.decode("utf-8")
    table.attrs["nested"] = [name for name in schema.names if name not in plain + texts]
    return table


def _separator(source: Path) -> str:
    if source.suffix.lower() == ".tsv":
        return "\t"
    with source.open(encoding="utf-8-sig", errors="replace") as file:
        header = file.readline()
    return max(",;\t", key=header.count)


def _chosen(
    source: Path, names: list[str], role: str, wanted: str, usual: Iterable[str]
) -> str | None:
    """The column with paths or labels: the one that the user names, else the first with a common
    name.
    """
    if wanted != "auto":
        if wanted not in names:
            raise AuditError(
                f"config: columns.{role}: {source} has no column {wanted!r} (it has: "
                f"{', '.join(names)})"
            )
        return wanted
    plain = {name.lower().replace(" ", "_").replace("-", "_"): name for name in reversed(names)}
    return next((plain[name] for name in usual if name in plain), None)


def _no_path(source: Path, table: pd.DataFrame) -> str:
    names = table.columns.tolist()
    listed = ", ".join(names)
    if inside := table.attrs.get("nested"):
        return (
            f"images: {source} has no column 'path', and {', '.join(inside)} may hold the images "
            "themselves, which is not supported: write them into files, one folder per class"
        )
    if any((source.parent / name).is_file() for name in names if name):
        return f"images: {source}: its first line names an image: begin it with path,label"
    return (
        f"images: {source} has no column 'path' (it has: {listed}): name the right ones with "
        "columns='{path: NAME, label: NAME}'"
    )


def _place(top: Path, paths: pd.Series) -> _Place | None:
    """Find how the first paths become files, if they do not exist as they are; None if there is no
    way, or several.
    """
    first = paths.head(_TRIED).tolist()
    if not first or any("\0" in path or (top / path).exists() for path in first):
        return None
    folders = ["", *sorted(f"{entry.name}/" for entry in os.scandir(top) if entry.is_dir())]
    depth = min(path.count("/") for path in first)
    every = (
        _Place(cut, folder, ending)
        for cut in range(depth + 1)
        for folder in folders
        for ending in _ENDINGS
    )
    found: dict[tuple[str, ...], _Place] = {}
    for place in every:
        made = tuple(map(place.path, first))
        if len(set(made)) == len(made) and all((top / path).is_file() for path in made):
            found.setdefault(made, place)
    return next(iter(found.values())) if len(found) == 1 else None


def _one_hot(table: pd.DataFrame) -> pd.Series | None:
    """One-hot labels: the name of the column with the 1, if every row has exactly one 1."""
    numbers = table.apply(pd.to_numeric, errors="coerce")
    marks = numbers.to_numpy("float64")
    if marks.shape[1] < 2 or not np.isin(marks, (0, 1)).all() or (marks.sum(axis=1) != 1).any():
        return None
    return pd.Series(numbers.columns.to_numpy(object)[marks.argmax(axis=1)], index=table.index)


def _numbering(table: pd.DataFrame, label: str) -> str | None:
    """A column of class indices whose order differs from the order of the names."""
    texts = table[label].astype("str").str.strip()
    for name in table.columns:
        usual = str(name).lower().replace(" ", "_") in _LABELS
        values = pd.to_numeric(table[name], errors="coerce")
        if name == label or not usual or values.isna().any():
            continue
        pairs = pd.DataFrame({"name": texts, "number": values}).drop_duplicates()
        one_each = pairs["name"].is_unique and pairs["number"].is_unique
        if one_each and not pairs.sort_values("name")["number"].is_monotonic_increasing:
            return str(name)
    return None


def _labels(values: pd.Series) -> pd.Series:
    texts = values.astype("str").str.strip()
    return texts.where(texts != "").astype(object).where(texts.notna(), None)


def _join_labels(cells: list[object]) -> bool:
    """True if texts such as "cat|dog" join labels: some part also occurs in another text."""
    texts = {each for each in cells if isinstance(each, str)}
    counts = Counter(part.strip() for text in texts for part in set(text.split("|")))
    return any(
        counts[part.strip()] > 1 for text in texts if "|" in text for part in text.split("|")
    )


def _several(values: pd.Series) -> pd.DataFrame | None:
    """Turn lists of labels, or texts such as "cat|dog", into one 0/1 column per label.

    Returns:
        NaN in the row of an image without a list or text; None if the values are single labels.
    """
    cells = values.tolist()
    if not (any(isinstance(each, list | np.ndarray) for each in cells) or _join_labels(cells)):
        return None
    sets: list[set[str] | None] = []
    for each in cells:
        if isinstance(each, str):
            each = each.split("|") if each.strip() else None
        several = isinstance(each, list | np.ndarray)
        sets.append({str(one).strip() for one in each} - {""} if several else None)
    names = sorted(set().union(*filter(None, sets)))
    marks = {
        name: [np.nan if each is None else float(name in each) for each in sets] for name in names
    }
    return pd.DataFrame(marks, index=values.index, dtype="float64")


def _meta(values: pd.Series) -> pd.Series | None:
    """A further column as float64 or text; None for an unnamed column of row numbers."""
    if not str(values.name) or str(values.name).startswith("Unnamed:"):
        return None
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        texts = values.astype("str").str.strip()
        texts = texts.where(texts != "")
        present = texts.dropna()
        code = present.str.fullmatch(r"0[0-9]+").any()
        numbers = pd.to_numeric(present, errors="coerce")
        if not len(present) or code or not _exact(numbers):
            return texts
        values = pd.to_numeric(texts, errors="coerce")
    numbers = values.astype("float64")
    return numbers if _exact(numbers.dropna()) else values.astype("str")


def _exact(numbers: pd.Series) -> bool:
    """True if float64 represents all values exactly."""
    found = numbers.to_numpy("float64")
    return bool(np.isfinite(found).all() and (np.abs(found) < _EXACT).all())
