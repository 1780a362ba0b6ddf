"""The order of colours in a network's input, and what a scaling with one is called."""

_BGR = frozenset({"caffe"})
"""Scalings that turn RGB to BGR by themselves."""


def channels_of(scaling: str) -> str:
    """The order of colours that a key of ``SCALINGS`` has by itself: "rgb" or "bgr"."""
    return "bgr" if scaling in _BGR else "rgb"


def called(scaling: str, channels: str) -> str:
    """A scaling and an order of channels in one text: "unit", or "unit, BGR" where they differ."""
    return scaling if channels == channels_of(scaling) else f"{scaling}, {channels.upper()}"
