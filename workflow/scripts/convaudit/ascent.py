"""Gradient ascent in image space: the image that excites a channel most (Erhan et al. 2009)."""

import zlib
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from convaudit.network import Network
from convaudit.scaling import Scaling


class Patterns(NamedTuple):
    """images (n, size, size, 3) uint8 RGB; start, end (n,) mean activations; dead (n,) bool."""

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
    """Climb from noise towards what excites each channel."""
    raw = scaling.grey_level == 1
    unit = 1.0 if raw else scaling.grey_level

    @tf.function(autograph=False)
    def climb(x: tf.Tensor, chosen: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        def activation(x: tf.Tensor) -> tf.Tensor:
            maps = tf.cast(network.run(x, until=layer), tf.float32)
            return tf.gather(tf.reduce_mean(maps, axis=(1, 2)), chosen, axis=1, batch_dims=1)

        def step(i: tf.Tensor, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(x)
                reached = activation(x)
            g = tape.gradient(reached, x)
            norm = tf.sqrt(tf.reduce_mean(tf.square(g), axis=(1, 2, 3), keepdims=True)) + 1e-5
            return i + 1, x + step_size * unit * g / norm

        start = activation(x)
        _, x = tf.while_loop(lambda i, _: i < steps, step, (tf.constant(0), x))
        return x, start, activation(x)

    parts = []
    for first in range(0, len(channels), batch):
        chosen = channels[first : first + batch]
        padded = np.concatenate([chosen, np.repeat(chosen[-1:], batch - len(chosen))])
        noise = np.stack([_noise(seed, layer, channel, size) for channel in padded])
        x = noise if raw else scaling.apply(noise)
        found = climb(tf.constant(x, tf.float32), tf.constant(padded, tf.int32))
        parts.append([tensor.numpy()[: len(chosen)] for tensor in found])
    x, start, end = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Patterns(_picture(x, scaling, raw), start, end, end <= start)


def _noise(seed: int, layer: str, channel: int, size: int) -> np.ndarray:
    generator = np.random.default_rng([seed, zlib.crc32(layer.encode()), int(channel)])
    return generator.uniform(128, 148, (size, size, 3)).astype(np.float32)


def _picture(x: np.ndarray, scaling: Scaling, raw: bool) -> np.ndarray:
    if raw:
        x = x[..., ::-1] if scaling.bgr else x
    else:
        x = scaling.undo(x)
    x = x - x.mean(axis=(1, 2, 3), keepdims=True)
    x = x / (x.std(axis=(1, 2, 3), keepdims=True) + 1e-5) * 0.1 + 0.5
    return (x.clip(0, 1) * 255).astype(np.uint8)
