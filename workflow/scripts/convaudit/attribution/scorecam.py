"""Score-CAM: without gradients, by one forward pass for every channel of the target layer."""

from collections.abc import Callable

import tensorflow as tf


def scorecam(
    score: Callable[[tf.Tensor], tf.Tensor], inputs: tf.Tensor, activations: tf.Tensor
) -> tf.Tensor:
    """Score-CAM (Wang et al. 2020, algorithm 1): relu(sum_k(w_k A_k)), w = softmax_k(S(X * M_k)).

    M_k is channel k, resized to the input X and scaled to 0..1. The paper subtracts the score of a
    baseline input from each S; that cancels in the softmax.

    Args:
        score: gives each image's class score (B,) for inputs (B, H, W, 3).
        inputs: (B, H, W, 3), in units of the network's input.
        activations: (B, h, w, C) of the target layer, float32.

    Returns:
        Maps (B, h, w), not negative, not normalised.
    """
    height, width = inputs.shape[1:3]

    def masked_score(channel: tf.Tensor) -> tf.Tensor:
        mask = tf.image.resize(tf.gather(activations, channel, axis=-1)[..., None], (height, width))
        low = tf.reduce_min(mask, axis=(1, 2), keepdims=True)
        high = tf.reduce_max(mask, axis=(1, 2), keepdims=True)
        return score(inputs * tf.math.divide_no_nan(mask - low, high - low))

    # One channel at a time: the masks of all channels at the input's size would take gigabytes.
    channels = tf.range(activations.shape[-1])
    scores = tf.map_fn(
        masked_score, channels, fn_output_signature=tf.float32, parallel_iterations=1
    )
    weights = tf.nn.softmax(tf.transpose(scores), axis=-1)
    return tf.nn.relu(tf.einsum("bhwc,bc->bhw", activations, weights))
