"""Statements of what was settled: a merchant's date, sale by sale, and what a party has of the card fees, day by day. For operators."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from tapwealth.acquiring import store as acquiring
from tapwealth.acquiring.share_contract import Party
from tapwealth.acquiring.store import Settlement
from tapwealth.bank import store as bank
from tapwealth.bank.store import Instruction
from tapwealth.flows.acquiring.card_fees import price
from tapwealth.flows.acquiring.fee_sharing import share_name
from tapwealth.flows.acquiring.merchant_settlement import Move, moves, payout_name
from tapwealth.flows.acquiring.merchants import unknown_merchant
from tapwealth.flows.reports.refusals import ReportRefusal
from tapwealth.kernel.clock import SHANGHAI
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import BadInput, Refusal

SALE, REFUND = "sale", "refund"
PARTIES = ("issuer", "network", "acquirer", *Party)


class SettledSale(msgspec.Struct, frozen=True):
    """A sale that was cleared, or a refund (below zero) that was given back; `time` when it was asked for, `fee` what it costs (below zero:
    what it gives back). `voucher` is the STAN, `reference` the RRN."""

    date: date
    time: str
    terminal: str
    batch: str
    voucher: str
    reference: str
    kind: str
    amount: int
    fee: int


class PaymentLine(msgspec.Struct, frozen=True):
    """A payment through the bank: its name there, when it is to be executed, how it stands, and when that was."""

    name: str
    amount: int
    requested: date
    state: str
    settled_on: date | None


class MerchantStatement(msgspec.Struct, frozen=True):
    """`net` = `gross` − `fee`; `brought_forward` + `net` = `payout` + `kept`. `fee` is the sum of the lines' fees, but for what waits from
    before or for later (`fee_due` is what waits now)."""

    number: str
    name: str
    date: date
    lines: list[SettledSale]
    sales: int
    refunds: int
    refunded: int
    gross: int
    fee: int
    net: int
    brought_forward: int
    kept: int
    fee_due: int
    payout: PaymentLine | None


class PartyLine(msgspec.Struct, frozen=True):
    """A date: what of the issuer's, network's and acquirer's part of the fees, and of the commission on premiums, is the party's."""

    date: date
    issuer: int
    network: int
    acquirer: int
    commission: int
    amount: int


class PartyStatement(msgspec.Struct, frozen=True):
    """Of the settled dates from `first` to `last`. `payments` are those that the house has made to the party by its contract; what the
    network is paid is settled with its files."""

    party: str
    first: date
    last: date
    lines: list[PartyLine]
    amount: int
    payments: list[PaymentLine]


async def merchant_statement(tx: Any, number: str, day: date) -> MerchantStatement | Refusal:
    """A merchant's settlement of a date."""
    merchant = (await acquiring.merchants(tx)).get(number)
    if merchant is None:
        return unknown_merchant(number)
    settled = next((one for one in await acquiring.settlements(tx, day) if one.merchant == merchant.id), None)
    if settled is None:
        return Refusal(ReportRefusal.UNKNOWN, f"nothing of {number} was settled on {day}; look at another date")
    rate, name = price(merchant), payout_name(number, day)
    lines = [_sale(one, rate.by(one.change)) for one in await moves(tx, day) if one.row.merchant == merchant.id]
    paid = (await bank.by_end_to_end(tx, [name])).get(name)
    return MerchantStatement(
        number,
        merchant.name,
        day,
        sorted(lines, key=lambda line: (line.date, line.time, line.terminal, line.voucher)),
        settled.sales,
        settled.refunds,
        settled.refunded,
        settled.gross,
        settled.fee,
        settled.net,
        settled.brought_forward,
        settled.kept,
        settled.fee_due,
        _payment(paid) if paid else None,
    )


def _sale(one: Move, fee: int) -> SettledSale:
    local, amount = one.row.received_at.astimezone(SHANGHAI), one.change.after - one.change.before
    kind = REFUND if amount < 0 else SALE
    terminal, batch, stan = one.row.terminal_number, one.row.batch, one.row.stan
    return SettledSale(local.date(), f"{local:%H:%M:%S}", terminal, batch, stan, one.row.rrn, kind, amount, fee)


def _payment(one: Instruction) -> PaymentLine:
    return PaymentLine(one.end_to_end_id, one.amount, one.requested_date, one.state, one.settled_on)


async def party_statement(tx: Any, party: str, first: date, last: date) -> PartyStatement:
    """Raises BadInput for a party that there is not, or dates the wrong way round."""
    if party not in PARTIES:
        raise BadInput(f"there is no party {party[:20]!r}", where="party", hint=f"choose one of {', '.join(PARTIES)}")
    if last < first:
        raise BadInput("it ends before it begins", where="from, to", hint="give the earlier date first")
    if party not in list(Party):
        return _statement(party, first, last, _of_fees(party, await acquiring.settlements_between(tx, first, last)), [])
    by_day: dict[date, dict[str, int]] = defaultdict(dict)
    for one in await acquiring.revenue_shares(tx, first, last):
        if one.party == party:
            by_day[one.business_date][one.revenue] = one.amount
    lines = [_shared(day, of) for day, of in sorted(by_day.items())]
    names = [share_name(Party(party), line.date) for line in lines]
    paid = await bank.by_end_to_end(tx, names)
    return _statement(party, first, last, lines, [_payment(paid[name]) for name in names if name in paid])


def _shared(day: date, of: Mapping[str, int]) -> PartyLine:
    return PartyLine(day, of.get("issuer", 0), 0, of.get("acquirer", 0), of.get("commission", 0), sum(of.values()))


def _of_fees(party: str, settled: Sequence[Settlement]) -> list[PartyLine]:
    days: dict[date, int] = defaultdict(int)
    for one in settled:
        days[one.business_date] += getattr(one, f"{party}_share")
    found = []
    for day, amount in sorted(days.items()):
        issuer, network, acquirer = (amount if name == party else 0 for name in ("issuer", "network", "acquirer"))
        found.append(PartyLine(day, issuer, network, acquirer, 0, amount))
    return found


def _statement(party: str, first: date, last: date, lines: list[PartyLine], paid: list[PaymentLine]) -> PartyStatement:
    return PartyStatement(party, first, last, lines, sum(line.amount for line in lines), paid)


def merchant_text(found: MerchantStatement) -> list[str]:
    """The statement as it is printed, Chinese first."""
    rows = [f"{found.name} {found.number}  结算单 settlement statement {found.date}", ""]
    for line in found.lines:
        word = "退款 refund" if line.kind == REFUND else "消费 sale  "
        when = f"{line.date} {line.time} {line.terminal}/{line.batch}/{line.voucher} {line.reference}"
        rows.append(f"{when} {word} {format_minor(line.amount):>14} 手续费 fee {format_minor(line.fee):>10}")
    figures = [
        ("收款 receipts", found.gross), ("其中退款 of which refunds", -found.refunded), ("手续费 fee", -found.fee), ("净额 net", found.net),
        ("上日结转 brought forward", found.brought_forward), ("暂留 kept back", -found.kept),
    ]  # fmt: skip
    rows += ["", *(f"{label}: {format_minor(amount)}" for label, amount in figures if amount or label.startswith(("收款", "净额")))]
    paid = found.payout
    if paid is not None:
        rows.append(f"付款 payout: {format_minor(paid.amount)} {paid.name} {paid.requested} {paid.state}")
    return rows


MERCHANT_COLUMNS = ("date", "time", "terminal", "batch", "voucher", "reference", "kind", "amount", "fee")


def merchant_rows(found: MerchantStatement) -> list[list[str]]:
    """The statement as CSV cells, amounts in fen: a line for each sale and refund, then one for the payout."""
    rows = [[str(getattr(line, name)) for name in MERCHANT_COLUMNS] for line in found.lines]
    paid = found.payout
    if paid is not None:
        rows.append([str(paid.requested), "", "", "", "", paid.name, "payout", str(-paid.amount), "0"])
    return [list(MERCHANT_COLUMNS), *rows]


PARTY_COLUMNS = ("date", "issuer", "network", "acquirer", "commission", "amount", "payment")


def party_rows(found: PartyStatement) -> list[list[str]]:
    """The statement as CSV cells, amounts in fen: a line for each date, then one for each payment."""
    rows = [[str(getattr(line, name)) for name in PARTY_COLUMNS[:6]] + [""] for line in found.lines]
    rows += [[str(one.requested), "0", "0", "0", "0", str(-one.amount), one.name] for one in found.payments]
    return [list(PARTY_COLUMNS), *rows]


def party_text(found: PartyStatement) -> list[str]:
    """The statement as it is printed."""
    rows = [f"{found.party}  分润 share of fees and commission {found.first} – {found.last}", ""]
    rows += [f"{line.date} {format_minor(line.amount):>14}" for line in found.lines]
    rows += ["", f"合计 sum: {format_minor(found.amount)}"]
    return rows + [f"付款 paid: {format_minor(one.amount)} {one.name} {one.requested} {one.state}" for one in found.payments]
