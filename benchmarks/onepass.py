"""Compare the time of the one pass with the bare forward pass, at the same batch size.

python benchmarks/onepass.py
"""

import bench  # before TensorFlow, whose kernels it chooses

# isort: split

import keras
import numpy as np
import tensorflow as tf

import figures
from convaudit.models.network import Network
from convaudit.models.scaling import SCALINGS
from convaudit.onepass import OnePass

BATCH = 32
REPEATS = {"SqueezeNet": 15, "VGG16": 5}
BARS = {"SqueezeNet": 1.3, "VGG16": 1.1}
DETAILS = """## The pass

The table gives milliseconds per image with batches of {batch}: medians of rounds in which the
variants take turns. "Bare" is `model(x)` as one compiled function that returns only the scores.

{table}
Grad-CAM costs a gradient from the scores to the target layer. The statistics (sum, squares,
greatest value and its place, positions over zero) are one compiled loop that reads each value once:
they cost what reading the watched layers' outputs from memory costs, most where convolutions are
small.
"""


def measure() -> figures.Part:
    found, rows = [], []
    for name, model in bench.models().items():
        ms, values = times(model, REPEATS[name])
        ratio = ms["whole"] / ms["bare"]
        what = f"the pass (predictions, maps, statistics), {name}"
        found.append(figures.Figure(what, ratio, BARS[name], False, "the bare forward pass"))
        a_value = (ms["whole"] - ms["maps"]) / values
        cells = f"{values:.1f}", f"{a_value:.2f}"
        rows.append([name, *(f"{value:.1f}" for value in ms.values()), *cells])
    columns = ["network", "bare", "+ Grad-CAM", "+ statistics", "million values", "ns a value"]
    table = figures.table(columns, rows)
    return figures.Part(found, DETAILS.format(batch=BATCH, table=table))


def times(model: keras.Model, repeats: int, batch: int = BATCH) -> tuple[dict[str, float], float]:
    """Milliseconds per image of each side, and millions of watched values per image."""
    network = Network(model)
    shape = (batch, *network.input_shape)
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    scaling = SCALINGS["torch"]
    inputs = tf.constant(scaling.apply(pixels.astype(np.float32)))
    watched = [layer.name for layer in network.layers if layer.watched]
    values = sum(np.prod(layer.shape) for layer in network.layers if layer.watched) / 1e6
    target = network.target_layer[0]
    bare = tf.function(lambda x: model(x, training=False), autograph=False)
    maps = OnePass(network, scaling, target, [], batch_size=batch)
    whole = OnePass(network, scaling, target, watched, batch_size=batch)
    sides = {
        "bare": lambda: bare(inputs).numpy(),
        "maps": lambda: maps(pixels),
        "whole": lambda: whole(pixels),
    }
    seconds = bench.medians(sides, repeats)
    return {side: value / batch * 1000 for side, value in seconds.items()}, float(values)


if __name__ == "__main__":
    figures.show(measure())
