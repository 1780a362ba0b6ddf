"""Gradient ascent in image space: the image that excites a channel most (Erhan et al. 2009)."""

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
from convaudit.feature_visualization.parameterization import Canvas, Fourier, Pixels
from convaudit.feature_visualization.redirected_relu import redirected
from convaudit.feature_visualization.transforms import STILL, motions, sway
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
"""By name: what the ascent changes, and whether its images are moved between steps."""

_COMFORTABLE = 16 * 128 * 128
"""Pixels of a batch. Larger batches are not faster, and memory grows with them."""

_REMEDY = "leave the layers after it out of filters.layers"

_PROBES = 6
"""Layers that a forecast is measured on."""


class Patterns(NamedTuple):
    """What excites n channels.

    images (n, size, size, 3) uint8 RGB; start and end (n,) the channel's mean activation before
    and after the ascent, float32; dead (n,) bool: at no step was the activation over its start.
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
    """Climb towards what excites each channel.

    ``noise`` does it as Chollet's listing 5-38: uniform noise in 128..148 is changed ``steps``
    times by ``step_size`` grey levels times the gradient of the channel's mean activation over its
    root mean square. ``fourier`` climbs in Fourier coefficients of decorrelated colours, and moves
    the images at each step (Olah et al. 2017, "Feature Visualization").

    The result for a channel does not depend on which others are asked for.

    Args:
        network: run only as far as the layer, so ``size`` need not be its input's.
        layer: name of a layer with an output (B, h, w, C).
        channels: (n,) int.
        scaling: how pixels become the network's input.
        start: a key of ``STARTS``.
        size: side of the images; a layer that needs a larger one gets the smallest that it takes.
        steps: of the ascent.
        step_size: in grey levels (of 255).
        seed: of the start and the motions, together with the layer's name and the channel's number.
        batch: channels at a time, at most; fewer of large images, or where memory runs out.

    Raises:
        AuditError: no image up to the size of the network's own input gets through to the layer,
            or there is no memory for one.
    """

    def work(count: int) -> Patterns:
        climb = _fitting(network, layer, scaling, start, count, size)
        return _in_batches(climb, layer, channels, steps, step_size, seed)

    with naming_the_layer(network, _REMEDY):
        return within_memory(work, _together(batch, size))


def forecast(
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

    A few layers, evenly spread, are compiled and climb a few steps; the others are in between.

    Args:
        network, scaling, start, size, steps, batch: as for ``maximise``.
        counts: channels by layer, in the order in which the layers run; at least one layer.

    Raises:
        AuditError: a layer takes no image up to the size of the network's own input.
    """
    names = list(counts)
    places = np.unique(np.linspace(0, len(names) - 1, _PROBES).round().astype(int))
    together = _together(batch, size)
    with naming_the_layer(network, _REMEDY):
        measured = [
            _measured(partial(_fitting, network, names[place], scaling, start, together, size))
            for place in places
        ]
    once, a_step = (
        np.interp(range(len(names)), places, known) for known in zip(*measured, strict=True)
    )
    batches = np.ceil(np.array(list(counts.values())) / together)
    return float((once + batches * (steps + 1) * a_step).sum())


def _measured(climb_of: Callable[[], "_Climb"]) -> tuple[float, float]:
    """Seconds until a climb is compiled and has made its first step, and of a step after that."""
    clock = [time.perf_counter()]
    climb = climb_of()
    generator = np.random.default_rng(0)
    x = tf.constant(np.stack([climb.canvas.draw(generator) for _ in range(climb.together)]))
    arguments = x, tf.zeros(climb.together, tf.int32), tf.constant(STILL)
    for _ in range(6):
        climb.rise(*arguments)[1].numpy()
        clock.append(time.perf_counter())
    once, *each = np.diff(clock)
    return float(once), float(np.median(each))


def _together(batch: int, size: int) -> int:
    return min(batch, max(1, _COMFORTABLE // size**2))


class _Climb(NamedTuple):
    """Images to climb with: how many, their side, their canvas, and a function from ``_rise``."""

    together: int
    size: int
    canvas: Canvas
    rise: Any


def _in_batches(
    climb: _Climb, layer: str, channels: np.ndarray, steps: int, step_size: float, seed: int
) -> Patterns:
    own = [seed, zlib.crc32(layer.encode())]
    moves = tf.constant(motions(np.random.default_rng(own), steps, climb.size))
    pace = step_size * climb.canvas.pace
    parts = []
    progress = Progress(-(-len(channels) // climb.together) * (steps + 1), "steps")
    for first in range(0, len(channels), climb.together):
        chosen = channels[first : first + climb.together]
        # Always as many as a batch, so that nothing is compiled twice.
        padded = np.resize(chosen, climb.together)
        generators = [np.random.default_rng([*own, int(channel)]) for channel in padded]
        x = tf.constant(np.stack([climb.canvas.draw(generator) for generator in generators]))
        padded = tf.constant(padded, tf.int32)
        reached = []
        for move in moves:
            value, direction = climb.rise(x, padded, move)
            x += pace * direction
            reached.append(value)
            progress.add()
        # A second function, without the gradient, would take longer to compile than this step.
        reached.append(climb.rise(x, padded, tf.constant(STILL))[0])
        count = len(chosen)
        parts.append((climb.canvas.picture(x.numpy()[:count]), np.stack(reached)[:, :count]))
        progress.add()
    images = np.concatenate([pictures for pictures, _ in parts])
    values = np.concatenate([reached for _, reached in parts], axis=1)
    dead = values[1:].max(axis=0) <= values[0]
    return Patterns(images, values[0], values[-1], dead)


def _rise(network: Network, layer: str, canvas: Canvas, moving: bool, batch: int) -> Any:
    """Compile a function of parameters (batch, …), channels (batch,) and a motion (4,).

    It gives each image's mean activation of its own channel, and the direction that it rises in:
    as the parameters, of root mean square 1, or zero.

    Raises:
        ValueError, tf.errors.InvalidArgumentError: the canvas is too small.
    """

    def rise(
        parameters: tf.Tensor, chosen: tf.Tensor, motion: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        x = canvas.paint(parameters)
        with redirected() if moving else nullcontext():
            moved = sway(x, motion) if moving else x
            value = mean_activation(network, moved, layer, chosen)
        # Float16 would round small gradients to zero; a power of two is taken back exactly.
        (g,) = tf.gradients(value * 1024, parameters, unconnected_gradients="zero")
        g /= 1024
        axes = list(range(1, len(canvas.shape) + 1))
        return value, g / (tf.sqrt(tf.reduce_mean(g**2, axis=axes, keepdims=True)) + 1e-5)

    return tf.function(rise, autograph=False).get_concrete_function(
        tf.TensorSpec((batch, *canvas.shape), tf.float32),
        tf.TensorSpec((batch,), tf.int32),
        tf.TensorSpec((4,), tf.float32),
    )


def _fitting(
    network: Network, layer: str, scaling: Scaling, start: str, batch: int, size: int
) -> _Climb:
    """Images of the smallest side, at least ``size``, that get through to the layer."""
    canvas_of, moving = STARTS[start]

    def attempt(side: int) -> _Climb | None:
        canvas = canvas_of(scaling, side)
        try:
            return _Climb(batch, side, canvas, _rise(network, layer, canvas, moving, batch))
        except (ValueError, tf.errors.InvalidArgumentError):
            return None

    if found := attempt(size):
        return found
    low, high = size, max(network.input_shape[:2])
    found = attempt(high) if high > low else None
    if not found:
        raise AuditError(
            f"filters: layer {layer} takes no images of {size} x {size} pixels: set filters.size "
            f"to the side of the model's input, {high}, or leave the layer out of filters.layers"
        )
    while high - low > 1:
        middle = (low + high) // 2
        if better := attempt(middle):
            high, found = middle, better
        else:
            low = middle
    log.warning("%s: images of %d pixels, since %d are too few for it", layer, high, size)
    return found
