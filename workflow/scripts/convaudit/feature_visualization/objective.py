"""The objective of gradient ascent: the mean activation of one channel for each image."""

from typing import Any

import keras
import tensorflow as tf

from convaudit.models.network import Network


def mean_activation(network: Network, x: tf.Tensor, layer: str, chosen: tf.Tensor) -> tf.Tensor:
    """The mean activation of each image's channel, (B,).

    For a plain convolution only that channel is computed, not the whole layer.

    Args:
        network: the classifier.
        x: (B, H, W, 3), in units of the network's input.
        layer: name of the layer.
        chosen: (B,) channel of each image.

    Raises:
        ValueError: the images are too small: the layer's output is empty.
    """
    convolution = network.layer(layer)
    if _is_plain(convolution):
        (given,) = network.given_to(layer, x)
        return tf.reduce_mean(_convolve(convolution, given, chosen), axis=(1, 2))
    maps = network.run(x, until=layer)
    if 0 in maps.shape:
        raise ValueError("the image is too small for the layer")
    means = tf.reduce_mean(tf.cast(maps, tf.float32), axis=(1, 2))
    # A mask instead of tf.gather, whose gradient takes a fourth of the compile time.
    mask = tf.one_hot(chosen, maps.shape[-1], True, False, dtype=tf.bool)
    return tf.reduce_sum(tf.where(mask, means, 0.0), axis=1)


def _is_plain(layer: Any) -> bool:
    return (
        type(layer) is keras.layers.Conv2D
        and layer.groups == 1
        and layer.activation in (keras.activations.linear, keras.activations.relu)
        and layer.compute_dtype == "float32"
    )


def _convolve(layer: keras.layers.Conv2D, x: tf.Tensor, chosen: tf.Tensor) -> tf.Tensor:
    """One output channel (B, h, w) of a convolution of x (B, H, W, inputs) for each image.

    A matrix product gives, at each position, one number for each cell of the channel's kernel. A
    fixed convolution with the identity then adds up the cells' numbers at their places. This costs
    cells / channels of the whole layer (9/512 for a 3 x 3 convolution with 512 channels).
    """
    height, width, inputs, _ = layer.kernel.shape
    cells = height * width
    own = tf.transpose(tf.gather(layer.kernel, chosen, axis=3), (3, 2, 0, 1))
    # The layer before may compute in half precision.
    given = tf.cast(x, layer.compute_dtype)
    flat = tf.reshape(given, (-1, x.shape[1] * x.shape[2], inputs))
    reached = tf.reshape(flat @ tf.reshape(own, (-1, inputs, cells)), (-1, *x.shape[1:3], cells))
    placing = tf.reshape(tf.eye(cells), (height, width, cells, 1))
    maps = tf.nn.conv2d(
        reached, placing, layer.strides, layer.padding.upper(), dilations=layer.dilation_rate
    )[..., 0]
    if layer.use_bias:
        maps += tf.gather(layer.bias, chosen)[:, None, None]
    return layer.activation(maps)
