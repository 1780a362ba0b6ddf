"""The config of the notebook's definitions, compared with its formulas.

The notebook has the network of listing 5-25, nearest neighbour and pixels over 255. Compared are
Grad-CAM of the probability, every activation grid, and filters of the network with raw pixels.
"""

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from PIL import Image

from convaudit.dataset import images
from convaudit.drawing.grids import activation_grid
from convaudit.feature_visualization.ascent import maximise
from convaudit.models.network import Network
from convaudit.models.scaling import SCALINGS
from convaudit.onepass import OnePass
from test_ascent import notebook_pattern
from test_grids import notebook_grid


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(5)
    x = y = keras.Input((150, 150, 3))
    for number in range(1, 5):
        y = layers.Conv2D(32, 3, activation="relu", name=f"conv2d_{number}")(y)
        y = layers.MaxPooling2D(2, name=f"max_pooling2d_{number}")(y)
    y = layers.Dense(512, activation="relu")(layers.Dropout(0.5)(layers.Flatten()(y)))
    head = layers.Dense(1, activation="sigmoid")
    model = keras.Model(x, head(y))
    assert model.count_params() == 832_481
    # Weights that speak for the second class, so that the maps are not empty.
    kernel, bias = head.get_weights()
    head.set_weights([np.abs(kernel), bias])
    return model


@pytest.fixture(scope="module")
def photos() -> np.ndarray:
    """Three photos of smooth colours at another size than the network's: (3, 211, 263, 3)."""
    coarse = np.random.default_rng(0).integers(0, 256, (3, 10, 13, 3), np.uint8)
    return np.stack([cv2.resize(image, (263, 211)) for image in coarse])


def img_tensor(photo: np.ndarray) -> np.ndarray:
    """Listing 5-25: a photo after load_img, img_to_array and the division."""
    resized = Image.fromarray(photo).resize((150, 150), Image.Resampling.NEAREST)
    return np.expand_dims(np.asarray(resized, np.float32), axis=0) / 255.0


def heatmap(model: keras.Model, layer: str, x: np.ndarray) -> np.ndarray:
    """Listing 5-42, up to the division by the maximum, which the overlay does."""
    pair = keras.Model(model.input, [model.get_layer(layer).output, model.output])
    with tf.GradientTape() as tape:
        last_conv_layer, predictions = pair(x)
        output = predictions[:, 0]
    grads = tape.gradient(output, last_conv_layer)
    pooled_grads = tf.reduce_mean(grads, axis=(0, 1, 2)).numpy()
    conv_layer_output = last_conv_layer[0].numpy()
    for i in range(len(pooled_grads)):
        conv_layer_output[:, :, i] *= pooled_grads[i]
    return np.maximum(np.mean(conv_layer_output, axis=-1), 0)


@pytest.mark.parametrize("layer", ["conv2d_1", "conv2d_4", "max_pooling2d_4"])
def test_gradcam(model: keras.Model, photos: np.ndarray, layer: str) -> None:
    pixels = np.stack([images.resize(photo, (150, 150), "nearest") for photo in photos])
    look = OnePass(
        Network(model), SCALINGS["unit"], layer, [], score="probability", batch_size=len(pixels)
    )
    # The notebook explains the one output there is, which speaks for the second class.
    found = look(pixels, np.ones(len(pixels), np.int32))
    assert found.maps.max() > 0
    for photo, ours, probabilities in zip(photos, found.maps, found.probabilities, strict=True):
        x = img_tensor(photo)
        assert probabilities[1] == pytest.approx(float(model(x)[0, 0]), abs=1e-5)
        theirs = heatmap(model, layer, x)
        assert np.abs(ours - theirs).max() <= 1e-4 * theirs.max()


def test_activation_grids_of_the_first_eight_layers(model: keras.Model, photos) -> None:
    layer_outputs = [layer.output for layer in model.layers[1:9]]
    x = img_tensor(photos[0])
    activations = keras.Model(model.input, layer_outputs)(x)
    names = [layer.name for layer in model.layers[1:9]]
    pixels = images.resize(photos[0], (150, 150), "nearest")
    ours = Network(model).activations(SCALINGS["unit"].apply(np.float32(pixels)[None]), names)
    for name, activation in zip(names, activations, strict=True):
        theirs = activation.numpy()
        assert np.abs(ours[name] - theirs).max() <= 1e-4 * theirs.max()
        # The grids are compared where the notebook can draw one: it divides by zero for a channel
        # that is constant, and drops what is over a multiple of 16.
        alive = theirs[..., theirs[0].std(axis=(0, 1)) > 0][..., :16]
        assert alive.shape[-1] == 16
        # Both cut fractions of a level off, so a value at a whole level may fall to either side.
        levels = notebook_grid(alive).astype(np.uint8)
        drawn = activation_grid(alive[0])
        same, below, above = (
            (drawn == cv2.applyColorMap(near, cv2.COLORMAP_VIRIDIS)[..., ::-1]).all(axis=2)
            for near in (levels, np.maximum(levels, 1) - 1, np.minimum(levels, 254) + 1)
        )
        assert same.mean() > 0.999 and (same | below | above).all()


@pytest.mark.parametrize("layer", ["conv2d_1", "conv2d_2", "conv2d_3"])
def test_filter_patterns(model: keras.Model, layer: str) -> None:
    keep = keras.Model(model.input, model.get_layer(layer).output)
    free = keras.models.clone_model(keep, input_tensors=keras.Input((None, None, 3)))
    free.set_weights(keep.get_weights())
    channels = np.array([1, 9])
    ours = maximise(Network(model), layer, channels, scaling=SCALINGS["none"], size=64, steps=40)
    for place, channel in enumerate(channels):
        theirs, end = notebook_pattern(free, layer, channel, 64, 40)
        assert ours.end[place] == pytest.approx(end, rel=1e-4)
        difference = np.abs(ours.images[place].astype(int) - theirs)
        assert difference.max() <= 1
        assert difference.mean() <= 1e-4 * 255
