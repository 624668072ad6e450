"""Purchase and redemption of a fund with a NAV, in integers and fractions.

Purchase, the fee outside: net = amount / (1 + rate), fee = amount - net, units = net / NAV to 0.01. Redemption: gross = units * NAV, and
from it the fee of each lot by its age. A fund cuts off or rounds half-up, as its prospectus says; what rounding leaves belongs to the
fund's assets. Amounts are fen, units 1/100, the NAV 1/10,000 yuan; rates are fractions of 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from tapwealth.kernel.money import half_up, truncate

NAV_SCALE = 10_000


class Rounding(StrEnum):
    """What becomes of the third decimal of units and of the fen's decimals."""

    CUT_OFF = "cut_off"
    HALF_UP = "half_up"

    @property
    def apply(self) -> Callable[[Fraction], int]:
        return truncate if self is Rounding.CUT_OFF else half_up


@dataclass(frozen=True, slots=True)
class PurchaseTier:
    """From `from_amount` fen on: a rate of the net amount, or a fixed fee in fen whatever the amount."""

    from_amount: int
    rate: Fraction = Fraction(0)
    fixed: int = 0


@dataclass(frozen=True, slots=True)
class Bought:
    """`net + fee` is what was paid; `units` for `net` at the NAV of the dealing day."""

    net: int
    fee: int
    units: int


def tier_of(tiers: Sequence[PurchaseTier], amount: int) -> PurchaseTier:
    """The last tier that begins at or below the amount; without any, nothing is charged."""
    reached = [tier for tier in tiers if tier.from_amount <= amount]
    return max(reached, key=lambda tier: tier.from_amount, default=PurchaseTier(0))


def bought(amount: int, nav: int, tier: PurchaseTier, rounding: Rounding, discount: Fraction = Fraction(1)) -> Bought:
    """What `amount` fen buy. `discount` is what of the rate remains at this distributor (1: all of it); a fixed fee has none."""
    assert amount > 0 < nav, "something is paid for something"
    fee = min(tier.fixed, amount) if tier.fixed else amount - half_up(Fraction(amount) / (1 + tier.rate * discount))
    net = amount - fee
    return Bought(net, fee, rounding.apply(Fraction(net * NAV_SCALE, nav)))


def worth(units: int, nav: int, rounding: Rounding) -> int:
    """The fen of so many units."""
    return rounding.apply(Fraction(units * nav, NAV_SCALE))


def format_nav(nav: int) -> str:
    """As it is published: `1.0432`."""
    sign, magnitude = ("-", -nav) if nav < 0 else ("", nav)
    return f"{sign}{magnitude // NAV_SCALE}.{magnitude % NAV_SCALE:04d}"


def deviates(nav: int, before: int, gate: int) -> bool:
    """Whether a price lies further from the one before than the gate (1/10,000 of it) lets it: a misplaced point does."""
    return abs(nav - before) * NAV_SCALE > gate * before


def moved(nav: int, before: int) -> str:
    """By how much a price has moved, in percent to two decimals: `900.00 % up`."""
    hundredths = half_up(Fraction(abs(nav - before) * 10_000, before))
    return f"{hundredths // 100}.{hundredths % 100:02d} % {'up' if nav >= before else 'down'}"
