"""One channel computed alone equals that of the whole layer, and so does its gradient."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from convaudit.feature_visualization import objective
from convaudit.models.network import Network

ALIKE: dict[str, dict[str, Any]] = {
    "plain": {},
    "same": {"padding": "same", "activation": "relu"},
    "stride": {"strides": (2, 3), "padding": "same"},
    "stride, valid": {"strides": 2, "activation": "relu"},
    "dilation": {"dilation_rate": (2, 1), "padding": "same"},
    "no bias": {"use_bias": False},
    "flat kernel": {"kernel_size": (1, 5), "padding": "same"},
    "1 x 1": {"kernel_size": 1},
}
OTHER: dict[str, keras.layers.Layer] = {
    "softmax over channels": layers.Conv2D(6, 3, activation="softmax"),
    "groups": layers.Conv2D(6, 3, groups=2),
    "depthwise": layers.DepthwiseConv2D(3),
    "pooling": layers.MaxPooling2D(),
}


def compared(layer: keras.layers.Layer) -> None:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((17, 15, 3))
    y = layer(layers.Conv2D(6, 3, activation="tanh")(inputs))
    for weight in layer.weights:
        weight.assign(np.random.default_rng(0).normal(0, 1, weight.shape))
    network = Network(keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(y))))
    x = tf.constant(np.random.default_rng(1).normal(0, 1, (5, 17, 15, 3)), tf.float32)
    chosen = tf.constant([4, 0, 5, 0, 2])
    name = layer.name
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        ours = objective.mean_activation(network, x, name, chosen)
        maps = network.run(x, until=name)
        means = tf.gather(tf.reduce_mean(maps, axis=(1, 2)), chosen, batch_dims=1)
    assert np.allclose(ours, means, atol=1e-5)
    expected = tape.gradient(means, x)
    assert np.abs(expected).max() > 1e-3
    assert np.allclose(tape.gradient(ours, x), expected, atol=1e-6)


@pytest.mark.parametrize("name", ALIKE)
def test_a_plain_convolution(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    used = []
    convolve = objective._convolve
    monkeypatch.setattr(objective, "_convolve", lambda *a: used.append(1) or convolve(*a))
    compared(layers.Conv2D(**{"filters": 6, "kernel_size": 3, **ALIKE[name]}))
    assert used


@pytest.mark.parametrize("name", OTHER)
def test_any_other_layer_is_run_whole(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(objective, "_convolve")
    compared(OTHER[name])


def test_an_image_too_small_is_said() -> None:
    inputs = keras.Input((None, None, 3))
    layer = layers.Conv2D(6, 5)
    y = layers.GlobalAveragePooling2D()(layer(inputs))
    network = Network(keras.Model(inputs, layers.Dense(2)(y)))

    @tf.function
    def traced() -> tf.Tensor:
        x, chosen = tf.zeros((1, 4, 4, 3)), tf.constant([0])
        return objective.mean_activation(network, x, layer.name, chosen)

    with pytest.raises(ValueError, match="Negative dimension"):
        traced()
