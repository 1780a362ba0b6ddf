"""Write docs/methods.md: our maps against those of pytorch-grad-cam, for one network in both.

    python benchmarks/agreement.py

pytorch-grad-cam gets an environment of its own, in .cache/peers/torch.
"""

import json
import subprocess
import tempfile
from pathlib import Path

import keras
import numpy as np

import bench  # noqa: F401 -- finds the library
from convaudit.network import Network
from convaudit.onepass import OnePass
from convaudit.scaling import SCALINGS
from peer import environment

HERE = Path(__file__).parent
ROOT = HERE.parent
PAGE = ROOT / "docs" / "methods.md"
METHODS = ("gradcam", "gradcam++", "layercam", "hirescam", "xgradcam", "eigencam", "scorecam")
IMAGES, SIDE, CLASSES = 8, 16, 5
LAYERS = ("first", "second", "head")

INTRODUCTION = """# The CAM methods against an independent implementation

Written by `python benchmarks/agreement.py`; do not edit. One network of two convolutions, a pooling
and a dense layer with random weights, {images} images of noise, is built in Keras and in PyTorch;
the maps are ours and those of [pytorch-grad-cam](https://github.com/jacobgil/pytorch-grad-cam)
{version}, each image's predicted class, each map brought to 0..1. The figure is the largest
difference at any of {positions} positions.

| Method | Largest difference | |
|---|--:|---|
"""
REMARKS = {
    "gradcam": "theirs is the paper's sum over channels, ours the mean: a constant factor",
    "eigencam": "differs by definition: pytorch-grad-cam centres the activations before the "
    "singular value decomposition, which the paper (Muhammad and Yeasin 2020) does not, and "
    "leaves the sign to chance; `tests/test_cam.py` compares ours with NumPy's decomposition",
}


def main() -> None:
    model, images = network(), np.random.default_rng(1).integers(0, 256, (IMAGES, SIDE, SIDE, 3))
    ours, predicted = our_maps(model, images.astype(np.uint8))
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder) / "given.npz", Path(folder) / "found.npz"
        weights = {
            f"{name}_{at}": values
            for name in LAYERS
            for at, values in enumerate(model.get_layer(name).get_weights())
        }
        np.savez(given, images=(images / 255).astype(np.float32), predicted=predicted, **weights)
        peer = environment("torch")
        command = [peer, HERE / "peers" / "torch_maps.py", given, found, json.dumps(METHODS)]
        version = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, text=True
        ).stdout.strip()
        with np.load(found) as stored:
            theirs = dict(stored)
    page = INTRODUCTION.format(images=IMAGES, version=version, positions=IMAGES * SIDE**2)
    for name in theirs:
        off = np.abs(to_one(ours[name]) - to_one(theirs[name])).max()
        page += f"| {name} | {off:.0e} | {REMARKS.get(name, '')} |\n"
    PAGE.write_text(page)
    print(page)


def network() -> keras.Model:
    layers = keras.layers
    keras.utils.set_random_seed(0)
    x = inputs = keras.Input((SIDE, SIDE, 3))
    x = layers.Conv2D(6, 3, padding="same", activation="relu", name="first")(x)
    x = layers.Conv2D(12, 3, padding="same", activation="relu", name="second")(x)
    x = layers.Flatten()(layers.MaxPooling2D(2)(x))
    # Large weights: pytorch-grad-cam adds 1e-6 to denominators made of gradients.
    large = keras.initializers.RandomNormal(stddev=5)
    head = layers.Dense(CLASSES, kernel_initializer=large, name="head")
    return keras.Model(inputs, head(x))


def our_maps(model: keras.Model, images: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    wrapped = Network(model)
    found = {}
    for method in METHODS:
        look = OnePass(wrapped, SCALINGS["unit"], "second", [], method=method, batch_size=IMAGES)
        batch = look(images)
        found[method] = batch.maps
    return found, batch.explained


def to_one(maps: np.ndarray) -> np.ndarray:
    low, high = maps.min(axis=(1, 2), keepdims=True), maps.max(axis=(1, 2), keepdims=True)
    return (maps - low) / (high - low)


if __name__ == "__main__":
    main()
