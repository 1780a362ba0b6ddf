"""A batch that does not fit is halved until it does."""

import logging
import weakref

import pytest
import tensorflow as tf

from convaudit.errors import AuditError
from convaudit.system.out_of_memory import within_memory


class Memory:
    """Work that fits into memory up to a number of items at a time."""

    def __init__(self, fits: int) -> None:
        self.fits = fits
        self.tried: list[int] = []

    def __call__(self, batch: int) -> int:
        self.tried.append(batch)
        if batch > self.fits:
            raise tf.errors.ResourceExhaustedError(None, None, "pretended")
        return batch * 10


@pytest.mark.parametrize(("fits", "tried"), [(32, [24]), (7, [24, 12, 6]), (1, [24, 12, 6, 3, 1])])
def test_the_batch_is_halved_until_it_fits(fits: int, tried: list[int], caplog) -> None:
    memory = Memory(fits)
    with caplog.at_level(logging.WARNING):
        assert within_memory(memory, 24) == tried[-1] * 10
    assert memory.tried == tried
    said = [f"out of memory: again with batches of {batch}" for batch in tried[1:]]
    assert [record.message for record in caplog.records] == said


def test_a_single_item_that_does_not_fit_is_one_line() -> None:
    with pytest.raises(AuditError, match=r"not enough for a single image"):
        within_memory(Memory(0), 4)


def test_other_errors_are_not_taken_for_it() -> None:
    def broken(batch: int) -> None:
        raise ValueError(batch)

    with pytest.raises(ValueError, match=r"^8$"):
        within_memory(broken, 8)


def test_what_filled_the_memory_is_let_go_before_the_next_attempt() -> None:
    class Tensor:
        pass

    held: list[weakref.ref] = []

    def work(batch: int) -> bool:
        if not held:
            large = Tensor()
            held.append(weakref.ref(large))
            raise tf.errors.ResourceExhaustedError(None, None, "pretended")
        return held[0]() is None

    assert within_memory(work, 2)
