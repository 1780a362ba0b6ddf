"""Activation maximisation by gradient ascent on the image (Erhan et al. 2009)."""

import logging
import time
import zlib
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from convaudit.errors import AuditError
from convaudit.feature_visualization.objective import mean_activation
from convaudit.feature_visualization.parameterization import Fourier, Parameterization, Pixels
from convaudit.feature_visualization.redirected_relu import redirected
from convaudit.feature_visualization.transforms import IDENTITY, random_transforms, transform
from convaudit.models.kernels import naming_the_layer
from convaudit.models.network import Network
from convaudit.models.scaling import Scaling
from convaudit.system.out_of_memory import within_memory
from convaudit.system.progress import Progress

log = logging.getLogger(__name__)

STARTS: dict[str, tuple[type[Pixels | Fourier], bool]] = {
    "noise": (Pixels, False),
    "fourier": (Fourier, True),
}
"""Setting ``filters.start``: the parameterization, and whether the image is transformed."""

_COMFORTABLE = 16 * 128 * 128
"""Greatest number of pixels in a batch. Larger batches were not faster (VGG16 on 2 cores)."""

_REMEDY = "leave the layers after it out of filters.layers"

_PROBES = 6
"""Number of layers that an estimate is measured on."""


class Patterns(NamedTuple):
    """The patterns of n channels.

    Attributes:
        images: (n, size, size, 3) uint8 RGB.
        start, end: (n,) float32, mean activation of the channel before and after the ascent.
        dead: (n,) True if the activation was never greater than at the start.
    """

    images: np.ndarray
    start: np.ndarray
    end: np.ndarray
    dead: np.ndarray


def maximise(
    network: Network,
    layer: str,
    channels: np.ndarray,
    *,
    scaling: Scaling,
    start: str = "noise",
    size: int = 64,
    steps: int = 40,
    step_size: float = 1.0,
    seed: int = 0,
    batch: int = 16,
) -> Patterns:
    """Find for each channel an image that maximises its mean activation a(x).

    Each step is x <- x + step_size * g / sqrt(mean(g^2)) with the gradient g = da/dx. ``noise``
    is Chollet's listing 5-38: x starts as uniform noise in 128..148. ``fourier`` optimises Fourier
    coefficients of decorrelated colours and transforms the image at each step (Olah et al. 2017,
    "Feature Visualization").

    The pattern of a channel does not depend on which other channels are asked for.

    Args:
        network: run only up to the layer, so ``size`` may differ from the size of its input.
        layer: name of a layer with an output (B, h, w, C).
        channels: (n,) int.
        scaling: how pixels become the network's input.
        start: a key of ``STARTS``.
        size: side of the images in pixels; a layer that needs more gets the least that it accepts.
        steps: number of steps.
        step_size: root mean square of a step, in grey levels (of 255).
        seed: of the transforms (with the layer's name) and of the initial images (with the layer's
            name and the channel's number).
        batch: greatest number of channels at a time; fewer if images are large or memory runs out.

    Raises:
        AuditError: the layer accepts no image up to the size of the network's input, or the memory
            is too small for one.
    """

    def work(count: int) -> Patterns:
        ascent = _smallest_fitting(network, layer, scaling, start, count, size)
        return _optimise(ascent, layer, channels, steps, step_size, seed)

    with naming_the_layer(network, _REMEDY):
        return within_memory(work, _batch_size(batch, size))


def estimate_seconds(
    network: Network,
    counts: dict[str, int],
    *,
    scaling: Scaling,
    start: str = "noise",
    size: int = 64,
    steps: int = 40,
    batch: int = 16,
) -> float:
    """Seconds that ``maximise`` will take on this machine, for one layer after the other.

    A few steps are timed on ``_PROBES`` layers, evenly spread; the others are interpolated.

    Args:
        network, scaling, start, size, steps, batch: as for ``maximise``.
        counts: channels by layer, in the order in which the layers run; at least one layer.

    Raises:
        AuditError: a layer accepts no image up to the size of the network's input.
    """
    names = list(counts)
    places = np.unique(np.linspace(0, len(names) - 1, _PROBES).round().astype(int))
    batch_size = _batch_size(batch, size)
    with naming_the_layer(network, _REMEDY):
        measured = [
            _timed(
                partial(_smallest_fitting, network, names[place], scaling, start, batch_size, size)
            )
            for place in places
        ]
    once, a_step = (
        np.interp(range(len(names)), places, known) for known in zip(*measured, strict=True)
    )
    batches = np.ceil(np.array(list(counts.values())) / batch_size)
    return float((once + batches * (steps + 1) * a_step).sum())


def _timed(make: Callable[[], "_Ascent"]) -> tuple[float, float]:
    """Seconds to compile and make the first step, and seconds of each further step."""
    clock = [time.perf_counter()]
    ascent = make()
    generator = np.random.default_rng(0)
    x = tf.constant(
        np.stack([ascent.parameterization.initial(generator) for _ in range(ascent.batch_size)])
    )
    arguments = x, tf.zeros(ascent.batch_size, tf.int32), tf.constant(IDENTITY)
    for _ in range(6):
        ascent.step(*arguments)[1].numpy()
        clock.append(time.perf_counter())
    once, *each = np.diff(clock)
    return float(once), float(np.median(each))


def _batch_size(batch: int, size: int) -> int:
    return min(batch, max(1, _COMFORTABLE // size**2))


class _Ascent(NamedTuple):
    """A compiled ascent: batch size, side of the images, parameterization, ``_compiled_step``."""

    batch_size: int
    size: int
    parameterization: Parameterization
    step: Any


def _optimise(
    ascent: _Ascent, layer: str, channels: np.ndarray, steps: int, step_size: float, seed: int
) -> Patterns:
    own = [seed, zlib.crc32(layer.encode())]
    transforms = tf.constant(random_transforms(np.random.default_rng(own), steps, ascent.size))
    length = step_size * ascent.parameterization.unit_step
    parts = []
    progress = Progress(-(-len(channels) // ascent.batch_size) * (steps + 1), "steps")
    for first in range(0, len(channels), ascent.batch_size):
        chosen = channels[first : first + ascent.batch_size]
        # Always a full batch, so that nothing is compiled twice.
        padded = np.resize(chosen, ascent.batch_size)
        generators = [np.random.default_rng([*own, int(channel)]) for channel in padded]
        x = tf.constant(
            np.stack([ascent.parameterization.initial(generator) for generator in generators])
        )
        padded = tf.constant(padded, tf.int32)
        activations = []
        for values in transforms:
            value, direction = ascent.step(x, padded, values)
            x += length * direction
            activations.append(value)
            progress.add()
        # A function without the gradient would take longer to compile than this step takes.
        activations.append(ascent.step(x, padded, tf.constant(IDENTITY))[0])
        count = len(chosen)
        parts.append(
            (ascent.parameterization.to_images(x.numpy()[:count]), np.stack(activations)[:, :count])
        )
        progress.add()
    images = np.concatenate([pictures for pictures, _ in parts])
    values = np.concatenate([activations for _, activations in parts], axis=1)
    dead = values[1:].max(axis=0) <= values[0]
    return Patterns(images, values[0], values[-1], dead)


def _compiled_step(
    network: Network, layer: str, parameterization: Parameterization, transformed: bool, batch: int
) -> Any:
    """Compile a function of parameters (batch, …), channels (batch,) and a transform (4,).

    It returns each image's mean activation of its channel, and the normalised gradient: the shape
    of the parameters, with root mean square 1, or 0 where the gradient is 0.

    Raises:
        ValueError, tf.errors.InvalidArgumentError: the images are too small for the layer.
    """

    def step(
        parameters: tf.Tensor, chosen: tf.Tensor, values: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        x = parameterization.to_input(parameters)
        with redirected() if transformed else nullcontext():
            shown = transform(x, values) if transformed else x
            value = mean_activation(network, shown, layer, chosen)
        # Float16 would round small gradients to 0; the factor is a power of two, so it is exact.
        (g,) = tf.gradients(value * 1024, parameters, unconnected_gradients="zero")
        g /= 1024
        axes = list(range(1, len(parameterization.shape) + 1))
        return value, g / (tf.sqrt(tf.reduce_mean(g**2, axis=axes, keepdims=True)) + 1e-5)

    return tf.function(step, autograph=False).get_concrete_function(
        tf.TensorSpec((batch, *parameterization.shape), tf.float32),
        tf.TensorSpec((batch,), tf.int32),
        tf.TensorSpec((4,), tf.float32),
    )


def _smallest_fitting(
    network: Network, layer: str, scaling: Scaling, start: str, batch: int, size: int
) -> _Ascent:
    """An ascent with the smallest images that the layer accepts, of at least ``size`` pixels."""
    make, transformed = STARTS[start]

    def attempt(side: int) -> _Ascent | None:
        parameterization = make(scaling, side)
        try:
            return _Ascent(
                batch,
                side,
                parameterization,
                _compiled_step(network, layer, parameterization, transformed, batch),
            )
        except (ValueError, tf.errors.InvalidArgumentError):
            return None

    if found := attempt(size):
        return found
    low, high = size, max(network.input_shape[:2])
    found = attempt(high) if high > low else None
    if not found:
        raise AuditError(
            f"filters: layer {layer} accepts no images of {size} x {size} pixels: set filters.size "
            f"to the side of the model's input, {high}, or leave the layer out of filters.layers"
        )
    while high - low > 1:
        middle = (low + high) // 2
        if better := attempt(middle):
            high, found = middle, better
        else:
            low = middle
    log.warning(
        "%s: patterns of %d pixels, because %d pixels are too few for this layer", layer, high, size
    )
    return found
