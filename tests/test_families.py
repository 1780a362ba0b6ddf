"""One small model of each family of keras.applications; docs/models.md has all models."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from convaudit.models.inspection.inspection import inspect_model
from convaudit.models.loading import Loaded, families
from convaudit.models.network import Network

SIDE = 128
# The target layer's name where Keras fixes it, its class and its shape. By its paper each network
# ends at 1/32 of the input, here 4 x 4; Inceptions do not pad, so they end at 2 x 2.
TARGETS = {
    "VGG16": ("block5_pool", "MaxPooling2D", (4, 4, 512)),
    "ResNet50": ("conv5_block3_out", "Activation", (4, 4, 2048)),
    "ResNet50V2": ("post_relu", "Activation", (4, 4, 2048)),
    "InceptionV3": ("mixed10", "Concatenate", (2, 2, 2048)),
    "InceptionResNetV2": ("conv_7b_ac", "Activation", (2, 2, 1536)),
    "Xception": ("block14_sepconv2_act", "Activation", (4, 4, 2048)),
    "MobileNet": ("conv_pw_13_relu", "ReLU", (4, 4, 1024)),
    "MobileNetV2": ("out_relu", "ReLU", (4, 4, 1280)),
    "MobileNetV3Small": (None, "Activation", (4, 4, 576)),
    "DenseNet121": ("relu", "Activation", (4, 4, 1024)),
    "NASNetMobile": (None, "Activation", (4, 4, 1056)),
    "EfficientNetB0": ("top_activation", "Activation", (4, 4, 1280)),
    "EfficientNetV2B0": ("top_activation", "Activation", (4, 4, 1280)),
    "ConvNeXtTiny": (None, "Add", (4, 4, 768)),
}


@pytest.mark.parametrize("name", TARGETS)
def test_target_layer_scores_and_facts(name):
    model = families()[name](weights=None, input_shape=(SIDE, SIDE, 3), classes=5)
    network = Network(model)
    target, kind, shape = TARGETS[name]
    found = {layer.name: layer for layer in network.layers}[network.target_layer[0]]
    assert (found.kind, found.shape) == (kind, shape)
    assert target in (None, found.name)
    images = np.random.default_rng(0).uniform(-1, 1, (1, SIDE, SIDE, 3)).astype(np.float32)
    scores = network.run(tf.constant(images)).numpy()
    powers = np.exp(scores - scores.max())
    np.testing.assert_allclose(powers / powers.sum(), model(images, training=False), atol=1e-5)
    stated = inspect_model(Loaded(model, "", "", name), network)
    assert (stated.head, stated.classes, stated.scaling_known) == ("softmax", 5, True)
    assert sum(layer.parameters for layer in network.layers) == stated.parameters
    keras.backend.clear_session()
