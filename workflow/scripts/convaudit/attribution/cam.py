"""Class activation maps: one function for each method.

Each function takes the activations A (B, h, w, C) of the target layer and the gradients G = dS/dA
(B, h, w, C) of each image's own class score S, both float32. It returns maps (B, h, w), not
negative and not normalised. A map is 0 everywhere, and never NaN, if nothing supports the class.

Below, k is a channel and p a position; sum_k and mean_k are over all channels, sum_p and mean_p
over all positions. Example: a layer of two channels with A_1 = [[2, 0]], A_2 = [[0, 4]] and
constant gradients G_1 = 1, G_2 = -1 gives the Grad-CAM map relu(([[2, 0]] - [[0, 4]]) / 2) =
[[1, 0]]: the second position speaks against the class. ``docs/methods.md`` compares the methods.
"""

from collections.abc import Callable

import tensorflow as tf

Method = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def gradcam(activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
    """Grad-CAM (Selvaraju et al. 2017): relu(mean_k(w_k A_k)) with w_k = mean_p(G_k).

    The paper has the sum over channels instead of the mean, which changes the scale only; the mean
    is that of Chollet's listing 5-42.
    """
    weights = tf.reduce_mean(gradients, axis=(1, 2), keepdims=True)
    return tf.nn.relu(tf.reduce_mean(weights * activations, axis=-1))


def gradcam_plus_plus(activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
    """Grad-CAM++ (Chattopadhay et al. 2018): relu(sum_k(w_k A_k)), w_k = sum_p(a_k relu(G_k)).

    a_k = G_k^2 / (2 G_k^2 + sum_p(A_k) G_k^3), their eq. 19. The paper's score is exp(logit). That
    multiplies a whole map by one factor, which is left out, because it overflows for logits
    over 88.
    """
    square, cube = gradients**2, gradients**3
    total = tf.reduce_sum(activations, axis=(1, 2), keepdims=True)
    alpha = tf.math.divide_no_nan(square, 2 * square + total * cube)
    weights = tf.reduce_sum(alpha * tf.nn.relu(gradients), axis=(1, 2), keepdims=True)
    return _weighted(activations, weights)


def layercam(activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
    """LayerCAM (Jiang et al. 2021): relu(sum_k(relu(G_k) A_k)), position by position."""
    return _weighted(activations, tf.nn.relu(gradients))


def hirescam(activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
    """HiResCAM (Draelos and Carin 2020): relu(sum_k(G_k A_k)), position by position."""
    return _weighted(activations, gradients)


def xgradcam(activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
    """XGrad-CAM (Fu et al. 2020): relu(sum_k(w_k A_k)), w_k = sum_p(G_k A_k) / sum_p(A_k)."""
    total = tf.reduce_sum(activations, axis=(1, 2), keepdims=True)
    shared = tf.reduce_sum(activations * gradients, axis=(1, 2), keepdims=True)
    return _weighted(activations, tf.math.divide_no_nan(shared, total))


def eigencam(activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
    """Eigen-CAM (Muhammad and Yeasin 2020): relu(A v), v the first right singular vector of A.

    A is the matrix (positions, channels). The map does not depend on the class. The sign of a
    singular vector is arbitrary; the sign is chosen that makes the sum of the map positive. v is an
    eigenvector of the smaller of the two Gram matrices.
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
"""All methods but Score-CAM, which needs further forward passes (``scorecam``)."""
