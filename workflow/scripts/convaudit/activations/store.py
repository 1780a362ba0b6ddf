"""Activation maps of every image in HDF5, compressed without loss; each image is a chunk.

Datasets: ``image_id`` (n,), and ``layers/{layer_id}`` (n, ...) float32 with the outputs of a layer,
whose full name is in the attribute ``layer``. Half precision would need half the space, but
activations over 65,504 would become infinite. gzip is the one compression that every HDF5 library
reads. With the shuffle filter it makes maps with many zeros (after ReLU) several times smaller.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from convaudit.models.facts import LayerInfo
from convaudit.models.layers import layer_id

_NUMBER = np.dtype(np.float32)


@contextmanager
def writer(
    path: Path | None, image_ids: np.ndarray
) -> Iterator[Callable[[np.ndarray, dict[str, np.ndarray]], None]]:
    """Create a file for images in this order.

    Args:
        path: the file; None writes nothing.
        image_ids: (n,).

    Yields:
        A function of consecutive rows (B,) and their maps (B, ...) by layer, which writes them.
    """
    if path is None:
        yield lambda rows, maps: None
        return
    with h5py.File(path, "w") as file:
        names = [str(name) for name in image_ids]
        file.create_dataset("image_id", data=names, dtype=h5py.string_dtype(), track_times=False)
        layers = file.create_group("layers")

        def write(rows: np.ndarray, maps: dict[str, np.ndarray]) -> None:
            for name, values in maps.items() if len(rows) else ():
                if layer_id(name) not in layers:
                    _create(layers, name, (len(names), *values.shape[1:]))
                layers[layer_id(name)][rows[0] : rows[-1] + 1] = values

        yield write


def _create(layers: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    dataset = layers.create_dataset(
        layer_id(name),
        shape=shape,
        dtype=_NUMBER,
        chunks=(1, *shape[1:]),
        compression="gzip",
        compression_opts=1,
        shuffle=True,
        track_times=False,
    )
    dataset.attrs["layer"] = name


def bytes_per_image(layers: Iterable[LayerInfo], watched: list[str]) -> int:
    """Bytes of the activation maps of one image, before compression.

    Args:
        layers: the model's layers.
        watched: names of the layers whose maps are kept.
    """
    kept = set(watched)
    return sum(layer.values * _NUMBER.itemsize for layer in layers if layer.name in kept)
