"""The proof of our accounts at the bank: each mirror of the ledger against the bank's statement (camt.053) of a date.

A statement is the bank's word. Where it shows what the bank should have told us and did not (the answer to a payment, the notice of a
receipt), it is taken for that word: the entry is made as if the message had come, and noted as a break that is accounted for. Whatever else
does not agree is named and keeps the date from closing. What was accounted for by hand is carried to the next date.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tapwealth.bank import store as bank
from tapwealth.bank.entries import ACCOUNTS
from tapwealth.bank.reconcile import (
    Break,
    BreakKind,
    Movement,
    OpenInstruction,
    OurDay,
    Reconciliation,
    pack_outstanding,
    reconcile,
    unpack_outstanding,
)
from tapwealth.bank.statement import Statement, StatementLine, booking_name, unpack_lines
from tapwealth.bank.store import BreakRow
from tapwealth.flows.bank import payments, receipts
from tapwealth.flows.bank.bank_messages import RECOGNISERS
from tapwealth.flows.bank.payments import Outcome
from tapwealth.flows.bank.receipts import Pushed
from tapwealth.flows.end_of_day import StepReport
from tapwealth.flows.frame import House, moment
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.words import counted
from tapwealth.ledger.chart import BY_KIND, Kind, house_account
from tapwealth.storage.database import Tx

SOURCE = "bank"
BY_STATEMENT = "bank_statement"
"""Source of the notes that a statement was taken for a message that did not come."""


async def prove_mirrors(house: House, day: date) -> StepReport:
    """Take what only the statements tell, then compare each mirror with its statement."""
    async with house.database.read() as tx:
        first = await compare(house, tx, day)
    await _take_at_its_word(house, day, first)
    async with house.database.transaction() as tx:
        at = await moment(tx)
        compared = await compare(house, tx, day)
        found = await bank.replace_breaks(tx, day, SOURCE, _rows(compared.results), at.now)
        await bank.carry(tx, day, {one.account: pack_outstanding(one.carried) for one in compared.results})
    figures = {one.account: _figures(compared, one) for one in compared.results}
    wrong = [one.text for one in found if not one.accounted]
    return StepReport(f"{counted(len(compared.results), 'mirror')} against the bank", figures, wrong)


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of each account, and the statement it was compared with."""

    results: tuple[Reconciliation, ...]
    held: Mapping[Kind, int]
    statements: Mapping[str, Statement]


async def compare(house: House, tx: Tx, day: date) -> Compared:
    """Every account whose statement is in: a number of queries that does not depend on how much happened."""
    before, held = await _held(house, tx, day - timedelta(days=1)), await _held(house, tx, day)
    carried, kept = await bank.carried(tx, day - timedelta(days=1)), await bank.statements(tx, day)
    executed, received, unsettled = await bank.settled_on(tx, day), await bank.receipts_on(tx, day), await bank.unsettled_on(tx, day)
    results, statements = [], {}
    for account in sorted(kept):
        opening, closing, lines = kept[account]
        mirror = ACCOUNTS[account][0]
        movements = [Movement(one.end_to_end_id, sign * one.amount) for one in executed for sign in _signs(one, account)]
        movements += [Movement(one.end_to_end_id, one.amount) for one in received if one.account == account]
        under_way = [
            OpenInstruction(one.end_to_end_id, sign * one.amount, one.requested_date) for one in unsettled for sign in _signs(one, account)
        ]
        outstanding = unpack_outstanding(carried.get(account, "[]"))
        statements[account] = Statement(account, day, opening, closing, unpack_lines(lines))
        ours = OurDay(account, day, before[mirror], held[mirror], movements, under_way, outstanding)
        results.append(reconcile(ours, statements[account]))
    return Compared(tuple(results), held, statements)


def _signs(one: bank.Instruction, account: str) -> list[int]:
    """+1 where a payment arrives at the account, -1 where it leaves it."""
    return [sign for sign, end in ((-1, one.from_account), (1, one.to_account)) if end == account]


async def _held(house: House, tx: Tx, day: date) -> dict[Kind, int]:
    """Each mirror over all books, as of a date."""
    accounts = {
        house_account(book, mirror, Asset.CNY): mirror for mirror, _ in ACCOUNTS.values() for book in range(house.books + 1)
    }  # fmt: skip
    held: dict[Kind, int] = defaultdict(int)
    for account, total in (await house.ledger.totals_dated(tx, list(accounts), day)).items():
        held[accounts[account]] += total.held
    return held


def wrong_of(compared: Compared) -> set[tuple[str, str, int]]:
    """(kind, item, difference) of what does not agree."""
    return {(one.kind, one.item, one.amount) for one in _rows(compared.results)}


def _rows(results: Iterable[Reconciliation]) -> list[BreakRow]:
    return [
        BreakRow(SOURCE, one.kind.value, f"{result.account} {one.item}", one.difference, one.text, accounted=False)
        for result in results
        for one in result.breaks
    ]


def _figures(compared: Compared, result: Reconciliation) -> dict[str, Any]:
    mirror = ACCOUNTS[result.account][0]
    return {
        "mirror": BY_KIND[mirror].name,
        "ours": compared.held[mirror],
        "statement": compared.statements[result.account].closing,
        "matched": len(result.matches),
        "transit": [{"item": one.end_to_end_id, "amount": one.amount, "due": str(one.due)} for one in result.transit],
    }


async def _take_at_its_word(house: House, day: date, compared: Compared) -> None:
    """Make the entries that the bank's messages should have made, on the date of the statement."""
    answers = await _answers_in(house, compared)
    pushed = _receipts_in(compared)
    if not answers and not pushed:
        return
    await payments.hear(house, [Outcome(name, True, day, "by the bank's statement") for name in answers])
    await receipts.receive(house, pushed, RECOGNISERS)
    async with house.database.transaction() as tx:
        at = await moment(tx)
        notes = [_note("answer_missing", name, 0, "the bank's answer to this payment did not come") for name in answers]
        notes += [_note("notice_missing", one.end_to_end_id, one.amount, _receipt_text(one)) for one in pushed]
        await bank.add_breaks(tx, day, notes, at.now)


def _note(kind: str, item: str, amount: int, text: str) -> BreakRow:
    return BreakRow(BY_STATEMENT, kind, item, amount, f"{item}: {text}; its statement was taken for it", accounted=True)


def _receipt_text(one: Pushed) -> str:
    return f"the bank did not tell of {format_minor(one.amount)} yuan that came in on {one.account}"


async def _answers_in(house: House, compared: Compared) -> list[str]:
    """Payments that every statement they concern shows as booked, to the fen, and that the bank has not answered."""
    shown: dict[str, set[str]] = defaultdict(set)
    for account, one in _breaks(compared, BreakKind.ANSWER_MISSING):
        shown[one.item].add(account)
    async with house.database.look() as tx:
        found = await bank.by_end_to_end(tx, sorted(shown))
    return [name for name, one in sorted(found.items()) if shown[name] == {one.from_account, one.to_account} & set(ACCOUNTS)]


def _receipts_in(compared: Compared) -> list[Pushed]:
    """Money that came in and that nobody told us of."""
    lines: dict[tuple[str, str], StatementLine] = {
        (account, booking_name(account, line.end_to_end_id, line.booked_on, line.reference)): line
        for account, statement in compared.statements.items()
        for line in statement.lines
    }
    found = [(account, one.item, lines[account, one.item]) for account, one in _breaks(compared, BreakKind.BANK_HAS_MORE)]
    return [
        Pushed(name, account, line.amount, line.booked_on, line.counterparty_name, line.text)
        for account, name, line in found
        if line.amount > 0 and line.booked_on == compared.statements[account].day
    ]


def _breaks(compared: Compared, kind: BreakKind) -> list[tuple[str, Break]]:
    return [(result.account, one) for result in compared.results for one in result.breaks if one.kind is kind]
