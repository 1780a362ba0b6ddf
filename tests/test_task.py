"""Other models than classifiers are refused by their loss, head or outputs; classifiers are not."""

import json
from collections.abc import Callable

import keras
import pytest

import toys
from convaudit.errors import AuditError
from convaudit.models.inspection.task import require_classifier
from convaudit.models.loading import load
from convaudit.models.network import Network
from convaudit.models.reading.training import Training, of_compiled
from toys import layers


def ending(*last: Callable[[keras.KerasTensor], keras.KerasTensor]) -> keras.Model:
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, activation="relu")(inputs)
    for layer in last:
        x = layer(x)
    return keras.Model(inputs, x)


def flat(units: int, activation: str | None = None) -> keras.Model:
    return ending(layers.Flatten(), layers.Dense(units, activation=activation))


REFUSED = {
    "age": (flat(1), "mse", ["mae"], "the loss mse, so it is a regression"),
    "a huber loss": (
        flat(1),
        keras.losses.Huber(),
        None,
        "the loss huber_loss, so it is a regression",
    ),
    "two coordinates": (flat(2), "mae", None, "so it is a regression"),
    "a box": (flat(4, "sigmoid"), "mse", None, "so it is a regression"),
    "a quality in 0..1": (flat(1, "sigmoid"), "mse", ["mae"], "so it is a regression"),
    "a score": (flat(1), None, None, "one linear unit and its file stores no loss"),
    "steering": (flat(1, "tanh"), None, None, "ends with the activation tanh"),
    "lengths of one": (
        ending(layers.Flatten(), layers.Dense(16), layers.UnitNormalization()),
        None,
        None,
        "a normalisation to length 1, so its 16 numbers are features",
    ),
    "lengths of one by an operation": (
        ending(
            layers.Flatten(),
            layers.Dense(16),
            lambda x: x / keras.ops.norm(x, axis=1, keepdims=True),
        ),
        None,
        None,
        "its 16 numbers always have length 1, so it is an embedding",
    ),
    "a base without its top": (
        ending(layers.GlobalAveragePooling2D()),
        None,
        None,
        "a pooling of features",
    ),
    "cosine similarity": (flat(16), "cosine_similarity", None, "so it is an embedding"),
    "pixels as numbers": (flat(8 * 8 * 3, "sigmoid"), "mse", None, "so it is an autoencoder"),
}


@pytest.mark.parametrize("ending_of_file", ["keras", "h5"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_classifier_is_refused_in_one_line(name, ending_of_file, tmp_path):
    model, loss, metrics, message = REFUSED[name]
    if loss:
        model.compile("adam", loss, metrics=metrics)
    model.save(tmp_path / f"model.{ending_of_file}")
    loaded = load(str(tmp_path / f"model.{ending_of_file}"))
    with pytest.raises(AuditError, match=message) as refusal:
        require_classifier(Network(loaded.model), loaded.training())
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).endswith("set task=classification")


KEPT = {
    "a logit of its loss": (flat(1), keras.losses.BinaryCrossentropy(from_logits=True), None),
    "logits without a loss": (flat(3), None, None),
    "softmax by squares": (flat(10, "softmax"), "mse", ["accuracy"]),
    "softmax by squares alone": (flat(10, "softmax"), "mse", None),
    "a sigmoid by squares, with accuracy": (flat(1, "sigmoid"), "mse", ["accuracy"]),
    "a sigmoid without a loss": (flat(1, "sigmoid"), None, None),
    "a hinge": (flat(1, "tanh"), "hinge", None),
    "scores at each place": (
        ending(layers.Conv2D(3, 1), layers.GlobalAveragePooling2D()),
        None,
        None,
    ),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_is_a_classifier_goes_on(name, tmp_path):
    model, loss, metrics = KEPT[name]
    if loss:
        model.compile("adam", loss, metrics=metrics)
    model.save(tmp_path / "model.keras")
    loaded = load(str(tmp_path / "model.keras"))
    require_classifier(Network(loaded.model), loaded.training())


@pytest.mark.parametrize("name", toys.HEADS)
def test_no_head_of_a_classifier_is_refused(name):
    if name != "one logit":  # without a loss it may be anything
        require_classifier(Network(toys.HEADS[name][1]()), Training())


def test_an_image_that_comes_out_is_called_one():
    inputs = keras.Input((8, 8, 3))
    with pytest.raises(AuditError, match=r"an image of the size of its input: .* autoencoders"):
        Network(keras.Model(inputs, layers.Conv2D(3, 3, padding="same")(inputs)))


STORED = {
    "keras 3": ({"loss": "mse", "metrics": ["accuracy"]}, (("mse",), ("accuracy",))),
    "a class": (
        {"loss": {"class_name": "MeanSquaredError", "config": {}}},
        (("mean_squared_error",), ()),
    ),
    "a function": (
        {"loss": {"class_name": "function", "config": "my_loss"}, "metrics": None},
        (("my_loss",), ()),
    ),
    "keras 2": (
        {
            "loss": {"class_name": "BinaryCrossentropy", "config": {"name": "bce_crossentropy"}},
            "metrics": [[{"class_name": "MeanMetricWrapper", "config": {"name": "acc"}}]],
        },
        (("bce_crossentropy",), ("acc",)),
    ),
    "by output": ({"loss": {"age": "mae", "sex": "bce"}}, (("mae",), ())),
    "nothing": (None, ((), ())),
}


@pytest.mark.parametrize("name", STORED)
def test_how_files_store_it(name):
    stored, expected = STORED[name]
    assert of_compiled(json.loads(json.dumps(stored)), "age") == Training(*expected)
