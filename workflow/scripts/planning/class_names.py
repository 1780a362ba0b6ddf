"""The names of the classes, from the images' folders or labels or from the user's list."""

import pandas as pd

from convaudit.dataset import class_list, exclusion, labels, layout, scan, table_files
from convaudit.errors import AuditError
from planning.settings import Settings, expanded

_AS_TEXTS = "alphanumeric"


def named(settings: Settings, files: pd.DataFrame, expected: int | None) -> list[str] | None:
    """The names of the classes in index order; None if there are no labels or the labels are the
    indices.

    Args:
        files: the dataset's files: path and label.
        expected: number of classes of the model, if it is known.

    Raises:
        AuditError: the folders or labels are not the model's classes.
    """
    found = sorted(files["label"].dropna().unique())
    if settings.classes not in {"auto", _AS_TEXTS}:
        return _listed(settings, files, found, expected)
    _refuse_layout(settings, files)
    if not found:
        return None
    numbers = labels.are_indices(found)
    if numbers and settings.classes == "auto" and not _from_one(found, expected):
        _check_indices(found, expected)
        return None
    _refuse_empty_classes(settings, found)
    names = sorted(found, key=_number) if numbers and settings.classes == "auto" else found
    if expected not in {None, len(names)}:
        raise AuditError(
            f"config: images: its labels ({labels.some(names)}) are taken for the classes, but the "
            f"model has {expected} classes: give the names in index order with classes=FILE"
        )
    return names


def notes(settings: Settings, files: pd.DataFrame, names: list[str] | None) -> list[str]:
    """Assumptions about the labels and about files that look like masks, one sentence each."""
    said = [] if settings.images == "demo" else layout.mention_masks(files["path"])
    found = files["label"].dropna().unique().tolist()
    source = expanded(settings.images)
    if not found and source.is_dir():
        beside = (path.name for path in source.iterdir() if path.suffix in table_files.SUFFIXES)
        said += layout.mention_labels(files["path"], sorted(beside))
    if settings.classes != "auto" or not found or not labels.are_indices(found):
        return said
    numbers = sorted(found, key=_number)
    if names:
        said.append(f"the labels 1 to {len(names)} are the classes in the order of the numbers")
    if source.is_dir() and numbers != sorted(found):
        said.append(
            f"the folders {', '.join(numbers[:3])} … are the classes in the order of the numbers; "
            f"Keras' loaders sort them as texts ({', '.join(sorted(found)[:4])} …): if the model "
            f"was trained so, set classes={_AS_TEXTS}"
        )
    return said


def _listed(
    settings: Settings, files: pd.DataFrame, found: list[str], expected: int | None
) -> list[str]:
    names = class_list.read(expanded(settings.classes), found)
    try:
        labels.resolve(found, names)
    except AuditError:
        _refuse_layout(settings, files)
        raise
    if expected not in {None, len(names)}:
        raise AuditError(
            f"config: classes: {settings.classes} has {len(names)} names, but the model has "
            f"{expected} classes"
        )
    return names


def _from_one(found: list[str], expected: int | None) -> bool:
    """True if the labels are the numbers 1 to the number of classes: then they are names, not
    indices.
    """
    return sorted(map(_number, found)) == list(range(1, (expected or 0) + 1))


def _number(label: str) -> int:
    """The number of a label such as "3", "03" or "3.0" (from a table with missing values)."""
    return int(float(label))


def _check_indices(found: list[str], expected: int | None) -> None:
    if expected is None:
        return
    numbers = list(map(_number, found))
    if max(numbers) == expected and min(numbers) > 0:
        raise AuditError(
            f"labels: they are numbers from {min(numbers)} to {expected}, but the outputs of the "
            f"model are 0 to {expected - 1}: if they count from 1, give the names of all "
            f"{expected} classes with classes=FILE"
        )
    labels.resolve(found, labels.of_model(None, expected))


def _refuse_layout(settings: Settings, files: pd.DataFrame) -> None:
    if settings.images != "demo" and expanded(settings.images).is_dir():
        layout.refuse(files["path"], settings.images)


def _refuse_empty_classes(settings: Settings, found: list[str]) -> None:
    """A folder without an image would shift the index of every class after it."""
    if settings.images == "demo":
        return
    folders = scan.folders(expanded(settings.images)) - set(found)
    names = pd.Series(sorted(name for name in folders if not layout.is_annotation(name)), dtype=str)
    left_out = exclusion.excluded(names, settings.exclude)[0]
    left_out |= exclusion.excluded(names + "/x", settings.exclude)[0]
    if empty := names[~left_out].tolist():
        raise AuditError(
            f"images: no image for the class {labels.some(empty)}: put images into its folder, or "
            "give the names of all classes in index order with classes=FILE"
        )
