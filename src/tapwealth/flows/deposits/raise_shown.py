"""Raises of the bank's wealth products as they are shown, and proved: what is expected stands beside what is paid."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from tapwealth.deposits import raise_rules, raise_store
from tapwealth.deposits.raise_rules import Counted, Ended, Raise, State
from tapwealth.deposits.raise_store import Standing, SubscriptionRow
from tapwealth.flows.deposits import raise_catalogue
from tapwealth.flows.deposits.raise_catalogue import Found
from tapwealth.flows.frame import HOUSE_BOOK
from tapwealth.ledger.archives import Archives
from tapwealth.ledger.findings import Finding, Wrong
from tapwealth.storage import platform_clock
from tapwealth.storage.database import Tx

WealthState = Literal["coming", "open", "sold_out", "closed", "running", "failed", "paid"]
_STATES: Mapping[WealthState, tuple[str, str]] = {
    "coming": ("即将发售", "opens soon"),
    "open": ("认购中", "open"),
    "sold_out": ("已募满", "sold out"),
    "closed": ("募集结束，待成立", "closed, not formed yet"),
    "running": ("已成立，存续中", "formed, running"),
    "failed": ("未成立", "not formed"),
    "paid": ("已到期兑付", "matured and paid"),
}
"""Chinese, English."""


class WealthShown(msgspec.Struct, frozen=True):
    """A product and its raise: fen, rates in millionths a year. `left`: what can still be given by arrival; pro rata the target stays open
    to all. `expected` is no promise; `paid`: what the bank pays, null until it is known. `percent`: sold of the target, cut off."""

    product: str
    version: int
    name: str
    name_en: str
    bank: str
    risk_level: int
    opens_at: datetime
    closes_at: datetime
    target: int
    least: int
    minimum: int
    step: int
    cap: int
    allotment: str
    expected: int
    paid: int | None
    days: int
    sold: int
    left: int
    percent: int
    state: WealthState
    state_zh: str
    state_en: str
    full_at: datetime | None
    begins_on: date | None
    matures_on: date | None
    credit_on: date | None


async def shown(tx: Any) -> list[WealthShown]:
    """By product, as they stand at the platform clock's instant."""
    known = await raise_catalogue.found(tx, await raise_store.raises(tx))
    now = await platform_clock.read(tx)
    return [shown_of(one, now) for one in known.values()]


def shown_of(found: Found, now: datetime) -> WealthShown:
    """That product at an instant."""
    said, one, terms = found.version.definition, found.one, found.one.terms
    state = state_of(one, found.standing, now)
    return WealthShown(
        one.product, one.version, said.name.zh, said.name.en, terms.bank, said.eligibility.risk_level or 1, one.opens_at, one.over_at,
        terms.target, terms.least, terms.minimum, terms.step, terms.cap, terms.allotment.value, terms.expected,
        _paid_rate(found), terms.days, one.sold, one.left, one.sold * 100 // terms.target, state, *_STATES[state],
        one.full_at, one.begins_on, one.matures_on, _credit_on(found.standing),
    )  # fmt: skip


def _paid_rate(found: Found) -> int | None:
    """Known once the bank has said it, or has begun to pay."""
    return found.one.rate if found.standing.credit_on is not None else found.one.yields


def _credit_on(standing: Standing) -> date | None:
    """The date under which it was paid, or will be."""
    return standing.paid_on or standing.credit_on


def state_of(one: Raise, standing: Standing, now: datetime) -> WealthState:
    """How a raise stands at an instant."""
    if one.ended is not Ended.NOT_YET:
        return "failed" if one.ended is Ended.FAILED else "running" if standing.paid_on is None else "paid"
    if one.full_at is not None:
        return "sold_out"
    if now >= one.over_at:
        return "closed"
    return "open" if now >= one.opens_at else "coming"


class WealthSubscriptionShown(msgspec.Struct, frozen=True):
    """A person's subscription, fen: `given` was taken, `allotted` is in the product once formed. `interest` of the raise is apart from
    the principal. `expected_gain` by the expected yield stands beside `gain`, which is 0 until it is paid."""

    subscription: UUID
    product: str
    name: str
    name_en: str
    placed_on: date
    arrival: int
    asked: int
    given: int
    allotted: int
    interest: int
    expected: int
    paid: int | None
    expected_gain: int
    gain: int
    begins_on: date | None
    matures_on: date | None
    credit_on: date | None
    state: str
    state_zh: str
    state_en: str


async def expected_gain(tx: Tx, product: str, amount: int) -> int:
    """Fen that so much would gain by the expected yield, which nobody promises."""
    found = await raise_catalogue.find(tx, product)
    assert found is not None, "it was subscribed to"
    return raise_rules.gain(amount, found.one.terms.expected, found.one.terms.days)


_SUBSCRIBED: Mapping[State, tuple[str, str]] = {
    State.SUBSCRIBED: ("已认购，募集中", "subscribed, still raised"),
    State.CANCELLED: ("已撤销", "cancelled"),
    State.ALLOTTED: ("已成立", "formed"),
    State.RUNNING: ("已成立，存续中", "formed, running"),
    State.FAILED: ("未成立，待退款", "not formed, money on its way back"),
    State.BACK: ("已退款", "given back"),
    State.PAID: ("已到期兑付", "matured and paid"),
}


async def held(tx: Any, book: int, person: UUID) -> list[WealthSubscriptionShown]:
    """Newest first."""
    rows = await raise_store.of_person(tx, book, person)
    standings = await raise_store.raises(tx, sorted({row.product for row in rows})) if rows else []
    known = await raise_catalogue.found(tx, standings)
    return [_held(row, known[row.product]) for row in rows]


def _held(row: SubscriptionRow, found: Found) -> WealthSubscriptionShown:
    name, one = found.version.definition.name, found.one
    of = row.allotted if one.ended is not Ended.NOT_YET else row.given
    return WealthSubscriptionShown(
        row.id, row.product, name.zh, name.en, row.placed_on, row.arrival, row.asked, row.given, row.allotted, row.interest,
        one.terms.expected, _paid_rate(found), raise_rules.gain(of, one.terms.expected, one.terms.days), row.gain,
        one.begins_on, one.matures_on, _credit_on(found.standing), row.state.value, *_SUBSCRIBED[row.state],
    )  # fmt: skip


# ---- proved


async def unproved(tx: Tx, known: Sequence[Found]) -> list[str]:
    """What does not hold of these raises, in words, from their subscriptions alone."""
    are = await raise_store.counted(tx, [found.one.product for found in known]) if known else {}
    nothing = Counted(0, 0, 0, 0, ())
    return [
        text
        for found in known
        for text in raise_rules.wrong(found.one, are.get(found.one.product, nothing), allotted=found.standing.allotted_on is not None)
    ]


async def wealth_findings(tx: Any, book: int, _archives: Archives) -> list[Finding]:
    """What the audit of the house's book finds wrong with any raise of the bank, those that are over too."""
    if book != HOUSE_BOOK:
        return []
    known = await raise_catalogue.found(tx, await raise_store.raises(tx))
    return [Finding(Wrong.RAISE_CHANGED, book, None, None, text) for text in await unproved(tx, list(known.values()))]
