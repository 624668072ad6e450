"""What the pages show on which a customer pays bills: whom one can pay and for what, from which money, and what came of a payment."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.bills import store as bills
from tapwealth.bills.bill import Bill
from tapwealth.bills.biller import BillerItem, Category
from tapwealth.bills.payment import PaymentState
from tapwealth.bills.region import name_of, reaches
from tapwealth.bills.store import BillerRow, BillRow
from tapwealth.catalogue.sale import Offer
from tapwealth.flows.bills import autopay
from tapwealth.flows.bills.autopay import AutopayView
from tapwealth.flows.bills.autopay_offer import offer_of
from tapwealth.flows.bills.paying import STATE_WORDS
from tapwealth.flows.frame import House, moment
from tapwealth.flows.funds import pocket
from tapwealth.flows.funds.fund_pockets import POCKET
from tapwealth.flows.reports import standing
from tapwealth.flows.reports.phone import UNDER_WAY, PhoneBill, bills_of

Words = tuple[str, str]


class Payable(NamedTuple):
    """Something that can be paid now, at a biller."""

    code: str
    names: Words
    region: str
    region_name: str
    item: BillerItem


class Directory(NamedTuple):
    """What was found; the regions and categories there are to choose from."""

    found: list[Payable]
    regions: list[tuple[str, str]]
    categories: list[Category]


class Source(NamedTuple):
    """What pays beside the wallet: a fund by its code, or all in their order; `there`: fen."""

    code: str
    names: Words
    there: int


class Money(NamedTuple):
    """What a customer can pay with; fen."""

    wallet: int
    sources: list[Source]
    cards: list[tuple[UUID, str]]


class Receipt(NamedTuple):
    """A payment of a bill; `reference` is the biller's own serial, empty before that. `reason`: why it failed, as it was said."""

    payment: UUID
    biller: Words
    item: Words
    account: str
    period: str
    amount: int
    fee: int
    fund_units: int
    state: PaymentState
    reason: str
    serial: str
    reference: str
    at: datetime
    paid_on: date | None

    @property
    def words(self) -> Words:
        return STATE_WORDS[self.state]

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY


class Presented(NamedTuple):
    """A bill of a customer, as it was presented last, and where it is paid."""

    row: BillRow
    at: Payable

    @property
    def bill(self) -> Bill:
        """As its amount is judged by the item."""
        row = self.row
        return Bill(row.bill_number, row.shown_account, row.period, row.amount, row.penalty, row.balance, "", "", row.due_on)


async def directory(tx: Any, region: str, category: str, words: str) -> Directory:
    """`region`: a code as `read_region` gives it, or empty; what is found has all of the `words` in its names, in either language."""
    there = await _payable(tx)
    wanted = words.casefold().split()
    found = [
        one
        for one in there
        if reaches(one.region, region) and category in ("", one.item.category) and all(word in _said(one) for word in wanted)
    ]
    regions = sorted({(one.region, one.region_name) for one in there})
    return Directory(found, regions, [one for one in Category if any(of.item.category is one for of in there)])


async def _payable(tx: Any) -> list[Payable]:
    now = (await moment(tx)).now
    rows = [row for row in (await bills.billers(tx)).values() if row.serves(now)]
    return [_at(row, item) for row in rows for item in row.biller.items if item.offered]


def _at(row: BillerRow, item: BillerItem) -> Payable:
    return Payable(row.biller.code, (row.biller.name, row.name_en), row.region, name_of(row.region) or "", item)


def _said(one: Payable) -> str:
    item = one.item
    return " ".join((one.code, *one.names, one.region_name, item.name.zh, item.name.en, *item.category.words)).casefold()


async def payable(tx: Any, code: str, item: str) -> Payable | None:
    """One of them."""
    return next((one for one in await _payable(tx) if (one.code, one.item.code) == (code, item)), None)


async def presented(tx: Any, book: int, person: UUID, identifier: UUID) -> Presented | None:
    """A bill of that person."""
    row = (await bills.bills(tx, [(book, identifier)])).get((book, identifier))
    if row is None or row.person != person:
        return None
    biller = (await bills.billers(tx))[row.biller]
    item = biller.biller.item(row.item)
    return Presented(row, _at(biller, item)) if item else None


async def money(house: House, tx: Any, book: int, person: UUID) -> Money:
    """The wallet, the funds that pay what it lacks, and the bound cards."""
    me = await standing.me(house, tx, book, person)
    funds = [one for one in (await pocket.shown(house, tx, book, person)).funds if one.pays]
    sources = [Source(one.fund, (one.name, one.name_en), one.units) for one in funds]
    if len(sources) > 1:
        sources.insert(0, Source(POCKET, ("各基金按支付顺序", "the funds in their order"), sum(one.there for one in sources)))
    return Money(me.wallet, sources, [(one.card, f"{one.bank} {one.masked}") for one in me.cards])


async def receipt(tx: Any, book: int, person: UUID, identifier: UUID) -> Receipt | None:
    """Of a payment of that person's."""
    row = (await bills.payments(tx, [(book, identifier)])).get((book, identifier))
    if row is None or row.person != person:
        return None
    bill = (await bills.bills(tx, [(book, row.bill)]))[book, row.bill]
    biller = (await bills.billers(tx))[row.biller]
    item = biller.biller.item(bill.item)
    named = (item.name.zh, item.name.en) if item else ("", "")
    return Receipt(
        row.id, (biller.biller.name, biller.name_en), named, bill.shown_account, bill.period, row.amount, row.payer_fee, row.fund_units,
        row.state, row.reason, row.serial, row.biller_reference, row.received_at, row.paid_on,
    )  # fmt: skip


async def paid(tx: Any, book: int, person: UUID) -> list[PhoneBill]:
    """Payments, newest first, those under way before all others."""
    return await bills_of(tx, book, person)


async def autopays(tx: Any, book: int, person: UUID) -> Sequence[AutopayView]:
    """Agreements, newest first."""
    return (await autopay.held(tx, book, person))[::-1]


async def offer(tx: Any, one: Payable, language: str) -> Offer:
    """What somebody is shown who lets bills be paid by themselves there, as the record of the sale keeps it."""
    row = next(row for row in (await bills.billers(tx)).values() if row.biller.code == one.code)
    return await offer_of(tx, row, one.item.code, language)
