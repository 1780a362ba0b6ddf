"""Find the layer whose kernel or gradient TensorFlow does not have on this device."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf

from convaudit.errors import AuditError
from convaudit.models.graph import Step, call
from convaudit.models.network import Network

_MISSING = (
    tf.errors.UnimplementedError,
    tf.errors.InvalidArgumentError,
    tf.errors.NotFoundError,
    LookupError,  # The operation has no gradient on any device.
)


@contextmanager
def naming_the_layer(network: Network, remedy: str) -> Iterator[None]:
    """Run a block of code; if TensorFlow lacks a kernel or a gradient, name the layer.

    In this case the layers are tried one after the other on noise of the model's input size. An
    error that no single layer reproduces is raised unchanged.

    Args:
        network: the network that the block runs.
        remedy: end of the message: what to do.

    Raises:
        AuditError: a kernel or a gradient is missing.
    """
    try:
        yield
    except _MISSING as error:
        found = missing(network)
        if found is None:
            raise
        step, what, reason = found
        raise AuditError(
            f"model: TensorFlow has no {what} of layer {step.name!r} ({type(step.layer).__name__}) "
            f"on this {_device()}: {reason}: {remedy}"
        ) from error


def missing(network: Network) -> tuple[Step, str, str] | None:
    """The first layer that can't be run or differentiated on this device, "kernel" or "gradient",
    and the reason.
    """
    noise = np.random.default_rng(0).uniform(0, 1, (1, *network.input_shape)).astype(np.float32)
    for step, given in network.one_by_one(tf.constant(noise)):
        for what, attempt in (("kernel", _forward), ("gradient", _backward)):
            try:
                tf.function(attempt, autograph=False)(step, given)
            except Exception as error:
                return step, what, _reason(error)
    return None


def _forward(step: Step, given: dict[int, Any]) -> list[Any]:
    return call(step, dict(given))


def _backward(step: Step, given: dict[int, Any]) -> list[Any]:
    floats = {key: value for key, value in given.items() if value.dtype.is_floating}
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        for value in floats.values():
            tape.watch(value)
        outputs = [out for out in call(step, dict(given)) if out.dtype.is_floating]
    return [found for found in tape.gradient(outputs, list(floats.values())) if found is not None]


def _reason(error: Exception) -> str:
    """The first informative line of TensorFlow's error."""
    lines = [line.strip() for line in str(error).splitlines()]
    telling = [line for line in lines if line and "rror" not in line.split(":")[0]]
    telling = [line for line in telling if "encountered when calling" not in line]
    return (telling or lines or [type(error).__name__])[0][:200].rstrip(".")


def _device() -> str:
    return "GPU" if tf.config.list_logical_devices("GPU") else "processor"
