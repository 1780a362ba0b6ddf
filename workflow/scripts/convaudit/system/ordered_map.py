"""Work for several threads whose results come in order and are never many at a time."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Iterator[Result]:
    """Apply ``function`` to each item on ``threads`` threads; results in the items' order.

    ``Executor.map`` begins everything at once and keeps all that is done; this keeps no more than
    four results a thread, however slowly they are taken.
    """
    with ThreadPoolExecutor(threads) as pool:
        begun: deque[Future[Result]] = deque()
        try:
            for item in items:
                if len(begun) == 4 * threads:
                    yield begun.popleft().result()
                begun.append(pool.submit(function, item))
            while begun:
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()
