"""The bank's statement of an account's day (camt.053), made of its bookings once the day has ended, and what a fault makes of it."""

import sqlite3
from dataclasses import replace
from datetime import date, timedelta

from tapwealth.kernel.clock import shanghai
from tapwealth.sandbox.bank import books
from tapwealth.sandbox.faults import Fault
from tapwealth.wire.iso20022.entry import Entry
from tapwealth.wire.iso20022.statement import Statement, StatementHead, write_statement


def statement_of(tx: sqlite3.Connection, account: str, day: date) -> Statement:
    """The same whenever it is asked for: its message is dated at the end of its day."""
    opening, rows, closing = books.day_of(tx, account, day)
    statement_id = f"{account}-{day:%Y%m%d}"
    head = StatementHead(f"STM-{statement_id}", shanghai(day, 24), statement_id, account, day, opening, closing)
    return Statement(head, tuple(map(_entry, rows)))


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(
        row["reference"],
        row["end_to_end_id"],
        row["amount"],
        date.fromisoformat(row["day"]),
        row["code"],
        row["other_account"],
        row["other_name"],
        row["text"],
    )


def spoiled(statement: Statement, fault: Fault | None) -> Statement:
    """What a fault makes of it; count and sums agree with what is left, the balances stay."""
    if not statement.entries:
        return statement
    first, *rest = statement.entries
    match fault:
        case Fault.SHORT_FILE:
            return replace(statement, entries=tuple(rest))
        case Fault.DOUBLE:
            return replace(statement, entries=(first, *statement.entries))
        case Fault.ONE_FEN:
            return replace(statement, entries=(replace(first, amount=first.amount + (1 if first.amount > 0 else -1)), *rest))
        case Fault.WRONG_DAY:
            return replace(statement, entries=(replace(first, booked_on=first.booked_on - timedelta(days=1)), *rest))
        case _:
            return statement


def render(tx: sqlite3.Connection, account: str, day: date, fault: Fault | None) -> bytes:
    return write_statement(spoiled(statement_of(tx, account, day), fault))
