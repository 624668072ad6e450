"""Dividends of funds with a NAV: what a holder's units bring, in money or in units. Pure.

Who holds units at the end of the record date gets so many fen on every so many units; reinvested, the money buys units at the NAV of the ex
date. Amounts are fen, units 1/100, the NAV 1/10,000 yuan.
"""

from dataclasses import dataclass
from fractions import Fraction

from tapwealth.funds.conditions import DividendMethod
from tapwealth.funds.exchange_values import IN_CASH, REINVESTED, DividendRecord
from tapwealth.funds.nav import NAV_SCALE, Rounding
from tapwealth.kernel.money import format_minor

METHOD_OF = {REINVESTED: DividendMethod.REINVEST, IN_CASH: DividendMethod.CASH}
"""By DefDividendMethod."""
WRITTEN = {method: code for code, method in METHOD_OF.items()}


@dataclass(frozen=True, slots=True)
class Part:
    """Fen, and the units that they buy where they are reinvested."""

    amount: int
    units: int


def part_of(base: int, fen: int, per: int, method: DividendMethod, nav: int, rounding: Rounding) -> Part:
    """What `base` units bring of a dividend of `fen` on every `per` units."""
    amount = rounding.apply(Fraction(base * fen, 100 * per))
    reinvested = method is DividendMethod.REINVEST
    return Part(amount, rounding.apply(Fraction(amount * NAV_SCALE, nav)) if reinvested else 0)


def differs(said: DividendRecord, base: int, wanted: DividendMethod, rounding: Rounding, nav: int | None) -> str | None:
    """Why a holder's part is not what we compute from `base` units, the method that the holder `wanted` and the ex date's NAV, in words."""
    method = METHOD_OF.get(said.method)
    if method is None or (method is DividendMethod.REINVEST and said.nav <= 0):
        return f"has the dividend method {said.method!r} at a NAV of {said.nav}, which cannot be"
    if method is not wanted:
        return f"is paid by the method {method}, the holder's is {wanted}"
    if method is DividendMethod.REINVEST and said.nav != nav:
        return f"is reinvested at {_price(said.nav)}, the NAV of its ex date is {_price(nav) if nav else 'not known'}"
    if said.base != base:
        return f"is of {format_minor(said.base)} units, here are {format_minor(base)} on {said.record_date}"
    ours = part_of(base, said.fen, said.per or 1, method, said.nav, rounding)
    if (said.amount, said.volume) != (ours.amount, ours.units):
        told = f"{format_minor(said.amount)} yuan and {format_minor(said.volume)} units"
        return f"is {told}, we compute {format_minor(ours.amount)} and {format_minor(ours.units)}"
    return None


def _price(nav: int) -> str:
    return f"{nav // NAV_SCALE}.{nav % NAV_SCALE:04d}"
