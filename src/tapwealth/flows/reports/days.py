"""A business date as the day board shows it: what was done, what partners said, what was proved, and what does not agree.

What is compared is read anew, from the ledger as of that date and from what partners sent as it was stored: nothing is taken from the
proofs' own reports but their words, and for a closed date the comparison of units, which the date's proof has fixed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from tapwealth.acquiring import store as acquiring
from tapwealth.acquiring.store import Merchant
from tapwealth.bank import store as bank
from tapwealth.bank.entries import ACCOUNTS
from tapwealth.bills import store as bills
from tapwealth.bills.payment import PaymentState
from tapwealth.flows.bills.paying import STATE_WORDS
from tapwealth.flows.day import STEPS
from tapwealth.flows.end_of_day import JOB
from tapwealth.flows.frame import HOUSE_BOOK, House
from tapwealth.flows.funds.income import registers_on
from tapwealth.flows.funds.pocket import looked_up
from tapwealth.flows.reports import store
from tapwealth.funds import exchange_store, income_store, orders_store, quotation_store
from tapwealth.funds.quotation_store import QuotationRow
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import BY_KIND, house_account
from tapwealth.storage import progress


class Taps(msgspec.Struct, frozen=True):
    """Answers to taps of the date; `captured` sales and fen are what clearing took under it, `from_fund` fen of them paid by the fund."""

    approved: int = 0
    declined: int = 0
    reversed: int = 0
    expired: int = 0
    captured: int = 0
    amount: int = 0
    from_fund: int = 0


class Bills(msgspec.Struct, frozen=True):
    """Payments debited under the date, by what has become of them."""

    payments: int = 0
    amount: int = 0
    paid: int = 0
    returned: int = 0
    late: int = 0
    open: int = 0


class ChannelOrders(msgspec.Struct, frozen=True):
    code: str
    orders: int
    amount: int


class Purchases(msgspec.Struct, frozen=True):
    """Orders placed under the date, and those confirmed under it (placed earlier)."""

    orders: int = 0
    amount: int = 0
    confirmed: int = 0
    confirmed_amount: int = 0
    channels: list[ChannelOrders] = []


class Policies(msgspec.Struct, frozen=True):
    """Bought under the date; `refunds` arrived under it."""

    bought: int = 0
    premium: int = 0
    refunds: int = 0
    refunded: int = 0


class Income(msgspec.Struct, frozen=True):
    """What the date earned: rate in 1/10,000 yuan, yield in 1/1,000 percent, sums in fen.

    `fund` is the day's total by the registrar's 07, `registrar_total` the sum of its 06, `computed_total` our own computation.
    """

    fund: int
    income_per_10k: int
    seven_day_yield: int
    holders: int
    registrar_total: int
    computed_total: int


class Transit(msgspec.Struct, frozen=True):
    """A payment under way at the end of the date: what it adds to the account (below zero: it leaves), due when."""

    what: str
    amount: int
    due: date


class Mirror(msgspec.Struct, frozen=True):
    """One of our bank accounts at the end of the date. `statement` None: the bank's is not in."""

    account: str
    mirror: str
    ours: int
    statement: int | None
    transit: list[Transit]


class UnitsUnderWay(msgspec.Struct, frozen=True):
    """Captured units that the registrar still shows with their holder."""

    units: int


class Units(msgspec.Struct, frozen=True):
    """Units by our ledger and by the registrar's 05, in 1/100."""

    holders: int
    ours: int
    transit_098: list[UnitsUnderWay]
    registrar: int


class MerchantDay(msgspec.Struct, frozen=True):
    """Receipts less fee. `paid_out` is what was instructed to the merchant's bank account; `kept` stood over afterwards, `brought_forward`
    before."""

    name: str
    sales: int
    gross: int
    fee: int
    net: int
    paid_out: int
    brought_forward: int
    kept: int


class BillerDay(msgspec.Struct, frozen=True):
    """`agreed` payments and their fen stand in the biller's file of the date as with us. `payout` was instructed to its bank account at the
    date's end, if its cycle ends with it: `gross` of `payments` − `fee` + `brought_forward`."""

    code: str
    name: str
    name_en: str
    agreed: int
    agreed_amount: int
    payments: int
    gross: int
    fee: int
    brought_forward: int
    payout: int


class BreakView(msgspec.Struct, frozen=True):
    """Something that does not agree; `accounted`: its money stands on an account of ours."""

    source: str
    kind: str
    item: str
    amount: int
    text: str
    accounted: bool


class InDoubt(msgspec.Struct, frozen=True):
    """A bill whose money lay in suspense when the date ended, and where it stands now."""

    biller: str
    account: str
    period: str
    amount: int
    state: str
    state_zh: str
    state_en: str


class DayView(msgspec.Struct, frozen=True):
    """`state`: open, cut, closed. `proved`: closed, which a date is when its proofs hold. `steps` in their order."""

    business_date: date
    state: str
    proved: bool
    taps: Taps
    bills: Bills
    purchases: Purchases
    policies: Policies
    income: Income | None
    mirrors: list[Mirror]
    units: Units | None
    merchants: list[MerchantDay]
    billers: list[BillerDay]
    breaks: list[BreakView]
    in_doubt: list[InDoubt]
    steps: dict[str, str]


@dataclass(slots=True)
class Counted:
    """What one query each counts over all dates."""

    taps: Mapping[date, tuple[int, int, int, int]]
    captures: Mapping[date, tuple[int, int, int]]
    bills: Mapping[tuple[date, str], tuple[int, int]]
    purchases: Mapping[tuple[date, str], tuple[int, int]]
    confirmed: Mapping[date, tuple[int, int]]
    bought: Mapping[date, tuple[int, int]]
    refunded: Mapping[date, tuple[int, int]]
    quotations: Mapping[date, QuotationRow]
    income: Mapping[date, tuple[int, int, int]]
    merchants: Sequence[Merchant]
    payouts: Mapping[tuple[str, date], tuple[int, str]]
    billers: Sequence[store.BillerDate]

    def paid_out(self, merchant: Merchant, day: date) -> int:
        """Fen that the bank was told to pay to a merchant for that date."""
        return self.payouts.get((merchant.merchant_number, day), (0, ""))[0]


async def count(tx: Any) -> Counted:
    """Everything that is counted by date, in one round for all dates."""
    pocket = await looked_up(tx)
    fund = pocket.fund if pocket else ""
    return Counted(
        await store.taps(tx),
        await store.captures(tx),
        await store.bill_payments(tx),
        await store.purchases(tx),
        await store.confirmed_purchases(tx),
        await store.policies_bought(tx),
        await store.policies_refunded(tx),
        {one.day: one for one in await quotation_store.quotations(tx, fund, date(1900, 1, 1), date(9999, 12, 31))},
        await income_store.income_totals(tx, fund),
        list((await acquiring.merchants(tx)).values()),
        await store.merchant_payouts(tx),
        await store.biller_dates(tx),
    )


async def states(tx: Any) -> dict[date, str]:
    """State by business date: those that have begun to end, and those on which something was done."""
    ended = {one.business_date: one.state for one in await store.business_days(tx)}
    return {day: ended.get(day, "open") for day in sorted({*ended, *await store.busy_dates(tx)})}


async def day_view(house: House, tx: Any, day: date, state: str, counted: Counted) -> DayView:
    over = state != "open"
    return DayView(
        business_date=day,
        state=state,
        proved=state == "closed",
        taps=Taps(*counted.taps.get(day, (0, 0, 0, 0)), *counted.captures.get(day, (0, 0, 0))),
        bills=_bills(counted, day),
        purchases=_purchases(counted, day),
        policies=Policies(*counted.bought.get(day, (0, 0)), *counted.refunded.get(day, (0, 0))),
        income=_income(counted, day),
        mirrors=await _mirrors(house, tx, day) if over else [],
        units=await _units(house, tx, day, state) if over else None,
        merchants=await _merchants(tx, counted, day),
        billers=[BillerDay(*one[1:]) for one in counted.billers if one.day == day],
        breaks=[BreakView(**msgspec.to_builtins(one)) for one in sorted(await bank.breaks(tx, day), key=_by_item)],
        in_doubt=await _in_doubt(house, tx, day),
        steps=await _steps(tx, day) if over else {},
    )


def _by_item(one: bank.BreakRow) -> tuple[str, str, str]:
    return one.source, one.kind, one.item


_BECAME = {
    PaymentState.PAID: "paid",
    PaymentState.REJECTED: "returned",
    PaymentState.REFUNDED: "returned",
    PaymentState.LATE_SUCCESS: "late",
}


def _bills(counted: Counted, day: date) -> Bills:
    became = dict.fromkeys(("paid", "returned", "late", "open"), 0)
    payments = total = 0
    for state in PaymentState:
        number, amount = counted.bills.get((day, state.value), (0, 0))
        became[_BECAME.get(state, "open")] += number
        payments, total = payments + number, total + amount
    return Bills(payments, total, **became)


def _purchases(counted: Counted, day: date) -> Purchases:
    channels = [ChannelOrders(code, *figures) for (on, code), figures in sorted(counted.purchases.items()) if on == day]
    placed = (sum(one.orders for one in channels), sum(one.amount for one in channels))
    return Purchases(*placed, *counted.confirmed.get(day, (0, 0)), channels)


def _income(counted: Counted, day: date) -> Income | None:
    rate = counted.quotations.get(day)
    if rate is None:
        return None
    holders, registrar, computed = counted.income.get(day, (0, 0, 0))
    return Income(rate.day_income, rate.income_per_10k, rate.seven_day_yield, holders, registrar, computed)


async def _mirrors(house: House, tx: Any, day: date) -> list[Mirror]:
    accounts = {number: [house_account(book, kind, Asset.CNY) for book in range(house.books + 1)] for number, (kind, _) in ACCOUNTS.items()}
    totals = await house.ledger.totals_dated(tx, [one for of in accounts.values() for one in of], day)
    said = await bank.statements(tx, day)
    under_way = [one for one in await bank.unsettled_on(tx, day) if one.requested_date > day]
    return [
        Mirror(
            number,
            BY_KIND[ACCOUNTS[number][0]].name,
            sum(totals[one].held for one in of),
            said[number][1] if number in said else None,
            _transit(number, under_way),
        )
        for number, of in accounts.items()
    ]


def _transit(account: str, under_way: Sequence[bank.Instruction]) -> list[Transit]:
    found = [
        (one.requested_date, one.purpose, sign * one.amount)
        for one in under_way
        for sign, end in ((-1, one.from_account), (1, one.to_account))
        if end == account
    ]
    return [Transit(what, amount, due) for due, what, amount in sorted(found)]


async def _units(house: House, tx: Any, day: date, state: str) -> Units | None:
    """None while the date is not proved and the registrar's holdings of it are not in."""
    said = await exchange_store.holdings_on(tx, day)
    if state == "closed":
        proved = (await progress.finished(tx, JOB, day, HOUSE_BOOK))["prove units"]["figures"]
        return _units_of(proved["holders"], proved["ours"], [one["units"] for one in proved["transit_098"]], sum(said.values()))
    if not said:
        return None
    registers = (await registers_on(house, tx, day, coming=False)).values()
    coming = [one.units for one in await orders_store.fast_transfers_under_way(tx, day)]
    holders = {key for one in registers for key in one.holders}
    return _units_of(len(holders), sum(one.total for one in registers), coming, sum(said.values()))


def _units_of(holders: int, ours: int, coming: Sequence[int], registrar: int) -> Units:
    return Units(holders, ours, [UnitsUnderWay(units) for units in sorted(coming)], registrar)


async def _merchants(tx: Any, counted: Counted, day: date) -> list[MerchantDay]:
    settled = {one.merchant: one for one in await acquiring.settlements(tx, day)}
    return [
        MerchantDay(one.name, of.sales, of.gross, of.fee, of.net, counted.paid_out(one, day), of.brought_forward, of.kept)
        for one in sorted(counted.merchants, key=lambda one: one.merchant_number)
        if (of := settled.get(one.id))
    ]


async def _in_doubt(house: House, tx: Any, day: date) -> list[InDoubt]:
    rows = await bills.in_suspense(tx, range(house.books + 1), day)
    if not rows:
        return []
    presented = await bills.bills(tx, [(row.book, row.bill) for row in rows])
    billers = await bills.billers(tx)
    found = [
        InDoubt(
            billers[row.biller].biller.name,
            presented[row.book, row.bill].shown_account,
            presented[row.book, row.bill].period,
            row.total,
            row.state.value,
            *STATE_WORDS[row.state],
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (one.biller, one.account, one.period, one.amount))


_COUNTS_BOOKS = {
    "drain transit": "transit drained",
    "prove books": "the books balance",
    "write the heads": "heads written",
    "close": "closed",
}
"""Said without the number of books or of balances, which depends on the installation and not on what happened."""


async def _steps(tx: Any, day: date) -> dict[str, str]:
    """What each step that was run says of itself."""
    done = await progress.finished(tx, JOB, day, HOUSE_BOOK)
    tried = await progress.failed(tx, JOB, day, HOUSE_BOOK)
    said = {**tried, **done}
    return {step.name: _COUNTS_BOOKS.get(step.name, said[step.name].get("text", "")) for step in STEPS if step.name in said}
