"""Score-CAM: no gradients, but one forward pass of the network for every channel of the layer."""

from collections.abc import Callable

import tensorflow as tf


def scorecam(
    score: Callable[[tf.Tensor], tf.Tensor], inputs: tf.Tensor, activations: tf.Tensor
) -> tf.Tensor:
    """Wang et al. 2020, algorithm 1: channels weighted by the score of what they let through.

    Each channel, enlarged to the input and brought to 0..1, masks the input; a softmax over the
    channels of the scores weights them. The score of the baseline cancels in the softmax.

    Args:
        score: gives each image's own score (B,) for inputs (B, H, W, 3).
        inputs: (B, H, W, 3) as the network takes them.
        activations: (B, h, w, C) of the layer, float32.

    Returns:
        Maps (B, h, w), never negative, not normalised.
    """
    height, width = inputs.shape[1:3]

    def masked_score(channel: tf.Tensor) -> tf.Tensor:
        mask = tf.image.resize(tf.gather(activations, channel, axis=-1)[..., None], (height, width))
        low = tf.reduce_min(mask, axis=(1, 2), keepdims=True)
        high = tf.reduce_max(mask, axis=(1, 2), keepdims=True)
        return score(inputs * tf.math.divide_no_nan(mask - low, high - low))

    # One channel at a time: all masks at input size would take gigabytes.
    channels = tf.range(activations.shape[-1])
    scores = tf.map_fn(
        masked_score, channels, fn_output_signature=tf.float32, parallel_iterations=1
    )
    weights = tf.nn.softmax(tf.transpose(scores), axis=-1)
    return tf.nn.relu(tf.einsum("bhwc,bc->bhw", activations, weights))
