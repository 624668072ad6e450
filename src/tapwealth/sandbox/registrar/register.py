"""The register: who holds how many units, and every movement of them. Functions over a `tx` of the partner's store.

A holder is (ta_account, trading_account) at a distributor. Units are ints of 1/100 and never below zero; at a NAV of 1.0000 they are
fen too. Numbers that the registrar gives come from counters, so that the same files give the same numbers.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

REGISTER_SCHEMA = """
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS account (
  ta_account TEXT NOT NULL, trading_account TEXT NOT NULL, distributor TEXT NOT NULL, name TEXT NOT NULL, identity_number TEXT NOT NULL,
  payout_account TEXT NOT NULL, opened_on TEXT NOT NULL, units INTEGER NOT NULL DEFAULT 0 CHECK (units >= 0),
  frozen INTEGER NOT NULL DEFAULT 0 CHECK (frozen BETWEEN 0 AND units),
  PRIMARY KEY (ta_account, trading_account, distributor));
CREATE INDEX IF NOT EXISTS account_trading ON account (distributor, trading_account);
CREATE INDEX IF NOT EXISTS account_identity ON account (identity_number);
CREATE TABLE IF NOT EXISTS policy (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS movement (
  seq INTEGER PRIMARY KEY, day TEXT NOT NULL, ta_account TEXT NOT NULL, trading_account TEXT NOT NULL, distributor TEXT NOT NULL,
  kind TEXT NOT NULL, units INTEGER NOT NULL, reference TEXT NOT NULL);
"""
FIRST_TA_ACCOUNT = 198_000_000_000


@dataclass(frozen=True, slots=True, order=True)
class Holder:
    """The order of this tuple is the order among equals when a remainder is handed out."""

    ta_account: str
    trading_account: str
    distributor: str


@dataclass(frozen=True, slots=True)
class Holding:
    """What a holder has, and where redemptions are paid."""

    holder: Holder
    units: int
    payout_account: str
    frozen: int = 0
    """Of the units: what an authority has frozen."""

    @property
    def available(self) -> int:
        return self.units - self.frozen


@dataclass(frozen=True, slots=True)
class Investor:
    """Who opens an account."""

    name: str
    identity_number: str
    payout_account: str


def next_number(tx: sqlite3.Connection, name: str) -> int:
    """1, 2, 3, …"""
    row = tx.execute(
        "INSERT INTO counter VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value", (name,)
    ).fetchone()
    return int(row["value"])


def ta_account_of(tx: sqlite3.Connection, identity_number: str) -> str | None:
    """The TA account that a person has here already."""
    row = tx.execute("SELECT min(ta_account) AS ta FROM account WHERE identity_number = ?", (identity_number,)).fetchone()
    return None if row["ta"] is None else str(row["ta"])


def may_have(tx: sqlite3.Connection, ta_account: str, identity_number: str) -> bool:
    """Whether nobody else has this TA account here."""
    return not tx.execute(
        "SELECT 1 FROM account WHERE ta_account = ? AND identity_number <> ? LIMIT 1", (ta_account, identity_number)
    ).fetchone()


def new_ta_account(tx: sqlite3.Connection) -> str:
    """The next free number; others may have brought theirs along."""
    while True:
        number = f"{FIRST_TA_ACCOUNT + next_number(tx, 'ta_account'):012d}"
        if not tx.execute("SELECT 1 FROM account WHERE ta_account = ?", (number,)).fetchone():
            return number


def open_account(tx: sqlite3.Connection, holder: Holder, investor: Investor, day: date) -> None:
    """Open it with no units; one that is open stays as it is."""
    tx.execute(
        "INSERT INTO account (ta_account, trading_account, distributor, name, identity_number, payout_account, opened_on)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (*_key(holder), investor.name, investor.identity_number, investor.payout_account, day.isoformat()),
    )


def find(tx: sqlite3.Connection, distributor: str, ta_account: str, trading_account: str) -> Holding | None:
    """The holder an order means. With a blank `ta_account` it is found by the trading account, if that has only one."""
    rows = tx.execute(
        "SELECT * FROM account WHERE distributor = ? AND trading_account = ? AND (ta_account = ? OR ? = '') LIMIT 2",
        (distributor, trading_account, ta_account, ta_account),
    ).fetchall()
    return _holding(rows[0]) if len(rows) == 1 else None


def move(tx: sqlite3.Connection, holder: Holder, units: int, day: date, kind: str, reference: str) -> None:
    """Add units (or take them, below zero) and write down why."""
    tx.execute(
        "UPDATE account SET units = units + ? WHERE ta_account = ? AND trading_account = ? AND distributor = ?", (units, *_key(holder))
    )
    tx.execute(
        "INSERT INTO movement (day, ta_account, trading_account, distributor, kind, units, reference) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (day.isoformat(), *_key(holder), kind, units, reference),
    )


def freeze(tx: sqlite3.Connection, holder: Holder, units: int, day: date, kind: str, reference: str) -> None:
    """Freeze units (or set them free, below zero) and write down why; they stay the holder's."""
    tx.execute(
        "UPDATE account SET frozen = frozen + ? WHERE ta_account = ? AND trading_account = ? AND distributor = ?", (units, *_key(holder))
    )
    move(tx, holder, 0, day, kind, reference)


def limits_large(tx: sqlite3.Connection) -> bool:
    """Whether the manager accepts no more than a tenth on a large-redemption day; else it pays in full."""
    row = tx.execute("SELECT value FROM policy WHERE name = 'limits_large'").fetchone()
    return row is not None and bool(row["value"])


def limit_large(tx: sqlite3.Connection, *, limits: bool) -> None:
    """Say what the manager does on a large-redemption day."""
    tx.execute("INSERT INTO policy VALUES ('limits_large', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (int(limits),))


def holdings(tx: sqlite3.Connection) -> list[Holding]:
    """Everyone with units, in the order of their accounts."""
    rows = tx.execute("SELECT * FROM account WHERE units > 0 ORDER BY ta_account, trading_account, distributor")
    return [_holding(row) for row in rows]


def dump(tx: sqlite3.Connection) -> dict[str, list[dict[str, object]]]:
    """Accounts and movements, for comparing two runs."""
    accounts = "SELECT * FROM account ORDER BY ta_account, trading_account, distributor"
    movements = "SELECT day, ta_account, trading_account, distributor, kind, units, reference FROM movement ORDER BY seq"
    return {"accounts": _rows(tx, accounts), "movements": _rows(tx, movements)}


def _rows(tx: sqlite3.Connection, statement: str) -> list[dict[str, object]]:
    return [dict(row) for row in tx.execute(statement)]


def _key(holder: Holder) -> Sequence[str]:
    return holder.ta_account, holder.trading_account, holder.distributor


def _holding(row: sqlite3.Row) -> Holding:
    holder = Holder(row["ta_account"], row["trading_account"], row["distributor"])
    return Holding(holder, row["units"], row["payout_account"], row["frozen"])
