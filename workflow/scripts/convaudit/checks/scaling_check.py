"""Would the model be right more often with another scaling? The commonest silent mistake."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from convaudit.checks.class_order import better_order, is_better, other_number_order
from convaudit.models.network import Network
from convaudit.models.scaling import SCALINGS, Scaling

SAMPLE = 64
"""Images that are enough to tell."""

_BATCH = 16
_LEVEL = 1e-3


def check_scaling(
    network: Network,
    pixels: np.ndarray,
    labels: np.ndarray,
    used: str,
    names: Sequence[str] = (),
) -> dict[str, Any]:
    """Compare the accuracy with each scaling, in its own and in the other channel order.

    Another one is clearly better when the images that it alone gets right outnumber those that it
    alone gets wrong beyond chance: one-sided sign test, p < 0.001. That takes ten images that the
    scaling in use gets wrong; where there are fewer, the others are not tried.

    Args:
        network: a classifier with one class an image.
        pixels: (n, H, W, 3) uint8 RGB at its size; a few dozen images of several classes.
        labels: (n,) indices of their classes.
        used: the scaling that the audit uses, a key of ``SCALINGS``.
        names: of the classes, in index order.

    Returns:
        As JSON: ``used``; ``images``, their number; ``accuracies`` by name, as "unit" or
        "unit, BGR" ("caffe" is BGR, so there is "caffe, RGB"); ``better``, the clearly better one
        with the highest accuracy, or None; ``in_order``, the accuracy if the classes' names stood
        in the order of ``better_order``, None where there is none. Where that explains more, no
        scaling is called better.
    """
    said = answers(network, pixels, SCALINGS[used])
    first = said == labels
    hits = {used: first}
    if _tail(wins=int((~first).sum()), losses=0) < _LEVEL:
        for name, scaling in _variants().items():
            if name != used:
                hits[name] = answers(network, pixels, scaling) == labels
    accuracies = {name: float(right.mean()) if len(right) else 0.0 for name, right in hits.items()}
    clearly = [
        name
        for name, right in hits.items()
        if _tail(wins=int((right & ~first).sum()), losses=int((first & ~right).sum())) < _LEVEL
    ]
    better = max(clearly, key=accuracies.__getitem__, default=None)
    order = better_order(labels, said, network.classes)
    setting = None
    if (other := other_number_order(names)) and is_better(other[1], labels, said):
        setting, order = other
    in_order = None if order is None else float((order[labels] == said).mean())
    if better is not None and in_order is not None and in_order > accuracies[better]:
        better = None
    return {
        "used": used,
        "images": len(labels),
        "accuracies": accuracies,
        "better": better,
        "in_order": in_order,
        "order": setting,
    }


def _variants() -> dict[str, Scaling]:
    found = {}
    for name, scaling in SCALINGS.items():
        found[name] = scaling
        order = "RGB" if scaling.bgr else "BGR"
        found[f"{name}, {order}"] = scaling._replace(bgr=not scaling.bgr)
    return found


def answers(network: Network, pixels: np.ndarray, scaling: Scaling) -> np.ndarray:
    """The class that each image is taken for."""
    found = [np.zeros(0, np.int64)]
    for start in range(0, len(pixels), _BATCH):
        scores = network.run(scaling.apply(pixels[start : start + _BATCH].astype(np.float32)))
        found.append(np.asarray(network.probabilities(scores)).argmax(axis=1))
    return np.concatenate(found)


def _tail(wins: int, losses: int) -> float:
    """How probable as many wins or more are if either side of a coin wins."""
    tosses = wins + losses
    return sum(math.comb(tosses, count) for count in range(wins, tosses + 1)) / 2**tosses
