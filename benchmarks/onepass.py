"""The one pass against the bare forward pass of the same model, at the same batch size.

python benchmarks/onepass.py [model.keras]
"""

import sys

import keras
import numpy as np
import tensorflow as tf

import bench
from convaudit.network import Network
from convaudit.onepass import OnePass
from convaudit.scaling import SCALINGS

BATCH = 16
REPEATS = 15


def main(paths: list[str]) -> None:
    print(
        "| model | pass / bare forward | ms per image: bare | + Grad-CAM | + statistics | layers |"
    )
    print("|---|--:|--:|--:|--:|--:|")
    for name, (model, network) in bench.networks(paths).items():
        print(f"| {name} | {_row(model, network)} |", flush=True)


def _row(model: keras.Model, network: Network) -> str:
    shape = (BATCH, *network.input_shape)
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    scaling = SCALINGS["torch"]
    inputs = tf.constant(scaling.apply(pixels.astype(np.float32)))
    watched = [layer.name for layer in network.layers if layer.watched]
    target = network.target_layer[0]
    bare = tf.function(lambda x: model(x, training=False), autograph=False)
    maps = OnePass(network, scaling, target, [], batch_size=BATCH)
    whole = OnePass(network, scaling, target, watched, batch_size=BATCH)
    sides = {
        "bare": lambda: bare(inputs).numpy(),
        "maps": lambda: maps(pixels),
        "whole": lambda: whole(pixels),
    }
    ms = {k: v / BATCH * 1000 for k, v in bench.medians(sides, REPEATS).items()}
    return (
        f"{ms['whole'] / ms['bare']:.2f} | {ms['bare']:.1f} | {ms['maps']:.1f} "
        f"| {ms['whole']:.1f} | {len(watched)}"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
