"""Write model files as Keras 2 wrote them, because today's Keras can't.

The content of the configs was taken from files that Keras 2 itself has written.
"""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Config = dict[str, Any]
Weights = dict[str, dict[str, np.ndarray]]


def layer(kind: str, name: str, *before: Any, **config: Any) -> Config:
    """A layer of a functional model, called on outputs of the layers before."""
    called = [[ref if isinstance(ref, list) else [ref, 0, 0, {}] for ref in before]]
    fields = {"name": name, "trainable": True, "dtype": "float32", **config}
    return {
        "class_name": kind,
        "config": fields,
        "name": name,
        "inbound_nodes": called if before else [],
    }


def entry(name: str, side: int) -> Config:
    shape = [None, side, side, 3]
    return layer("InputLayer", name, batch_input_shape=shape, sparse=False, ragged=False)


def operation(function: str, name: str, before: str, **arguments: Any) -> Config:
    """Arithmetic on a tensor; its node is a bare reference, as Keras 2 wrote it."""
    made = layer("TFOpLambda", name, function=function)
    return {**made, "inbound_nodes": [[before, 0, 0, {**arguments, "name": None}]]}


def functional(name: str, layers: list[Config], kind: str = "Functional") -> Config:
    config = {
        "name": name,
        "layers": layers,
        "input_layers": [[layers[0]["name"], 0, 0]],
        "output_layers": [[layers[-1]["name"], 0, 0]],
    }
    return {"class_name": kind, "config": config}


def write_h5(path: Path, version: str, config: Config, weights: Weights) -> Path:
    """Write an .h5 file; ``weights`` are arrays by path for each top-level layer, in order."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version.encode()
        file.attrs["backend"] = b"tensorflow"
        file.attrs["model_config"] = json.dumps(config).encode()
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode() for name in weights]
        for name, arrays in weights.items():
            inner = group.create_group(name)
            inner.attrs["weight_names"] = [key.encode() for key in arrays]
            for key, array in arrays.items():
                inner[key] = array
    return path


def write_keras(path: Path, version: str, config: Config, arrays: dict[str, np.ndarray]) -> Path:
    """A .keras file as Keras 2.13 on wrote it, with the modules of its classes."""
    stored = io.BytesIO()
    with h5py.File(stored, "w") as file:
        for key, array in arrays.items():
            file[key] = array
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": version}))
        archive.writestr("config.json", json.dumps(with_modules(config)))
        archive.writestr("model.weights.h5", stored.getvalue())
    return path


def with_modules(item: Any) -> Any:
    if isinstance(item, list):
        return [with_modules(part) for part in item]
    if not isinstance(item, dict):
        return item
    found = {key: with_modules(value) for key, value in item.items()}
    if "class_name" in found:
        if found["class_name"] == "Functional":
            found |= {"module": "keras.src.engine.functional", "registered_name": "Functional"}
        else:
            found |= {"module": "keras.layers", "registered_name": None}
    return found
