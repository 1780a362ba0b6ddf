"""The effect of a guessed scaling, and signs of a wrong one in a model without labels."""

import keras
import numpy as np
import pytest

from convaudit.checks.guess_check import check_guess
from convaudit.models.network import Network
from convaudit.models.scaling import SCALINGS

layers = keras.layers
DRAW = np.random.default_rng(0)
COLOURS = np.array([[200, 60, 60], [60, 200, 60], [60, 60, 200]])
LABELS = DRAW.integers(0, 3, 240)
PIXELS = np.clip(
    COLOURS[LABELS][:, None, None] + DRAW.normal(0, 40, (240, 16, 16, 3)), 0, 255
).astype(np.uint8)


def normalised(scaling: str) -> Network:
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Conv2D(8, 3),
            layers.BatchNormalization(momentum=0.8),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    optimizer = keras.optimizers.Adam(0.02)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    given = SCALINGS[scaling].apply(PIXELS.astype(np.float32))
    history = model.fit(given, LABELS, epochs=12, batch_size=32, verbose=0).history
    assert history["accuracy"][-1] > 0.9
    return Network(model)


@pytest.mark.parametrize("truth", SCALINGS)
def test_moving_statistics_show_the_scaling_without_a_label(truth):
    network = normalised(truth)
    for used in SCALINGS:
        found = check_guess(network, PIXELS[:32], used, "rgb")
        assert (found["images"], found["changed"][used]) == (32, 0)
        assert min(found["off"], key=found["off"].__getitem__) == truth
        if truth != used:
            assert found["likelier"] == truth
        else:
            assert found["likelier"] is None


def levels() -> Network:
    """A model that predicts which of two grey levels in 0..255 is nearer, without normalisation."""
    inputs = keras.Input((16, 16, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(3, 1, use_bias=False, name="same")(inputs))
    model = keras.Model(inputs, layers.Dense(2, name="head")(x))
    model.get_layer("same").set_weights([np.eye(3).reshape(1, 1, 3, 3)])
    level = np.array([50.0, 200])
    weights = [np.tile(2 * level / 3, (3, 1)) / 1000, -(level**2) / 1000]
    model.get_layer("head").set_weights(weights)
    return Network(model)


def test_answers_that_never_differ_show_that_another_scaling_is_likelier():
    pixels = np.repeat(np.array([50, 200], np.uint8), 8)[:, None, None, None]
    pixels = np.tile(pixels, (1, 16, 16, 3))
    found = check_guess(levels(), pixels, "unit", "rgb")
    assert found["off"]["unit"] is None
    assert (found["changed"]["none"], found["told"]["unit"]) == (0.5, pytest.approx(0, abs=1e-6))
    assert found["told"]["none"] == pytest.approx(1, abs=1e-3)
    assert found["likelier"] == "none"
    assert check_guess(levels(), pixels, "none", "rgb")["likelier"] is None


def test_without_an_image_nothing_is_said():
    found = check_guess(levels(), PIXELS[:0], "unit", "rgb")
    assert (found["images"], found["likelier"]) == (0, None)
