"""The bank's books: accounts and bookings, every movement on both its accounts, the running balance beside.

A statement's opening balance is the first balance and the bookings since; its closing balance is today's balance without the bookings
since. The two ways meet only while nobody has touched the books, so a fen changed by hand shows in the statement.
"""

import hashlib
import sqlite3
from dataclasses import dataclass
from datetime import date

BOOKS_SCHEMA = """
CREATE TABLE IF NOT EXISTS account (
  number TEXT PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, opened_on TEXT NOT NULL,
  opening INTEGER NOT NULL, balance INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS booking (
  reference TEXT NOT NULL, account TEXT NOT NULL REFERENCES account, day TEXT NOT NULL, amount INTEGER NOT NULL,
  end_to_end_id TEXT NOT NULL, code TEXT NOT NULL, other_account TEXT NOT NULL, other_name TEXT NOT NULL, text TEXT NOT NULL,
  message_id TEXT NOT NULL, PRIMARY KEY (account, reference));
CREATE INDEX IF NOT EXISTS booking_day ON booking (account, day);
"""

MEMBER_NUMBER, BIC = "313100000013", "BJCNCNBJ"
"""Bank of Beijing in CNAPS and in SWIFT."""
PLATFORM_ACCOUNTS = frozenset({"0100000001", "0100000002", "0100000003", "0100000004", "0100000005", "0100000006"})
"""Customer reserve, fund collection, premium trust, own money, advance, deposits: the accounts of the platform."""


@dataclass(frozen=True, slots=True)
class Movement:
    """Money from one account to another, as the bank books it: `copy` 2 is a booking made twice by fault."""

    end_to_end_id: str
    code: str
    debtor: str
    creditor: str
    amount: int
    day: date
    text: str
    message_id: str
    copy: int = 1

    @property
    def reference(self) -> str:
        """The bank's own name of the booking: the same for the same movement, whenever it is booked."""
        name = "|".join((self.code, self.end_to_end_id, self.debtor, self.creditor, str(self.copy)))
        return hashlib.sha256(name.encode()).hexdigest()[:16].upper()


def open_account(tx: sqlite3.Connection, number: str, name: str, balance: int, today: date) -> None:
    """Once; the balance of an account that is open already does not change."""
    kind = "platform" if number in PLATFORM_ACCOUNTS else "other"
    tx.execute(
        "INSERT INTO account VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (number) DO NOTHING",
        (number, name, kind, today.isoformat(), balance, balance),
    )


def account(tx: sqlite3.Connection, number: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = tx.execute("SELECT * FROM account WHERE number = ?", (number,)).fetchone()
    return row


def is_platform(tx: sqlite3.Connection, number: str) -> bool:
    row = account(tx, number)
    return row is not None and row["kind"] == "platform"


def book(tx: sqlite3.Connection, movement: Movement) -> None:
    """Both sides, and both balances."""
    for number, other, amount in (
        (movement.debtor, movement.creditor, -movement.amount),
        (movement.creditor, movement.debtor, movement.amount),
    ):
        name = tx.execute("SELECT name FROM account WHERE number = ?", (other,)).fetchone()["name"]
        row = (movement.reference, number, movement.day.isoformat(), amount, movement.end_to_end_id, movement.code, other, name)
        tx.execute("INSERT INTO booking VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, movement.text, movement.message_id))
        tx.execute("UPDATE account SET balance = balance + ? WHERE number = ?", (amount, number))


def day_of(tx: sqlite3.Connection, number: str, day: date) -> tuple[int, list[sqlite3.Row], int]:
    """Opening balance, bookings and closing balance of an account's day. The bookings' order does not depend on when they came."""
    known = tx.execute("SELECT opening, balance FROM account WHERE number = ?", (number,)).fetchone()
    before = tx.execute("SELECT coalesce(sum(amount), 0) FROM booking WHERE account = ? AND day < ?", (number, day.isoformat())).fetchone()[
        0
    ]
    after = tx.execute("SELECT coalesce(sum(amount), 0) FROM booking WHERE account = ? AND day > ?", (number, day.isoformat())).fetchone()[
        0
    ]
    rows = tx.execute(
        "SELECT * FROM booking WHERE account = ? AND day = ? ORDER BY end_to_end_id, reference", (number, day.isoformat())
    ).fetchall()
    return known["opening"] + before, rows, known["balance"] - after


def dump(tx: sqlite3.Connection) -> dict[str, list[list[object]]]:
    """Balances and bookings in an order, and without names, that differ by run."""
    accounts = "SELECT number, name, balance FROM account ORDER BY number"
    bookings = "SELECT account, day, amount, end_to_end_id, other_account, text FROM booking ORDER BY 1, 2, 4, 3, 5, 6"
    return {"accounts": [list(row) for row in tx.execute(accounts)], "bookings": [list(row) for row in tx.execute(bookings)]}
