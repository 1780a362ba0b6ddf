"""Gradient ascent in image space: the image that excites a channel most (Erhan et al. 2009)."""

import logging
import zlib
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from convaudit.errors import AuditError
from convaudit.network import Network
from convaudit.scaling import Scaling

log = logging.getLogger(__name__)


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
    size: int = 64,
    steps: int = 40,
    step_size: float = 1.0,
    seed: int = 0,
    batch: int = 16,
) -> Patterns:
    """Climb from noise towards what excites each channel, as Chollet's listing 5-38 does.

    Uniform noise in 128..148 is changed ``steps`` times by ``step_size`` grey levels times the
    gradient of the channel's mean activation over its root mean square. A network fed with pixels
    (scaling none or caffe) starts from the noise itself, as in the listing; for all others the
    noise goes through the scaling.

    The result for a channel does not depend on which others are asked for.

    Args:
        network: run only as far as the layer, so ``size`` need not be its input's.
        layer: name of a layer with an output (B, h, w, C).
        channels: (n,) int.
        scaling: how pixels become the network's input.
        size: side of the images; a layer that needs a larger one gets the smallest that it takes.
        steps: of the ascent.
        step_size: in grey levels (of 255).
        seed: of the noise, together with the layer's name and the channel's number.
        batch: channels at a time; memory grows with it.

    Raises:
        AuditError: no image up to the size of the network's own input gets through to the layer.
    """
    size, rise = _fitting(network, layer, batch, size)
    raw = scaling.grey_level == 1
    pace = step_size * scaling.grey_level
    parts = []
    for first in range(0, len(channels), batch):
        chosen = channels[first : first + batch]
        # Always as many as a batch, so that nothing is compiled twice.
        padded = tf.constant(np.resize(chosen, batch), tf.int32)
        noise = np.stack([_noise(seed, layer, channel, size) for channel in padded.numpy()])
        x = tf.constant(noise if raw else scaling.apply(noise), tf.float32)
        reached = []
        for _ in range(steps):
            value, direction = rise(x, padded)
            x += pace * direction
            reached.append(value)
        # A second function, without the gradient, would take longer to compile than this step.
        reached.append(rise(x, padded)[0])
        count = len(chosen)
        parts.append((x.numpy()[:count], np.stack(reached)[:, :count]))
        log.info("%s: %d of %d channels", layer, first + count, len(channels))
    images = np.concatenate([x for x, _ in parts])
    values = np.concatenate([reached for _, reached in parts], axis=1)
    dead = values[1:].max(axis=0) <= values[0]
    return Patterns(_picture(images, scaling, raw), values[0], values[-1], dead)


def _rise(network: Network, layer: str, batch: int, size: int) -> Any:
    """Compile a function of images (batch, size, size, 3) and channels (batch,).

    It gives each image's mean activation of its own channel, and the direction that it rises in:
    (batch, size, size, 3) of root mean square 1, or zero.

    Raises:
        ValueError, tf.errors.InvalidArgumentError: images of this size are too small.
    """

    def rise(x: tf.Tensor, chosen: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            maps = tf.cast(network.run(x, until=layer), tf.float32)
            if 0 in maps.shape:
                raise ValueError("nothing is left of the image")
            means = tf.reduce_mean(maps, axis=(1, 2))
            value = tf.gather(means, chosen, axis=1, batch_dims=1)
            # Float16 would round small gradients to zero; a power of two is taken back exactly.
            enlarged = value * 1024
        g = tape.gradient(enlarged, x, unconnected_gradients="zero") / 1024
        norm = tf.sqrt(tf.reduce_mean(g**2, axis=(1, 2, 3), keepdims=True)) + 1e-5
        return value, g / norm

    return tf.function(rise, autograph=False).get_concrete_function(
        tf.TensorSpec((batch, size, size, 3), tf.float32), tf.TensorSpec((batch,), tf.int32)
    )


def _fitting(network: Network, layer: str, batch: int, size: int) -> tuple[int, Any]:
    """The smallest side, at least ``size``, that gets through to the layer; with its function."""

    def attempt(side: int) -> Any:
        try:
            return _rise(network, layer, batch, side)
        except (ValueError, tf.errors.InvalidArgumentError):
            return None

    if found := attempt(size):
        return size, found
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
    return high, found


def _noise(seed: int, layer: str, channel: int, size: int) -> np.ndarray:
    generator = np.random.default_rng([seed, zlib.crc32(layer.encode()), int(channel)])
    return generator.uniform(128, 148, (size, size, 3)).astype(np.float32)


def _picture(x: np.ndarray, scaling: Scaling, raw: bool) -> np.ndarray:
    """Listing 5-37, for each image by itself, and with the channels in RGB order."""
    if not raw:
        x = scaling.undo(x)
    elif scaling.bgr:
        x = x[..., ::-1]
    x = x - x.mean(axis=(1, 2, 3), keepdims=True)
    x = x / (x.std(axis=(1, 2, 3), keepdims=True) + 1e-5) * 0.1 + 0.5
    return (x.clip(0, 1) * 255).astype(np.uint8)
