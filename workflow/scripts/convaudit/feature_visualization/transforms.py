"""Random shifts, rotations and scalings of the image at each step (Olah et al. 2017).

A pattern that is not robust to small movements, such as high-frequency noise, can't grow.
"""

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

IDENTITY = np.array([0, 1, 0, 0], np.float32)
"""The transform that changes nothing: angle 0, scale 1, no shift."""

_ANGLE = math.radians(10)
_SCALE = 0.1


def random_transforms(generator: np.random.Generator, count: int, size: int) -> np.ndarray:
    """Draw transforms (count, 4), float32: angle (radians), scale, shift down and right (pixels).

    Angles are uniform within 10 degrees, scales within 0.9 to 1.1, shifts over all whole pixels of
    an image of this size. The first transform is ``IDENTITY``.
    """
    drawn = np.stack(
        [
            generator.uniform(-_ANGLE, _ANGLE, count),
            generator.uniform(1 - _SCALE, 1 + _SCALE, count),
            generator.integers(0, size, count),
            generator.integers(0, size, count),
        ],
        axis=1,
    ).astype(np.float32)
    drawn[0] = IDENTITY
    return drawn


def transform(images: Any, values: Any) -> Any:
    """Shift square images, then rotate and scale them about their centre.

    Args:
        images: (B, size, size, channels) float32. Pixels that leave on one side enter on the other.
        values: (4,), one of ``random_transforms``; a positive angle rotates anticlockwise.

    Returns:
        The same shape, interpolated bilinearly.
    """
    angle, scale, down, right = tf.unstack(values)
    size = images.shape[1]
    images = tf.roll(images, tf.cast(tf.stack([down, right]), tf.int32), axis=(1, 2))
    cosine, sine, middle = tf.cos(angle) / scale, tf.sin(angle) / scale, (size - 1) / 2
    x = middle - cosine * middle + sine * middle
    y = middle - sine * middle - cosine * middle
    zero = tf.zeros(())
    matrix = tf.stack([cosine, -sine, x, sine, cosine, y, zero, zero])
    return keras.ops.image.affine_transform(images, matrix, "bilinear", fill_mode="wrap")
