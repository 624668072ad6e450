"""A part of a card fee: a rate of each sale, half-up to the fen, at least a minimum and at most a cap, and never more than the sale.

It is reckoned on what is left of each sale, and each sale by itself. So a refund gives back what the sale then no longer costs: all of it
when nothing is left, nothing as long as what is left still reaches the cap.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from tapwealth.kernel.money import half_up

_MILLION = 1_000_000


class Change(NamedTuple):
    """What is left of a sale to its merchant, in fen, before and after something: a sale goes from 0 to its amount, a refund down."""

    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Rate:
    """Millionths of a sale; `cap` and `minimum` in fen (0: none)."""

    per_million: int = 0
    cap: int = 0
    minimum: int = 0

    def of(self, amount: int) -> int:
        """Fen of a sale of which `amount` fen are left.

        >>> Rate(12_500, cap=80_00).of(100_00), Rate(12_500, cap=80_00).of(10_000_00), Rate(3_800, minimum=10).of(1_00)
        (125, 8000, 10)
        """
        fee = max(half_up(Fraction(amount * self.per_million, _MILLION)), self.minimum)
        return min(fee, self.cap or fee, amount)

    def by(self, change: Change) -> int:
        """Fen that a change costs more; below zero for a refund."""
        return self.of(change.after) - self.of(change.before)
