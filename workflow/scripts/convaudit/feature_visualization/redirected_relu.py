"""A way out for channels that are silent: their ReLU has no gradient to climb (Lucid)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

_NAME = "ConvauditRedirectedRelu"


@contextmanager
def redirected() -> Iterator[None]:
    """Redirect the gradients of the ReLUs that are traced meanwhile; only ``tf.gradients`` obeys.

    A ReLU that lets nothing of an image's gradient through lets that part through which raises
    what is under zero. All else keeps its gradient.
    """
    with tf.compat.v1.get_default_graph().gradient_override_map({"Relu": _NAME}):
        yield


@tf.RegisterGradient(_NAME)
def _gradient(operation: Any, gradient: tf.Tensor) -> tf.Tensor:
    zero = tf.zeros_like(gradient)
    on = operation.inputs[0] > 0
    passed = tf.where(on, gradient, zero)
    axes = list(range(1, len(gradient.shape)))
    silent = tf.reduce_all(tf.equal(passed, zero), axis=axes, keepdims=True)
    return tf.where(tf.logical_and(silent, gradient > 0), gradient, passed)
