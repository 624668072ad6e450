"""What a holding of a fund has brought: its gain, its simple return, and both over time. Fen, units 1/100, prices 1/10,000 yuan.

The gain is what the units are worth and what has come back of them, less what was paid in; fees are in it, as they were paid. The return is
simple: the gain on all that was ever paid in, neither annualised nor weighted by time. Units that came without money (a dividend that was
reinvested) or went without any are gain or loss.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from tapwealth.funds.nav import Rounding, worth
from tapwealth.kernel.money import half_up


class Step(NamedTuple):
    """What a day changed in a holding: fen that were paid in, fen that came back, units that came (below zero: went)."""

    paid_in: int = 0
    came_back: int = 0
    units: int = 0

    def and_then(self, other: "Step") -> "Step":
        return Step(self.paid_in + other.paid_in, self.came_back + other.came_back, self.units + other.units)


class Standing(NamedTuple):
    """The end of a day: what the units were worth, and the gain so far."""

    day: date
    worth: int
    gain: int


def gain(worth_now: int, so_far: Step) -> int:
    return worth_now + so_far.came_back - so_far.paid_in


def simple_return(gained: int, paid_in: int) -> int | None:
    """In 1/1,000 percent, half-up away from zero; None where nothing was paid in."""
    if paid_in <= 0:
        return None
    rate = half_up(Fraction(abs(gained) * 100_000, paid_in))
    return rate if gained >= 0 else -rate


def total(steps: Iterable[Step]) -> Step:
    so_far = Step()
    for one in steps:
        so_far = so_far.and_then(one)
    return so_far


def curve(steps: Mapping[date, Step], prices: Sequence[tuple[date, int]]) -> list[Standing]:
    """Of each day that has a price, from the first step on. `prices` rise by day."""
    standings, so_far, waiting = [], Step(), sorted(steps.items())
    for day, nav in prices:
        while waiting and waiting[0][0] <= day:
            so_far = so_far.and_then(waiting.pop(0)[1])
        if so_far != Step():
            value = worth(so_far.units, nav, Rounding.CUT_OFF)
            standings.append(Standing(day, value, gain(value, so_far)))
    return standings
