"""Scalings, compared with numbers by hand and with the families' own functions."""

import numpy as np
import pytest
import tensorflow as tf

from convaudit.models.inspection.scaling_choice import family_scaling
from convaudit.models.loading import families
from convaudit.models.scaling import SCALINGS

PIXELS = np.array([[[0, 127, 255]]], np.uint8)
BY_HAND = {
    "unit": [0, 127 / 255, 1],
    "tf": [-1, 127 / 127.5 - 1, 1],
    "torch": [-0.485 / 0.229, (127 / 255 - 0.456) / 0.224, (1 - 0.406) / 0.225],
    "caffe": [255 - 103.939, 127 - 116.779, 0 - 123.68],
    "none": [0, 127, 255],
}


@pytest.mark.parametrize("name", BY_HAND)
def test_apply_and_undo(name):
    scaling = SCALINGS[name]
    given = PIXELS.astype(np.float32)
    found = scaling.apply(given)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0, 0], BY_HAND[name], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(scaling.undo(found), given, atol=1e-4)
    np.testing.assert_allclose(scaling.apply(tf.constant(given)), found, atol=1e-6)


def test_one_grey_level():
    expected = {"unit": 1 / 255, "tf": 2 / 255, "torch": 0.01735, "caffe": 1, "none": 1}
    for name, level in expected.items():
        assert SCALINGS[name].grey_level == pytest.approx(level, rel=3e-3)


def test_every_family_has_its_own():
    found = {name: family_scaling(name) for name in families()}
    expected = {
        "VGG16": "caffe",
        "ResNet152": "caffe",
        "ResNet50V2": "tf",
        "InceptionV3": "tf",
        "MobileNetV2": "tf",
        "NASNetMobile": "tf",
        "DenseNet121": "torch",
        "MobileNetV3Small": "none",
        "EfficientNetB0": "none",
        "ConvNeXtTiny": "none",
    }
    assert {name: found[name] for name in expected} == expected
