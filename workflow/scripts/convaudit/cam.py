"""Class activation maps: one small function a method, over activations and gradients.

Each takes activations (B, h, w, C) of a layer and the gradients (B, h, w, C) of each image's own
score by them, and returns maps (B, h, w), never negative, not normalised.
"""

from collections.abc import Callable

import tensorflow as tf

Method = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def gradcam(activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
    """Selvaraju et al. 2017: channels weighted by their mean gradient; the mean over channels."""
    weights = tf.reduce_mean(gradients, axis=(1, 2), keepdims=True)
    return tf.nn.relu(tf.reduce_mean(weights * activations, axis=-1))


METHODS: dict[str, Method] = {"gradcam": gradcam}
