"""Count each channel once."""

import pandas as pd

from convaudit.models.facts import ModelFacts


def own_channels(channels: pd.DataFrame, facts: ModelFacts) -> pd.DataFrame:
    """The rows of ``channels.parquet`` without pooling layers, because these pass on the channels
    of the layer before. If only pooling layers are watched, all rows.
    """
    kinds = {layer.name: layer.kind for layer in facts.layers}
    pooled = channels["layer"].map(kinds).fillna("").str.contains("Pooling")
    return channels if pooled.all() else channels[~pooled]
