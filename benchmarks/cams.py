"""Compare the time of Grad-CAM of a dataset with tf-keras-vis and Xplique.

All explain the same scores before softmax at the same layer of the same file and return maps at the
size of the images. They run in processes of their own, which take turns.

python benchmarks/cams.py
"""

import bench  # before TensorFlow, whose kernels it chooses

# isort: split

import tempfile
from pathlib import Path

import cv2
import keras
import numpy as np
import tensorflow as tf

import figures
from convaudit.models.network import Network
from convaudit.models.scaling import SCALINGS
from convaudit.onepass import OnePass
from convaudit.provenance import THREADS
from peer import Peer

BATCH = 16
REPEATS = {"SqueezeNet": 3, "VGG16": 2}
IMAGES = {"SqueezeNet": 128, "VGG16": 16}
SINGLES = {"SqueezeNet": 16, "VGG16": 4}
BARS = {"tf-keras-vis": 5, "one by one": 20, "Xplique": 1.2}
WHAT = {
    "tf-keras-vis": "tf-keras-vis in batches",
    "one by one": "tf-keras-vis one by one",
    "Xplique": "Xplique",
}
DETAILS = """## Grad-CAM

The table gives milliseconds per image with batches of {batch} images and {threads} threads: medians
of rounds in which the programs take turns. All use the same model file, images, classes and layer
(the last convolution), explain the scores before softmax, and return maps at the size of the
images. tf-keras-vis {keras_vis} runs with its defaults, then with one image at a time, then without
enlarging the maps (SciPy enlarges them on one thread). Xplique {xplique} runs with its defaults.

{times}
With VGG16 our time is close to that of the bare forward pass (section "The pass"). No program that
runs the network once per image can be much faster, so these ratios measure the extra work of the
others.

The maps are compared before the timing. This table gives the largest difference at any position,
divided by the largest value of the map. tf-keras-vis returns maps at the layer's resolution,
Xplique returns enlarged maps (bicubic). Both sum over the channels; ours is the mean, so a constant
factor is removed.

{differences}
"""


def measure() -> figures.Part:
    found, times, differences = [], [], []
    for name, model in bench.models().items():
        with tempfile.TemporaryDirectory() as folder:
            ms, off, versions = _compare(model, Path(folder), name)
        for peer, bar in BARS.items():
            against = f"{ms[peer]:.0f} ms an image against {ms['ours']:.1f}"
            what = f"Grad-CAM of a dataset, {name}: {WHAT[peer]} / ours"
            found.append(figures.Figure(what, ms[peer] / ms["ours"], bar, True, against))
        times.append([name, *(f"{value:.1f}" for value in ms.values())])
        differences.append([name, *(f"{value:.0e}" for value in off)])
    details = DETAILS.format(
        batch=BATCH,
        threads=THREADS,
        keras_vis=versions[0],
        xplique=versions[1],
        times=figures.table(["network", *ms], times),
        differences=figures.table(["network", "tf-keras-vis", "Xplique"], differences),
    )
    return figures.Part(found, details)


def _compare(
    model: keras.Model, folder: Path, name: str
) -> tuple[dict[str, float], list[float], list[str]]:
    """Milliseconds per image by side; the peers' differences from our maps; their versions."""
    count, singles = IMAGES[name], SINGLES[name]
    network, layer = Network(model), bench.last_convolution(model)
    shape = (count, *network.input_shape)
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    look = OnePass(network, SCALINGS["unit"], layer, [], batch_size=BATCH)
    batches = [look(pixels[at : at + BATCH]) for at in range(0, count, BATCH)]
    maps = np.concatenate([batch.maps for batch in batches])
    bench.without_softmax(model).save(folder / "model.keras")
    np.save(folder / "inputs.npy", SCALINGS["unit"].apply(pixels.astype(np.float32)))
    np.save(folder / "numbers.npy", np.concatenate([batch.explained for batch in batches]))
    given = {"folder": str(folder), "layer": layer, "batch": BATCH, "threads": THREADS}
    keras_vis = Peer("tf-keras-vis", given | {"singles": singles})
    xplique = Peer("xplique", given)
    summed = maps * model.get_layer(layer).output.shape[-1]
    keras_vis.ask("save maps")
    xplique.ask("save maps")
    enlarged = tf.image.resize(summed[..., None], network.input_shape[:2], "bicubic")[..., 0]
    off = [
        _difference(np.load(folder / "tf-keras-vis.npy"), summed),
        _difference(np.load(folder / "xplique.npy"), enlarged.numpy()),
    ]

    def ours() -> None:
        for at in range(0, count, BATCH):
            for values in look(pixels[at : at + BATCH]).maps:
                cv2.resize(values, network.input_shape[1::-1])

    sides = {
        "ours": ours,
        "tf-keras-vis": lambda: keras_vis.ask("maps in batches"),
        "one by one": lambda: keras_vis.ask("maps one by one"),
        "not enlarged": lambda: keras_vis.ask("maps in batches, not enlarged"),
        "Xplique": lambda: xplique.ask("maps in batches"),
    }
    seconds = bench.medians(sides, REPEATS[name])
    versions = [peer.ask("version") for peer in (keras_vis, xplique)]
    for peer in (keras_vis, xplique):
        peer.close()
    images = dict.fromkeys(sides, count) | {"one by one": singles}
    return {side: seconds[side] / images[side] * 1000 for side in sides}, off, versions


def _difference(theirs: np.ndarray, ours: np.ndarray) -> float:
    """The largest difference of the maps (n, h, w), divided by the greatest value of ours.

    Raises:
        AssertionError: the maps differ, so their times can't be compared.
    """
    off = float(np.abs(theirs - ours).max() / ours.max())
    assert off < 1e-2, f"the maps differ by {off}"
    return off


if __name__ == "__main__":
    figures.show(measure())
