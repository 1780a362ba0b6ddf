"""What the benchmarks share: a fair clock, and models that need no file."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

import keras
import tensorflow as tf
from keras import layers

from convaudit import loading
from convaudit.network import Network

tf.config.threading.set_intra_op_parallelism_threads(os.cpu_count() or 1)
tf.config.threading.set_inter_op_parallelism_threads(1)


def medians(sides: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """Seconds of each side: they take turns, so that what disturbs one disturbs all."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for function in sides.values():
        function()
    for _ in range(repeats):
        for name, function in sides.items():
            began = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - began)
    return {name: median(values) for name, values in times.items()}


def networks(paths: list[str]) -> dict[str, tuple[keras.Model, Network]]:
    """The models at the paths; without any, SqueezeNet's and VGG16's architectures."""
    if paths:
        models = {Path(path).stem: loading.load(path).model for path in paths}
    else:
        keras.utils.set_random_seed(0)
        models = {"SqueezeNet": squeezenet(), "VGG16": keras.applications.VGG16(weights=None)}
    return {name: (model, Network(model)) for name, model in models.items()}


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
