"""The scaling of a model's training, found by its accuracy."""

from typing import Any

import keras
import numpy as np

import toys
from convaudit.checks.resizing_check import check_resizing
from convaudit.checks.scaling_check import _changes, _parts, _variants, check_scaling
from convaudit.dataset.images import variants
from convaudit.models.channels import called, channels_of
from convaudit.models.network import Network
from convaudit.models.scaling import SCALINGS
from planning import settings
from scaling_check import _chosen
from toys import layers


def reddest() -> keras.Model:
    """A model that predicts 0 for more red and 1 for more blue; green counts a little as blue."""
    inputs = toys.image()
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(3, 1, use_bias=False, name="same")(inputs))
    model = keras.Model(inputs, layers.Dense(2, name="head")(x))
    model.get_layer("same").set_weights([np.eye(3).reshape(1, 1, 3, 3)])
    model.get_layer("head").set_weights([np.array([[1, 0], [0, 0.4], [0, 1]]), np.zeros(2)])
    return model


def images(*colours: tuple[int, int, int]) -> np.ndarray:
    return np.array([np.full((16, 16, 3), colour) for colour in colours], np.uint8)


RED, BLUE = (200, 0, 0), (0, 0, 200)


def test_the_commonest_silent_mistake_shows_in_the_accuracy():
    """Green counts as blue here, unless a scaling shifts the channels. Caffe's BGR takes every red
    for blue, which 20 of 20 images prove."""
    pixels, labels = images(*[RED, BLUE] * 10), np.array([0, 1] * 10)
    found = check_scaling(Network(reddest()), pixels, labels, "caffe")
    assert (found["used"], found["images"]) == ("caffe", 20)
    accuracies = found["accuracies"]
    assert len(accuracies) == 10
    assert (accuracies["caffe"], accuracies["caffe, RGB"]) == (0, 1)
    assert (accuracies["unit"], accuracies["unit, BGR"]) == (1, 0)
    assert (accuracies["none"], accuracies["none, BGR"]) == (1, 0)
    assert accuracies[found["better"]] == 1


def test_fourteen_images_prove_it_and_thirteen_do_not():
    """Ten ways are tried: a chance of 10 in 2^14 is under 0.001, of 10 in 2^13 over it."""
    network = Network(reddest())
    proven = check_scaling(network, images(*[RED] * 14), np.zeros(14, int), "caffe")
    assert proven["better"] is not None
    open_question = check_scaling(network, images(*[RED] * 13), np.zeros(13, int), "caffe")
    assert open_question == {
        "used": "caffe",
        "images": 13,
        "accuracies": {"caffe": 0.0},
        "better": None,
        "in_order": None,
        "order": None,
        "set": {},
        "advice": "",
        "accuracy": 0.0,
        "also": [],
    }


def test_channels_are_proposed_word_for_word_and_before_another_order_of_classes():
    """A model of BGR gets RGB. Exchanged class names explain as much, and the check says so."""
    pixels, labels = images(*[RED, BLUE] * 20), np.array([1, 0] * 20)
    found = check_scaling(Network(reddest()), pixels, labels, "unit")
    assert found["accuracies"]["unit"] == 0
    assert (found["better"], found["accuracy"]) == ("unit, BGR", 1)
    assert found["set"] == {"preprocess.channels": "bgr"}
    assert found["also"] == ["classes: FILE"]
    assert (found["in_order"], found["order"]) == (None, None)
    settings.load(nested(found["set"]))
    again = check_scaling(Network(reddest()), pixels, labels, "unit, BGR")
    assert (again["accuracies"], again["better"]) == ({"unit, BGR": 1.0}, None)


def test_everything_that_can_be_proposed_can_be_set():
    for name in ("unit", "caffe", "torch, BGR"):
        for other in _variants():
            changes = _changes(other, name)
            assert (changes == {}) == (other == name)
            chosen = settings.load(nested(changes)).preprocess
            scaling, channels = _parts(name)
            scaling = scaling if chosen.scaling == "auto" else chosen.scaling
            if chosen.channels != "auto":
                channels = chosen.channels
            elif chosen.scaling != "auto":
                channels = channels_of(scaling)
            assert called(scaling, channels) == other


def test_numbers_as_texts_are_told_from_scalings():
    """Twelve classes 0 to 11, trained in the order of texts; the model ignores colours."""
    names = [str(number) for number in range(12)]
    brightness = np.arange(12) * 20 + 10
    inputs = toys.image()
    x = layers.GlobalAveragePooling2D()(inputs)
    model = keras.Model(inputs, layers.Dense(12, name="head")(x))
    # The logit of level b is 2 b x - b^2, the greatest for the nearest level.
    level = brightness / 255
    model.get_layer("head").set_weights([np.tile(2 * level / 3, (3, 1)), -(level**2)])
    by_text = np.argsort(np.argsort(np.array(names)))
    labels = np.repeat(np.arange(12), 5)
    pixels = images(*[(brightness[by_text[label]],) * 3 for label in labels])
    found = check_scaling(Network(model), pixels, labels, "unit", names)
    assert found["set"] == {"classes": "alphanumeric"}
    assert (found["in_order"], found["better"]) == (1, None)


def nested(changes: dict[str, str]) -> dict[str, Any]:
    config: dict[str, Any] = {}
    for key, value in changes.items():
        section, _, name = key.rpartition(".")
        if section:
            config.setdefault(section, {})[name] = value
    return config


def test_a_right_scaling_is_not_doubted():
    pixels, labels = images(*[RED, BLUE] * 20), np.array([0, 1] * 20)
    found = check_scaling(Network(reddest()), pixels, labels, "unit")
    assert (found["accuracies"], found["better"]) == ({"unit": 1.0}, None)


def test_wins_and_losses_are_weighed_against_each_other():
    """With labels at random no scaling is proven, although some is always a little ahead."""
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (64, 1, 1, 3), np.uint8).repeat(16, 1).repeat(16, 2)
    found = check_scaling(Network(reddest()), pixels, generator.integers(0, 2, 64), "tf")
    assert len(found["accuracies"]) == 10
    assert max(found["accuracies"].values()) > found["accuracies"]["tf"]
    assert found["better"] is None


def test_names_in_another_order_are_not_taken_for_a_scaling():
    """Each colour has the name of the next. BGR would correct a third, and ten images prove it."""
    model = reddest()
    purest = keras.Model(model.inputs, layers.Dense(3)(model.layers[-2].output))
    purest.layers[-1].set_weights([np.eye(3), np.zeros(3)])
    pixels, labels = images(*[RED, (0, 200, 0), BLUE] * 10), np.array([1, 2, 0] * 10)
    found = check_scaling(Network(purest), pixels, labels, "unit")
    accuracies = found["accuracies"]
    assert (accuracies["unit"], accuracies["unit, BGR"], found["in_order"]) == (0, 1 / 3, 1)
    assert found["better"] is None


def test_without_labelled_images_nothing_is_said():
    found = check_scaling(Network(reddest()), images(RED)[:0], np.zeros(0, int), "unit")
    assert (found["images"], found["better"]) == (0, None)


def test_classes_called_by_numbers_in_the_order_of_texts():
    """Outputs in the order 0, 1, 10, 2, …, as a loader sorts folders; names in that of numbers."""
    model = keras.Sequential([toys.image(), layers.Flatten(), layers.Dense(11)])
    bright = np.zeros((16, 16, 3, 11), np.float32)
    for output, number in enumerate((0, 1, 10, *range(2, 10))):
        bright[0, number, :, output] = 1
    model.layers[-1].set_weights([bright.reshape(-1, 11), np.zeros(11)])
    labels = np.arange(33) % 11
    pixels = np.zeros((33, 16, 16, 3), np.uint8)
    pixels[np.arange(33), 0, labels] = 255
    names = [f"class {number}" for number in range(11)]
    found = check_scaling(Network(model), pixels, labels, "unit", names)
    assert (found["in_order"], found["order"], found["better"]) == (1, "alphanumeric", None)


def test_another_way_to_resize_that_is_clearly_better():
    """Red columns that only ``nearest`` misses, and a network that predicts 1 for red."""
    model = keras.Sequential([toys.image(), layers.GlobalAveragePooling2D(), layers.Dense(2)])
    model.layers[-1].set_weights([np.array([[-1, 1], [0, 0], [0, 0]]), np.array([0.2, 0])])
    photo = np.zeros((48, 48, 3), np.uint8)
    photo[:, ::3, 0] = photo[:, 2::3, 0] = 255  # the middle of three is black
    sample = {
        name: np.array([each] * 8) for name, each in variants(photo, (16, 16), "area").items()
    }
    truth = np.array([0] * 8)
    found = check_resizing(Network(model), sample, truth, SCALINGS["unit"], "area")
    assert (found["accuracies"]["area"], found["accuracies"]["nearest"]) == (0, 1)
    assert (found["changed"]["area"], found["changed"]["nearest"]) == (0, 1)
    assert found["better"] in {"nearest", "bilinear", "crop"} and found["labelled"] == 8
    unlabelled = check_resizing(Network(model), sample, truth - 1, SCALINGS["unit"], "area")
    assert (unlabelled["accuracies"], unlabelled["better"], unlabelled["labelled"]) == ({}, None, 0)
    assert unlabelled["changed"] == found["changed"]


def test_images_with_a_label_are_taken_first_and_others_only_if_these_are_too_few():
    truth = np.array([-1, 0, -1, 1, 1, -1, 0, -1])
    assert _chosen(truth, 3).tolist() == [1, 3, 6]
    assert _chosen(truth, 6).tolist() == [0, 1, 3, 4, 6, 7]
    assert _chosen(truth, 20).tolist() == list(range(8))
    assert _chosen(truth[:0], 3).tolist() == []
