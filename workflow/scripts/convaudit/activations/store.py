"""Full activation maps of every image in HDF5: each image is a chunk, compressed without loss.

``image_id`` (n,) names the rows; ``layers/{layer_id}`` (n, ...) float32 holds a layer's outputs,
its full name in the attribute ``layer``. Half precision would need half the room, but not every
network's activations fit: over 65,504 they would be infinite. gzip is what every HDF5 library
reads; it shrinks maps with many zeros, as after ReLU, several times, after bytes of like
significance are put side by side (shuffle).
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
    """Make a file for the images (n,), in this order; none where there is no path.

    Yields:
        A function that writes the maps (B, ...) by layer of rows (B,), which follow one another.
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
    """Bytes of an image's maps before compression.

    Args:
        layers: the model's layers.
        watched: names of the layers whose maps are kept.
    """
    kept = set(watched)
    return sum(layer.values * _NUMBER.itemsize for layer in layers if layer.name in kept)
