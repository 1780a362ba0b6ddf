"""The model's scores for changed pictures, with the audit's own resize, scaling and forward
pass.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from convaudit.dataset.images import resize
from convaudit.models.network import Network
from convaudit.models.scaling import Scaling
from convaudit.shortcuts.laboratory.trials import Scorer

_BATCH = 16
"""It divides the numbers of changed images of a trial, so few passes are padding."""


def scorer(
    network: Network, scaling: Scaling, size: tuple[int, int], interpolation: str, threads: int
) -> Scorer:
    """Make a function from pictures, RGB uint8 (H, W, 3) of any size, to scores (m, units) float32.

    Batches are padded with black pictures to a fixed size, so a picture's scores do not depend on
    the other pictures in its batch.

    Args:
        network, scaling: the classifier and how pixels become its input.
        size: height and width of its input.
        interpolation: setting ``preprocess.interpolation``.
        threads: number of threads that resize pictures.
    """
    shape = (_BATCH, *size, 3)
    resized = partial(resize, size=size, interpolation=interpolation)

    def score(pictures: Sequence[np.ndarray]) -> np.ndarray:
        with ThreadPoolExecutor(threads) as pool:
            small = list(pool.map(resized, pictures))
        found = []
        for start in range(0, len(small), _BATCH):
            part = small[start : start + _BATCH]
            batch = np.zeros(shape, np.float32)
            batch[: len(part)] = part
            found.append(network.traced(scaling.apply(batch)).numpy()[: len(part)])
        return np.concatenate(found)

    return score
