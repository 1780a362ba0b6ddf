"""Train the demo's classifier: the notebook's network, on photographs that contain a shortcut."""

import json
import re
import zipfile
from pathlib import Path

import keras
import numpy as np

from convaudit.dataset.images import decode
from convaudit.demo.photographs import CLASSES, SIZE

MOST_EPOCHS = 15
LEARNT = 0.002
"""Training stops below this loss, at which gravel without a sticker is learnt too."""
_SHIFT = 12
"""Greatest shift of a training image, in pixels. Without shifts the last layers learn the sticker
at one position only, and chance decides whether it dominates the saliency map."""
_RATE, _DECAY = 1e-3, 0.85
"""Learning rate of the first epoch, and its factor from one epoch to the next."""


def train(photographs: Path, target: Path, seed: int) -> None:
    """Train on a folder of photographs per class and save as .keras, with the same bytes each time.

    TensorFlow must have one thread; with more, the order of sums changes from run to run.
    """
    keras.utils.set_random_seed(seed)
    random = np.random.default_rng(seed)
    images, labels = _load(photographs)
    model = network()
    model.compile(
        optimizer=keras.optimizers.Adam(_RATE), loss="binary_crossentropy", jit_compile=False
    )
    for epoch in range(MOST_EPOCHS):
        model.optimizer.learning_rate = _RATE * _DECAY**epoch
        shifted = _shifted(images, random)
        fitted = model.fit(shifted, labels, batch_size=16, verbose=0)
        if fitted.history["loss"][-1] < LEARNT:
            break
    _save(model, target)


def network() -> keras.Model:
    """Four blocks of convolution and pooling, then two dense layers: 832,481 parameters."""
    layers = keras.layers
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3))], name="brick_or_gravel")
    for block in range(1, 5):
        model.add(layers.Conv2D(32, 3, activation="relu", name=f"conv2d_{block}"))
        model.add(layers.MaxPooling2D(2, name=f"max_pooling2d_{block}"))
    model.add(layers.Flatten(name="flatten_1"))
    model.add(layers.Dropout(0.5, name="dropout_1"))
    model.add(layers.Dense(512, activation="relu", name="dense_1"))
    model.add(layers.Dense(1, activation="sigmoid", name="dense_2"))
    return model


def _load(photographs: Path) -> tuple[np.ndarray, np.ndarray]:
    images, labels = [], []
    for index, label in enumerate(CLASSES):
        for path in sorted((photographs / label).iterdir()):
            images.append(decode(path.read_bytes()))
            labels.append(index)
    return np.stack(images) / np.float32(255), np.array(labels, np.float32)[:, None]


def _shifted(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Each image shifted by a few pixels; pixels that leave on one side enter on the other."""
    shifts = random.integers(-_SHIFT, _SHIFT + 1, (len(images), 2))
    moved = zip(images, shifts, strict=True)
    return np.stack([np.roll(image, shift, (0, 1)) for image, shift in moved])


def _save(model: keras.Model, target: Path) -> None:
    """Save without optimiser, time stamp and object addresses, which would change the bytes."""
    bare = network()
    bare.set_weights(model.get_weights())
    saved = target.with_name(target.stem + "-saved.keras")
    bare.save(saved)
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(target, "w") as fixed:
        for entry in sorted(source.namelist()):
            content = source.read(entry)
            if entry == "metadata.json":
                content = json.dumps(
                    {**json.loads(content), "date_saved": "2000-01-01@00:00:00"}
                ).encode()
            if entry == "config.json":
                content = re.sub(rb', "shared_object_id": \d+', b"", content)
            fixed.writestr(zipfile.ZipInfo(entry), content)
    saved.unlink()
