"""Halve the batch size until a batch fits the memory of the device."""

import logging
from collections.abc import Callable
from typing import TypeVar

import tensorflow as tf

from convaudit.errors import AuditError

log = logging.getLogger(__name__)
Result = TypeVar("Result")


def within_memory(work: Callable[[int], Result], batch: int) -> Result:
    """Return ``work(batch)``; if memory runs out, try again with half the batch size.

    Args:
        work: a function of the batch size; it must be able to start over.
        batch: the batch size of the first attempt.

    Raises:
        AuditError: memory runs out with a batch of one.
    """
    while True:
        try:
            return work(batch)
        except tf.errors.ResourceExhaustedError as error:
            if batch == 1:
                raise AuditError(
                    "memory: the device has not enough for a single image: stop other programs "
                    "that use it, or set CUDA_VISIBLE_DEVICES=-1 to compute on the CPU"
                ) from error
        # Outside of the except block: there, the traceback would keep the tensors in memory.
        batch //= 2
        log.warning("out of memory: again with batches of %d", batch)
