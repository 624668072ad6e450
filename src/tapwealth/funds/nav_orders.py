"""What the registrar's answer to an order of a fund with a NAV should be, by our own arithmetic, and where it says otherwise. Pure.

The registrar's word is what is posted; a difference is for a person to ask about.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tapwealth.funds.conditions import Conditions
from tapwealth.funds.exchange_values import ConfirmationRecord
from tapwealth.funds.lots import Lot, Redeemed, redeem
from tapwealth.funds.nav import Bought, bought, format_nav, tier_of
from tapwealth.kernel.calendar import Calendar
from tapwealth.kernel.money import format_minor


@dataclass(frozen=True, slots=True)
class Price:
    """The NAV (1/10,000 yuan) of the dealing day an order is confirmed at, under the conditions of that day, at a distributor."""

    day: date
    nav: int
    conditions: Conditions
    channel: str


@dataclass(frozen=True, slots=True)
class Difference:
    """`amount`: what the registrar says above ours, in 1/100 units of a purchase, in fen of a redemption."""

    amount: int
    text: str


def dealt_on(calendar: Calendar, ordered_for: date, confirmed_on: date, confirmation_days: int, done: int) -> date:
    """The dealing day whose price a part of an order gets. The first part has that of its order; what a large-redemption day left (`done`
    units are redeemed) goes on with a later one, the fund's number of dealing days before its confirmation."""
    if not done:
        return ordered_for
    days = [ordered_for]
    while days[-1] < confirmed_on:
        days.append(calendar.next_dealing_day(days[-1]))
    days = [day for day in days if day <= confirmed_on]
    return days[max(0, len(days) - 1 - confirmation_days)]


def expected_purchase(amount: int, price: Price) -> Bought:
    """What the amount buys there."""
    terms = price.conditions
    return bought(amount, price.nav, tier_of(terms.purchase_tiers, amount), terms.rounding, terms.discount(price.channel))


def expected_redemption(lots: Sequence[Lot], units: int, price: Price) -> Redeemed:
    """What the units bring there, the oldest first."""
    return redeem(lots, units, price.nav, price.day, price.conditions.age_tiers, price.conditions.rounding)


def purchase_differs(one: ConfirmationRecord, price: Price, ours: Bought) -> Difference | None:
    """None: the registrar says what we compute."""
    if (one.nav, one.volume, one.charge) == (price.nav, ours.units, ours.fee):
        return None
    said = f"{format_minor(one.volume)} units at {format_nav(one.nav)} with a fee of {format_minor(one.charge)} yuan"
    computed = f"{format_minor(ours.units)} units at {format_nav(price.nav)} with a fee of {format_minor(ours.fee)}"
    text = f"order {one.serial} of {format_minor(one.amount)} yuan is confirmed as {said}, we compute {computed}; ask the registrar"
    return Difference(one.volume - ours.units, text)


def redemption_differs(one: ConfirmationRecord, price: Price, ours: Redeemed) -> Difference | None:
    """None: the registrar says what we compute."""
    if (one.nav, one.amount, one.charge) == (price.nav, ours.amount, ours.fee):
        return None
    said = f"{format_minor(one.amount)} yuan at {format_nav(one.nav)} after a fee of {format_minor(one.charge)}"
    computed = f"{format_minor(ours.amount)} yuan at {format_nav(price.nav)} after a fee of {format_minor(ours.fee)}"
    text = f"order {one.serial}: {format_minor(one.volume)} units are confirmed as {said}, we compute {computed}; ask the registrar"
    return Difference(one.amount - ours.amount, text)
