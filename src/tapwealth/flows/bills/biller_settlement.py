"""The day's end: billers whose cycle ends get what was paid to them, less what they pay for it; and the statement of that for a biller.

All that stands on a biller's account goes out, so that what its bank sent back once goes out again. Which payments it is for is marked on
them, in the transaction that pays: each stands in one statement.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec

from tapwealth.bank import store as bank
from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.bills import entries, store
from tapwealth.bills.settlement import Settlement
from tapwealth.bills.store import BillerRow
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Payment, Purpose
from tapwealth.flows.end_of_day import StepReport, reported
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, actor_number, actor_numbers, moment, must_post, step_key
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.words import counted
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.storage.database import Tx

Taken = Sequence[tuple[int, int, int, int]]
"""Of a settlement, by book: payments, their fen, and the fen that the biller pays us for them."""


async def settle_billers(house: House, day: date) -> StepReport:
    """What is owed as of this date to each biller whose cycle ends goes to its bank account, to be executed the next day."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, house.all_books)
        at = await moment(tx)
        actor = await actor_number(tx, HOUSE_BOOK, PLATFORM)
        before = await store.settlements(tx, day)
        due = [row for row in (await store.billers(tx)).values() if row.biller.cycle.ends_on(day) and row.id not in before]
        taken = await store.pay_out(tx, list(house.all_books), [row.id for row in due], day)
        await must_post(house, tx, at, await _fees(house, tx, day, due, taken))
        owed = await _owed(house, tx, due, day)
        settled = [_settlement(row, day, taken.get(row.id, ()), owed[row.id]) for row in due]
        settled = [one for one in settled if one.payments or one.payout]
        await store.add_settlements(tx, settled)
        whose = {row.id: row for row in due}
        await payments.instruct(
            house, tx, at, day, actor, [_payout(whose[one.biller], day, owed[one.biller]) for one in settled if one.payout]
        )
        return await reported(tx, _report(settled))


async def _fees(house: House, tx: Tx, day: date, due: Sequence[BillerRow], taken: Mapping[UUID, Taken]) -> list[Any]:
    """The entry of each biller and book that has payments to pay for."""
    charged = [(row, book, kept) for row in due for book, _, _, kept in taken.get(row.id, ()) if kept]
    actors = await actor_numbers(tx, [(book, PLATFORM) for _, book, _ in charged])
    accounts = await house.ledger.open_accounts(tx, [_account(row.id, book) for row, book, _ in charged])
    return [
        entries.fee_kept(book, step_key(day, "biller fee", book, row.biller.code), account, amount, day, actor)
        for (row, book, amount), account, actor in zip(charged, accounts, actors, strict=True)
    ]


def _account(biller: UUID, book: int) -> NewAccount:
    return NewAccount(book, Kind.BILLER, biller, Asset.CNY, Limit.NONE)


async def _owed(house: House, tx: Tx, due: Sequence[BillerRow], day: date) -> dict[UUID, tuple[Part, ...]]:
    wanted = [(row.id, book) for row in due for book in house.all_books]
    found = await house.ledger.find_accounts(tx, [_account(*one) for one in wanted])
    there = {account: one for one, account in zip(wanted, found, strict=True) if account}
    totals = await house.ledger.totals_dated(tx, list(there), day)
    parts: dict[UUID, list[Part]] = {row.id: [] for row in due}
    for account, (biller, book) in there.items():
        if totals[account].owed > 0:
            parts[biller].append(Part(book, totals[account].owed, account))
    return {biller: tuple(of) for biller, of in parts.items()}


def _settlement(row: BillerRow, day: date, taken: Taken, owed: Sequence[Part]) -> Settlement:
    count, gross, fee = (sum(one[place] for one in taken) for place in (1, 2, 3))
    payout = sum(part.amount for part in owed)
    return Settlement(row.id, day, row.biller.cycle.first_of(day), count, gross, fee, payout - gross + fee, payout)


def payout_name(code: str, day: date) -> str:
    """The payout of a date, as the bank's statement names it."""
    return f"BIL-{code}-{day:%Y%m%d}"


def _payout(row: BillerRow, day: date, parts: tuple[Part, ...]) -> Payment:
    return Payment(
        step_key(day, "biller", HOUSE_BOOK, row.biller.code),
        payout_name(row.biller.code, day),
        Purpose.BILLER_PAYOUT,
        NUMBER_OF[Kind.CUSTOMER_RESERVE],
        row.biller.bank_account,
        row.biller.name,
        day + timedelta(days=1),
        parts,
    )


def _report(settled: Sequence[Settlement]) -> StepReport:
    paid = [one for one in settled if one.payout]
    total, fees = sum(one.payout for one in paid), sum(one.fee for one in settled)
    text = f"{counted(len(paid), 'biller')}: {format_minor(total)} yuan on their way"
    figures = {"billers": len(paid), "amount": total}
    return StepReport(text + (f", {format_minor(fees)} kept as fees" if fees else ""), {**figures, "fees": fees} if fees else figures)


class SettledPayment(msgspec.Struct, frozen=True):
    """`reference` is the biller's serial; `fee` what it pays for this payment."""

    date: date
    serial: str
    reference: str
    account: str
    amount: int
    fee: int


class BillerStatement(msgspec.Struct, frozen=True):
    """What a biller got for the payments from `first` to `date`: `gross` − `fee` + `brought_forward` = `payout`, which the bank knows by
    `payout_name`; `payout_state` is the bank's word on it, empty where nothing went out."""

    biller: str
    name: str
    name_en: str
    first: date
    date: date
    lines: list[SettledPayment]
    payments: int
    gross: int
    fee: int
    brought_forward: int
    payout: int
    payout_name: str
    payout_state: str


async def statement(house: House, tx: Tx, code: str, day: date) -> BillerStatement | None:
    """The statement of the settlement at that date's end; None if nothing was settled with such a biller then."""
    row = next((one for one in (await store.billers(tx)).values() if one.biller.code == code), None)
    settled = (await store.settlements(tx, day)).get(row.id) if row else None
    if row is None or settled is None:
        return None
    paid = await store.settled_payments(tx, list(house.all_books), row.id, day)
    shown = await store.bills(tx, [(one.book, one.bill) for one in paid])
    lines = [
        SettledPayment(one.paid_on or day, one.serial, one.biller_reference, shown[one.book, one.bill].shown_account, one.amount, one.kept)
        for one in paid
    ]
    name = payout_name(code, day)
    instructed = (await bank.by_end_to_end(tx, [name])).get(name)
    return BillerStatement(
        code, row.biller.name, row.name_en, settled.first, day, lines, settled.payments, settled.gross, settled.fee,
        settled.brought_forward, settled.payout, name if instructed else "", instructed.state if instructed else "",
    )  # fmt: skip
