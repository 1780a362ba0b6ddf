"""Images moved a little at each step, so that only what survives it can grow (Lucid)."""

import math
from typing import Any

import numpy as np
import tensorflow as tf

STILL = np.array([0, 1, 0, 0], np.float32)
"""The motion that changes nothing."""

_ANGLE = math.radians(10)
_SCALE = 0.1


def motions(generator: np.random.Generator, count: int, size: int) -> np.ndarray:
    """Draw motions (count, 4), float32: angle, scale, and a shift down and right.

    Angles are within 10 degrees, scales within a tenth of one, both about none at all; shifts are
    whole pixels, anywhere in an image of ``size``. The first motion is none.
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
    drawn[0] = STILL
    return drawn


def sway(images: Any, motion: Any) -> Any:
    """Shift square images, then turn and enlarge them about their middle.

    Args:
        images: (B, size, size, channels) float32. What leaves on one side comes in on the other.
        motion: (4,), one of ``motions``; a positive angle turns what is seen anticlockwise.

    Returns:
        The same shape, interpolated bilinearly.
    """
    angle, scale, down, right = tf.unstack(motion)
    size = images.shape[1]
    images = tf.roll(images, tf.cast(tf.stack([down, right]), tf.int32), axis=(1, 2))
    cosine, sine, middle = tf.cos(angle) / scale, tf.sin(angle) / scale, (size - 1) / 2
    x = middle - cosine * middle + sine * middle
    y = middle - sine * middle - cosine * middle
    zero = tf.zeros(())
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=[tf.stack([cosine, -sine, x, sine, cosine, y, zero, zero])],
        output_shape=(size, size),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="WRAP",
    )
