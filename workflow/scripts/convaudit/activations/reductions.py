"""Statistics of each channel over its activation map, for one batch of images."""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numba
import numpy as np
import tensorflow as tf

from convaudit.provenance import THREADS

_POOL = ThreadPoolExecutor(THREADS)


class LayerStatistics(NamedTuple):
    """Statistics of one layer over the positions of its maps: (B, C) per image and channel.

    Attributes:
        mean: mean activation.
        square: mean of the squared activation.
        maximum: greatest activation.
        active: share of positions with an activation over 0.
        y, x: place of the maximum (of several, the first row by row): the centre of its row and
            column, from 0 (top, left) to 1 (bottom, right).

    A NaN in a map makes its mean, square and maximum NaN.
    """

    mean: np.ndarray
    square: np.ndarray
    maximum: np.ndarray
    active: np.ndarray
    y: np.ndarray
    x: np.ndarray


def channel_statistics(activations: tf.Tensor) -> tf.Tensor:
    """Compute ``LayerStatistics`` of activations (B, h, w, C), stacked as (6, B, C).

    On a CPU one compiled loop reads each value once; TensorFlow's reductions read the maps once
    for each statistic and take ten times as long. On a GPU TensorFlow's reductions are used,
    because copying the maps to the CPU would take longer.
    """
    maps = tf.cast(activations, tf.float32)
    if tf.config.list_logical_devices("GPU"):
        return reduced(maps)
    found = tf.numpy_function(read_once, [maps], tf.float32, stateful=False)
    found.set_shape((len(LayerStatistics._fields), maps.shape[0], maps.shape[3]))
    return found


def reduced(maps: tf.Tensor) -> tf.Tensor:
    """Statistics (6, B, C) of float32 maps (B, h, w, C) by TensorFlow's reductions."""
    _, height, width, channels = maps.shape
    place = tf.argmax(tf.reshape(maps, (-1, height * width, channels)), axis=1)
    row, column = (tf.cast(each, tf.float32) for each in (place // width, place % width))
    over_positions = (1, 2)
    return tf.stack(
        [
            tf.reduce_mean(maps, over_positions),
            tf.reduce_mean(tf.square(maps), over_positions),
            tf.reduce_max(maps, over_positions),
            tf.reduce_mean(tf.cast(maps > 0, tf.float32), over_positions),
            (row + 0.5) / height,
            (column + 0.5) / width,
        ]
    )


def read_once(maps: np.ndarray) -> np.ndarray:
    """Statistics (6, B, C) of float32 maps (B, h, w, C) by one loop; threads share the images."""
    count, _, _, channels = maps.shape
    found = np.empty((count, len(LayerStatistics._fields), channels), np.float32)
    shares = (np.array_split(array, THREADS) for array in (maps, found))
    for _ in _POOL.map(_read_once, *shares):
        pass
    return found.swapaxes(0, 1)


# Compiled in a second at the first import, then loaded from Numba's cache.
@numba.njit(
    "void(float32[:,:,:,::1], float32[:,:,::1])",
    nogil=True,
    error_model="numpy",
    cache=True,
)
def _read_once(maps: np.ndarray, found: np.ndarray) -> None:
    """Sum each row in float32, which is fast, and the sums of rows in float64, which is exact.

    Written as plain loops: array expressions would take Numba five times as long to compile.
    """
    count, height, width, channels = maps.shape
    size = height * width
    row_total = np.empty(channels, np.float32)
    row_square = np.empty(channels, np.float32)
    for image in range(count):
        total = np.zeros(channels)
        square = np.zeros(channels)
        maximum = np.full(channels, -np.inf, np.float32)
        place = np.zeros(channels, np.int32)
        active = np.zeros(channels, np.int32)
        for row in range(height):
            row_total[:] = 0
            row_square[:] = 0
            for column in range(width):
                here = np.int32(row * width + column)
                # No branches, so that the compiler can vectorise over channels.
                for channel in range(channels):
                    value = maps[image, row, column, channel]
                    row_total[channel] += value
                    row_square[channel] += value * value
                    active[channel] += np.int32(value > 0)
                    greater = value > maximum[channel]
                    place[channel] = here if greater else place[channel]
                    maximum[channel] = value if greater else maximum[channel]
            for channel in range(channels):
                total[channel] += row_total[channel]
                square[channel] += row_square[channel]
        for channel in range(channels):
            no_number = square[channel] != square[channel]
            found[image, 0, channel] = total[channel] / size
            found[image, 1, channel] = square[channel] / size
            found[image, 2, channel] = np.nan if no_number else maximum[channel]
            found[image, 3, channel] = active[channel] / size
            found[image, 4, channel] = (place[channel] // width + 0.5) / height
            found[image, 5, channel] = (place[channel] % width + 0.5) / width
