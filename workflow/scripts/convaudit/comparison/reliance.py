"""Compare the effects of suspects in both audits."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.stats import bootstrap

from convaudit.metrics import paired
from convaudit.metrics.intervals import Interval

LEAST_IN_BOTH = 30
"""Images tried in both audits from which a difference is bootstrapped."""
State = Literal["new", "gone", "stays", "not in both"]
"""Audits in which the shortcut is proven: only the second, only the first, both, or neither."""


@dataclass(frozen=True)
class Carriers:
    """Images with the cue that a model wrongly predicts as the cue's class.

    An audit lists images with a cue only if they are of that class or predicted as it, so the model
    that named the suspect is wrong on all of these.

    images: number of them; still: number that the other model predicts as the class too.
    """

    images: int
    still: int


@dataclass(frozen=True)
class Reliance:
    """A suspect in both audits.

    first, second: share of other classes' images that become the cue's class if the cue is
        inserted, minus the same for the control, with the audit's interval; None if it was not
        tried. difference: second minus first. On the images that both audits tried: paired
        bootstrap of 2,000 samples, 95 % percentile interval (Efron and Tibshirani 1993). If they
        share fewer than 30 images, or all of these agree: MOVER of both intervals (Zou and Donner
        2008). in_both: number of images that both audits tried.
    """

    id: str
    cue: str
    of: str
    title: str
    state: State
    first_status: str | None
    second_status: str | None
    first: Interval | None
    second: Interval | None
    difference: Interval | None
    in_both: int
    images: list[str]
    """Ids of images with the cue in the audit that named it (the first audit if both did)."""
    carriers: Carriers | None = None


def compare(
    first: list[dict[str, Any]] | None, second: list[dict[str, Any]] | None
) -> list[Reliance] | None:
    """Match the suspects of both audits by id, or else by cue and class, in order.

    Returns:
        Proven suspects first; None if one of the audits made no experiments.
    """
    if first is None or second is None:
        return None
    found, rest = [], list(second)
    for suspect in first:
        other = _match(suspect, rest)
        if other is not None:
            rest.remove(other)
        found.append(_compared(suspect, other))
    found += [_compared(None, suspect) for suspect in rest]
    order: tuple[State, ...] = ("new", "stays", "gone", "not in both")
    return sorted(found, key=lambda each: order.index(each.state))


def _match(suspect: dict[str, Any], others: list[dict[str, Any]]) -> dict[str, Any] | None:
    same = [other for other in others if other["id"] == suspect["id"]]
    kind = suspect["cue"], suspect["class"]
    alike = [other for other in others if (other["cue"], other["class"]) == kind]
    return next(iter(same or alike), None)


def _compared(first: dict[str, Any] | None, second: dict[str, Any] | None) -> Reliance:
    shown = first if first is not None else second
    assert shown is not None
    effects = _effect(first), _effect(second)
    statuses = [None if each is None else each["status"] for each in (first, second)]
    proven = [status == "confirmed" for status in statuses]
    states: dict[tuple[bool, ...], State] = {
        (True, True): "stays",
        (True, False): "gone",
        (False, True): "new",
        (False, False): "not in both",
    }
    change = _change(first, second)
    return Reliance(
        id=shown["id"],
        cue=shown["cue"],
        of=shown["class"],
        title=shown["title"],
        state=states[tuple(proven)],
        first_status=statuses[0],
        second_status=statuses[1],
        first=effects[0],
        second=effects[1],
        difference=_difference(effects, change),
        in_both=len(change),
        images=shown.get("images", []),
    )


def _change(first: dict[str, Any] | None, second: dict[str, Any] | None) -> np.ndarray:
    """Effect in the second audit minus effect in the first (m,), of each image tried in both.

    The effect on an image is 1 if the cue alone turns it, -1 if the control alone does, else 0.
    """
    trials = [(suspect or {}).get("trial") for suspect in (first, second)]
    effects = [
        pd.Series(trial["with_cue"], trial["images"], int)
        - pd.Series(trial["with_control"], trial["images"], int)
        for trial in trials
        if trial
    ]
    if len(effects) < 2:
        return np.zeros(0)
    return (effects[1] - effects[0]).dropna().to_numpy()


def _difference(effects: tuple[Interval | None, ...], change: np.ndarray) -> Interval | None:
    if effects[0] is None or effects[1] is None:
        return None
    if len(change) < LEAST_IN_BOTH or np.ptp(change) == 0:
        return paired.difference_of(effects[1], effects[0])
    found = bootstrap(
        (change,), np.mean, n_resamples=2_000, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    return Interval(float(change.mean()), float(found.low), float(found.high))


def _effect(suspect: dict[str, Any] | None) -> Interval | None:
    trial = suspect and suspect.get("insert")
    if not trial or not trial["pairs"]:
        return None
    value = (trial["flips"] - trial["control_flips"]) / trial["pairs"]
    return Interval(value, trial["low"], trial["high"])


def on_carriers(
    carries: np.ndarray, label: np.ndarray, named_by: np.ndarray, other: np.ndarray, of: int
) -> Carriers | None:
    """Count how many errors on images with a cue the other model makes too.

    Args:
        carries: (m,) bool: the image is known to have the cue.
        label: (m,) class indices, -1 without a label.
        named_by, other: (m,) predictions of the model whose audit named the suspect, and of the
            other model.
        of: index of the cue's class.

    Returns:
        None if there is no such error.
    """
    errors = carries & (label >= 0) & (label != of) & (named_by == of)
    if not errors.any():
        return None
    return Carriers(int(errors.sum()), int((other[errors] == of).sum()))
