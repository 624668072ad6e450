"""Raises: how each stands is proved and shown. They are defined in the catalogue (`raise_product`)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from tapwealth.flows.end_of_day import StepReport
from tapwealth.flows.frame import HOUSE_BOOK, House
from tapwealth.funds import raise_store, raising, store
from tapwealth.funds.order_state import OrderState
from tapwealth.funds.raise_store import Raise
from tapwealth.funds.raising import Ended, Standing
from tapwealth.funds.store import Fund
from tapwealth.kernel.ids import prefixed
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.words import counted
from tapwealth.ledger.archives import Archives
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.findings import Finding, Wrong
from tapwealth.storage import platform_clock
from tapwealth.storage.database import Tx

# ---- its proof


async def prove(house: House, day: date) -> StepReport:
    """The step of the day's end: each raise is what its subscriptions come to and was sold by arrival; what was subscribed and has not
    gone to the registrar stands in the reserve, book by book."""
    async with house.database.read() as tx:
        known = await raise_store.raises(tx)
        found = await unproved(tx, known) + await _uncovered(house, tx, day) if known else []
    sold = sum(one.sold for one in known.values())
    return StepReport(f"{counted(len(known), 'raise')}: {format_minor(sold)} yuan sold by arrival, none above its target", {}, found)


async def unproved(tx: Any, known: Mapping[str, Raise]) -> list[str]:
    """What does not hold of these raises, in words."""
    are, nothing = await raise_store.standings(tx), Standing(0, 0, 0, 0, (), 0)
    return [text for fund, one in known.items() for text in raising.wrong(one.offering, one.sold, one.arrivals, are.get(fund, nothing))]


async def raise_findings(tx: Any, book: int, _archives: Archives) -> list[Finding]:
    """What the audit of the house's book finds wrong with any raise, ended ones too."""
    if book != HOUSE_BOOK:
        return []
    known = await raise_store.raises(tx)
    return [Finding(Wrong.RAISE_CHANGED, book, None, None, text) for text in await unproved(tx, known)]


async def _uncovered(house: House, tx: Tx, day: date) -> list[str]:
    waiting = await raise_store.waiting(tx, day)
    accounts = {book: house_account(book, Kind.RAISE_IN_TRANSIT, Asset.CNY) for book in house.all_books}
    totals = await house.ledger.totals_dated(tx, list(accounts.values()), day)
    return [
        f"book {book}: subscriptions of {format_minor(waiting.get(book, 0))} yuan have not gone to the registrar,"
        f" {format_minor(totals[account].owed)} stand there for them; run the audit"
        for book, account in accounts.items()
        if totals[account].owed != waiting.get(book, 0)
    ]


# ---- what is shown


RaiseState = Literal["coming", "open", "sold_out", "closed", "formed", "failed"]


_STATES: Mapping[RaiseState, tuple[str, str]] = {
    "coming": ("即将发售", "opens soon"),
    "open": ("认购中", "open"),
    "sold_out": ("已售罄", "sold out"),
    "closed": ("募集结束，待成立", "closed, not formed yet"),
    "formed": ("已成立", "formed"),
    "failed": ("未成立", "not formed"),
}
"""Chinese, English."""


class RaiseShown(msgspec.Struct, frozen=True):
    """A raise on the shelf, by the version of its product: fen."""

    product: str
    version: int
    fund: str
    name: str
    name_en: str
    risk_level: int
    opens_at: datetime
    closes_at: datetime
    target: int
    minimum: int
    step: int
    cap: int
    least: int
    rate: int
    sold: int
    left: int
    percent: int
    """Of the target, in whole percent, cut off."""
    state: RaiseState
    state_zh: str
    state_en: str
    sold_out_at: datetime | None
    ended_on: date | None


async def shown(tx: Any) -> list[RaiseShown]:
    """By fund, as they stand at the platform clock's instant."""
    shelf, known, now = await store.funds(tx), await raise_store.raises(tx), await platform_clock.read(tx)
    return [_shown(shelf[code], one, now) for code, one in known.items()]


def _shown(fund: Fund, one: Raise, now: datetime) -> RaiseShown:
    of, state = one.offering, state_of(one, now)
    return RaiseShown(
        one.product, one.version, of.fund, fund.name, fund.name_en, fund.risk_level, of.opens_at, of.closes_at,
        of.target, of.minimum, of.step, of.cap, of.least, of.rate, one.sold, of.target - one.sold, one.sold * 100 // of.target,
        state, *_STATES[state], one.sold_out_at, one.ended_on,
    )  # fmt: skip


def state_of(one: Raise, now: datetime) -> RaiseState:
    if one.ended is not Ended.NOT_YET:
        return "formed" if one.ended is Ended.FORMED else "failed"
    if one.sold == one.offering.target:
        return "sold_out"
    if now >= one.offering.closes_at:
        return "closed"
    return "open" if now >= one.offering.opens_at else "coming"


class SubscriptionShown(msgspec.Struct, frozen=True):
    """A person's subscription: fen asked for and given; `units` and the `interest` among them once the fund is formed."""

    order: str
    fund: str
    name: str
    name_en: str
    placed_on: date
    asked: int
    given: int
    state: str
    state_zh: str
    state_en: str
    units: int
    interest: int


_SUBSCRIBED: Mapping[str, tuple[str, str]] = {
    OrderState.PLACED: ("待登记机构受理", "the registrar has not spoken yet"),
    OrderState.SENT: ("待登记机构受理", "the registrar has not spoken yet"),
    OrderState.ACCEPTED: ("已受理，待成立", "taken; the fund is not formed yet"),
    OrderState.CONFIRMED: ("已成立", "formed"),
    OrderState.PAID: ("已成立", "formed"),
    OrderState.REFUSED: ("已退款", "given back"),
}


async def held(tx: Any, book: int, person: UUID) -> list[SubscriptionShown]:
    """Newest first."""
    found = await raise_store.held(tx, book, person)
    shelf = await store.funds(tx) if found else {}
    return [
        SubscriptionShown(
            prefixed("ord", one.fund_order), one.fund, shelf[one.fund].name, shelf[one.fund].name_en, one.business_date, one.asked,
            one.given, one.state, *_SUBSCRIBED[one.state], one.units, one.interest,
        )
        for one in found
    ]  # fmt: skip
