"""Check a guessed scaling without labels: how many answers depend on it, and whether another
scaling fits the model clearly better.
"""

from typing import Any

import numpy as np

from convaudit.checks.scaling_check import probabilities_of
from convaudit.models.network import Network
from convaudit.models.scaling import SCALINGS, in_order

_NORMALISATIONS = 3
"""Number of layers with moving statistics that are compared, beginning with the first."""

_CLEARLY = 3.0
"""Factor by which another scaling must be nearer to the moving statistics."""

_STUCK, _TELLING = 0.05, 0.3
"""Mutual information of images and answers, as a share of its maximum: below the first value the
answers hardly depend on the image, above the second they clearly do."""


def check_guess(network: Network, pixels: np.ndarray, used: str, channels: str) -> dict[str, Any]:
    """Compare the scalings on images without labels.

    Args:
        network: the classifier.
        pixels: (n, H, W, 3) uint8 RGB at the network's size.
        used: the guess, a key of ``SCALINGS``.
        channels: order of the colours with the guess: "rgb" or "bgr".

    Returns:
        For JSON: ``used``; ``images``, the number of images; four numbers by scaling: ``changed``,
        the share of answers that differ from those with the guess; ``confidence``, the mean
        probability of the answer; ``told``, the mutual information of images and answers as a share
        of its maximum; ``off``, the distance of the first layers' values from the moving statistics
        of their batch normalisation (a Kullback-Leibler divergence; None without such layers).
        ``likelier`` is another scaling that fits clearly better, or None; ``why`` is the evidence
        for it.
    """
    ways = {name: scaling for name, scaling in SCALINGS.items() if name != used}
    ways = {used: in_order(used, channels), **ways}
    numbers: dict[str, dict[str, Any]] = {"changed": {}, "confidence": {}, "told": {}, "off": {}}
    first = None
    for name, scaling in ways.items():
        probabilities = probabilities_of(network, pixels, scaling)
        said = probabilities.argmax(axis=1)
        first = said if first is None else first
        many = len(said) > 0
        numbers["changed"][name] = float((said != first).mean()) if many else 0.0
        numbers["confidence"][name] = float(probabilities.max(axis=1).mean()) if many else 0.0
        numbers["told"][name] = _told(probabilities) if many else 0.0
        numbers["off"][name] = _off(network, scaling.apply(pixels.astype(np.float32)))
    likelier, why = _likelier(numbers, used) if len(pixels) else (None, "")
    return {"used": used, "images": len(pixels), **numbers, "likelier": likelier, "why": why}


def _likelier(numbers: dict[str, dict[str, Any]], used: str) -> tuple[str | None, str]:
    """A scaling that fits clearly better, and the evidence for it; (None, "") if none does."""
    off, told = numbers["off"], numbers["told"]
    if off[used] is not None:
        best = min(off, key=off.__getitem__)
        if off[best] * _CLEARLY < off[used]:
            return best, "the first layers' values then lie where batch normalisation learnt them"
        return None, ""
    best = max(told, key=told.__getitem__)
    if told[used] < _STUCK and told[best] > _TELLING:
        return best, "the answers then differ from image to image, and are sure"
    return None, ""


def _told(probabilities: np.ndarray) -> float:
    """Mutual information of images and answers, divided by the logarithm of the number of
    classes.
    """

    def entropy(p: np.ndarray) -> np.ndarray:
        return -(p * np.log(np.maximum(p, 1e-12))).sum(axis=-1)

    p = probabilities / np.maximum(probabilities.sum(axis=1, keepdims=True), 1e-12)
    told = entropy(p.mean(axis=0)) - entropy(p).mean()
    return float(told / np.log(p.shape[1]))


def _off(network: Network, x: np.ndarray) -> float | None:
    """Distance of the first layers' values from the moving statistics of batch normalisation.

    Kullback-Leibler divergence of normal distributions: (v / V + (m - M)^2 / V - 1 - ln(v / V)) / 2
    with the mean m and variance v of a channel's values and its moving mean M and variance V;
    median over the channels of a layer, mean over the layers. None without such layers.
    """
    names = [layer.name for layer in network.layers if layer.kind == "BatchNormalization"]
    found = []
    for name in names[:_NORMALISATIONS]:
        layer = network.layer(name)
        (given,) = network.given_to(name, x)
        values = np.asarray(given, np.float64)
        axes = tuple(range(values.ndim - 1))
        mean, variance = values.mean(axis=axes), values.var(axis=axes) + layer.epsilon
        moving_mean = np.asarray(layer.moving_mean, np.float64)
        moving_variance = np.asarray(layer.moving_variance, np.float64) + layer.epsilon
        ratio = variance / moving_variance
        distance = (mean - moving_mean) ** 2 / moving_variance
        found.append(float(np.median(ratio + distance - 1 - np.log(ratio)) / 2))
    return float(np.mean(found)) if found else None
