"""Merchants with their receipts, and the channels that sell the fund."""

from collections import Counter
from datetime import date
from typing import Any

import msgspec

from tapwealth.acquiring import store as acquiring
from tapwealth.acquiring.store import Merchant
from tapwealth.flows.frame import House
from tapwealth.flows.funds.exchange_out import ADVANCER
from tapwealth.flows.reports import store
from tapwealth.flows.reports.days import Counted
from tapwealth.flows.reports.store import Sale
from tapwealth.flows.reports.words import TAP_KINDS, TAP_STATES
from tapwealth.funds import store as funds
from tapwealth.kernel.clock import SHANGHAI
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.wire.iso8583.requests import TransactionKind

MOST_RECEIPTS = 500
"""Newest sales that a report goes back to."""


class ReceiptView(msgspec.Struct, frozen=True):
    """A voucher of the till: a sale, or what followed it. `voucher` is the STAN, `from_fund` fen of `amount` that the fund paid."""

    date: date
    time: str
    terminal: str
    batch: str
    voucher: str
    amount: int
    from_fund: int
    response_code: str
    state: str
    state_zh: str
    state_en: str
    kind_zh: str
    kind_en: str


class SettlementView(msgspec.Struct, frozen=True):
    """A date's receipts less fee, paid to the merchant's bank account: `paid` = `brought_forward` + `net` − `kept`."""

    date: date
    sales: int
    gross: int
    fee: int
    net: int
    brought_forward: int
    paid: int
    kept: int


class MerchantView(msgspec.Struct, frozen=True):
    """Receipts and settlements oldest first. `fee_bp` in 1/100 percent."""

    number: str
    name: str
    fee_bp: int
    receipts: list[ReceiptView]
    settlements: list[SettlementView]


class FeeLine(msgspec.Struct, frozen=True):
    """A merchant's fee of a date and whose it is, in fen; `acquirer` is below zero where the fee does not cover what the others take."""

    number: str
    name: str
    gross: int
    fee: int
    issuer: int
    network: int
    acquirer: int


class FeeStatement(msgspec.Struct, frozen=True):
    """What each party has of the fees of a date: the sums of the lines."""

    date: date
    fee: int
    issuer: int
    network: int
    acquirer: int
    lines: list[FeeLine]


class ChannelView(msgspec.Struct, frozen=True):
    """Who holds funds through a distributor: units in 1/100, orders and fen of all dates."""

    code: str
    holders: int
    units: int
    orders: int
    amount: int


async def merchant_views(tx: Any, number: str | None = None) -> list[MerchantView]:
    """One merchant, or all in the order of their numbers."""
    sales = await store.sales(tx, number, MOST_RECEIPTS)
    settled = await acquiring.settlements(tx)
    return [_merchant(one, sales, settled) for one in (await acquiring.merchants(tx)).values() if number in (None, one.merchant_number)]


def _merchant(one: Merchant, sales: list[Sale], settled: list[acquiring.Settlement]) -> MerchantView:
    return MerchantView(
        one.merchant_number,
        one.name,
        one.fee_bp,
        [_receipt(sale) for sale in sales if sale.merchant_number == one.merchant_number],
        [_settlement(of) for of in settled if of.merchant == one.id],
    )


def _settlement(of: acquiring.Settlement) -> SettlementView:
    return SettlementView(of.business_date, of.sales, of.gross, of.fee, of.net, of.brought_forward, of.paid, of.kept)


def _receipt(sale: Sale) -> ReceiptView:
    local = sale.received_at.astimezone(SHANGHAI)
    return ReceiptView(
        local.date(),
        f"{local:%H:%M:%S}",
        sale.terminal_number,
        sale.batch,
        sale.stan,
        sale.amount,
        sale.fund_units,
        sale.response_code,
        sale.state,
        *TAP_STATES[sale.state],
        *TAP_KINDS[TransactionKind(sale.kind)],
    )


async def fee_statement(tx: Any, day: date) -> FeeStatement:
    """In the order of the merchants' numbers. Nothing settled: nothing to share."""
    settled = {one.merchant: one for one in await acquiring.settlements(tx, day)}
    lines = [
        FeeLine(one.merchant_number, one.name, of.gross, of.fee, of.issuer_share, of.network_share, of.acquirer_share)
        for one in (await acquiring.merchants(tx)).values()
        if (of := settled.get(one.id))
    ]
    return FeeStatement(
        day,
        sum(line.fee for line in lines),
        sum(line.issuer for line in lines),
        sum(line.network for line in lines),
        sum(line.acquirer for line in lines),
        lines,
    )


async def channel_views(house: House, tx: Any, counted: Counted) -> list[ChannelView]:
    """By code. The advance facility is no holder of a channel's here: the totals name its units."""
    known = [one for one in await store.holders(tx) if one[1] != ADVANCER]
    assets = [fund.asset for fund in (await funds.funds(tx)).values()]
    held = [(one, asset) for one in known for asset in assets]
    accounts = await house.ledger.find_accounts(
        tx, [NewAccount(book, Kind.HOLDING, owner, asset, Limit.DEBITS_WITHIN_CREDITS) for (book, owner, _), asset in held]
    )
    balances = await house.ledger.balances(tx, [account for account in accounts if account is not None])
    holders: Counter[str] = Counter(code for _, _, code in known)
    units: Counter[str] = Counter()
    for ((_, _, code), _asset), account in zip(held, accounts, strict=True):
        units[code] += balances[account].totals.owed if account in balances else 0
    orders: Counter[str] = Counter()
    amounts: Counter[str] = Counter()
    for (_, code), (number, amount) in counted.purchases.items():
        orders[code] += number
        amounts[code] += amount
    codes = sorted({code for code, _fund in await funds.channels(tx)})
    return [ChannelView(code, holders[code], units[code], orders[code], amounts[code]) for code in codes]
