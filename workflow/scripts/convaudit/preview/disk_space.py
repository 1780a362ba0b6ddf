"""What an audit will leave on the disk, before any of it runs."""

from typing import Any

from convaudit.models.facts import ModelFacts

_GRID = 1.5
"""Bytes of a position of a channel in an activation grid, compressed (SqueezeNet, 96 photos)."""

_PATTERN = 2.3
"""Bytes of a pixel of a filter grid, compressed."""

_DOSSIER, _STATISTICS = 6000, 1900
"""Bytes of a channel in the report, and in the statistics of a shard."""

_REPORT = 500_000
"""Bytes of a report without images and channels."""


def disk(
    facts: ModelFacts,
    settings: dict[str, Any],
    *,
    watched: list[str],
    patterns: int,
    images: int,
    each: float,
    shards: int,
) -> float:
    """Bytes of a results folder.

    Args:
        facts: of the model.
        settings: of the audit, complete.
        watched: names of the layers with statistics and grids.
        patterns: drawn in all layers.
        images: in the dataset.
        each: bytes of an image's pixels and overlay.
        shards: that the images are in.
    """
    layers = [facts.layer(name) for name in watched]
    examples = settings["activations"]["examples"]
    examples = min(images, examples if isinstance(examples, int) else len(examples))
    channels = sum(layer.channels for layer in layers)
    side = settings["filters"]["size"] + settings["filters"]["margin"]
    return (
        _REPORT
        + images * each
        + examples * _GRID * sum(layer.values for layer in layers)
        + patterns * _PATTERN * side**2
        + channels * (_DOSSIER + _STATISTICS * shards)
    )
