"""Find the class index of each label."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd

from convaudit.errors import AuditError

_SHOWN = 5
_INTEGER = re.compile(r"([0-9]{1,9})(\.0+)?")


def are_indices(labels: Iterable[str]) -> bool:
    """True if all labels are whole numbers; also "3.0", as in tables with missing values."""
    return all(_INTEGER.fullmatch(label) for label in labels)


def some(names: Sequence[str]) -> str:
    """List the first few of many names in one line."""
    more = len(names) - _SHOWN
    return ", ".join(map(repr, names[:_SHOWN])) + (f" and {more} more" if more > 0 else "")


def resolve(labels: Iterable[str | int], classes: Sequence[str]) -> list[int]:
    """Find the class index of each label.

    All labels are read in the same way, the first that fits all of them: as class names; as synset
    ids (the first word of a class's line, such as n01440764); as integers (the index itself); as
    names that may differ in case, spaces, hyphens and underscores. The ways are never mixed, so a
    class named "3" can't be confused with the index 3. The order of the labels has no meaning;
    accents match in composed and decomposed form.

    Raises:
        AuditError: a label matches no class or several (two classes with the same name); the
            message lists the first such labels.
    """
    texts = [composed(str(label)) for label in labels]
    ways = [
        _lookup([composed(name) for name in classes]),
        _lookup([composed(name).partition(" ")[0] for name in classes]),
        lambda text: _integer(text, len(classes)),
        _lookup([_loose(name) for name in classes], _loose),
    ]
    readings = [_read(texts, way) for way in ways]
    best = min(readings, key=lambda found: sum(len(fits) != 1 for fits in found.values()))
    offenders = [text for text, fits in best.items() if len(fits) != 1]
    if offenders:
        raise AuditError(_complaint(offenders, best, classes))
    return [best[text][0] for text in texts]


def of_model(names: list[str] | None, count: int) -> list[str]:
    """The names of a model's classes; "class 0" and so on if labels are the indices themselves.

    Raises:
        AuditError: the number of names is not the model's number of classes.
    """
    if names is None:
        return [f"class {index}" for index in range(count)]
    if len(names) != count:
        raise AuditError(
            f"config: classes: {len(names)} names, but the model has {count} classes: give a file "
            "with one name per line in index order"
        )
    return names


def indices(labels: pd.Series, classes: Sequence[str]) -> np.ndarray:
    """The class index (n,) of each image's label, -1 without a label.

    Raises:
        AuditError: as ``resolve``.
    """
    found = np.full(len(labels), -1)
    labelled = labels.notna().to_numpy()
    found[labelled] = resolve(labels[labelled], classes)
    return found


def _read(texts: list[str], way: Callable[[str], list[int]]) -> dict[str, list[int]]:
    return {text: way(text) for text in dict.fromkeys(texts)}


def _lookup(
    names: Sequence[str], form: Callable[[str], str] = lambda text: text
) -> Callable[[str], list[int]]:
    indices: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        indices.setdefault(name, []).append(index)
    return lambda text: indices.get(form(text), [])


def _loose(name: str) -> str:
    """Normalise a name, so that "Golden Retriever" equals golden_retriever."""
    return re.sub(r"[\s_-]+", " ", composed(name)).casefold()


def _integer(text: str, count: int) -> list[int]:
    match = _INTEGER.fullmatch(text)
    return [int(match[1])] if match and int(match[1]) < count else []


def _complaint(offenders: list[str], found: dict[str, list[int]], classes: Sequence[str]) -> str:
    twice = [text for text in offenders if found[text]]
    shown = some(twice or offenders)
    if twice:
        return f"labels: several classes fit {shown}: make the class names unique or use indices"
    sample = ", ".join(repr(name) for name in classes[:_SHOWN])
    return (
        f"labels: no class is called {shown}; the {len(classes)} classes begin {sample}: "
        "correct the labels, or give the right list with classes=FILE"
    )


def composed(text: str) -> str:
    """Strip a name and convert it to Unicode's composed form (NFC)."""
    return unicodedata.normalize("NFC", text).strip()
