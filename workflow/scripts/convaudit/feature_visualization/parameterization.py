"""What gradient ascent changes to make an image: its pixels, or its Fourier coefficients."""

from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from convaudit.models.scaling import Scaling

COLOURS = np.array([[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]], np.float32)
"""From decorrelated colours to RGB: a root of the covariance of RGB in ImageNet (Lucid)."""

_CONTRAST = 0.2
"""Deviation of the coefficients at the start. Much more would still be seen at the end."""

_REACH = 0.04
"""How far a coefficient moves (root mean square) for a step of one grey level."""


class Canvas(Protocol):
    """A way to hold images of size x size pixels as parameters.

    Attributes:
        shape: of one image's parameters.
        pace: length of a step of one grey level, root mean square, in the parameters' units.
    """

    shape: tuple[int, ...]
    pace: float

    def draw(self, generator: np.random.Generator) -> np.ndarray:
        """Give one image's parameters at the start, float32."""

    def paint(self, parameters: Any) -> Any:
        """Turn parameters (B, …) into the network's input (B, size, size, 3)."""

    def picture(self, parameters: np.ndarray) -> np.ndarray:
        """Turn parameters (n, …) into uint8 RGB images to look at (n, size, size, 3)."""


class Pixels:
    """The parameters are the network's input; the start is uniform noise in 128..148.

    A network fed with pixels (scaling none or caffe) starts from the noise itself, as in Chollet's
    listing 5-38; for all others the noise goes through the scaling.
    """

    def __init__(self, scaling: Scaling, size: int) -> None:
        self.shape: tuple[int, ...] = (size, size, 3)
        self.pace = scaling.grey_level
        self._scaling = scaling
        self._raw = scaling.grey_level == 1

    def draw(self, generator: np.random.Generator) -> np.ndarray:
        noise = generator.uniform(128, 148, self.shape).astype(np.float32)
        return noise if self._raw else self._scaling.apply(noise)

    def paint(self, parameters: Any) -> Any:
        return parameters

    def picture(self, parameters: np.ndarray) -> np.ndarray:
        """Listing 5-37, for each image by itself, and with the channels in RGB order."""
        x = parameters
        if not self._raw:
            x = self._scaling.undo(x)
        elif self._scaling.bgr:
            x = x[..., ::-1]
        x = x - x.mean(axis=(1, 2, 3), keepdims=True)
        x = x / (x.std(axis=(1, 2, 3), keepdims=True) + 1e-5) * 0.1 + 0.5
        return (x.clip(0, 1) * 255).astype(np.uint8)


class Fourier:
    """The parameters are Fourier coefficients (2, 3, size, size // 2 + 1) of decorrelated colours.

    Real and imaginary parts. Each is divided by its frequency, as the amplitudes in photographs
    are, so that a step changes what is coarse more than what is fine (Olah et al. 2017, "Feature
    Visualization"; Lucid's ``param.fft_image``). A sigmoid keeps the pixels in 0..255. The image
    is periodic: it has no border.
    """

    def __init__(self, scaling: Scaling, size: int) -> None:
        self.shape: tuple[int, ...] = (2, 3, size, size // 2 + 1)
        self.pace = _REACH
        self._scaling = scaling
        self._size = size
        self._amplitudes = amplitudes(size)

    def draw(self, generator: np.random.Generator) -> np.ndarray:
        return generator.normal(0, _CONTRAST, self.shape).astype(np.float32)

    def paint(self, parameters: Any) -> Any:
        return self._scaling.apply(self._pixels(parameters))

    def picture(self, parameters: np.ndarray) -> np.ndarray:
        return self._pixels(tf.constant(parameters)).numpy().round().astype(np.uint8)

    def _pixels(self, parameters: Any) -> Any:
        scaled = parameters * self._amplitudes
        spectrum = tf.complex(scaled[:, 0], scaled[:, 1])
        waves = tf.signal.irfft2d(spectrum, (self._size, self._size))
        # Lucid's length of the longest column keeps the three colours' proportions.
        mixing = COLOURS / np.linalg.norm(COLOURS, axis=0).max()
        return 255 * tf.sigmoid(tf.einsum("bdhw,cd->bhwc", waves, mixing))


def amplitudes(size: int) -> np.ndarray:
    """What multiplies each coefficient of a real transform: (size, size // 2 + 1), float32.

    One over the frequency, in cycles a pixel; the mean counts as one cycle an image. Times
    size / 4, as in Lucid, which makes the image's deviation 1.5 to 2 times the coefficients'.
    """
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size))
    return (size / 4 / np.maximum(frequency, 1 / size)).astype(np.float32)
