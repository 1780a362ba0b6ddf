"""Maps and filters of models and heads of every kind, compared with Keras running the model.

The reference runs the model as it was built. It reaches a layer at any depth by recording what the
layer returns, so it needs no graph.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import toys
from convaudit.feature_visualization.ascent import maximise
from convaudit.models.network import Network
from convaudit.models.scaling import SCALINGS
from convaudit.onepass import OnePass
from test_ascent import noise

PIXELS = np.random.default_rng(2).integers(0, 256, (2, toys.SIDE, toys.SIDE, 3), np.uint8)
MODELS = toys.GRAPHS | {name: build for name, (_, build) in toys.HEADS.items()}


def found_at(model: Any, path: str) -> Any:
    """A layer or operation by its path of names."""
    for name in path.split("/"):
        inside = [*model.layers, *getattr(model, "operations", [])]
        model = next(each for each in inside if each.name == name)
    return model


@contextmanager
def watched(layer: Any, tape: tf.GradientTape) -> Iterator[list[tf.Tensor]]:
    """Record what a layer returns."""
    seen: list[tf.Tensor] = []
    own = layer.call

    def call(*arguments: Any, **named: Any) -> tf.Tensor:
        output = own(*arguments, **named)
        tape.watch(output)
        seen.append(output)
        return output

    layer.call = call
    yield seen
    layer.call = own


def probabilities(said: tf.Tensor, name: str, head: str) -> tf.Tensor:
    if head == "logits":
        return tf.nn.softmax(said)
    if name == "one logit":
        said = tf.sigmoid(said)
    return tf.concat([1 - said, said], axis=1) if said.shape[1] == 1 else said


@pytest.mark.parametrize("name", MODELS)
def test_the_heat_of_every_model(name: str) -> None:
    model = toys.randomised(MODELS[name]())
    if name in toys.HEADS:  # otherwise a sigmoid is 1 and has no gradient
        model.set_weights([values / 4 for values in model.get_weights()])
    network = Network(model)
    layer = network.target_layer[0]
    look = OnePass(network, SCALINGS["unit"], layer, [], score="probability", batch_size=2)
    strongest = 0.0
    for index in range(min(network.classes, 3)):
        found = look(PIXELS, np.full(2, index))
        with (
            tf.GradientTape(watch_accessed_variables=False) as tape,
            watched(found_at(model, layer), tape) as seen,
        ):
            said = tf.nest.flatten(model(PIXELS / np.float32(255), training=False))[0]
            said = tf.reshape(said, (len(PIXELS), -1))
            value = probabilities(said, name, network.head)[:, index]
        gradients = tape.gradient(value, seen[-1]).numpy()
        weights = gradients.mean(axis=(1, 2), keepdims=True)
        expected = np.maximum((seen[-1].numpy() * weights).mean(axis=-1), 0)
        np.testing.assert_allclose(found.maps, expected, rtol=1e-3, atol=1e-7)
        strongest = max(strongest, found.maps.max())
    assert strongest > 1e-5


@pytest.mark.parametrize("name", toys.GRAPHS)
def test_the_patterns_of_every_model(name: str) -> None:
    """Three steps of the notebook's ascent for the last convolution, through the whole model."""
    model = toys.randomised(toys.GRAPHS[name]())
    network = Network(model)
    layer = [each.name for each in network.layers if each.convolution][-1]
    if name == "residual":
        layer = "second"  # the last layer's input is an average, which has no position
    path, _, nth = layer.partition("#")
    call = int(nth or 1) - 1
    scaling = SCALINGS["none"]
    found = maximise(network, layer, np.array([1]), scaling=scaling, size=toys.SIDE, steps=3)
    x, reached = noise(layer, 1, toys.SIDE)[None], []
    for _ in range(4):
        variable = tf.constant(x)
        with tf.GradientTape() as tape, watched(found_at(model, path), tape) as seen:
            tape.watch(variable)
            model(variable, training=False)
            mean = tf.reduce_mean(seen[call][..., 1])
        gradient = tape.gradient(mean, variable).numpy()
        reached.append(float(mean))
        x = x + gradient / (np.sqrt(np.mean(gradient**2)) + 1e-5)
    assert found.start[0] == pytest.approx(reached[0], rel=1e-4)
    assert found.end[0] == pytest.approx(reached[3], rel=1e-4)
    assert found.dead[0] == (max(reached[1:]) <= reached[0])
