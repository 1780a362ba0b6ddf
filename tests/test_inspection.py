"""The facts of a model, and the text about it before a run."""

import json
from collections.abc import Callable
from typing import Any

import keras
import pytest

import toys
from convaudit.models.facts import ModelChoices, ModelFacts
from convaudit.models.inspection.inspection import inspect_model
from convaudit.models.inspection.scaling_choice import choose_scaling
from convaudit.models.loading import Loaded, families
from convaudit.models.network import Network
from toys import layers


def loaded(model: keras.Model, family: str | None = None) -> Loaded:
    return Loaded(model, ".keras of Keras 3.0.0", "3.0.0", family)


def chosen(model: keras.Model) -> tuple[str, bool, str]:
    return choose_scaling(loaded(model), Network(model))


def test_facts_are_json_and_complete():
    model = toys.transfer()
    facts = inspect_model(loaded(model), Network(model))
    assert ModelFacts.from_json(facts.to_json()) == facts
    found = json.loads(facts.to_json())
    assert found["layers"][1] == {
        "name": "base/block1_conv",
        "id": "base.block1_conv",
        "kind": "Conv2D",
        "shape": [16, 16, 4],
        "parameters": 112,
        "watched": True,
        "convolution": True,
    }
    del found["layers"]
    assert found == {
        "format": ".keras of Keras 3.0.0",
        "keras_version": "3.0.0",
        "family": None,
        "input": [16, 16, 3],
        "input_open": False,
        "outputs": ["head"],
        "classes": 2,
        "head": "softmax",
        "target_layer": "base/block2_conv",
        "target_why": "the last activation with a spatial side over 1: 8 x 8 with 6 channels, "
        "after merges and activations",
        "last_layer": "base/block2_conv",
        "method": "auto",
        "scaling": "none",
        "channels": "rgb",
        "scaling_known": True,
        "scaling_why": "the model begins with its own scaling, 'rescaling'",
        "parameters": 112 + 16 + (3 * 3 * 4 * 6 + 6) + (8 * 8 * 6 * 2 + 2),
    }


def test_the_config_s_choices_take_the_place_of_the_model_s_own(tmp_path):
    model = toys.transfer()
    facts = inspect_model(loaded(model), Network(model))
    (tmp_path / "model.json").write_text(facts.to_json())
    assert ModelFacts.read(tmp_path / "model.json") == facts.resolved(ModelChoices())
    chosen = ModelFacts.read(
        tmp_path / "model.json", ModelChoices("caffe", target_layer="base/block1_conv")
    )
    assert (chosen.scaling, chosen.scaling_known) == ("caffe", True)
    assert (chosen.channels, chosen.scaling_name) == ("bgr", "caffe")
    turned = facts.resolved(ModelChoices(channels="bgr"))
    assert (turned.scaling, turned.scaling_name) == ("none", "none, BGR")
    assert (chosen.target_layer, chosen.target_why) == ("base/block1_conv", "as the config says")
    assert chosen.layer("base/block1_conv").sides == (16, 16)
    assert chosen.layers == facts.layers


def test_a_scaling_that_is_nowhere_said_is_a_guess():
    name, known, why = chosen(toys.sequential())
    assert (name, known, why) == ("unit", False, "a guess: the file does not say")


def from_first(*first: keras.layers.Layer) -> keras.Model:
    rest = [layers.Conv2D(2, 3), layers.GlobalAveragePooling2D(), layers.Dense(2)]
    return keras.Sequential([keras.Input((16, 16, 3)), *first, *rest])


def test_a_models_own_scaling_is_found_behind_augmentation():
    augmentation = keras.Sequential([keras.Input((16, 16, 3)), layers.RandomFlip()], name="a")
    model = from_first(augmentation, layers.RandomRotation(0.1), layers.Rescaling(1 / 255))
    assert chosen(model)[:2] == ("none", True)
    normalised = from_first(layers.Normalization(mean=[110, 115, 105], variance=[3600] * 3))
    assert chosen(normalised)[:2] == ("none", True)


def through(arithmetic: Callable[[Any], Any]) -> keras.Model:
    inputs = toys.image()
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(arithmetic(inputs)))
    return keras.Model(inputs, layers.Dense(2)(x))


@keras.saving.register_keras_serializable("tests")
class Sunglasses(layers.Layer):
    def call(self, x):
        return x / 200


OWN = {
    "arithmetic": (lambda x: x / 127.5 - 1, "true_divide"),
    "caffe": (keras.applications.vgg16.preprocess_input, "add"),
    "behind a flip": (lambda x: keras.ops.flip(x, axis=2) - 127.5, "subtract"),
    "behind padding": (
        lambda x: layers.Rescaling(1 / 255)(layers.ZeroPadding2D(3)(x)),
        "rescaling",
    ),
    "of each image": (lambda x: x - keras.ops.mean(x, axis=(1, 2, 3), keepdims=True), "subtract"),
    "in a pipeline": (layers.Pipeline([layers.RandomFlip(), layers.Rescaling(0.01)]), "pipeline"),
    "of a custom layer": (Sunglasses(name="dark"), "dark"),
}


UNDECIDED = ("of each image",)
"""Whose output is as usual for -1..1 as for 0..255."""


@pytest.mark.parametrize("name", OWN)
def test_a_models_own_scaling_is_found_whatever_does_it(name):
    arithmetic, by = OWN[name]
    scaling, known, why = chosen(through(arithmetic))
    assert (scaling, known) == ("none", name not in UNDECIDED)
    assert f"its own scaling, '{by}" in why


NOT_OWN = {
    "a flip": lambda x: x[:, :, ::-1],
    "the other order of colours": lambda x: x[..., ::-1],
    "grey": lambda x: layers.RandomGrayscale(1)(keras.ops.image.rgb_to_grayscale(x)),
    "a size": lambda x: layers.Resizing(8, 8)(layers.CenterCrop(10, 10)(x)),
    "padding": layers.ZeroPadding2D(2),
    "a pooling": layers.MaxPooling2D(2),
    "a normalisation that was learnt": layers.BatchNormalization(),
}


@pytest.mark.parametrize("name", NOT_OWN)
def test_what_leaves_grey_as_it_was_is_no_scaling(name):
    assert chosen(through(NOT_OWN[name]))[:2] == ("unit", False)


def test_a_rescaling_deep_inside_is_not_the_inputs():
    model = from_first(layers.Conv2D(3, 1), layers.Rescaling(1 / 255))
    assert chosen(model)[:2] == ("unit", False)


EXPECTING = {
    "normalised on 0..1": (
        lambda: layers.Normalization(mean=[0.45, 0.5, 0.4], variance=[0.05, 0.06, 0.04]),
        ("unit", True),
    ),
    "ImageNet's mean and variance": (
        lambda: layers.Normalization(
            mean=[0.485, 0.456, 0.406], variance=[0.229**2, 0.224**2, 0.225**2]
        ),
        ("unit", True),
    ),
    "2 x - 1": (lambda: layers.Rescaling(2.0, offset=-1.0), ("unit", True)),
    "x - 0.5": (lambda: layers.Rescaling(1.0, offset=-0.5), ("unit", False)),
    "back from -1..1": (lambda: layers.Rescaling(0.5, offset=0.5), ("tf", True)),
    "normalised on -1..1": (
        lambda: layers.Normalization(mean=[-0.1] * 3, variance=[0.25] * 3),
        ("tf", True),
    ),
    "normalised on 0..255": (
        lambda: layers.Normalization(mean=[110, 115, 105], variance=[3600] * 3),
        ("none", True),
    ),
    "x / 255": (lambda: layers.Rescaling(1 / 255), ("none", True)),
    "x / 127.5 - 1": (lambda: layers.Rescaling(1 / 127.5, offset=-1), ("none", True)),
}


@pytest.mark.parametrize("name", EXPECTING)
def test_what_a_models_own_scaling_expects_is_seen_by_what_comes_out(name):
    first, expected = EXPECTING[name]
    scaling, known, why = chosen(from_first(first()))
    assert (scaling, known) == expected
    assert ("which expects" in why) == (scaling != "none")


@pytest.mark.parametrize(
    ("base", "own"),
    [("vgg16", "caffe"), ("mobilenetv2_1.00_224", "tf"), ("densenet121", "torch")],
)
def test_a_nested_base_that_is_known_gives_its_own_scaling_as_a_guess(base, own):
    assert chosen(from_first(toys.base(base))) == (
        own,
        False,
        f"a guess: it contains {base!r}, whose own is {own!r}",
    )


FLAT = {
    "VGG16": "caffe",
    "ResNet50": "caffe",
    "ResNet50V2": "tf",
    "MobileNet": "tf",
    "MobileNetV2": "tf",
    "InceptionV3": "tf",
    "DenseNet121": "torch",
}


@pytest.mark.parametrize("family", FLAT)
def test_the_layers_of_a_flat_or_renamed_base_give_it_away(family):
    base = families()[family](weights=None, include_top=False, input_shape=(75, 75, 3))
    x = layers.Dense(2)(layers.GlobalAveragePooling2D()(base.output))
    name, known, why = chosen(keras.Model(base.input, x))
    assert (name, known) == (FLAT[family], False)
    assert why.startswith("a guess: its layers are called as those of ")


def convolved(side: int, *filters: int, head: keras.layers.Layer) -> keras.Model:
    stack = [
        layer
        for number, count in enumerate(filters)
        for layer in (
            layers.Conv2D(count, 3, padding="same", name=f"conv_{number}"),
            layers.MaxPooling2D(name=f"pool_{number}"),
        )
    ]
    return keras.Sequential([keras.Input((side, side, 3)), *stack, head, layers.Dense(2)])


HEAT = {
    "7 x 7 are fine": (56, (4, 4, 4), "pool_2", "hirescam"),
    "6 x 6 are not": (48, (4, 4, 4), "conv_2", "hirescam"),
    "2 x 2 at the end of five": (64, (4, 4, 4, 4, 4), "conv_3", "hirescam"),
    "3 x 3, and no finer": (6, (4,), "pool_0", "gradcam"),
}


@pytest.mark.parametrize("name", HEAT)
def test_the_layer_of_the_heat_follows_the_size_of_the_maps(name):
    side, filters, layer, method = HEAT[name]
    model = convolved(side, *filters, head=layers.Flatten())
    facts = inspect_model(loaded(model), Network(model))
    found = facts.resolved(ModelChoices())
    assert (found.target_layer, found.method) == (layer, method)
    assert found.coarse == (method == "gradcam")
    last = facts.resolved(ModelChoices(target_layer="last", method="gradcam++"))
    assert (last.target_layer, last.method) == (Network(model).target_layer[0], "gradcam++")
    coarse = "too coarse" in found.target_why
    assert coarse == (found.target_layer != last.target_layer)


def test_a_finer_layer_is_one_that_nothing_goes_round():
    """A convolution within a residual block has finer maps, but the scores can bypass it."""
    inputs = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, padding="same", name="stem")(inputs)
    y = layers.Conv2D(4, 3, padding="same", name="within")(x)
    x = layers.Add(name="sum")([x, y])
    x = layers.MaxPooling2D(4, name="pool")(x)
    y = layers.Conv2D(4, 3, padding="same", name="coarse")(x)
    x = layers.Flatten()(layers.Add(name="last")([x, y]))
    model = keras.Model(inputs, layers.Dense(2)(x))
    assert inspect_model(loaded(model), Network(model)).target_layer == "sum"
