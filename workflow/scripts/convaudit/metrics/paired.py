"""Confidence intervals of the difference of two shares or estimates."""

from convaudit.metrics.intervals import LEVEL, Interval, wilson


def paired_difference(
    both: int, first_only: int, second_only: int, neither: int, level: float = LEVEL
) -> Interval:
    """Difference of two shares of the same cases (second minus first) with its interval.

    Newcombe 1998, "Improved confidence intervals for the difference between binomial proportions
    based on paired data", method 10: it combines the Wilson limits of both shares with their
    correlation phi, whose numerator is reduced by n / 2 if it is positive. The lower end is
    d - sqrt(a^2 - 2 phi a b + b^2), with the difference d, the distance a of the second share from
    its lower limit and the distance b of the first share from its upper limit; the upper end
    likewise.

    Args:
        both, first_only, second_only, neither: number of cases that are right in both audits, only
            in the first, only in the second, in neither.
        level: of the two-sided interval.

    Raises:
        ZeroDivisionError: there are no cases.
    """
    count = both + first_only + second_only + neither
    first = wilson(both + first_only, count, level)
    second = wilson(both + second_only, count, level)
    joined = _difference(second, first, _phi(both, first_only, second_only, neither))
    return Interval((second_only - first_only) / count, joined.low, joined.high)


def _phi(both: int, first_only: int, second_only: int, neither: int) -> float:
    # Use floats: products of four counts of a million images overflow 64-bit integers.
    a, b, c, d = map(float, (both, first_only, second_only, neither))
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    product = a * d - b * c
    if margins == 0:
        return 0.0
    if product > 0:
        product = max(product - (a + b + c + d) / 2, 0.0)
    return product / margins**0.5


def difference_of(second: Interval, first: Interval) -> Interval:
    """Difference of two independent estimates, from their intervals of the same level.

    MOVER (Zou and Donner 2008): the distances of both estimates to their limits are added in
    squares.
    """
    return _difference(second, first, 0.0)


def _difference(second: Interval, first: Interval, correlation: float) -> Interval:
    value_1, low_1, high_1 = first.known
    value_2, low_2, high_2 = second.known
    down = _joined(value_2 - low_2, high_1 - value_1, correlation)
    up = _joined(high_2 - value_2, value_1 - low_1, correlation)
    difference = value_2 - value_1
    return Interval(difference, difference - down, difference + up)


def _joined(one: float, other: float, correlation: float) -> float:
    return max(one * one - 2 * correlation * one * other + other * other, 0.0) ** 0.5
