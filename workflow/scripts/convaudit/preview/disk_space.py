"""Estimate the disk space of an audit before it runs.

The constants were measured on an audit of 96 photos with SqueezeNet.
"""

from typing import Any

from convaudit.models.facts import ModelFacts

_GRID = 1.5
"""Bytes per position and channel of an activation grid (PNG)."""

_PATTERN = 2.3
"""Bytes per pixel of a filter grid (PNG)."""

_DOSSIER, _STATISTICS = 6000, 1900
"""Bytes per channel in the report, and in the statistics of a shard."""

_REPORT = 750_000
"""Bytes of files that do not depend on the number of images and channels: the report's base, logs,
benchmark tables and the checks' results."""


def overlays_share(choice: str, labelled: bool, accuracy: float | None) -> float:
    """Share of the images that get an overlay at full size.

    Args:
        choice: setting ``overlays``.
        labelled: whether the images have labels; without any there are no errors.
        accuracy: accuracy on a sample; None if it could not be measured: then all images are
            counted as errors.
    """
    if choice == "errors":
        return 1 - (accuracy or 0.0) if labelled else 0.0
    return float(choice == "all")


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
    """Bytes of the results folder.

    Args:
        facts: of the model.
        settings: of the audit, complete.
        watched: names of the layers with statistics and grids.
        patterns: number of patterns of all layers.
        images: number of images.
        each: bytes of one image's pixels and overlay.
        shards: number of shards.
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
