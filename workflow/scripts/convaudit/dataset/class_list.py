"""Read lists of class names: text, Teachable Machine's labels.txt, JSON, CSV, NumPy, YAML."""

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from convaudit.dataset.labels import composed
from convaudit.errors import AuditError

_NUMBERED = re.compile(r"\s*([0-9]{1,9})[\s:,;.)=-]+(\S.*)")
_HEADERS = frozenset(
    "name names class classes class_name classname label labels category categories signname "
    "description".split()
)
LFS_POINTER = b"version https://git-lfs"
"""Beginning of the pointer file that replaces a large file in a clone without Git LFS."""


def read(path: str | Path, labels: Sequence[str] = ()) -> list[str]:
    """Read the names of the model's classes, in the order of its outputs.

    - text: one name per line. If every line begins with a number ("0 cat", "1: dog", from 0 or 1,
      as Teachable Machine writes them), the numbers give the order and are cut off, unless the
      images' labels have them too.
    - .json: a list, ``{name: index}`` (Keras' class_indices), ``{index: name}`` or
      ``{index: [id, name]}``.
    - .csv: a column of names, with or without a column of indices.
    - .npy: an array of texts.
    - .yaml: a list or mapping, by itself or under ``names``.

    Names are stripped and in Unicode's composed form (NFC).

    Args:
        labels: of the images.

    Raises:
        AuditError: the file is missing, can't be read, is empty, or has a blank line in between,
            which would shift every class after it.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise AuditError(f"classes: {path}: {(error.strerror or 'unreadable').lower()}") from None
    if data.startswith(LFS_POINTER):
        raise AuditError(
            f"classes: {path} is a Git LFS pointer, not the list itself: fetch it with git lfs pull"
        )
    kind = path.suffix.lower()
    if kind in {".pkl", ".pickle", ".joblib"}:
        raise AuditError(
            f"classes: {path} is a pickle, which may run any code when it is read: write its names "
            "into a text file, one per line in index order"
        )
    names = _array(path) if kind == ".npy" else _of_text(path, kind, _decoded(path, data), labels)
    names = [composed(name) for name in names]
    if not any(names):
        raise AuditError(f"classes: {path} is empty: write one class name per line, in index order")
    if "" in names:
        line = names.index("") + 1
        raise AuditError(f"classes: {path}: line {line} is blank: every line names one class")
    return names


def _decoded(path: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise AuditError(
            f"classes: {path} is not UTF-8 text: give a text file, one class name per line"
        ) from None


def _of_text(path: Path, kind: str, text: str, labels: Sequence[str]) -> list[str]:
    if kind == ".json":
        try:
            return _structured(path, json.loads(text))
        except ValueError as error:
            raise AuditError(f"classes: {path} is no JSON: {error}") from None
    if kind in {".yaml", ".yml"}:
        try:
            return _structured(path, yaml.safe_load(text))
        except yaml.YAMLError:
            raise AuditError(f"classes: {path} is no YAML") from None
    if kind in {".csv", ".tsv"}:
        return _of_table(path, text)
    lines = text.rstrip().split("\n")
    plain = {composed(line) for line in lines}
    if labels and all(composed(label) in plain for label in labels):
        return lines
    return _without_numbers(lines) or lines


def _without_numbers(lines: list[str]) -> list[str] | None:
    """The names in the order of their numbers, if the lines are numbered from 0 or 1."""
    matches = [_NUMBERED.fullmatch(line) for line in lines]
    pairs = [(int(match[1]), match[2]) for match in matches if match]
    return _ordered(pairs) if len(pairs) == len(lines) else None


def _ordered(pairs: list[tuple[int, str]]) -> list[str] | None:
    """The names in the order of their indices; None unless these are 0, 1, 2 … or 1, 2, 3 … without
    a gap.
    """
    indices = sorted(index for index, _ in pairs)
    if not indices or indices[0] not in (0, 1):
        return None
    whole = indices == list(range(indices[0], indices[0] + len(indices)))
    return [name for _, name in sorted(pairs)] if whole else None


def _structured(path: Path, found: Any) -> list[str]:
    """The names in the content of a JSON or YAML file."""
    if isinstance(found, dict):
        for key in ("names", "classes", "class_names", "class_indices", "labels"):
            if isinstance(found.get(key), list | dict):
                return _structured(path, found[key])
        if found and all(_is_index(value) for value in found.values()):
            pairs = [(int(value), str(name)) for name, value in found.items()]
        elif all(_is_index(key) for key in found):
            pairs = [(int(key), _last(value)) for key, value in found.items()]
        else:
            pairs = []
        if names := _ordered(pairs):
            return names
    elif isinstance(found, list) and all(isinstance(name, str | int) for name in found):
        return [str(name) for name in found]
    raise AuditError(
        f"classes: {path} is neither a list of names nor names with their indices 0, 1, 2 …: write "
        "one class name per line into a text file, in index order"
    )


def _of_table(path: Path, text: str) -> list[str]:
    lines = [line for line in text.splitlines() if line.strip()]
    separator = max(",;\t", key=(lines or [""])[0].count)
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=separator)]
    if not rows:
        return []
    width = min(len(row) for row in rows)
    for body in (rows, rows[1:]):
        for at in range(width if width > 1 else 0):
            if body and all(_is_index(row[at]) for row in body):
                name = next((n for n in range(width) if n != at), at)
                if names := _ordered([(int(row[at]), row[name]) for row in body]):
                    return names
    header = [cell.lower().replace(" ", "_") for cell in rows[0]]
    column = next((at for at, name in enumerate(header) if name in _HEADERS), None)
    if column is not None and column < width:
        return [row[column] for row in rows[1:]]
    if width == 1 and max(map(len, rows)) == 1:
        return [row[0] for row in rows]
    raise AuditError(
        f"classes: {path} has no column of names with one of indices 0, 1, 2 …: give two columns, "
        "index and name"
    )


def _array(path: Path) -> list[str]:
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError):
        raise AuditError(
            f"classes: {path} is no array of texts (if it holds Python objects, they may run "
            "anything when they are read): write its names into a text file, one per line"
        ) from None
    names = [each.decode() if isinstance(each, bytes) else str(each) for each in found.ravel()]
    return names


def _is_index(value: Any) -> bool:
    return not isinstance(value, bool) and re.fullmatch(r"[0-9]{1,9}", str(value)) is not None


def _last(value: Any) -> str:
    """The last part of an entry [id, name] of keras.applications' class list."""
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
