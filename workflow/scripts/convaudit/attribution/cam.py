"""Class activation maps: one small function a method, over activations and gradients.

Each takes activations (B, h, w, C) of a layer and the gradients (B, h, w, C) of each image's own
score by them, both float32, and returns maps (B, h, w), never negative, not normalised. Where
nothing speaks for the class a map is all zero; no method makes a NaN of it.
"""

from collections.abc import Callable

import tensorflow as tf

Method = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def gradcam(activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
    """Selvaraju et al. 2017: channels weighted by their mean gradient; the mean over channels.

    The paper sums over channels; the mean is the scale of Chollet's listing 5-42.
    """
    weights = tf.reduce_mean(gradients, axis=(1, 2), keepdims=True)
    return tf.nn.relu(tf.reduce_mean(weights * activations, axis=-1))


def gradcam_plus_plus(activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
    """Chattopadhay et al. 2018: positive gradients, weighted by the closed form of their eq. 19.

    The score in the paper is exp(logit), a factor common to a whole map: left out, since it
    overflows for logits over 88.
    """
    square, cube = gradients**2, gradients**3
    total = tf.reduce_sum(activations, axis=(1, 2), keepdims=True)
    alpha = tf.math.divide_no_nan(square, 2 * square + total * cube)
    weights = tf.reduce_sum(alpha * tf.nn.relu(gradients), axis=(1, 2), keepdims=True)
    return _weighted(activations, weights)


def layercam(activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
    """Jiang et al. 2021: each position weighted by its own positive gradient."""
    return _weighted(activations, tf.nn.relu(gradients))


def hirescam(activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
    """Draelos and Carin 2020: each position weighted by its own gradient."""
    return _weighted(activations, gradients)


def xgradcam(activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
    """Fu et al. 2020: channels weighted by their gradients' mean where the channel is active."""
    total = tf.reduce_sum(activations, axis=(1, 2), keepdims=True)
    shared = tf.reduce_sum(activations * gradients, axis=(1, 2), keepdims=True)
    return _weighted(activations, tf.math.divide_no_nan(shared, total))


def eigencam(activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
    """Muhammad and Yeasin 2020: activations projected on their first right singular vector.

    It does not depend on the class. A singular vector's sign is arbitrary: the one is taken that
    makes the map's sum positive. Found by the smaller of the two Gram matrices.
    """
    _, height, width, channels = activations.shape
    matrix = tf.reshape(activations, (-1, height * width, channels))
    if channels <= height * width:
        vectors = tf.linalg.eigh(tf.matmul(matrix, matrix, transpose_a=True))[1][..., -1:]
        projected = tf.matmul(matrix, vectors)
    else:
        values, vectors = tf.linalg.eigh(tf.matmul(matrix, matrix, transpose_b=True))
        length = tf.sqrt(tf.nn.relu(values[:, -1]))
        projected = vectors[..., -1:] * length[:, None, None]
    sign = tf.sign(tf.reduce_sum(projected, axis=1, keepdims=True))
    return tf.nn.relu(tf.reshape(sign * projected, (-1, height, width)))


def _weighted(activations: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    return tf.nn.relu(tf.reduce_sum(weights * activations, axis=-1))


METHODS: dict[str, Method] = {
    "gradcam": gradcam,
    "gradcam++": gradcam_plus_plus,
    "layercam": layercam,
    "hirescam": hirescam,
    "xgradcam": xgradcam,
    "eigencam": eigencam,
}
"""By name, all methods but Score-CAM, which asks the network again (see ``scorecam``)."""
