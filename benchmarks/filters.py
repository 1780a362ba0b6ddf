"""Filters of one layer: against the least work there is, and against one filter at a time.

The least work is forward and input gradient of the model cut at the layer, at the same batch size
and for the same number of steps.

python benchmarks/filters.py [model.keras [layer]]
"""

import sys
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

import bench
from convaudit import ascent
from convaudit.network import Network
from convaudit.scaling import SCALINGS

BATCH, CHANNELS, SIZE, STEPS = 16, 64, 64, 40
REPEATS = 3


def main(paths: list[str]) -> None:
    print("| model | layer | least work / ours | one at a time / ours | ms per channel and step |")
    print("|---|---|--:|--:|--:|")
    for name, (model, network) in bench.networks(paths[:1]).items():
        layer = paths[1] if len(paths) > 1 else _middle(network)
        print(f"| {name} | `{layer}` | {_row(model, network, layer)} |", flush=True)


def _row(model: keras.Model, network: Network, layer: str) -> str:
    sides = {
        "ours": lambda: _maximise(network, layer, BATCH),
        "least": _least(model, layer),
        "single": lambda: _maximise(network, layer, 1),
    }
    seconds = bench.medians(sides, REPEATS)
    ours = seconds["ours"]
    return (
        f"{seconds['least'] / ours:.2f} | {seconds['single'] / ours:.2f} "
        f"| {ours / CHANNELS / STEPS * 1000:.1f}"
    )


def _maximise(network: Network, layer: str, batch: int) -> ascent.Patterns:
    return ascent.maximise(
        network,
        layer,
        np.arange(CHANNELS),
        scaling=SCALINGS["none"],
        size=SIZE,
        steps=STEPS,
        batch=batch,
    )


def _least(model: keras.Model, layer: str) -> Callable[[], None]:
    cut = keras.Model(model.input, model.get_layer(layer).output)
    free = keras.models.clone_model(cut, input_tensors=keras.Input((None, None, 3)))
    free.set_weights(cut.get_weights())

    @tf.function(autograph=False)
    def step(x: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            y = free(x, training=False)
        return tape.gradient(y, x)

    noise = np.random.default_rng(0).uniform(128, 148, (BATCH, SIZE, SIZE, 3))
    x = tf.constant(noise, tf.float32)

    def steps() -> None:
        for _ in range(STEPS * CHANNELS // BATCH):
            step(x).numpy()

    return steps


def _middle(network: Network) -> str:
    """VGG16's block3_conv1 of the notebook, or the middle one of the wide enough convolutions."""
    names = [x.name for x in network.layers if x.convolution and (x.shape[-1] or 0) >= CHANNELS]
    return "block3_conv1" if "block3_conv1" in names else names[len(names) // 2]


if __name__ == "__main__":
    main(sys.argv[1:])
