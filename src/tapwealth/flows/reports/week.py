"""The whole of what was played: days, customers, merchants, channels, totals and proofs, as data.

Every figure comes from the ledger or from what partners sent, as it was stored. There is no id, no chain head and no time of the machine in
it, and its order follows from business facts: so two histories with the same events read alike, whatever the number of books.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from tapwealth.flows.end_of_day import JOB
from tapwealth.flows.frame import HOUSE_BOOK, House
from tapwealth.flows.funds.pocket import looked_up
from tapwealth.flows.reports.customers import CustomerView, customer_views
from tapwealth.flows.reports.days import Counted, DayView, count, day_view, states
from tapwealth.flows.reports.shops import ChannelView, MerchantView, channel_views, merchant_views
from tapwealth.funds import store as funds
from tapwealth.kernel.words import counted
from tapwealth.storage import progress


class RatePoint(msgspec.Struct, frozen=True):
    """A date's rate in 1/10,000 yuan and seven-day yield in 1/1,000 percent."""

    date: date
    income_per_10k: int
    seven_day_yield: int


class FundView(msgspec.Struct, frozen=True):
    """The fund and its published days, oldest first."""

    code: str
    name: str
    name_en: str
    rates: list[RatePoint]


class ProofView(msgspec.Struct, frozen=True):
    """One proof of one date: books, mirrors, units, merchants, income. `text` says what was compared, or what is wrong.

    `reached` is false while there is nothing to compare yet: such a proof does not hold, and nothing is wrong either.
    """

    date: date
    proof: str
    holds: bool
    reached: bool
    text: str


class Totals(msgspec.Struct, frozen=True):
    """Sums over the dates, in fen; `balances` by asset and account, owed, at the end of the last closed date."""

    days: int
    closed: int
    taps: int
    tap_amount: int
    bills: int
    bill_amount: int
    orders: int
    order_amount: int
    income: int
    merchant_gross: int
    merchant_fee: int
    merchant_net: int
    breaks: int
    balances: dict[str, int]


class WeekView(msgspec.Struct, frozen=True):
    """See docs/reference/views.md."""

    fund: FundView | None
    days: list[DayView]
    customers: list[CustomerView]
    merchants: list[MerchantView]
    channels: list[ChannelView]
    totals: Totals
    proofs: list[ProofView]


async def week_view(house: House, tx: Any) -> WeekView:
    """Read in one snapshot."""
    counted = await count(tx)
    days = await day_views(house, tx, counted)
    return WeekView(
        fund=await _fund(tx, counted),
        days=days,
        customers=await customer_views(house, tx),
        merchants=await merchant_views(tx),
        channels=await channel_views(house, tx, counted),
        totals=_totals(days, await _balances(tx, days)),
        proofs=[proof for day in days if day.state != "open" for proof in proofs_of(day)],
    )


async def day_views(house: House, tx: Any, counted: Counted | None = None) -> list[DayView]:
    """Every date on which something was done or that has ended, oldest first."""
    counted = counted or await count(tx)
    return [await day_view(house, tx, day, state, counted) for day, state in (await states(tx)).items()]


async def _fund(tx: Any, counted: Counted) -> FundView | None:
    pocket = await looked_up(tx)
    if pocket is None:
        return None
    fund = (await funds.funds(tx))[pocket.fund]
    rates = [RatePoint(one.day, one.income_per_10k, one.seven_day_yield) for one in counted.quotations.values()]
    return FundView(fund.code, fund.name, fund.name_en, rates)


async def _balances(tx: Any, days: Sequence[DayView]) -> dict[str, int]:
    """What the books' proof of the last closed date found owed."""
    closed = [day.business_date for day in days if day.proved]
    if not closed:
        return {}
    done = await progress.finished(tx, JOB, closed[-1], HOUSE_BOOK)
    figures: dict[str, int] = done.get("prove books", {}).get("figures", {})
    return dict(sorted(figures.items()))


def _totals(days: Sequence[DayView], balances: dict[str, int]) -> Totals:
    merchants = [one for day in days for one in day.merchants]
    return Totals(
        days=len(days),
        closed=sum(day.proved for day in days),
        taps=sum(day.taps.captured for day in days),
        tap_amount=sum(day.taps.amount for day in days),
        bills=sum(day.bills.payments for day in days),
        bill_amount=sum(day.bills.amount for day in days),
        orders=sum(day.purchases.orders for day in days),
        order_amount=sum(day.purchases.amount for day in days),
        income=sum(day.income.registrar_total for day in days if day.income),
        merchant_gross=sum(one.gross for one in merchants),
        merchant_fee=sum(one.fee for one in merchants),
        merchant_net=sum(one.net for one in merchants),
        breaks=sum(len(day.breaks) for day in days),
        balances=balances,
    )


def proofs_of(day: DayView) -> list[ProofView]:
    """What was compared for a date. A closed date holds; of one that is cut, what does not agree is named."""
    return [_books(day), _mirrors(day), _units(day), _merchants(day), *_income(day)]


def _proof(day: DayView, proof: str, wrong: Sequence[str], text: str) -> ProofView:
    return ProofView(day.business_date, proof, not wrong, True, "; ".join(wrong) or text)


def _not_reached(day: DayView, proof: str, text: str) -> ProofView:
    return ProofView(day.business_date, proof, False, False, text)


def _unexplained(day: DayView, *sources: str) -> list[str]:
    return [one.text for one in day.breaks if one.source in sources and not one.accounted]


def _books(day: DayView) -> ProofView:
    if "prove books" not in day.steps:
        return _not_reached(day, "books", "the day's end has not come so far")
    return _proof(day, "books", [], "each book and asset sums to zero")


def _mirrors(day: DayView) -> ProofView:
    missing = [one.account for one in day.mirrors if one.statement is None]
    if missing:
        return _not_reached(day, "mirrors", f"the bank's statements of {', '.join(missing)} are not in")
    apart = [f"{one.account} differs from the bank's statement" for one in day.mirrors if one.statement != one.ours]
    wrong = _unexplained(day, "bank") or apart
    if not wrong and "prove mirrors" not in day.steps:
        return _not_reached(day, "mirrors", "the balances agree; item by item is still to be compared")
    listed = sum(len(one.transit) for one in day.mirrors)
    return _proof(
        day, "mirrors", wrong, f"{len(day.mirrors)} accounts equal the bank's statements, {counted(listed, 'payment')} in transit"
    )


def _units(day: DayView) -> ProofView:
    if day.units is None:
        return _not_reached(day, "units", "the registrar's holdings are not in")
    ours = day.units.ours + sum(one.units for one in day.units.transit_098)
    apart = [] if ours == day.units.registrar else ["the sums differ from the registrar's holdings"]
    wrong = _unexplained(day, "units") or apart
    if not wrong and "prove units" not in day.steps:
        return _not_reached(day, "units", "the sums agree; holder by holder is still to be compared")
    text = f"{day.units.holders} holders equal the registrar's holdings, {counted(len(day.units.transit_098), 'fast transfer')} in transit"
    return _proof(day, "units", wrong, text)


def _merchants(day: DayView) -> ProofView:
    wrong = [
        f"{one.name}: paid out is not receipts less fee"
        for one in day.merchants
        if one.net != one.gross - one.fee or one.paid_out != one.brought_forward + one.net - one.kept
    ]
    return _proof(day, "merchants", wrong, f"{counted(len(day.merchants), 'merchant')} paid the receipts less fee")


def _income(day: DayView) -> list[ProofView]:
    """None while the registrar has not said what the date earned."""
    if day.income is None:
        return []
    agree = day.income.fund == day.income.registrar_total == day.income.computed_total
    wrong = [] if agree else ["the registrar's income differs from ours"]
    return [_proof(day, "income", wrong, f"{day.income.holders} holders' income equals our own computation")]
