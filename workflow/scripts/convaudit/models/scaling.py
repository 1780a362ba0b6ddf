"""Scale pixels for a network's input: one affine function per channel."""

from typing import Any, NamedTuple

import numpy as np

from convaudit.models.facts import ModelFacts


class Scaling(NamedTuple):
    """input = pixels * scale + offset per channel; if ``bgr``, RGB is converted to BGR first."""

    bgr: bool
    scale: tuple[float, float, float]
    offset: tuple[float, float, float]

    @property
    def grey_level(self) -> float:
        """One grey level (of 255) in units of the network's input."""
        return float(np.mean(self.scale))

    def apply(self, pixels: Any) -> Any:
        """Convert RGB pixels (…, W, 3) in 0..255, an array or a float tensor, to the network's
        input.
        """
        ordered = _reversed(pixels) if self.bgr else pixels
        # Scale whole rows: broadcasting three numbers would take TensorFlow three times as long.
        row = (pixels.shape[-2], 1)
        scale, offset = (
            np.tile(np.array(each, np.float32), row) for each in (self.scale, self.offset)
        )
        return ordered * scale + offset

    def undo(self, inputs: np.ndarray) -> np.ndarray:
        """Convert inputs (…, 3) back to RGB pixels, unclipped."""
        pixels = (inputs - np.array(self.offset, np.float32)) / np.array(self.scale, np.float32)
        return pixels[..., ::-1] if self.bgr else pixels


def _reversed(pixels: Any) -> Any:
    """Reverse the channels; TensorFlow's slicing would take seven times as long."""
    if isinstance(pixels, np.ndarray):
        return pixels[..., ::-1]
    import keras

    return keras.ops.flip(pixels, axis=-1)


_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)

SCALINGS = {
    "unit": Scaling(False, (1 / 255,) * 3, (0.0,) * 3),
    "tf": Scaling(False, (1 / 127.5,) * 3, (-1.0,) * 3),
    "torch": Scaling(
        False,
        (1 / (255 * _DEVIATION[0]), 1 / (255 * _DEVIATION[1]), 1 / (255 * _DEVIATION[2])),
        (-_MEAN[0] / _DEVIATION[0], -_MEAN[1] / _DEVIATION[1], -_MEAN[2] / _DEVIATION[2]),
    ),
    "caffe": Scaling(True, (1.0,) * 3, (-103.939, -116.779, -123.68)),
    "none": Scaling(False, (1.0,) * 3, (0.0,) * 3),
}
"""Scalings by name: x/255; x/127.5-1; ImageNet mean and deviation; BGR minus ImageNet mean; x."""


def in_order(scaling: str, channels: str) -> Scaling:
    """A scaling with the given channel order ("rgb" or "bgr"); scale and offset do not change."""
    return SCALINGS[scaling]._replace(bgr=channels == "bgr")


def scaling_of(facts: ModelFacts) -> Scaling:
    """The scaling of RGB pixels for a network."""
    return in_order(facts.scaling, facts.channels)
