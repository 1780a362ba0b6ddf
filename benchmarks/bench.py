"""Shared by the benchmarks: a fair clock, and models that need no file."""

import gc
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.append(str(Path(__file__).parents[1] / "workflow" / "scripts"))

import convaudit  # noqa: F401, I001 -- before TensorFlow, whose kernels it chooses
import keras
import tensorflow as tf
from keras import layers

from convaudit.system.malloc import keep_freed_memory
from convaudit.provenance import THREADS

tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(1)
# As in every job; it holds for both sides of a comparison.
keep_freed_memory()
gc.freeze()


def medians(sides: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """Median seconds of each side. The sides take turns, so that a disturbance affects all alike.

    Args:
        sides: a function by the name of its side; each is called once before the clock starts.
        repeats: number of measured calls of each.
    """
    times: dict[str, list[float]] = {name: [] for name in sides}
    for function in sides.values():
        function()
    for _ in range(repeats):
        for name, function in sides.items():
            began = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - began)
    return {name: median(values) for name, values in times.items()}


def models() -> dict[str, keras.Model]:
    """A small and a large network, with random weights: speed does not depend on them."""
    keras.utils.set_random_seed(0)
    return {"SqueezeNet": squeezenet(), "VGG16": keras.applications.VGG16(weights=None)}


def without_softmax(model: keras.Model) -> keras.Model:
    """The same model up to the scores before softmax."""
    if isinstance(model.layers[-1], layers.Softmax):
        return keras.Model(model.input, model.layers[-2].output)
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    copy.layers[-1].activation = keras.activations.linear
    return copy


def last_convolution(model: keras.Model) -> str:
    return next(x.name for x in reversed(model.layers) if isinstance(x, layers.Conv2D))


def squeezenet() -> keras.Model:
    """SqueezeNet 1.1 for 227 px (Iandola et al. 2016), random weights."""
    x = keras.Input((227, 227, 3))
    y = layers.Conv2D(64, 3, strides=2, activation="relu")(x)
    y = layers.MaxPooling2D(3, strides=2)(y)
    for narrow, wide, pooled in (
        *((16, 64, False), (16, 64, True), (32, 128, False), (32, 128, True)),
        *((48, 192, False), (48, 192, False), (64, 256, False), (64, 256, False)),
    ):
        y = layers.Conv2D(narrow, 1, activation="relu")(y)
        left = layers.Conv2D(wide, 1, activation="relu")(y)
        right = layers.Conv2D(wide, 3, padding="same", activation="relu")(y)
        y = layers.Concatenate()([left, right])
        if pooled:
            y = layers.MaxPooling2D(3, strides=2)(y)
    y = layers.Conv2D(1000, 1, activation="relu")(y)
    return keras.Model(x, layers.Softmax()(layers.GlobalAveragePooling2D()(y)))
