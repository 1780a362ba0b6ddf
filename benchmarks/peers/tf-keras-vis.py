"""Grad-CAM and activation maximisation of tf-keras-vis; runs in an environment of its own."""

import json
import os
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from tf_keras_vis.activation_maximization import ActivationMaximization
from tf_keras_vis.gradcam import Gradcam
from tf_keras_vis.utils.scores import CategoricalScore

warnings.filterwarnings("ignore", "The structure of `inputs`")
given = json.loads(sys.argv[1])
folder, layer, batch = Path(given["folder"]), given["layer"], given["batch"]
tf.config.threading.set_intra_op_parallelism_threads(given["threads"])
tf.config.threading.set_inter_op_parallelism_threads(1)
model = keras.models.load_model(folder / "model.keras", compile=False)
inputs, numbers = np.load(folder / "inputs.npy"), np.load(folder / "numbers.npy")


def gradcam(at: int, count: int, **options) -> np.ndarray:
    return explain(
        CategoricalScore(numbers[at : at + count].tolist()),
        inputs[at : at + count],
        penultimate_layer=layer,
        **options,
    )


def maps_in_batches(**options) -> np.ndarray:
    return np.concatenate([gradcam(at, batch, **options) for at in range(0, len(inputs), batch)])


def maps_one_by_one() -> None:
    for at in range(given["singles"]):
        gradcam(at, 1)


def save_maps() -> None:
    np.save(folder / "tf-keras-vis.npy", maps_in_batches(expand_cam=False, normalize_cam=False))


def normalised(gradient: tf.Tensor) -> tf.Tensor:
    square = tf.reduce_mean(gradient**2, axis=(1, 2, 3), keepdims=True)
    return gradient / (tf.sqrt(square) + 1e-5)


def climb(at: int, count: int) -> np.ndarray:
    """The notebook's gradient ascent with the functions of tf-keras-vis."""
    return climber(
        CategoricalScore(numbers[at : at + count].tolist()),
        seed_input=inputs[at : at + count],
        input_range=None,
        input_modifiers=None,
        regularizers=[],
        steps=given["steps"],
        optimizer=keras.optimizers.SGD(1.0),
        gradient_modifier=normalised,
    )


def filters_in_batches() -> None:
    for at in range(0, len(inputs), batch):
        climb(at, batch)


def filters_one_by_one() -> None:
    for at in range(given["singles"]):
        climb(at, 1)


def save_filters() -> None:
    maps = model(climb(0, batch), training=False).numpy()
    np.save(folder / "tf-keras-vis.npy", maps.mean((1, 2))[range(batch), numbers[:batch]])


explain, climber = Gradcam(model, clone=False), ActivationMaximization(model, clone=False)
tasks = {
    "version": lambda: version("tf-keras-vis"),
    "maps in batches": maps_in_batches,
    "maps in batches, not enlarged": lambda: maps_in_batches(expand_cam=False),
    "maps one by one": maps_one_by_one,
    "save maps": save_maps,
    "filters in batches": filters_in_batches,
    "filters one by one": filters_one_by_one,
    "save filters": save_filters,
}
for line in sys.stdin:
    answer = tasks[line.strip()]()
    print(answer if isinstance(answer, str) else "done", flush=True)
