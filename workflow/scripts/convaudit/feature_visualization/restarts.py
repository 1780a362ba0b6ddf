"""Gradient ascent again, from other starts, for channels that the first one left silent."""

from typing import Any

import numpy as np

from convaudit.feature_visualization.ascent import Patterns, maximise
from convaudit.models.network import Network


def maximise_with_restarts(
    network: Network,
    layer: str,
    channels: np.ndarray,
    *,
    restarts: int,
    start: str = "noise",
    seed: int = 0,
    **options: Any,
) -> tuple[Patterns, np.ndarray]:
    """Find patterns as ``maximise`` does; channels whose activation never rose start again.

    A channel that is silent for noise has no gradient to follow: its ReLU, or one before it, is 0
    everywhere. The restarts begin with Fourier coefficients, where redirected gradients lead out
    of the silence. Only what stays silent from every start is dead.

    Args:
        network, layer, channels, start, seed, options: as for ``maximise``.
        restarts: how many further starts a silent channel gets; 0 is ``maximise`` itself.

    Returns:
        The patterns, and (n,) int which start each is of: 0 is the first.

    Raises:
        AuditError: as for ``maximise``.
    """
    found = maximise(network, layer, channels, start=start, seed=seed, **options)
    attempts = np.zeros(len(channels), int)
    for attempt in range(1, restarts + 1):
        silent = np.flatnonzero(found.dead)
        if not len(silent):
            break
        again = maximise(
            network,
            layer,
            channels[silent],
            start="fourier",
            seed=(seed + attempt) % 2**32,
            **options,
        )
        risen = silent[~again.dead]
        for before, now in zip(found, again, strict=True):
            before[risen] = now[~again.dead]
        attempts[risen] = attempt
    return found, attempts
