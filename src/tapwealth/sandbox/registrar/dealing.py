"""What units of a fund with a NAV cost and bring; the registrar's own arithmetic, in integers.

A purchase's fee stands outside: net × (1 + rate) is what was paid. A redemption's fee follows from the age of what goes, oldest first, and
each part's is half-up to the fen. A switch redeems there and buys here: its purchase fee is what the new fund's is above the old one's.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from tapwealth.sandbox.registrar.shelf import Age, Terms, Tier

SCALE = 10_000
MILLION = 1_000_000


class Bought(NamedTuple):
    """For an amount: units, and the fee within it."""

    units: int
    fee: int


class Brought(NamedTuple):
    """What goes to the holder, and the fee that was kept."""

    amount: int
    fee: int


def _half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def _rounded(numerator: int, denominator: int, terms: Terms) -> int:
    return numerator // denominator if terms.rounding == "cut_off" else _half_up(numerator, denominator)


def _purchase_fee(amount: int, terms: Terms, distributor: str) -> int:
    tier = Tier(0)
    for one in terms.purchase_fees:
        if one.from_amount <= amount:
            tier = one
    if tier.fixed:
        return min(tier.fixed, amount)
    rate = tier.rate * terms.discounts.get(distributor, MILLION)
    return amount - _half_up(amount * MILLION * MILLION, MILLION * MILLION + rate)


def buy(amount: int, nav: int, terms: Terms, distributor: str) -> Bought:
    """At that NAV, under those terms."""
    fee = _purchase_fee(amount, terms, distributor)
    return Bought(_rounded((amount - fee) * SCALE, nav, terms), fee)


def _rate(ages: Sequence[Age], days: int) -> int:
    for one in ages:
        if one.below_days is None or days < one.below_days:
            return one.rate
    return 0


def sell(parts: Sequence[tuple[date, int]], nav: int, day: date, terms: Terms) -> Brought:
    """Parts of units, each held since a date, at the NAV of the dealing day `day`."""
    gross = _rounded(sum(units for _, units in parts) * nav, SCALE, terms)
    fee = sum(_half_up(units * nav * _rate(terms.redemption_fees, (day - since).days), SCALE * MILLION) for since, units in parts)
    return Brought(gross - fee, fee)


def exchange(amount: int, nav: int, old: Terms, new: Terms, distributor: str) -> Bought:
    """What the money of the one fund's units buys of the other at that NAV."""
    more = max(0, _purchase_fee(amount, new, distributor) - _purchase_fee(amount, old, distributor))
    return Bought(_rounded((amount - more) * SCALE, nav, new), more)
