"""The one pass on networks small enough to work out, and against a plain tape over the model."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from convaudit.activations import reductions
from convaudit.activations.reductions import LayerStatistics
from convaudit.models.network import Network
from convaudit.models.scaling import SCALINGS
from convaudit.onepass import OnePass

UNIT = SCALINGS["unit"]


def toy(units: int, activation: str | None) -> keras.Model:
    """The layer "maps" is the image itself, in 0..1; the head is a mean and a matrix."""
    x = keras.Input((4, 4, 3))
    maps = layers.Conv2D(3, 1, use_bias=False, name="maps")
    y = layers.GlobalAveragePooling2D()(maps(x))
    dense = layers.Dense(units, activation=activation)
    model = keras.Model(x, dense(y))
    maps.set_weights([np.eye(3, dtype=np.float32)[None, None]])
    weights = np.array([[1, -2, 0.5], [-1, 3, 0.5], [0.25, 1, 0.5]], np.float32)[:, :units]
    dense.set_weights([weights, np.zeros(units, np.float32)])
    return model


def small(seed: int = 0, activation: str = "softmax") -> keras.Model:
    keras.utils.set_random_seed(seed)
    x = keras.Input((16, 16, 3))
    y = layers.Conv2D(8, 3, activation="relu", name="a")(x)
    y = layers.MaxPooling2D(name="pool")(y)
    y = layers.BatchNormalization()(layers.Conv2D(12, 3, name="b")(y))
    y = layers.ReLU(name="relu")(y)
    y = layers.Flatten()(y)
    return keras.Model(x, layers.Dense(5, activation=activation)(y))


def pixels(count: int, size: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), np.uint8)


def test_gradcam_of_the_toy_by_hand() -> None:
    # d score / d map is the class's weight over 16 positions; the mean of three channels.
    images = pixels(5, 4)
    look = OnePass(Network(toy(3, "softmax")), UNIT, "maps", ["maps"], batch_size=8)
    found = look(images, np.array([0, 1, 2, 0, -1]))
    weights = np.array([[1, -2, 0.5], [-1, 3, 0.5], [0.25, 1, 0.5]])
    x = images / 255
    scores = x.mean((1, 2)) @ weights
    assert np.allclose(found.scores, scores, atol=1e-6)
    assert np.allclose(found.probabilities.sum(1), 1, atol=1e-6)
    assert found.explained.tolist() == [0, 1, 2, 0, scores[4].argmax()]
    for i, k in enumerate(found.explained):
        expected = np.maximum(x[i] @ weights[:, k] / 16 / 3, 0)
        assert np.allclose(found.maps[i], expected, atol=1e-7)


def test_the_score_probability_brings_in_the_derivative_of_softmax() -> None:
    images, classes = pixels(4, 4), np.array([0, 1, 2, 1])
    network = Network(toy(3, "softmax"))
    found = OnePass(network, UNIT, "maps", [], score="probability", batch_size=4)(images, classes)
    weights = np.array([[1, -2, 0.5], [-1, 3, 0.5], [0.25, 1, 0.5]])
    p = found.probabilities
    for i, k in enumerate(classes):
        slope = p[i, k] * (weights[:, k] - weights @ p[i])
        assert np.allclose(found.maps[i], np.maximum(images[i] / 255 @ slope / 48, 0), atol=1e-7)


@pytest.mark.parametrize(("score", "power"), [("logit", 0), ("probability", 1)])
def test_a_single_unit_speaks_for_the_second_class_and_against_the_first(score, power) -> None:
    images = np.stack([np.full((4, 4, 3), (255, 0, 0)), np.full((4, 4, 3), (0, 255, 0))])
    network = Network(toy(1, "sigmoid"))
    look = OnePass(network, UNIT, "maps", [], score=score, batch_size=4)
    predicted = look(images.astype(np.uint8))
    assert predicted.scores[:, 0] == pytest.approx([1, -1])
    assert predicted.explained.tolist() == [1, 0]
    slope = (predicted.probabilities.prod(axis=1) ** power)[:, None, None]
    # Logit = red - green + blue/4. Red speaks for class 1, green for class 0.
    assert np.allclose(predicted.maps, np.ones((2, 4, 4)) / 48 * slope)
    other = look(images.astype(np.uint8), np.array([0, 1]))
    assert np.array_equal(other.maps, np.zeros((2, 4, 4)))


def reference(model: keras.Model, layer: str, x: np.ndarray, k: int) -> np.ndarray:
    """Grad-CAM of one image as the papers' code does it: a model with two outputs and a tape."""
    pair = keras.Model(model.input, [model.get_layer(layer).output, model.output])
    with tf.GradientTape() as tape:
        maps, probabilities = pair(x[None])
        value = probabilities[:, k]
    gradient = tape.gradient(value, maps)[0].numpy()
    return np.maximum((maps[0].numpy() * gradient.mean((0, 1))).mean(-1), 0)


@pytest.mark.parametrize("layer", ["a", "pool", "b", "relu"])
def test_agrees_with_a_tape_over_the_model(layer: str) -> None:
    model, images = small(), pixels(3, 16)
    look = OnePass(Network(model), UNIT, layer, [], score="probability", batch_size=3)
    found = look(images)
    assert np.allclose(found.probabilities, model(images / np.float32(255)), atol=1e-5)
    for i, k in enumerate(found.explained):
        expected = reference(model, layer, np.float32(images[i] / 255), k)
        assert np.allclose(found.maps[i], expected, rtol=1e-3, atol=1e-8)


METHODS = ["gradcam", "gradcam++", "layercam", "hirescam", "xgradcam", "eigencam", "scorecam"]


@pytest.mark.parametrize("method", METHODS)
def test_a_batch_is_one_by_one_whatever_its_padding(method: str) -> None:
    network, images = Network(small()), pixels(5, 16)
    watched = ["a", "pool", "b"]
    batch = OnePass(network, UNIT, "relu", watched, method=method, batch_size=7)(images)
    single = OnePass(network, UNIT, "relu", watched, method=method, batch_size=1)
    one_by_one = [single(image[None]) for image in images]
    maps = np.concatenate([each.maps for each in one_by_one])
    assert np.allclose(batch.maps, maps, rtol=1e-3, atol=1e-6)
    assert batch.maps.max() > 0
    assert np.allclose(
        batch.scores, np.concatenate([each.scores for each in one_by_one]), atol=1e-5
    )
    for name in watched:
        for field in LayerStatistics._fields:
            ours = getattr(batch.layers[name], field)
            theirs = np.concatenate([getattr(each.layers[name], field) for each in one_by_one])
            assert ours.shape == theirs.shape
            assert np.allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize(("width", "channels"), [(20, 8), (20, 6), (300, 8)])
def test_statistics_are_those_of_the_maps(width: int, channels: int) -> None:
    keras.utils.set_random_seed(1)
    x = keras.Input((8, width, 3))
    y = layers.Conv2D(channels, 3, name="conv")(x)
    model = keras.Model(x, layers.Dense(2)(layers.GlobalAveragePooling2D()(y)))
    images = np.random.default_rng(0).integers(0, 256, (3, 8, width, 3), np.uint8)
    found = OnePass(Network(model), UNIT, "conv", ["conv"], batch_size=4)(images).layers["conv"]
    maps = keras.Model(x, y)(images / np.float32(255)).numpy().astype(np.float64)
    assert np.allclose(found.mean, maps.mean((1, 2)), atol=1e-5)
    assert np.allclose(found.square, (maps**2).mean((1, 2)), rtol=1e-5)
    assert np.allclose(found.maximum, maps.max((1, 2)), atol=1e-6)
    assert np.allclose(found.active, (maps > 0).mean((1, 2)), atol=1e-6)
    count, height, width = maps.shape[:3]
    place = maps.reshape(count, height * width, channels).argmax(axis=1)
    assert np.allclose(found.y, (place // width + 0.5) / height)
    assert np.allclose(found.x, (place % width + 0.5) / width)


def test_a_gpu_s_reductions_give_the_same_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    network, images, watched = Network(small()), pixels(3, 16), ["a", "pool", "b"]
    ours = OnePass(network, UNIT, "relu", watched, batch_size=4)(images)
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [kind])
    monkeypatch.setattr(reductions, "read_once", None)
    theirs = OnePass(network, UNIT, "relu", watched, batch_size=4)(images)
    assert np.array_equal(theirs.maps, ours.maps)
    for name in watched:
        assert theirs.layers[name].maximum.max() > 0
        for mine, other in zip(ours.layers[name], theirs.layers[name], strict=True):
            assert np.allclose(mine, other, atol=1e-5)


def test_no_statistics_are_asked_for_and_none_are_given() -> None:
    assert OnePass(Network(small()), UNIT, "relu", [], batch_size=2)(pixels(1, 16)).layers == {}


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_gives_float32_close_to_full(precision: str) -> None:
    images = pixels(4, 16)
    full = OnePass(Network(small()), UNIT, "relu", ["a"], batch_size=4)(images)
    keras.mixed_precision.set_global_policy(precision)
    try:
        model = small()
    finally:
        keras.mixed_precision.set_global_policy("float32")
    half = OnePass(Network(model), UNIT, "relu", ["a"], batch_size=4)(images, full.explained)
    assert {half.maps.dtype, half.scores.dtype, half.layers["a"].mean.dtype} == {np.dtype("f4")}
    assert np.allclose(half.maps, full.maps, atol=0.05 * full.maps.max())
    assert np.allclose(half.layers["a"].mean, full.layers["a"].mean, atol=0.01)


def test_small_gradients_survive_float16() -> None:
    # Each gradient is 1e-6/256/3, far under what float16 can hold.
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        x = keras.Input((16, 16, 3))
        maps = layers.Conv2D(3, 1, use_bias=False, name="maps")
        dense = layers.Dense(2, use_bias=False)
        model = keras.Model(x, dense(layers.GlobalAveragePooling2D()(maps(x))))
    finally:
        keras.mixed_precision.set_global_policy("float32")
    maps.set_weights([np.eye(3, dtype=np.float32)[None, None]])
    dense.set_weights([np.full((3, 2), 1e-3, np.float32)])
    images = np.full((1, 16, 16, 3), 255, np.uint8)
    found = OnePass(Network(model), UNIT, "maps", [], batch_size=1)(images, np.array([0]))
    assert np.allclose(found.maps, 1e-3 / 256, rtol=1e-2)
