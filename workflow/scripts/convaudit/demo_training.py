"""The demo's classifier: the notebook's network, trained on photographs with a shortcut in them."""

import json
import re
import zipfile
from pathlib import Path

import keras
import numpy as np

from convaudit.demo import CLASSES, SIZE
from convaudit.images import decode

MOST_EPOCHS = 15
LEARNT = 0.01
"""Loss below which the few photographs of gravel without a sticker are learnt too."""


def train(photographs: Path, target: Path, seed: int) -> None:
    """Train on folders of photographs, one a class, and save as .keras, the same bytes each time.

    TensorFlow must have one thread: with more, sums are split in an order that changes.
    """
    keras.utils.set_random_seed(seed)
    images, labels = _load(photographs)
    model = network()
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy", jit_compile=False
    )

    def stop_when_learnt(epoch: int, logs: dict[str, float]) -> None:
        model.stop_training = logs["loss"] < LEARNT

    model.fit(
        images,
        labels,
        batch_size=16,
        epochs=MOST_EPOCHS,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=stop_when_learnt)],
    )
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


def _save(model: keras.Model, target: Path) -> None:
    """Save without the optimiser, the hour of saving and Keras's addresses of shared objects."""
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
