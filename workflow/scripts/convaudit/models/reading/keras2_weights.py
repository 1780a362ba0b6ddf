"""Rename the weights in .keras files of Keras 2.12 and 2.13 to the names that Keras 3 looks for.

These versions named a model's group of layers ``_layer_checkpoint_dependencies``, counted each
layer with weights twice (conv2d, conv2d_2, conv2d_4), and on Windows joined names with backslashes.
"""

import io
from typing import Any

import h5py
import keras
from keras.src.utils.naming import to_snake_case

_OLD, _NEW = "_layer_checkpoint_dependencies", "layers"


def renamed(content: bytes, model: keras.Model) -> bytes:
    """Write the HDF5 file of weights with the names of Keras 3.

    Args:
        content: bytes of ``model.weights.h5``.
        model: the model built from the same file's config; its weights are not used.
    """
    arrays: dict[str, Any] = {}

    def collect(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            arrays[name.replace("\\", "/")] = item[()]

    with h5py.File(io.BytesIO(content)) as old:
        old.visititems(collect)
    if not any(name.startswith(f"{_OLD}/") for name in arrays):
        return _written(arrays)
    known = _names(model, "", "")
    return _written({_rename(name, known): values for name, values in arrays.items()})


def _names(model: Any, old: str, new: str) -> dict[str, str]:
    """Keras 3's path of each layer, by its old path; includes the layers of nested models."""
    found: dict[str, str] = {}
    counts: dict[str, list[int]] = {}
    for layer in model.layers:
        name = to_snake_case(type(layer).__name__)
        before, now = counts.setdefault(name, [0, 0])
        paths = f"{old}{_OLD}/{_numbered(name, before)}/", f"{new}{_NEW}/{_numbered(name, now)}/"
        counts[name] = [before + (2 if layer.weights else 1), now + 1]
        found[paths[0]] = paths[1]
        if hasattr(layer, "layers"):
            found |= _names(layer, *paths)
    return found


def _numbered(name: str, count: int) -> str:
    return f"{name}_{count}" if count else name


def _rename(path: str, known: dict[str, str]) -> str:
    for old in sorted(known, key=len, reverse=True):
        if path.startswith(old):
            return known[old] + path[len(old) :]
    return path


def _written(arrays: dict[str, Any]) -> bytes:
    content = io.BytesIO()
    with h5py.File(content, "w") as new:
        for name, values in arrays.items():
            new[name] = values
    return content.getvalue()
