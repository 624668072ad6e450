"""A holder's units by when they came: redemption takes the oldest first, and its fee follows from the age of what it takes.

A lot's age counts from the day its units were confirmed to the dealing day of the redemption, in calendar days; reinvested dividends are
lots of their own. A part that is redeemed is taken from lots in order of confirmation, among equals of the lower number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tapwealth.funds.nav import NAV_SCALE, Rounding
from tapwealth.kernel.money import half_up


@dataclass(frozen=True, slots=True, order=True)
class Lot:
    """`units` (1/100, above zero) that were confirmed on a day. `number` orders what came on one day."""

    confirmed_on: date
    number: int
    units: int

    def less(self, units: int) -> "Lot":
        """What is left of it after so many."""
        return Lot(self.confirmed_on, self.number, self.units - units)


@dataclass(frozen=True, slots=True)
class AgeTier:
    """Units younger than `below_days` (None: any age) pay this rate of their worth."""

    below_days: int | None
    rate: Fraction


@dataclass(frozen=True, slots=True)
class Taken:
    """So many units of a lot, and the fee in fen that they pay."""

    lot: Lot
    units: int
    fee: int


@dataclass(frozen=True, slots=True)
class Redeemed:
    """`amount` fen go to the holder: the worth of all units, rounded once, less the fees."""

    taken: tuple[Taken, ...]
    gross: int
    fee: int

    @property
    def amount(self) -> int:
        return self.gross - self.fee


def take(lots: Sequence[Lot], units: int) -> list[tuple[Lot, int]]:
    """The oldest lots' units that make up `units`, which are there."""
    assert 0 < units <= sum(lot.units for lot in lots), "who redeems has the units"
    taken = []
    for lot in sorted(lots):
        part = min(lot.units, units)
        if part:
            taken.append((lot, part))
        units -= part
    return taken


def rate_at(tiers: Sequence[AgeTier], days: int) -> Fraction:
    """The rate of units of that age: of the first tier that is not outgrown; without one, nothing."""
    fitting = [tier for tier in tiers if tier.below_days is None or days < tier.below_days]
    open_end = [tier for tier in fitting if tier.below_days is None]
    closed = sorted((tier for tier in fitting if tier.below_days is not None), key=lambda tier: tier.below_days or 0)
    return next((tier.rate for tier in (*closed, *open_end)), Fraction(0))


def redeem(lots: Sequence[Lot], units: int, nav: int, day: date, tiers: Sequence[AgeTier], rounding: Rounding) -> Redeemed:
    """What `units` bring on the dealing day `day`. Each lot's fee is rounded half-up to the fen."""
    taken = tuple(
        Taken(lot, part, half_up(Fraction(part * nav, NAV_SCALE) * rate_at(tiers, (day - lot.confirmed_on).days)))
        for lot, part in take(lots, units)
    )
    return Redeemed(taken, rounding.apply(Fraction(units * nav, NAV_SCALE)), sum(one.fee for one in taken))


def left(lots: Sequence[Lot], units: int) -> list[Lot]:
    """The lots after `units` were taken."""
    gone = dict(take(lots, units)) if units else {}
    return [lot.less(gone.get(lot, 0)) for lot in sorted(lots) if lot.units > gone.get(lot, 0)]
