"""What a policy owes and has paid, as its policyholder sees it."""

from datetime import date
from fractions import Fraction
from typing import Any

import msgspec

from tapwealth.flows.insurance.policy_product import products_of
from tapwealth.insurance import premium_store
from tapwealth.insurance.policy import PolicyState
from tapwealth.insurance.premium_store import DueState, Mandate, PremiumRow, Turn, TurnRow
from tapwealth.insurance.schedule import Arrears, Schedule, lapses_on, next_due, suspended_from, to_reinstate
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.units import WHOLE

_STATES = {
    DueState.TAKEN: ("已收，待保险公司入账", "taken; the insurer is told"),
    DueState.BOOKED: ("已缴纳", "paid"),
    DueState.RETURNED: ("已退回", "given back"),
}
_DEDUCTED = ("deducted", "已从赔款中扣除", "deducted from a claim")


class PremiumShown(msgspec.Struct, frozen=True):
    """A premium that was taken, for the days from `due_on` to before `until`; fen. `collected`: by agreement, not by hand.
    `state`: as it is stored, or `deducted` from a claim."""

    due_on: date
    until: date
    amount: int
    interest: int
    taken_on: date
    state: str
    state_zh: str
    state_en: str
    reason: str
    collected: bool


class SuspensionShown(msgspec.Struct, frozen=True):
    """Without cover from `from_day` to before `to_day`; null while it lasts."""

    from_day: date
    to_day: date | None


class AgreedShown(msgspec.Struct, frozen=True):
    """How premiums are collected; `most` fen at a time."""

    most: int
    fund: str
    renews: bool


class PremiumsShown(msgspec.Struct, frozen=True):
    """Of a policy: `premium` fen `every` year or month, paid for to before `paid_until`. `due_on`: of the first premium that is not paid;
    null where nothing more is ever due. `grace_until`: the last day on which it can be paid; `suspended_from` and `lapses_on`: what becomes
    of cover if nothing is. `arrears`: what is paid today to have a suspended policy reinstated, `interest` in it."""

    every: str
    premium: int
    paid_until: date
    due_on: date | None = None
    demanded_on: date | None = None
    grace_until: date | None = None
    suspended_from: date | None = None
    lapses_on: date | None = None
    arrears: int = 0
    interest: int = 0
    agreed: AgreedShown | None = None
    paid: list[PremiumShown] = []
    suspensions: list[SuspensionShown] = []
    cash_value: int = 0
    cash_value_received: bool = False


async def premiums_shown(tx: Any, row: PolicyRow, today: date) -> PremiumsShown:
    """As it stands on a day."""
    key = (row.book, row.id)
    schedule = (await premium_store.schedules(tx, {key: row}))[key]
    product = (await products_of(tx, [row]))[row.product, row.version]
    rate = Fraction(product.terms.arrears_interest, WHOLE)
    mandate = (await premium_store.mandates(tx, [key])).get(key)
    turns = await premium_store.turns_of(tx, [key])
    lapsed = next((one for one in turns if one.turn is Turn.LAPSED), None)
    return msgspec.structs.replace(
        _standing(schedule, row.state, today, rate),
        agreed=_agreed(mandate),
        paid=[_premium(one) for one in await premium_store.premiums_of(tx, [key])],
        suspensions=[_suspension(one, lapsed) for one in turns if one.turn is Turn.SUSPENDED and one.until_day != one.from_day],
        cash_value=0 if lapsed is None else lapsed.refund,
        cash_value_received=lapsed is not None and lapsed.refunded_on is not None,
    )


def _standing(schedule: Schedule, state: PolicyState, today: date, rate: Fraction) -> PremiumsShown:
    shown = PremiumsShown(schedule.every.value, schedule.premium, schedule.paid_until)
    due = next_due(schedule)
    if due is None or state not in (PolicyState.ISSUED, PolicyState.IN_FORCE, PolicyState.SUSPENDED):
        return shown
    arrears = to_reinstate(schedule, state, today, rate)
    owed, interest = (arrears.premiums + arrears.interest, arrears.interest) if isinstance(arrears, Arrears) else (0, 0)
    return PremiumsShown(
        schedule.every.value, schedule.premium, schedule.paid_until, due.on, schedule.demanded_on,
        schedule.grace_until, suspended_from(schedule), lapses_on(schedule), owed, interest,
    )  # fmt: skip


def _agreed(one: Mandate | None) -> AgreedShown | None:
    return None if one is None else AgreedShown(one.most, one.fund, one.renews)


def _premium(one: PremiumRow) -> PremiumShown:
    said = _DEDUCTED if one.claim is not None else (one.state.value, *_STATES[one.state])
    return PremiumShown(
        one.due_on, one.until_on, one.amount, one.interest, one.taken_on, *said, one.reason, one.mandate is not None
    )  # fmt: skip


def _suspension(one: TurnRow, lapsed: TurnRow | None) -> SuspensionShown:
    return SuspensionShown(one.from_day, one.until_day if one.until_day or lapsed is None else lapsed.from_day)
