"""Choose the images on which a model's maps are tested."""

import hashlib

import numpy as np
import pandas as pd


def sample(image_ids: pd.Series, predicted: pd.Series, count: int) -> np.ndarray:
    """Choose at most ``count`` images, as equally over the predicted classes as possible, by the
    hashes of their ids: the same images for any order and any number of shards.

    Args:
        image_ids: (n,).
        predicted: (n,) predicted class of each image.
        count: greatest number of images.

    Returns:
        Row numbers, in the order in which they were drawn.
    """
    hashes = [hashlib.sha256(image.encode()).hexdigest() for image in image_ids]
    table = pd.DataFrame({"hash": hashes, "predicted": predicted.to_numpy()}).sort_values("hash")
    turn = table.groupby("predicted").cumcount()
    return table.assign(turn=turn).sort_values(["turn", "hash"]).index.to_numpy()[:count]
