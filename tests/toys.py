"""Small Keras models of all usual kinds, with fixed random weights."""

from collections.abc import Callable

import keras
import numpy as np

layers = keras.layers
SIDE = 16


def image(side: int | None = SIDE) -> keras.KerasTensor:
    return keras.Input((side, side, 3), name="image")


def randomised(model: keras.Model, seed: int = 0) -> keras.Model:
    """Draw every weight at random: no bias is zero, and every normalisation has an effect."""
    generator = np.random.default_rng(seed)
    for variable in model.weights:
        low = 0.3 if "variance" in variable.path else -0.4
        variable.assign(generator.uniform(low, 0.5, variable.shape))
    return model


def base(name: str = "base") -> keras.Model:
    """Two convolutions with normalisation, as a functional model to be nested."""
    x = inputs = keras.Input((SIDE, SIDE, 3))
    x = layers.Conv2D(4, 3, padding="same", name="block1_conv")(x)
    x = layers.BatchNormalization(name="block1_norm")(x)
    x = layers.ReLU(name="block1_relu")(x)
    x = layers.MaxPooling2D(2, name="block1_pool")(x)
    x = layers.Conv2D(6, 3, padding="same", activation="relu", name="block2_conv")(x)
    return keras.Model(inputs, x, name=name)


def with_lambda() -> keras.Model:
    """A model file with Python code in it."""
    shift = layers.Lambda(lambda x: x + 1, name="shift")
    return keras.Sequential(
        [keras.Input((SIDE, SIDE, 3)), shift, layers.Flatten(), layers.Dense(2)]
    )


def sequential() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3)),
            layers.Conv2D(4, 3, activation="relu", name="conv"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Flatten(name="flatten"),
            layers.Dropout(0.5, name="dropout"),
            layers.Dense(3, activation="softmax", name="head"),
        ]
    )


def branches() -> keras.Model:
    """The last activation that is an image, ``left``, is no cut: ``right`` bypasses it."""
    inputs = image()
    stem = layers.Conv2D(4, 3, padding="same", activation="relu", name="stem")(inputs)
    right = layers.GlobalAveragePooling2D(name="right")(stem)
    left = layers.Conv2D(5, 3, activation="relu", name="left")(stem)
    left = layers.GlobalAveragePooling2D(name="average")(left)
    merged = layers.Concatenate(name="merged")([left, right])
    return keras.Model(inputs, layers.Dense(3, activation="softmax", name="head")(merged))


def residual() -> keras.Model:
    """The last image is a merge and its activation, not a convolution."""
    inputs = image()
    x = layers.Conv2D(4, 3, padding="same", name="first")(inputs)
    y = layers.SeparableConv2D(4, 3, padding="same", name="second")(x)
    x = layers.Activation("relu", name="sum_relu")(layers.Add(name="sum")([x, y]))
    x = layers.GlobalAveragePooling2D(keepdims=True, name="average")(x)
    x = layers.Conv2D(8, 1, activation="relu", name="expand")(x)
    x = layers.Flatten(name="flatten")(x)
    return keras.Model(inputs, layers.Dense(3, name="head")(x))


def transfer() -> keras.Model:
    """The commonest form of transfer learning; other tools fail with "Graph disconnected"."""
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3)),
            layers.Rescaling(1 / 255, name="rescaling"),
            base(),
            layers.Flatten(name="flatten"),
            layers.Dense(2, activation="softmax", name="head"),
        ]
    )


def nested_twice() -> keras.Model:
    """A base in an encoder in a model, augmentation in front, the softmax in a submodel."""
    augmentation = keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3)),
            layers.RandomFlip(name="flip"),
            layers.RandomRotation(0.2, name="rotation"),
        ],
        name="augmentation",
    )
    encoder = keras.Sequential(
        [keras.Input((SIDE, SIDE, 3)), base(), layers.GlobalAveragePooling2D(name="average")],
        name="encoder",
    )
    features = keras.Input((6,))
    head = keras.Model(
        features,
        layers.Softmax(name="softmax")(layers.Dense(3, name="scores")(features)),
        name="head",
    )
    inputs = image()
    return keras.Model(inputs, head(encoder(augmentation(inputs), training=False)))


def shared() -> keras.Model:
    """One layer and one base, each called twice."""
    inputs = image()
    again = layers.Conv2D(3, 3, padding="same", activation="relu", name="again")
    common = base()
    x = layers.Add(name="sum")([common(inputs), common(again(again(inputs)))])
    x = layers.GlobalAveragePooling2D(name="average")(x)
    return keras.Model(inputs, layers.Dense(3, activation="softmax", name="head")(x))


def outputs() -> keras.Model:
    """Two heads; ``side_conv`` is on the path to only one of them."""
    inputs = image()
    x = layers.Conv2D(4, 3, activation="relu", name="stem")(inputs)
    animal = layers.GlobalAveragePooling2D(name="animal_average")(x)
    animal = layers.Dense(3, activation="softmax", name="animal")(animal)
    x = layers.Conv2D(5, 3, activation="relu", name="side_conv")(x)
    indoors = layers.GlobalAveragePooling2D(name="indoors_average")(x)
    indoors = layers.Dense(1, activation="sigmoid", name="indoors")(indoors)
    return keras.Model(inputs, [animal, indoors])


def with_head(*head: keras.layers.Layer) -> keras.Model:
    return keras.Sequential(
        [keras.Input((SIDE, SIDE, 3)), layers.Conv2D(4, 3, activation="relu", name="conv"), *head]
    )


def ensemble() -> keras.Model:
    """The output is an average of probabilities; no softmax ends the network."""
    inputs = image()
    x = layers.Conv2D(4, 3, activation="relu", name="conv")(inputs)
    x = layers.GlobalAveragePooling2D(name="pooled")(x)
    votes = [layers.Dense(3, activation="softmax", name=f"vote{n}")(x) for n in range(2)]
    return keras.Model(inputs, layers.Average(name="average")(votes))


def arithmetic() -> keras.Model:
    """Operations on tensors between layers, also a merge and a softmax; its input is a list."""
    inputs = image()
    x = layers.Conv2D(4, 3, activation="relu", name="conv")(1 - (inputs / 127.5)[..., ::-1])
    x = keras.ops.mean(keras.ops.relu(2 * x - 1), axis=(1, 2))
    x = keras.ops.softmax(layers.Dense(3, name="head")(x) / 2)
    return keras.Model([inputs], [x])


GRAPHS: dict[str, Callable[[], keras.Model]] = {
    builder.__name__: builder
    for builder in (
        sequential,
        branches,
        residual,
        transfer,
        nested_twice,
        shared,
        ensemble,
        arithmetic,
    )
}

HEADS: dict[str, tuple[str, Callable[[], keras.Model]]] = {
    "softmax fused in Dense": (
        "softmax",
        lambda: with_head(layers.Flatten(), layers.Dense(3, activation="softmax")),
    ),
    "softmax as Activation": (
        "softmax",
        lambda: with_head(layers.Flatten(), layers.Dense(3), layers.Activation("softmax")),
    ),
    "Softmax layer": (
        "softmax",
        lambda: with_head(layers.GlobalAveragePooling2D(), layers.Dense(3), layers.Softmax()),
    ),
    "logits": ("logits", lambda: with_head(layers.GlobalMaxPooling2D(), layers.Dense(3))),
    "one sigmoid": (
        "binary",
        lambda: with_head(layers.Flatten(), layers.Dense(1, activation="sigmoid")),
    ),
    "one logit": ("binary", lambda: with_head(layers.Flatten(), layers.Dense(1))),
    "several sigmoids": (
        "sigmoid",
        lambda: with_head(layers.Flatten(), layers.Dense(3, activation="sigmoid")),
    ),
    "fully convolutional": (
        "softmax",
        lambda: with_head(
            layers.Conv2D(3, 1), layers.GlobalAveragePooling2D(), layers.Activation("softmax")
        ),
    ),
    "fully convolutional, reshaped": (
        "softmax",
        lambda: with_head(
            layers.GlobalAveragePooling2D(keepdims=True),
            layers.Conv2D(3, 1),
            layers.Reshape((3,)),
            layers.Activation("softmax"),
        ),
    ),
    "softmax before a reshape": (
        "softmax",
        lambda: with_head(
            layers.GlobalAveragePooling2D(keepdims=True),
            layers.Conv2D(3, 1, activation="softmax"),
            layers.Flatten(),
            layers.Activation("linear", dtype="float32"),
        ),
    ),
    "flattened maps are the scores": (
        "logits",
        lambda: with_head(layers.MaxPooling2D(7), layers.Conv2D(3, 1), layers.Flatten()),
    ),
}
