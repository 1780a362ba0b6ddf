"""Compare the answers of two models to the same images: all, by class and by slice."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from convaudit.comparison import statistics
from convaudit.comparison.alignment import Pairs
from convaudit.comparison.results_folders import Finished
from convaudit.metrics import paired
from convaudit.metrics.intervals import Interval
from convaudit.metrics.slices import VALUES, folders, told_by_class

BINS = 10


@dataclass(frozen=True)
class Group:
    """Results of both models on the images of a class or a slice.

    only_first, only_second: number of images that are right in only that audit; p: exact McNemar
        test; p_adjusted: p after Benjamini and Hochberg 1995 over all groups of the table.
    """

    name: str
    images: int
    first_right: int
    second_right: int
    only_first: int
    only_second: int
    difference: Interval
    p: float
    p_adjusted: float = 1.0


@dataclass(frozen=True)
class Answers:
    """The answers of both models to the same m images; classes are indices of ``names``, -1 without
    a label.

    Images whose labels differ between the audits count as unlabelled.
    """

    names: list[str]
    label: np.ndarray
    first: np.ndarray
    second: np.ndarray
    first_probability: np.ndarray
    second_probability: np.ndarray
    relabelled: int
    """Number of images whose labels differ between the audits."""

    @cached_property
    def known(self) -> np.ndarray:
        """(m,) bool: the image has the same label in both audits."""
        return self.label >= 0

    @cached_property
    def only_first(self) -> np.ndarray:
        """(m,) bool: a negative flip, right in the first audit and wrong in the second."""
        return self.known & (self.first == self.label) & (self.second != self.label)

    @cached_property
    def only_second(self) -> np.ndarray:
        """(m,) bool: a positive flip, wrong in the first audit and right in the second."""
        return self.known & (self.first != self.label) & (self.second == self.label)

    @cached_property
    def stayed(self) -> np.ndarray:
        """(m,) bool: both audits give the same answer, right or wrong."""
        return self.first == self.second


def align(first: Finished, second: Finished, pairs: Pairs) -> Answers:
    """Align the answers to the same images; classes are matched by name."""
    names = list(dict.fromkeys([*first.class_names, *second.class_names]))
    place = {name: at for at, name in enumerate(names)}

    def column(audit: Finished, name: str, rows: np.ndarray) -> np.ndarray:
        index = np.array([*(place[each] for each in audit.class_names), -1], np.int32)
        return index[audit.images[name].to_numpy()[rows]]

    label = column(first, "label_index", pairs.first)
    other = column(second, "label_index", pairs.second)
    differ = (label != other) & (label >= 0) & (other >= 0)
    return Answers(
        names=names,
        label=np.where(label == other, label, -1).astype(np.int32),
        first=column(first, "predicted_index", pairs.first),
        second=column(second, "predicted_index", pairs.second),
        first_probability=first.images["probability"].to_numpy(np.float32)[pairs.first],
        second_probability=second.images["probability"].to_numpy(np.float32)[pairs.second],
        relabelled=int(differ.sum()),
    )


def whole(answers: Answers) -> Group:
    """All labelled images as one group.

    Raises:
        ValueError: there are none.
    """
    return _group("all images", answers, answers.known)


def per_class(answers: Answers) -> list[Group]:
    """One group per class with labelled images, in the order of the classes."""
    support = np.bincount(answers.label[answers.known], minlength=len(answers.names))
    tables = [
        np.bincount(answers.label[chosen], minlength=len(answers.names))
        for chosen in (
            answers.known & (answers.first == answers.label),
            answers.known & (answers.second == answers.label),
            answers.only_first,
            answers.only_second,
        )
    ]
    return _adjusted(
        _counted(answers.names[at], int(support[at]), *(int(table[at]) for table in tables))
        for at in np.flatnonzero(support)
    )


def slices(answers: Answers, paths: pd.Series) -> list[Group]:
    """One group per folder, for levels of the path that do not just repeat the class.

    Args:
        paths: (m,) paths of the images, relative to the dataset's folder.
    """
    columns = folders(paths.astype(str).tolist())
    return _adjusted(
        _group(f"{column} = {value}", answers, inside)
        for column, values in columns.items()
        if not told_by_class(values, answers.label)
        for value, inside in _members(values, answers.known)
    )


def _members(values: pd.Series, known: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    codes, names = pd.factorize(values, sort=True)
    if 2 <= len(names) <= VALUES:
        for code, name in enumerate(names):
            inside = known & (codes == code)
            if inside.any():
                yield str(name), inside


def calibration_error(probability: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error (Naeini et al. 2015), ``BINS`` equal bins of confidence.

    Args:
        probability: (n,) probability of the answer, 0 to 1; n is at least 1.
        right: (n,) bool.
    """
    number = np.minimum((probability * BINS).astype(int), BINS - 1)
    gaps = np.bincount(number, weights=probability.astype(float) - right, minlength=BINS)
    return float(np.abs(gaps).sum() / len(probability))


def _group(name: str, answers: Answers, inside: np.ndarray) -> Group:
    label = answers.label[inside]
    return _counted(
        name,
        len(label),
        int((answers.first[inside] == label).sum()),
        int((answers.second[inside] == label).sum()),
        int(answers.only_first[inside].sum()),
        int(answers.only_second[inside].sum()),
    )


def _counted(
    name: str, images: int, first_right: int, second_right: int, only_first: int, only_second: int
) -> Group:
    both = first_right - only_first
    neither = images - both - only_first - only_second
    difference = paired.paired_difference(both, only_first, only_second, neither)
    p = statistics.mcnemar(only_first, only_second)
    return Group(name, images, first_right, second_right, only_first, only_second, difference, p)


def _adjusted(groups: Iterable[Group]) -> list[Group]:
    found = list(groups)
    if not found:
        return []
    adjusted = false_discovery_control([group.p for group in found])
    return [
        Group(**{**vars(group), "p_adjusted": float(p)})
        for group, p in zip(found, adjusted, strict=True)
    ]
