"""Four small networks, trained from scratch with fixed seeds."""

from collections.abc import Callable

import keras
import numpy as np
from keras import layers

SIDE = 64
"""Side of the networks' input in pixels."""
_BATCH, _RATE = 32, 1.5e-3
_LEARNT = 0.01
_SHIFT = 3
"""Greatest random shift of training images, in pixels."""


def build(name: str, classes: int, side: int = SIDE) -> keras.Model:
    """A network by its name: flat, squeeze, residual or mobile. ``flat`` has one unit for two
    classes.
    """
    return _NETWORKS[name](keras.Input((side, side, 3), name="image"), classes)


def train(
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray,
    seed: int,
    *,
    epochs: int,
) -> float:
    """Train on images (n, side, side, 3) in 0..1 until the loss is below 0.01 or all epochs passed.

    Returns:
        The accuracy on the training images.
    """
    random = np.random.default_rng(seed)
    binary = model.output_shape[-1] == 1
    loss = "binary_crossentropy" if binary else "sparse_categorical_crossentropy"
    model.compile(optimizer=keras.optimizers.Adam(_RATE), loss=loss, jit_compile=False)
    targets = labels.astype(np.float32)[:, None] if binary else labels
    for epoch in range(epochs):
        model.optimizer.learning_rate = _RATE * 0.9**epoch
        order = random.permutation(len(images))
        fitted = model.fit(
            _moved(images[order], random),
            targets[order],
            batch_size=_BATCH,
            shuffle=False,
            verbose=0,
        )
        if fitted.history["loss"][-1] < _LEARNT:
            break
    return float((predict(model, images) == labels).mean())


def predict(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Predicted class indices of images in 0..1."""
    scores = np.concatenate(
        [np.asarray(model(images[i : i + 128], training=False)) for i in range(0, len(images), 128)]
    )
    return (scores[:, 0] > 0.5).astype(int) if scores.shape[1] == 1 else scores.argmax(1)


def _moved(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Each image shifted by a few pixels; pixels of the edge are repeated."""
    side = images.shape[1]
    padded = np.pad(images, ((0, 0), (_SHIFT, _SHIFT), (_SHIFT, _SHIFT), (0, 0)), "edge")
    moved = np.empty_like(images)
    for i, (y, x) in enumerate(random.integers(0, 2 * _SHIFT + 1, (len(images), 2))):
        moved[i] = padded[i, y : y + side, x : x + side]
    return moved


def _flat(image: keras.KerasTensor, classes: int) -> keras.Model:
    """As the demo: convolution and pooling, then two dense layers."""
    x = image
    for width in (16, 24, 32, 32):
        x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Dropout(0.3)(layers.Flatten()(x))
    x = layers.Dense(64, activation="relu")(x)
    return keras.Model(image, _head(x, classes, one_unit=classes == 2), name="flat")


def _squeeze(image: keras.KerasTensor, classes: int) -> keras.Model:
    """As SqueezeNet: fire modules (here with normalisation), a convolution with one channel per
    class, and their means.
    """
    usual = {"padding": "same", "activation": "relu"}
    x = layers.Conv2D(24, 3, strides=2, **usual)(image)
    for squeeze, expand in ((12, 24), (16, 32), (24, 48)):
        x = layers.Conv2D(squeeze, 1, **usual)(x)
        one = layers.Conv2D(expand, 1, **usual)(x)
        three = layers.Conv2D(expand, 3, **usual)(x)
        x = layers.BatchNormalization(momentum=0.9)(layers.Concatenate()([one, three]))
        x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(classes, 1)(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Softmax()(x), name="squeeze")


def _residual(image: keras.KerasTensor, classes: int) -> keras.Model:
    """As ResNet, with batch normalisation: six blocks in three stages."""
    x = _normal(layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False)(image))
    for width, stride in ((16, 1), (32, 2), (64, 2)):
        for step in (stride, 1):
            y = _normal(layers.Conv2D(width, 3, step, padding="same", use_bias=False)(x))
            y = _normal(layers.Conv2D(width, 3, padding="same", use_bias=False)(y), relu=False)
            if step != 1 or x.shape[-1] != width:
                x = _normal(layers.Conv2D(width, 1, step, use_bias=False)(x), relu=False)
            x = layers.ReLU()(layers.Add()([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, _head(x, classes), name="residual")


def _mobile(image: keras.KerasTensor, classes: int) -> keras.Model:
    """As MobileNet: depthwise, then pointwise convolutions."""
    x = _normal(layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False)(image))
    for width, stride in ((32, 1), (48, 2), (64, 1), (96, 2)):
        x = _normal(layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False)(x))
        x = _normal(layers.Conv2D(width, 1, use_bias=False)(x))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, _head(x, classes), name="mobile")


def _normal(x: keras.KerasTensor, relu: bool = True) -> keras.KerasTensor:
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x) if relu else x


def _head(x: keras.KerasTensor, classes: int, one_unit: bool = False) -> keras.KerasTensor:
    if one_unit:
        return layers.Dense(1, activation="sigmoid")(x)
    return layers.Dense(classes, activation="softmax")(x)


_NETWORKS: dict[str, Callable[[keras.KerasTensor, int], keras.Model]] = {
    "flat": _flat,
    "squeeze": _squeeze,
    "residual": _residual,
    "mobile": _mobile,
}
NAMES = tuple(_NETWORKS)
