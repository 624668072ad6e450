"""Interest on what is out of the bank's advance line. Pure: days with what was out and the rate, to fen.

Actual days over the year's days of the contract. The sum over the days of a charge is rounded half-up, not each day by itself: what a day
accrues is what the sum has grown by.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from tapwealth.kernel.money import half_up

_BASIS_POINTS = 10_000


class Day(NamedTuple):
    """`used` fen were out at the day's end, at `rate` basis points a year of `days_a_year`."""

    used: int
    rate: int
    days_a_year: int


def interest(days: Sequence[Day]) -> int:
    """Fen of all of them together.

    >>> interest([Day(100_000_00, 450, 360)])
    1250
    >>> [interest([Day(10_00, 450, 360)] * count) for count in (1, 4, 8)]
    [0, 1, 1]
    """
    return half_up(sum((Fraction(day.used * day.rate, day.days_a_year * _BASIS_POINTS) for day in days), Fraction(0)))


def accrued(before: Sequence[Day], today: Day) -> int:
    """What today adds to the days since the last charge; the shares of all days add up to the interest of all."""
    return interest([*before, today]) - interest(before)
