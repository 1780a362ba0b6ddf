"""What is said of a model before a run."""

import json
from collections.abc import Callable
from typing import Any

import keras
import pytest

import toys
from convaudit.models.facts import ModelChoices, ModelFacts
from convaudit.models.inspection import choose_scaling, inspect_model
from convaudit.models.loading import Loaded
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
        "scaling": "none",
        "scaling_known": True,
        "scaling_why": "the model begins with its own scaling, 'rescaling'",
        "parameters": 112 + 16 + (3 * 3 * 4 * 6 + 6) + (8 * 8 * 6 * 2 + 2),
    }


def test_the_config_s_choices_take_the_place_of_the_model_s_own(tmp_path):
    model = toys.transfer()
    facts = inspect_model(loaded(model), Network(model))
    (tmp_path / "model.json").write_text(facts.to_json())
    assert ModelFacts.read(tmp_path / "model.json") == facts
    chosen = ModelFacts.read(tmp_path / "model.json", ModelChoices("caffe", "base/block1_conv"))
    assert (chosen.scaling, chosen.scaling_known) == ("caffe", True)
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
    normalised = from_first(layers.Normalization(mean=[1, 2, 3], variance=[1, 1, 1]))
    assert chosen(normalised)[:2] == ("none", True)


def through(arithmetic: Callable[[Any], Any]) -> keras.Model:
    inputs = toys.image()
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(arithmetic(inputs)))
    return keras.Model(inputs, layers.Dense(2)(x))


@keras.saving.register_keras_serializable("tests")
class Sunglasses(layers.Layer):
    def call(self, x):
        return x / 2


OWN = {
    "arithmetic": (lambda x: x / 127.5 - 1, "true_divide"),
    "caffe": (keras.applications.vgg16.preprocess_input, "add"),
    "behind a flip": (lambda x: keras.ops.flip(x, axis=2) - 127.5, "subtract"),
    "behind padding": (lambda x: layers.Rescaling(2)(layers.ZeroPadding2D(3)(x)), "rescaling"),
    "of each image": (lambda x: x - keras.ops.mean(x, axis=(1, 2, 3), keepdims=True), "subtract"),
    "in a pipeline": (layers.Pipeline([layers.RandomFlip(), layers.Rescaling(2)]), "pipeline"),
    "of a custom layer": (Sunglasses(name="dark"), "dark"),
}


@pytest.mark.parametrize("name", OWN)
def test_a_models_own_scaling_is_found_whatever_does_it(name):
    arithmetic, by = OWN[name]
    scaling, known, why = chosen(through(arithmetic))
    assert (scaling, known) == ("none", True)
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


@pytest.mark.parametrize(
    ("base", "own"),
    [("vgg16", "caffe"), ("mobilenetv2_1.00_224", "tf"), ("densenet121", "torch")],
)
def test_the_guess_mentions_the_scaling_of_a_base_that_is_known(base, own):
    model = from_first(toys.base(base))
    assert chosen(model)[:2] == ("unit", False)
    assert chosen(model)[2].endswith(f"it contains {base!r}, whose own is {own!r}")
