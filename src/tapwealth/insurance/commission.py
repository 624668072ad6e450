"""What the house has of a premium, and what it gives back of that when premium comes back. Pure; amounts in fen, rates in millionths.

Of each premium that the insurer books the house has the rate of that day, half-up to the fen. Of what comes back (a cancellation's or a
lapse's refund, an endorsement's) it gives back the same part of the commission as of the premium: of the premium taken on last first, which
is the one that comes back. In the free look it gives back the whole: the buyer has paid for no day. What is given back of a premium's
commission is never more than was had of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from tapwealth.kernel.money import half_up
from tapwealth.kernel.units import WHOLE


@dataclass(frozen=True, slots=True)
class Movement:
    """A premium that was taken on (`amount` above zero, commission at `rate`) or premium that comes back (below zero). `whole`: in the
    free look."""

    amount: int
    rate: int = 0
    whole: bool = False


def commission_of(amount: int, rate: int) -> int:
    """Of a premium."""
    return half_up(Fraction(amount * rate, WHOLE))


def reckon(movements: Sequence[Movement]) -> list[int]:
    """The commission of each of one policy's movements, in the order in which they happened; below zero what is given back."""
    standing: list[tuple[int, int]] = []
    found = []
    for one in movements:
        if one.amount > 0:
            commission = commission_of(one.amount, one.rate)
            standing.append((one.amount, commission))
            found.append(commission)
        elif one.whole:
            found.append(-sum(commission for _, commission in standing))
            standing = []
        else:
            found.append(-_given_back(standing, -one.amount))
    return found


def _given_back(standing: list[tuple[int, int]], back: int) -> int:
    """Takes what comes back from the premiums that stand, the latest first."""
    given = 0
    while back > 0 and standing:
        premium, commission = standing.pop()
        taken = min(back, premium)
        part = half_up(Fraction(commission * taken, premium))
        given, back = given + part, back - taken
        if taken < premium:
            standing.append((premium - taken, commission - part))
    return given
