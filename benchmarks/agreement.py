"""Write docs/methods.md: compare our maps of one network with those of the peers.

    python benchmarks/agreement.py

Each peer has an environment of its own, in .cache/peers.
"""

import bench  # noqa: F401 -- finds the library; before TensorFlow, whose kernels it chooses

# isort: split

import json
import subprocess
import tempfile
from pathlib import Path

import keras
import numpy as np

from convaudit.models.network import Network
from convaudit.models.scaling import SCALINGS
from convaudit.onepass import OnePass
from peer import environment

HERE = Path(__file__).parent
ROOT = HERE.parent
PAGE = ROOT / "docs" / "methods.md"
METHODS = ("gradcam", "gradcam++", "layercam", "hirescam", "xgradcam", "eigencam", "scorecam")
IMAGES, SIDE, CLASSES = 8, 16, 5
LAYERS = ("first", "second", "head")

PEERS = {
    "torch": ("torch_maps", "[pytorch-grad-cam](https://github.com/jacobgil/pytorch-grad-cam)"),
    "tf-keras-vis": (
        "tf_keras_vis_maps",
        "[tf-keras-vis](https://github.com/keisen/tf-keras-vis)",
    ),
}
"""For each environment the script in peers/ that runs there, and the peer's name."""

INTRODUCTION = """# The CAM methods against independent implementations

Written by `python benchmarks/agreement.py`; do not edit. One network of two convolutions, a pooling
and a dense layer with random weights, {images} images of noise, is built in Keras and in PyTorch;
the maps are ours and those of each peer, of each image's predicted class, each map brought to 0..1.
The figure is the largest difference at any of {positions} positions.
"""
HEAD = """| Method | Largest difference | |
|---|--:|---|
"""
SUM = "theirs is the paper's sum over channels, ours the mean: a constant factor"
REMARKS = {
    "torch": {
        "gradcam": SUM,
        "eigencam": "differs by definition: pytorch-grad-cam centres the activations before the "
        "singular value decomposition, which the paper (Muhammad and Yeasin 2020) does not, and "
        "leaves the sign to chance; `tests/test_cam.py` compares ours with NumPy's decomposition",
    },
    "tf-keras-vis": {
        "gradcam": SUM,
        "gradcam++": "differs from the paper: tf-keras-vis divides a channel's alphas by their "
        "sum, which equation 19 of Chattopadhay et al. 2018 does not; without that its formula "
        "gives our maps",
        "scorecam": "differs from the paper: tf-keras-vis weights a channel by the probability "
        "of the class among the classes, where algorithm 1 of Wang et al. 2020 takes a softmax "
        "of the scores over the channels",
    },
}


def main() -> None:
    model, images = network(), np.random.default_rng(1).integers(0, 256, (IMAGES, SIDE, SIDE, 3))
    ours, predicted = our_maps(model, images.astype(np.uint8))
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "given.npz"
        weights = {
            f"{name}_{at}": values
            for name in LAYERS
            for at, values in enumerate(model.get_layer(name).get_weights())
        }
        np.savez(given, images=(images / 255).astype(np.float32), predicted=predicted, **weights)
        model.save(given.with_suffix(".keras"))
        page = INTRODUCTION.format(images=IMAGES, positions=IMAGES * SIDE**2)
        for peer in PEERS:
            version, theirs = peer_maps(peer, given)
            page += f"\n## {PEERS[peer][1]} {version}\n\n{HEAD}"
            for name in theirs:
                off = np.abs(to_one(ours[name]) - to_one(theirs[name])).max()
                page += f"| {name} | {off:.0e} | {REMARKS[peer].get(name, '')} |\n"
    # benchmarks/occlusion.py wrote the rest of the page.
    _, heading, rest = PAGE.read_text().partition("# The methods against occlusion")
    PAGE.write_text(page + (f"\n{heading}{rest}" if heading else ""))
    print(page)


def peer_maps(peer: str, given: Path) -> tuple[str, dict[str, np.ndarray]]:
    """The peer's version and its maps by method."""
    found = given.with_name(f"{peer}.npz")
    script = HERE / "peers" / f"{PEERS[peer][0]}.py"
    command = [environment(peer), script, given, found, json.dumps(METHODS)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    with np.load(found) as stored:
        return done.stdout.split()[-1], dict(stored)  # behind progress bars


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
