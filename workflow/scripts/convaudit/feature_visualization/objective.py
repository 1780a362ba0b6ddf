"""Each image's own channel of a layer, without the work for all the others."""

from typing import Any

import keras
import tensorflow as tf

from convaudit.models.network import Network


def mean_activation(network: Network, x: tf.Tensor, layer: str, chosen: tf.Tensor) -> tf.Tensor:
    """The mean over a layer's map (B,) for x (B, H, W, 3), of the channel chosen (B,) for each.

    Raises:
        ValueError: nothing is left of images of this size.
    """
    convolution = network.layer(layer)
    if _is_plain(convolution):
        (given,) = network.given_to(layer, x)
        return tf.reduce_mean(_convolve(convolution, given, chosen), axis=(1, 2))
    maps = network.run(x, until=layer)
    if 0 in maps.shape:
        raise ValueError("nothing is left of the image")
    means = tf.reduce_mean(tf.cast(maps, tf.float32), axis=(1, 2))
    # The gradient of tf.gather would take a fourth of the time of compiling.
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
    """The channels' maps (B, h, w) of a convolution of x (B, H, W, inputs).

    A product with the channel's kernel gives, at each position, a number for each of the kernel's
    cells; a fixed convolution adds them up where they belong. That is the share cells / channels
    of the layer's work.
    """
    height, width, inputs, _ = layer.kernel.shape
    cells = height * width
    own = tf.transpose(tf.gather(layer.kernel, chosen, axis=3), (3, 2, 0, 1))
    flat = tf.reshape(x, (-1, x.shape[1] * x.shape[2], inputs))
    reached = tf.reshape(flat @ tf.reshape(own, (-1, inputs, cells)), (-1, *x.shape[1:3], cells))
    placing = tf.reshape(tf.eye(cells), (height, width, cells, 1))
    maps = tf.nn.conv2d(
        reached, placing, layer.strides, layer.padding.upper(), dilations=layer.dilation_rate
    )[..., 0]
    if layer.use_bias:
        maps += tf.gather(layer.bias, chosen)[:, None, None]
    return layer.activation(maps)
