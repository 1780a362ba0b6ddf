"""Repeat gradient ascent from other starts for channels that stayed silent."""

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

    A channel that is silent for noise has no gradient, because its ReLU or an earlier one is 0
    everywhere. The restarts begin with Fourier coefficients, for which redirected gradients make it
    active. A channel is dead only if it stays silent from every start.

    Args:
        network, layer, channels, start, seed, options: as for ``maximise``.
        restarts: how many further starts a silent channel gets; 0 is ``maximise`` itself.

    Returns:
        The patterns, and (n,) int: the start that gave each of them, 0 for the first.

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
