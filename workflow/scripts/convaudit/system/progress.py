"""Progress messages of long jobs."""

import logging
import time

log = logging.getLogger(__name__)

QUIET = "CONVAUDIT_QUIET"
"""Environment variable; if it is set, messages go to the logs only."""


class Progress:
    """Count finished items and log a line now and then: "256 of 512 images, 41 a second, 6 s left".

    Args:
        total: number of items; None if it is not known.
        what: what is counted, in the plural.
        every: least number of seconds between two lines. A job that is faster logs nothing.
    """

    def __init__(self, total: int | None, what: str, every: float = 10) -> None:
        self._total = total
        self._what = what
        self._every = every
        self._done = 0
        self._began = self._said = time.monotonic()

    def add(self, count: int = 1) -> None:
        """Count further finished items, and log a line if the last one is long ago."""
        self._done += count
        now = time.monotonic()
        if now - self._said >= self._every and 0 < self._done != self._total:
            self._said = now
            log.info("%s", self.line(now - self._began))

    def line(self, seconds: float) -> str:
        """The line to log when this number of seconds has passed."""
        speed = self._done / seconds
        if self._total is None:
            return f"{self._done:,} {self._what}, {_number(speed)} a second"
        left = (self._total - self._done) / speed
        return (
            f"{self._done:,} of {self._total:,} {self._what}, {_number(speed)} a second, "
            f"{duration(left)} left"
        )


def duration(seconds: float) -> str:
    """A time in words: "3 h 05 min", "2 min 10 s" or "9 s"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _number(speed: float) -> str:
    return f"{speed:,.0f}" if speed >= 10 else f"{speed:.2g}"
