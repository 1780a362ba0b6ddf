"""Keras classifiers, flattened: every number is compared with Keras' own or with one by hand."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import toys
from convaudit.errors import AuditError
from convaudit.models.network import Network
from toys import layers

IMAGES = np.random.default_rng(1).uniform(0, 1, (3, toys.SIDE, toys.SIDE, 3)).astype(np.float32)


def by_hand(scores: np.ndarray, head: str) -> np.ndarray:
    if head == "softmax":
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)
    return 1 / (1 + np.exp(-scores)) if head in ("sigmoid", "binary") else scores


@pytest.mark.parametrize("name", toys.GRAPHS)
def test_scores_of_any_graph_lead_to_what_the_model_says(name):
    model = toys.randomised(toys.GRAPHS[name]())
    network = Network(model)
    scores = network.run(tf.constant(IMAGES)).numpy()
    assert scores.shape == (3, network.classes)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(
        by_hand(scores, network.head), model(IMAGES, training=False), atol=1e-5
    )


@pytest.mark.parametrize("name", toys.HEADS)
def test_every_head(name):
    head, build = toys.HEADS[name]
    model = toys.randomised(build())
    network = Network(model)
    assert network.head == head
    scores = network.run(tf.constant(IMAGES)).numpy()
    said = np.reshape(model(IMAGES), (3, -1))
    activation = "logits" if name in ("one logit", "logits") else head
    np.testing.assert_allclose(by_hand(scores, activation), said, atol=1e-5)
    assert np.ptp(scores) > 0.01
    probabilities = network.probabilities(tf.constant(scores)).numpy()
    assert probabilities.shape == (3, network.classes)
    if head == "binary":
        np.testing.assert_allclose(probabilities[:, 1:], by_hand(scores, head), atol=1e-6)
    if head != "sigmoid":
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


def pooled(*built: Callable[[keras.KerasTensor], keras.KerasTensor]) -> keras.Model:
    """Pooled features of a convolution, and then one function after the other."""
    inputs = toys.image()
    x = layers.Conv2D(4, 3, activation="relu", name="conv")(inputs)
    x = layers.GlobalAveragePooling2D()(x)
    for function in built:
        x = function(x)
    return toys.randomised(keras.Model(inputs, x))


def votes(activation: str, units: int = 1) -> Callable:
    heads = [layers.Dense(units, activation=activation) for _ in range(3)]
    return lambda x: [head(x) for head in heads]


PUT_TOGETHER = {
    "sigmoids side by side": ("sigmoid", [votes("sigmoid"), layers.Concatenate()]),
    "the average of sigmoids": ("binary", [votes("sigmoid"), layers.Average()]),
    "the average of several sigmoids": ("sigmoid", [votes("sigmoid", 4), layers.Average()]),
    "one of two of a softmax": ("binary", [layers.Dense(2, "softmax"), lambda x: x[:, 1:]]),
    "a hard sigmoid": ("binary", [layers.Dense(1, "hard_sigmoid")]),
    "the average of softmaxes": ("softmax", [votes("softmax", 3), layers.Average()]),
}


@pytest.mark.parametrize("name", PUT_TOGETHER)
def test_probabilities_that_no_activation_ends_are_taken_for_what_they_are(name):
    head, parts = PUT_TOGETHER[name]
    model = pooled(*parts)
    network = Network(model)
    assert network.head == head
    found = network.probabilities(network.run(tf.constant(IMAGES))).numpy()
    said = model(IMAGES).numpy()
    np.testing.assert_allclose(found[:, 1:] if head == "binary" else found, said, atol=1e-5)


@pytest.mark.parametrize(
    "end",
    [
        [layers.Dense(3, "log_softmax")],
        [layers.Dense(3), layers.Activation("log_softmax")],
        [layers.Dense(3), keras.ops.log_softmax],
    ],
)
def test_the_scores_of_a_log_softmax_are_before_it(end):
    model = pooled(*end)
    network = Network(model)
    assert network.head == "softmax"
    x = layers.GlobalAveragePooling2D()(model.get_layer("conv")(IMAGES))
    dense = next(layer for layer in model.layers if isinstance(layer, layers.Dense))
    scores = network.run(tf.constant(IMAGES)).numpy()
    np.testing.assert_allclose(scores, x @ dense.kernel + dense.bias, atol=1e-5)
    np.testing.assert_allclose(np.log(by_hand(scores, "softmax")), model(IMAGES), atol=1e-5)


def test_a_fused_softmax_is_put_back():
    model = toys.randomised(toys.sequential())
    Network(model).run(tf.constant(IMAGES))
    np.testing.assert_allclose(np.sum(model(IMAGES), axis=1), 1, atol=1e-5)


TARGETS = {
    "sequential": ("pool", (7, 7, 4)),
    "branches": ("left", (14, 14, 5)),
    "residual": ("sum_relu", (16, 16, 4)),
    "transfer": ("base/block2_conv", (8, 8, 6)),
    "nested_twice": ("encoder/base/block2_conv", (8, 8, 6)),
    "shared": ("sum", (8, 8, 6)),
    "ensemble": ("conv", (14, 14, 4)),
}


@pytest.mark.parametrize("name", TARGETS)
def test_target_layer_is_the_last_image_after_merges_and_activations(name):
    network = Network(toys.GRAPHS[name]())
    target, why = network.target_layer
    assert (target, {i.name: i.shape for i in network.layers}[target]) == TARGETS[name]
    assert "spatial side over 1" in why


@pytest.mark.parametrize("name", TARGETS)
def test_it_is_said_where_scores_come_round_the_target(name):
    _, why = Network(toys.GRAPHS[name]()).target_layer
    assert ("bypass this layer" in why) == (name == "branches")


def test_a_target_that_is_not_a_cut_gets_its_own_share_of_the_gradient():
    """Without the left branch the scores fall by exactly its contribution."""
    model = toys.randomised(toys.branches())
    network = Network(model)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        seen = []

        def visit(name, tensor):
            if name == "left":
                tape.watch(tensor)
                seen.append(tensor)
            return tensor

        score = network.run(tf.constant(IMAGES), visit)[:, 1]
    kernel = model.get_layer("head").get_weights()[0]
    expected = np.broadcast_to(kernel[:5, 1] / (14 * 14), (3, 14, 14, 5))
    np.testing.assert_allclose(tape.gradient(score, seen[0]), expected, atol=1e-7)


def test_what_visit_returns_is_used():
    network = Network(toys.randomised(toys.branches()))
    silenced = network.run(
        tf.constant(IMAGES), lambda name, x: tf.zeros_like(x) if name == "merged" else x
    )
    np.testing.assert_allclose(silenced - silenced[:1], 0, atol=1e-7)


def test_layers_of_a_nested_model_give_what_the_base_gives():
    model = toys.randomised(toys.transfer())
    inner = model.get_layer("base")
    network = Network(model)
    found = network.activations(tf.constant(IMAGES), ["base/block1_relu", "base/block2_conv"])
    part = keras.Model(inner.inputs, inner.get_layer("block1_relu").output)
    np.testing.assert_allclose(found["base/block1_relu"], part(IMAGES / 255), atol=1e-5)
    np.testing.assert_allclose(found["base/block2_conv"], inner(IMAGES / 255), atol=1e-5)


def test_a_network_stopped_at_a_layer_takes_other_sizes():
    network = Network(toys.transfer())
    assert network.run(tf.zeros((2, 40, 24, 3)), until="base/block2_conv").shape == (2, 20, 12, 6)
    with pytest.raises(AuditError, match="no layer 'block2_conv'; did you mean 'base/block2_conv'"):
        network.run(tf.zeros((1, 16, 16, 3)), until="block2_conv")


def test_it_runs_in_a_compiled_function():
    network = Network(toys.randomised(toys.nested_twice()))
    compiled = tf.function(network.run, autograph=False)
    np.testing.assert_allclose(
        compiled(tf.constant(IMAGES)), network.run(tf.constant(IMAGES)), atol=1e-5
    )


def test_layers_are_told_apart_and_counted():
    found = {layer.name: layer for layer in Network(toys.shared()).layers}
    assert {"again", "again#2", "base/block1_conv", "base/block1_conv#2"} <= set(found)
    assert len({layer.id for layer in found.values()}) == len(found)
    assert found["base/block1_conv"].parameters == 3 * 3 * 3 * 4 + 4
    assert found["base/block1_norm"].parameters == 4 * 4
    kinds = {layer.kind: layer for layer in found.values()}
    assert kinds["Conv2D"].watched and kinds["Conv2D"].convolution
    assert kinds["MaxPooling2D"].watched and not kinds["MaxPooling2D"].convolution
    assert not kinds["GlobalAveragePooling2D"].watched


def test_one_of_several_outputs():
    model = toys.randomised(toys.outputs())
    with pytest.raises(AuditError, match="several outputs; choose one of: animal, indoors"):
        Network(model)
    with pytest.raises(AuditError, match="no output 'plant'; choose one of: animal, indoors"):
        Network(model, "plant")
    said = model(IMAGES)
    for index, (name, head) in enumerate({"animal": "softmax", "indoors": "binary"}.items()):
        network = Network(model, name)
        assert network.head == head
        scores = network.run(tf.constant(IMAGES)).numpy()
        np.testing.assert_allclose(by_hand(scores, head), said[index], atol=1e-5)
    animal = Network(model, "animal")
    assert animal.target_layer[0] == "stem"
    seen = []
    animal.run(tf.constant(IMAGES), lambda name, x: seen.append(name) or x)
    assert "side_conv" in seen


def test_outputs_by_key_and_of_one_layer_called_twice():
    inputs = toys.image()
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(inputs))
    head = layers.Dense(3, activation="softmax", name="head")
    keyed = toys.randomised(keras.Model(inputs, {"plant": head(x), "animal": head(-x)}))
    twice = keras.Model(inputs, [keyed.output["plant"], keyed.output["animal"]])
    said = keyed(IMAGES)
    for model, names in ((keyed, ["animal", "plant"]), (twice, ["head#2", "head"])):
        for name, key in zip(names, ["animal", "plant"], strict=True):
            network = Network(model, name)
            assert set(network.outputs) == set(names)
            scores = network.run(tf.constant(IMAGES)).numpy()
            np.testing.assert_allclose(by_hand(scores, "softmax"), said[key], atol=1e-5)


def test_which_layers_can_be_explained():
    network = Network(toys.outputs(), "animal")
    network.require_target("stem", "config: gradcam.layer")
    refused = {
        "side_conv": "no score depends on 'side_conv': choose another, or auto, which is 'stem'",
        "animal": r"the output of 'animal', \(3,\), is no image: leave it out",
        "stm": "no layer 'stm'; did you mean 'stem'",
    }
    for name, message in refused.items():
        with pytest.raises(AuditError, match=f"config: gradcam.layer: .*{message}"):
            network.require_target(name, "config: gradcam.layer")


def test_which_layers_have_maps():
    network = Network(toys.outputs(), "animal")
    assert network.require_maps("side_conv", "config: activations.layers") == (12, 12, 5)
    with pytest.raises(AuditError, match="no image: leave it out"):
        network.require_maps("animal_average", "config: filters.layers")


def test_an_open_size_is_taken_as_224():
    inputs = toys.image(None)
    x = layers.Conv2D(2, 3, strides=4, name="conv")(inputs)
    model = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    network = Network(model)
    assert network.open_input
    assert network.input_shape == (224, 224, 3)
    assert network.target_layer[1].startswith("the last activation with a spatial side over 1: 56")


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = toys.with_head(
            layers.GlobalAveragePooling2D(),
            layers.Dense(3),
            layers.Activation("softmax", dtype="float32"),
        )
        fused = toys.transfer()
    finally:
        keras.config.set_dtype_policy(before)
    for each in (toys.randomised(model), toys.randomised(fused)):
        network = Network(each)
        assert network.head == "softmax"
        scores = network.run(tf.constant(IMAGES)).numpy()
        assert scores.dtype == np.float32
        np.testing.assert_allclose(by_hand(scores, "softmax"), each(IMAGES), atol=2e-2)
        assert network.target_layer[0] in ("conv", "base/block2_conv")


def test_whole_numbers_as_input():
    inputs = keras.Input((toys.SIDE, toys.SIDE, 3), dtype="uint8")
    x = layers.Conv2D(2, 3)(layers.Rescaling(1 / 255)(inputs))
    model = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    pixels = np.random.default_rng(0).integers(0, 256, (2, toys.SIDE, toys.SIDE, 3), np.uint8)
    scores = Network(model).run(tf.constant(pixels, tf.float32))
    np.testing.assert_allclose(scores, model(pixels), atol=1e-5)


def test_a_model_of_grey_images_is_given_what_pillow_calls_grey():
    model = toys.randomised(
        from_image((8, 8, 1), layers.Conv2D(3, 3), layers.Flatten(), layers.Dense(2))
    )
    network = Network(model)
    assert network.grey and network.input_shape == (8, 8, 3)
    photos = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), np.uint8)
    grey = np.stack([np.asarray(Image.fromarray(photo).convert("L")) for photo in photos])
    scores = network.run(tf.constant(photos / 255, tf.float32))
    # Pillow rounds to whole grey levels: half a level at 64 pixels and a few weights.
    np.testing.assert_allclose(scores, model(grey[..., None] / 255), atol=0.02)
    same = np.repeat(grey[..., None], 3, axis=-1)
    scores = network.run(tf.constant(same / 255, tf.float32))
    np.testing.assert_allclose(scores, model(grey[..., None] / 255), atol=1e-5)


@keras.saving.register_keras_serializable("tests")
class Subclass(keras.Model):
    def call(self, inputs):
        return inputs


def sequence() -> keras.Model:
    inputs = keras.Input((20, 8))
    return keras.Model(inputs, layers.Dense(2)(layers.LSTM(4)(inputs)))


def two_inputs() -> keras.Model:
    given = [keras.Input((8, 8, 3)), keras.Input((8, 8, 3))]
    return keras.Model(given, layers.Dense(2)(layers.Flatten()(layers.Add()(given))))


def from_image(shape: tuple[int, ...], *rest: keras.layers.Layer) -> keras.Model:
    return keras.Sequential([keras.Input(shape), *rest])


def from_four(function: Callable[[keras.KerasTensor], keras.KerasTensor]) -> keras.Model:
    inputs = keras.Input(batch_shape=(4, 8, 8, 3))
    return keras.Model(inputs, function(inputs))


REFUSED = {
    "subclass": (Subclass, "is a subclass .Subclass. without a graph"),
    "never built": (lambda: keras.Sequential([layers.Dense(2)]), "it was never built"),
    "two inputs": (two_inputs, "it has 2 inputs"),
    "recurrent": (sequence, r"its input \(20, 8\) is not an image, and it is recurrent"),
    "vector": (lambda: from_image((8,), layers.Dense(2)), r"its input \(8,\) is not an image"),
    "channels first": (
        lambda: from_image((3, 8, 8), layers.Flatten(), layers.Dense(2)),
        "is channels_first: rebuild it",
    ),
    "channels first by its layers": (
        lambda: from_image(
            (3, 8, 3), layers.GlobalAveragePooling2D(data_format="channels_first", name="gap")
        ),
        "is channels_first .layer 'gap'.",
    ),
    "two channels": (
        lambda: from_image((8, 8, 2), layers.Flatten(), layers.Dense(2)),
        "has 2 channels",
    ),
    "segmentation": (lambda: from_image((8, 8, 3), layers.Conv2D(2, 3)), "not segmentation"),
    "a batch of four alone": (
        lambda: from_four(lambda x: layers.Dense(2)(keras.ops.reshape(x, (4, -1)))),
        "can't be run on two images of this size .*: .*expected axis -1 of input shape",
    ),
    "softmax of one": (
        lambda: from_image((8, 8, 3), layers.Flatten(), layers.Dense(1, activation="softmax")),
        "always says 1",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_image_classifier_is_refused_in_one_line(name):
    build, message = REFUSED[name]
    with pytest.raises(AuditError, match=message) as refusal:
        Network(build())
    assert "\n" not in str(refusal.value)


def test_a_model_with_nothing_to_locate_says_so():
    network = Network(from_image((8, 8, 3), layers.Flatten(), layers.Dense(2)))
    with pytest.raises(AuditError, match="nothing can be located"):
        network.target_layer  # noqa: B018
