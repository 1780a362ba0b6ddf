"""Check whether scaling, channel order and class order are those of the training."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from convaudit.checks.class_order import better_order, other_number_order
from convaudit.checks.hypotheses import Hypothesis, can_be_proven, in_words, judge
from convaudit.models.channels import called, channels_of
from convaudit.models.network import Network
from convaudit.models.scaling import SCALINGS, Scaling, in_order

SAMPLE = 64
"""Number of images in the check's sample."""

_BATCH = 16


def check_scaling(
    network: Network,
    pixels: np.ndarray,
    labels: np.ndarray,
    used: str,
    names: Sequence[str] = (),
) -> dict[str, Any]:
    """Compare the accuracy with each scaling, order of channels and order of classes.

    All combinations are judged together. A combination is clearly better than the audit's own if a
    one-sided sign test gives p < 0.001 divided by the number of combinations. Of these the one with
    most right images wins; if several have as many, the one that changes fewest settings, then the
    one with the highest mean log-probability. If too few images are wrong for a significant result,
    other combinations are not tried.

    Args:
        network: a classifier with one class per image.
        pixels: (n, H, W, 3) uint8 RGB at the network's size; a few dozen images of several classes.
        labels: (n,) indices of their classes.
        used: the scaling that the audit uses, as "unit" or "unit, BGR".
        names: names of the classes in index order.

    Returns:
        For JSON: ``used``; ``images``, the number of images; ``accuracies`` by scaling with the
        classes as they are ("caffe" is BGR, so there is "caffe, RGB"); ``better``, the name of a
        better scaling or None; ``in_order``, the accuracy with a better order of classes, or None;
        ``order``, the value for the setting ``classes``; ``set``, all settings to change, by key;
        ``advice``, the same as a text; ``accuracy``, the accuracy with them; ``also``, other
        settings that give as much, as texts.
    """
    variants = _variants()
    tried = len(variants)
    found = _hypotheses(network, pixels, labels, used, used, names, tried)
    base = found[0]
    if can_be_proven(int((~base.right).sum()), tried):
        for name in variants:
            if name != used:
                found += _hypotheses(network, pixels, labels, name, used, names, tried)
    best, also = judge(base, found[1:])
    changes = best.changes if best else {}
    return {
        "used": used,
        "images": len(labels),
        "accuracies": {each.name: each.accuracy for each in found if "classes" not in each.changes},
        "better": best.name if best and best.name != used else None,
        "in_order": best.accuracy if best and "classes" in changes else None,
        "order": changes.get("classes"),
        "set": changes,
        "advice": in_words(changes),
        "accuracy": best.accuracy if best else base.accuracy,
        "also": [in_words(each.changes) for each in also],
    }


def _hypotheses(
    network: Network,
    pixels: np.ndarray,
    labels: np.ndarray,
    name: str,
    used: str,
    names: Sequence[str],
    tried: int,
) -> list[Hypothesis]:
    """Hypotheses for one scaling: classes as they are, in the other order of numbers, and in any
    order.
    """
    probabilities = probabilities_of(network, pixels, _variants()[name])
    said = probabilities.argmax(axis=1)
    changes = _changes(name, used)
    orders: list[tuple[dict[str, str], np.ndarray, float]] = [({}, np.arange(network.classes), 0.0)]
    if other := other_number_order(names):
        orders.append(({"classes": other[0]}, other[1], 0.0))
    free = better_order(labels, said, network.classes)
    if free is not None:
        orders.append(({"classes": "FILE"}, free, math.lgamma(network.classes + 1)))
    found = []
    for setting, order, many in orders:
        places = order[labels]
        truly = probabilities[np.arange(len(labels)), places]
        surety = float(np.log(np.maximum(truly, 1e-7)).mean()) if len(labels) else 0.0
        found.append(
            Hypothesis(name, changes | setting, said == places, surety, math.log(tried) + many)
        )
    return found


def _changes(name: str, used: str) -> dict[str, str]:
    """Settings to change in the config for another scaling than the one in use."""
    ours, theirs = _parts(used), _parts(name)
    if ours == theirs:
        return {}
    changes = {} if ours[0] == theirs[0] else {"preprocess.scaling": theirs[0]}
    # Also set the channels if "auto" could choose others, because the config may have set them.
    if ours[1] != theirs[1] or theirs[1] != channels_of(theirs[0]):
        changes["preprocess.channels"] = theirs[1]
    return changes


def _parts(name: str) -> tuple[str, str]:
    scaling, _, channels = name.partition(", ")
    return scaling, channels.lower() or channels_of(scaling)


def _variants() -> dict[str, Scaling]:
    return {
        called(name, channels): in_order(name, channels)
        for name in SCALINGS
        for channels in ("rgb", "bgr")
    }


def probabilities_of(network: Network, pixels: np.ndarray, scaling: Scaling) -> np.ndarray:
    """Probabilities (n, classes) float32 of images (n, H, W, 3), uint8 RGB, with a scaling."""
    found = [np.zeros((0, network.classes), np.float32)]
    for start in range(0, len(pixels), _BATCH):
        scores = network.traced(scaling.apply(pixels[start : start + _BATCH].astype(np.float32)))
        found.append(np.asarray(network.probabilities(scores), np.float32))
    return np.concatenate(found)


def answers(network: Network, pixels: np.ndarray, scaling: Scaling) -> np.ndarray:
    """Index (n,) of the predicted class of images (n, H, W, 3), uint8 RGB, with a scaling."""
    return probabilities_of(network, pixels, scaling).argmax(axis=1)
