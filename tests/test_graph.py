"""The flat list of layer calls of any model."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import toys
from convaudit.errors import AuditError
from convaudit.models.graph import ancestors, flatten, independent, run
from toys import layers


def names(steps) -> list[str]:
    return [step.name for step in steps]


def test_nested_models_are_their_own_steps():
    assert names(flatten(toys.nested_twice()).steps) == [
        "augmentation/flip",
        "augmentation/rotation",
        "encoder/base/block1_conv",
        "encoder/base/block1_norm",
        "encoder/base/block1_relu",
        "encoder/base/block1_pool",
        "encoder/base/block2_conv",
        "encoder/average",
        "head/scores",
        "head/softmax",
    ]


def test_ancestors_and_the_independent():
    graph = flatten(toys.branches())
    values = {step.name: step.writes[0] for step in graph.steps}
    assert names(ancestors(graph.steps, [values["left"]])) == ["stem", "left"]
    assert names(ancestors(graph.steps, [values["right"]])) == ["stem", "right"]
    assert names(independent(graph.steps, values["left"])) == ["stem", "left", "right"]


def test_a_layer_called_twice_runs_twice():
    """x + 1, doubled by the same layer again and again: (x + 1) * 2 * 2 + (x + 1) = 5 (x + 1)."""
    inputs = keras.Input((2, 2, 3))
    double = layers.Rescaling(2, name="double")
    more = layers.Rescaling(1, 1, name="more")(inputs)
    graph = flatten(keras.Model(inputs, layers.Add(name="sum")([double(double(more)), more])))
    assert names(graph.steps) == ["more", "double", "double#2", "sum"]
    x = np.arange(12, dtype=np.float32).reshape(1, 2, 2, 3)
    found = run(graph.steps, {graph.input: tf.constant(x)})
    np.testing.assert_array_equal(found[graph.outputs[0]], 5 * (x + 1))


def test_arithmetic_on_tensors_is_steps_too():
    inputs = keras.Input((4, 4, 3))
    x = keras.ops.relu(1 - (inputs / 127.5)[..., ::-1])
    graph = flatten(keras.Model(inputs, keras.ops.mean(x, axis=(1, 2))))
    x = np.random.default_rng(0).uniform(0, 255, (2, 4, 4, 3)).astype(np.float32)
    found = run(graph.steps, {graph.input: tf.constant(x)})[graph.outputs[0]]
    expected = np.maximum(1 - x[..., ::-1] / 127.5, 0).mean(axis=(1, 2))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_layers_run_in_inference_mode_whatever_the_graph_says():
    inputs = keras.Input((4, 4, 3))
    graph = flatten(keras.Model(inputs, layers.Dropout(0.9)(inputs, training=True)))
    ones = tf.ones((1, 4, 4, 3))
    np.testing.assert_array_equal(run(graph.steps, {0: ones})[graph.outputs[0]], ones)


def test_a_model_of_two_inputs_is_refused():
    given = [keras.Input((4, 4, 3)), keras.Input((4, 4, 3))]
    with pytest.raises(AuditError, match="it has 2 inputs"):
        flatten(keras.Model(given, layers.Add()(given)))
