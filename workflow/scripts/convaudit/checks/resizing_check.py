"""Check how the model's answers change if images are resized as by other tools."""

from typing import Any

import numpy as np
from scipy.stats import binom

from convaudit.checks.scaling_check import answers
from convaudit.models.network import Network
from convaudit.models.scaling import Scaling

_LEVEL = 0.01


def check_resizing(
    network: Network,
    pixels: dict[str, np.ndarray],
    labels: np.ndarray,
    scaling: Scaling,
    used: str,
) -> dict[str, Any]:
    """Compare the answers for each way to resize.

    Another way is clearly better if it corrects significantly more images than it breaks: one-sided
    sign test, p < 0.01.

    Args:
        pixels: the same few dozen images (n, H, W, 3), uint8, by way to resize.
        labels: (n,) indices of their classes, -1 without a label.
        scaling: scaling of the network's input.
        used: the way that the audit uses.

    Returns:
        For JSON: ``used``; ``images`` and ``labelled``, numbers of images; by way ``changed``, the
        share of answers that differ from those with ``used``, and ``accuracies`` (empty without
        labels); ``better``, the clearly better way with the highest accuracy, or None.
    """
    first = answers(network, pixels[used], scaling)
    known = labels >= 0
    right = (first == labels)[known]
    changed, accuracies, clearly = {}, {}, []
    for name, variant in pixels.items():
        same = name == used or np.array_equal(variant, pixels[used])
        found = first if same else answers(network, variant, scaling)
        changed[name] = float((found != first).mean()) if len(first) else 0.0
        if not known.any():
            continue
        hits = (found == labels)[known]
        accuracies[name] = float(hits.mean())
        wins, losses = int((hits & ~right).sum()), int((right & ~hits).sum())
        if binom.sf(wins - 1, wins + losses, 0.5) < _LEVEL:
            clearly.append(name)
    return {
        "used": used,
        "images": len(first),
        "labelled": int(known.sum()),
        "changed": changed,
        "accuracies": accuracies,
        "better": max(clearly, key=accuracies.__getitem__, default=None),
    }
