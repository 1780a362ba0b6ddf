"""The order of colour channels in a network's input, and the name of a scaling with its order."""

_BGR = frozenset({"caffe"})
"""Scalings that include the conversion from RGB to BGR."""


def channels_of(scaling: str) -> str:
    """The default channel order of a key of ``SCALINGS``: "rgb" or "bgr"."""
    return "bgr" if scaling in _BGR else "rgb"


def called(scaling: str, channels: str) -> str:
    """Name a scaling with its channel order: "unit", or "unit, BGR" if that is not the default."""
    return scaling if channels == channels_of(scaling) else f"{scaling}, {channels.upper()}"
