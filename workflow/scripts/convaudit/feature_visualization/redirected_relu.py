"""Redirected ReLU gradients: gradient ascent can start where every ReLU is inactive (Lucid).

The gradient of ReLU is 0 for negative inputs. If a channel is negative at every position, its
gradient is 0 everywhere, and ascent stands still. The redirected gradient then lets the part
through that would raise the negative inputs:

    input   < 0    gradient of the output > 0    ReLU: 0    redirected: passed on
    input   < 0    gradient of the output < 0    ReLU: 0    redirected: 0
    input   > 0    any                           passed on  passed on

It applies only to an image whose gradient at this ReLU is 0 at every position.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

_NAME = "ConvauditRedirectedRelu"


@contextmanager
def redirected() -> Iterator[None]:
    """Use redirected gradients for the ReLUs that are traced in this block.

    It works with ``tf.gradients`` only, not with ``tf.GradientTape``.
    """
    with tf.compat.v1.get_default_graph().gradient_override_map(
        {"Relu": _NAME, "Relu6": f"{_NAME}6"}
    ):
        yield


@tf.RegisterGradient(_NAME)
def _gradient(operation: Any, gradient: tf.Tensor) -> tf.Tensor:
    return _redirected(operation.inputs[0] > 0, gradient)


@tf.RegisterGradient(f"{_NAME}6")
def _gradient6(operation: Any, gradient: tf.Tensor) -> tf.Tensor:
    given = operation.inputs[0]
    return _redirected(tf.logical_and(given > 0, given < 6), gradient)


def _redirected(on: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
    zero = tf.zeros_like(gradient)
    passed = tf.where(on, gradient, zero)
    axes = list(range(1, len(gradient.shape)))
    silent = tf.reduce_all(tf.equal(passed, zero), axis=axes, keepdims=True)
    return tf.where(tf.logical_and(silent, gradient > 0), gradient, passed)
