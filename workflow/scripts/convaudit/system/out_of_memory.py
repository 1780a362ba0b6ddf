"""A batch as large as the device's memory allows."""

import logging
from collections.abc import Callable
from typing import TypeVar

import tensorflow as tf

from convaudit.errors import AuditError

log = logging.getLogger(__name__)
Result = TypeVar("Result")


def within_memory(work: Callable[[int], Result], batch: int) -> Result:
    """Give ``work(batch)``; where memory runs out, ``work`` with half as many, and so on.

    Args:
        work: a function of the number of items at a time; called anew from its beginning.
        batch: the number to try first.

    Raises:
        AuditError: memory runs out with one item at a time.
    """
    while True:
        try:
            return work(batch)
        except tf.errors.ResourceExhaustedError as error:
            if batch == 1:
                raise AuditError(
                    "memory: the device has too little for a single image: end what else runs on "
                    "it, or hide it with CUDA_VISIBLE_DEVICES=-1 to use the processor"
                ) from error
        # Out here the error is gone, and with it the tensors that its traceback kept alive.
        batch //= 2
        log.warning("out of memory: again with batches of %d", batch)
