"""What the registrar's answer to an order of a fund with a NAV should be, by our own arithmetic, and where it says otherwise. Pure.

The registrar's word is what is posted; a difference is for a person to ask about.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from tapwealth.funds.conditions import Conditions, FundKind
from tapwealth.funds.exchange_values import BusinessCode, ConfirmationRecord
from tapwealth.funds.lots import Lot, Redeemed, redeem
from tapwealth.funds.nav import NAV_SCALE, Bought, bought, format_nav, tier_of
from tapwealth.kernel.calendar import ONE_DAY, Calendar
from tapwealth.kernel.money import format_minor


@dataclass(frozen=True, slots=True)
class Price:
    """The NAV (1/10,000 yuan) of the dealing day an order is confirmed at, under the conditions of that day, at a distributor."""

    day: date
    nav: int
    conditions: Conditions
    channel: str
    kind: FundKind = FundKind.NAV


@dataclass(frozen=True, slots=True)
class Switched:
    """What left the one fund, the fee in fen for entering the other, and the units of it that came."""

    left: Redeemed
    fee: int
    units: int


@dataclass(frozen=True, slots=True)
class Difference:
    """`amount`: what the registrar says above ours, in 1/100 units of a purchase or of the fund entered, in fen of a redemption."""

    amount: int
    text: str


def dealt_before(calendar: Calendar, confirmed_on: date, confirmation_days: int) -> date:
    """The dealing day whose price is confirmed on a day, the fund's number of dealing days after it."""
    day = calendar.last_dealing_day(confirmed_on)
    for _ in range(confirmation_days):
        day = calendar.last_dealing_day(day - ONE_DAY)
    return day


def dealt_on(calendar: Calendar, ordered_for: date, confirmed_on: date, confirmation_days: int, *, deferred: bool) -> date:
    """The dealing day whose price a part of an order gets. The first part has that of its order, however late it is confirmed; what a
    large-redemption day left (`deferred`) goes on with a later one."""
    return max(ordered_for, dealt_before(calendar, confirmed_on, confirmation_days)) if deferred else ordered_for


def expected_purchase(amount: int, price: Price) -> Bought:
    """What the amount buys there."""
    terms = price.conditions
    return bought(amount, price.nav, tier_of(terms.purchase_tiers, amount), terms.rounding, terms.discount(price.channel))


def expected_redemption(lots: Sequence[Lot], units: int, price: Price) -> Redeemed:
    """What the units bring there, the oldest first."""
    return redeem(lots, units, price.nav, price.day, price.conditions.age_tiers, price.conditions.rounding)


def expected_switch(lots: Sequence[Lot] | None, units: int, out: Price, into: Price) -> Switched:
    """Redeemed there, the oldest first (`lots` None: a money fund's, which have no age), and bought here with what is left. Entering costs
    what the purchase fee of this fund is above that of the other (补差费)."""
    left = Redeemed((), units, 0) if lots is None else expected_redemption(lots, units, out)
    if not left.amount:
        return Switched(left, 0, 0)
    fee = max(0, expected_purchase(left.amount, into).fee - expected_purchase(left.amount, out).fee)
    return Switched(left, fee, into.conditions.rounding.apply(Fraction((left.amount - fee) * NAV_SCALE, into.nav)))


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


def switch_differs(one: ConfirmationRecord, out: Price, into: Price, ours: Switched) -> Difference | None:
    """None: the registrar says what we compute."""
    computed = (out.nav, ours.left.amount, ours.left.fee, into.nav, ours.fee, ours.units)
    if (one.nav, one.amount, one.charge, one.target_nav, one.target_charge, one.target_volume) == computed:
        return None
    said = _switched(one.amount, one.nav, one.charge, one.target_volume, one.target_nav, one.target_charge)
    ours_text = _switched(ours.left.amount, out.nav, ours.left.fee, ours.units, into.nav, ours.fee)
    text = f"order {one.serial}: {format_minor(one.volume)} units are confirmed as {said}, we compute {ours_text}; ask the registrar"
    return Difference(one.target_volume - ours.units, text)


def _switched(amount: int, nav: int, fee: int, units: int, target_nav: int, target_fee: int) -> str:
    left = f"{format_minor(amount)} yuan at {format_nav(nav)} after a fee of {format_minor(fee)}"
    return f"{left}, and {format_minor(units)} units at {format_nav(target_nav)} with a fee of {format_minor(target_fee)}"


OUT_OF, INTO = "138", "137"
"""The two halves in which some registrars confirm a switch: what left the one fund, what came of the other."""
HALVES = frozenset({OUT_OF, INTO})


def joined(said: Sequence[ConfirmationRecord]) -> list[ConfirmationRecord]:
    """Answers as they came, each switch that came in halves as one (136) in the place of its first half. A half alone stays what it is."""
    halves: dict[tuple[str, str], ConfirmationRecord] = {}
    for one in said:
        if one.business_code in HALVES:
            halves.setdefault((one.serial, one.business_code), one)
    whole = {serial for serial, code in halves if code == OUT_OF and (serial, INTO) in halves}
    made, done = [], set[str]()
    for one in said:
        if one.serial not in whole or one is not halves.get((one.serial, one.business_code)):
            made.append(one)
        elif one.serial not in done:
            done.add(one.serial)
            made.append(_whole(halves[one.serial, OUT_OF], halves[one.serial, INTO]))
    return made


def _whole(out: ConfirmationRecord, into: ConfirmationRecord) -> ConfirmationRecord:
    return replace(
        out,
        business_code=BusinessCode.SWITCH.confirmed,
        return_code=out.return_code if not out.accepted else into.return_code,
        reason=out.reason or into.reason,
        target_fund=into.fund_code,
        target_volume=into.volume,
        target_nav=into.nav,
        target_charge=into.charge,
    )
