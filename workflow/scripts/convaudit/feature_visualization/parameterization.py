"""Parameterizations of the image that gradient ascent optimises: pixels or Fourier coefficients."""

from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from convaudit.models.scaling import Scaling

COLOURS = np.array([[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]], np.float32)
"""Matrix from decorrelated colours to RGB: a root of ImageNet's covariance of RGB (Lucid)."""

_CONTRAST = 0.2
"""Standard deviation of the initial coefficients. With much more, the noise of the start is
still visible after 40 steps (looked at on SqueezeNet and VGG16, docs/patterns.md)."""

_REACH = 0.04
"""Root mean square of a step in coefficients for a step size of one grey level."""


class Parameterization(Protocol):
    """How images of size x size pixels are represented.

    Attributes:
        shape: shape of one image's parameters.
        unit_step: root mean square of a step of one grey level, in units of the parameters.
    """

    shape: tuple[int, ...]
    unit_step: float

    def initial(self, generator: np.random.Generator) -> np.ndarray:
        """The initial parameters of one image, float32."""

    def to_input(self, parameters: Any) -> Any:
        """Convert parameters (B, …) to the network's input (B, size, size, 3)."""

    def to_images(self, parameters: np.ndarray) -> np.ndarray:
        """Convert parameters (n, …) to RGB images for viewing (n, size, size, 3), uint8."""


class Pixels:
    """The parameters are the network's input; they start as uniform noise in 128..148.

    For the scalings none and caffe the noise is the input itself, as in Chollet's listing 5-38; for
    all others it is scaled first.
    """

    def __init__(self, scaling: Scaling, size: int) -> None:
        self.shape: tuple[int, ...] = (size, size, 3)
        self.unit_step = scaling.grey_level
        self._scaling = scaling
        self._raw = scaling.grey_level == 1

    def initial(self, generator: np.random.Generator) -> np.ndarray:
        noise = generator.uniform(128, 148, self.shape).astype(np.float32)
        return noise if self._raw else self._scaling.apply(noise)

    def to_input(self, parameters: Any) -> Any:
        return parameters

    def to_images(self, parameters: np.ndarray) -> np.ndarray:
        """Chollet's listing 5-37, applied to each image by itself, in RGB order."""
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
        self.unit_step = _REACH
        self._scaling = scaling
        self._size = size
        self._amplitudes = amplitudes(size)

    def initial(self, generator: np.random.Generator) -> np.ndarray:
        return generator.normal(0, _CONTRAST, self.shape).astype(np.float32)

    def to_input(self, parameters: Any) -> Any:
        return self._scaling.apply(self._pixels(parameters))

    def to_images(self, parameters: np.ndarray) -> np.ndarray:
        return self._pixels(tf.constant(parameters)).numpy().round().astype(np.uint8)

    def _pixels(self, parameters: Any) -> Any:
        scaled = parameters * self._amplitudes
        spectrum = tf.complex(scaled[:, 0], scaled[:, 1])
        waves = tf.signal.irfft2d(spectrum, (self._size, self._size))
        # Divided by the longest column's norm, as in Lucid: the colours keep their proportions.
        mixing = COLOURS / np.linalg.norm(COLOURS, axis=0).max()
        return 255 * tf.sigmoid(tf.einsum("bdhw,cd->bhwc", waves, mixing))


def amplitudes(size: int) -> np.ndarray:
    """Factor of each coefficient of a real Fourier transform: (size, size // 2 + 1), float32.

    It is size / 4 / frequency, with the frequency in cycles per pixel; the mean counts as one cycle
    per image. The factor size / 4 is Lucid's: the standard deviation of the image is then 1.5 to 2
    times that of the coefficients.
    """
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size))
    return (size / 4 / np.maximum(frequency, 1 / size)).astype(np.float32)
