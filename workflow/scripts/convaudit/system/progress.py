"""How far a long job has come, said now and then through the log for whoever waits."""

import logging
import time

log = logging.getLogger(__name__)

QUIET = "CONVAUDIT_QUIET"
"""An environment variable: set, nothing is said but in the logs."""


class Progress:
    """Counts what is done, and says so at most every ``every`` seconds: what is quick says nothing.

    As "256 of 512 images, 41 a second, 6 s left".

    Args:
        total: how many there are; None where nobody knows.
        what: what is counted, in the plural.
    """

    def __init__(self, total: int | None, what: str, every: float = 10) -> None:
        self._total = total
        self._what = what
        self._every = every
        self._done = 0
        self._began = self._said = time.monotonic()

    def add(self, count: int = 1) -> None:
        self._done += count
        now = time.monotonic()
        if now - self._said >= self._every and 0 < self._done != self._total:
            self._said = now
            log.info("%s", self.line(now - self._began))

    def line(self, seconds: float) -> str:
        """What there is to say after so many seconds."""
        speed = self._done / seconds
        if self._total is None:
            return f"{self._done:,} {self._what}, {_number(speed)} a second"
        left = (self._total - self._done) / speed
        return (
            f"{self._done:,} of {self._total:,} {self._what}, {_number(speed)} a second, "
            f"{duration(left)} left"
        )


def duration(seconds: float) -> str:
    """As "3 h 05 min", "2 min 10 s" or "9 s"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _number(speed: float) -> str:
    return f"{speed:,.0f}" if speed >= 10 else f"{speed:.2g}"
