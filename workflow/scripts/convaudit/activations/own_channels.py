"""The channels that are counted, each once."""

import pandas as pd

from convaudit.models.facts import ModelFacts


def own_channels(channels: pd.DataFrame, facts: ModelFacts) -> pd.DataFrame:
    """The rows of ``channels.parquet`` without those of pooling layers, which pass on the channels
    before them; all of them where nothing else is watched.
    """
    kinds = {layer.name: layer.kind for layer in facts.layers}
    pooled = channels["layer"].map(kinds).fillna("").str.contains("Pooling")
    return channels if pooled.all() else channels[~pooled]
