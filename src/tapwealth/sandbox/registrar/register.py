"""The register: who holds how many units, and every movement of them. Functions over a `tx` of the partner's store.

A holder is (ta_account, trading_account) at a distributor, and holds units of each fund apart. Units are ints of 1/100 and never below
zero; at a NAV of 1.0000 they are fen too. Of a fund with a NAV it is kept when units came, since what is redeemed pays by its age.
Numbers that the registrar gives come from counters, so that the same files give the same numbers.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

REGISTER_SCHEMA = """
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS account (
  ta_account TEXT NOT NULL, trading_account TEXT NOT NULL, distributor TEXT NOT NULL, name TEXT NOT NULL, identity_number TEXT NOT NULL,
  payout_account TEXT NOT NULL, opened_on TEXT NOT NULL,
  PRIMARY KEY (ta_account, trading_account, distributor));
CREATE INDEX IF NOT EXISTS account_trading ON account (distributor, trading_account);
CREATE INDEX IF NOT EXISTS account_identity ON account (identity_number);
CREATE TABLE IF NOT EXISTS held (
  fund TEXT NOT NULL, ta_account TEXT NOT NULL, trading_account TEXT NOT NULL, distributor TEXT NOT NULL,
  units INTEGER NOT NULL DEFAULT 0 CHECK (units >= 0), frozen INTEGER NOT NULL DEFAULT 0 CHECK (frozen BETWEEN 0 AND units),
  PRIMARY KEY (ta_account, trading_account, distributor, fund));
CREATE TABLE IF NOT EXISTS lot (
  seq INTEGER PRIMARY KEY, fund TEXT NOT NULL, ta_account TEXT NOT NULL, trading_account TEXT NOT NULL, distributor TEXT NOT NULL,
  since TEXT NOT NULL, units INTEGER NOT NULL CHECK (units > 0));
CREATE INDEX IF NOT EXISTS lot_holder ON lot (ta_account, trading_account, distributor, fund, since, seq);
CREATE TABLE IF NOT EXISTS policy (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS movement (
  seq INTEGER PRIMARY KEY, day TEXT NOT NULL, fund TEXT NOT NULL, ta_account TEXT NOT NULL, trading_account TEXT NOT NULL,
  distributor TEXT NOT NULL, kind TEXT NOT NULL, units INTEGER NOT NULL, reference TEXT NOT NULL);
"""
FUND_CODE = "000198"
"""The money fund: its NAV is 1.0000 for ever."""
FIRST_TA_ACCOUNT = 198_000_000_000


@dataclass(frozen=True, slots=True, order=True)
class Holder:
    """The order of this tuple is the order among equals when a remainder is handed out."""

    ta_account: str
    trading_account: str
    distributor: str


@dataclass(frozen=True, slots=True)
class Holding:
    """What a holder has of a fund, and where redemptions are paid."""

    holder: Holder
    units: int
    payout_account: str
    frozen: int = 0
    """Of the units: what an authority has frozen."""
    fund: str = FUND_CODE

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


def find(tx: sqlite3.Connection, distributor: str, ta_account: str, trading_account: str, fund: str = FUND_CODE) -> Holding | None:
    """The holder an order means, with its units of a fund. With a blank `ta_account` it is found by the trading account, if that has only
    one."""
    rows = tx.execute(
        "SELECT a.*, coalesce(h.units, 0) AS units, coalesce(h.frozen, 0) AS frozen FROM account a LEFT JOIN held h"
        " ON (h.ta_account, h.trading_account, h.distributor, h.fund) = (a.ta_account, a.trading_account, a.distributor, ?)"
        " WHERE a.distributor = ? AND a.trading_account = ? AND (a.ta_account = ? OR ? = '') LIMIT 2",
        (fund, distributor, trading_account, ta_account, ta_account),
    ).fetchall()
    return _holding(rows[0], fund) if len(rows) == 1 else None


def move(
    tx: sqlite3.Connection, holder: Holder, units: int, day: date, kind: str, reference: str, fund: str = FUND_CODE
) -> list[tuple[date, int]]:
    """Add units (or take them, below zero) and write down why. Of a fund with a NAV the oldest go first: since when each part was held."""
    tx.execute(
        "INSERT INTO held (fund, ta_account, trading_account, distributor, units) VALUES (?, ?, ?, ?, 0) ON CONFLICT DO NOTHING",
        (fund, *_key(holder)),
    )
    tx.execute(
        "UPDATE held SET units = units + ? WHERE ta_account = ? AND trading_account = ? AND distributor = ? AND fund = ?",
        (units, *_key(holder), fund),
    )
    tx.execute(
        "INSERT INTO movement (day, fund, ta_account, trading_account, distributor, kind, units, reference)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (day.isoformat(), fund, *_key(holder), kind, units, reference),
    )
    if fund == FUND_CODE or units == 0:
        return []
    if units < 0:
        return _oldest(tx, holder, fund, -units)
    tx.execute(
        "INSERT INTO lot (fund, ta_account, trading_account, distributor, since, units) VALUES (?, ?, ?, ?, ?, ?)",
        (fund, *_key(holder), day.isoformat(), units),
    )
    return []


def _oldest(tx: sqlite3.Connection, holder: Holder, fund: str, units: int) -> list[tuple[date, int]]:
    """Take them out of the lots that came first."""
    lots = tx.execute(
        "SELECT seq, since, units FROM lot WHERE ta_account = ? AND trading_account = ? AND distributor = ? AND fund = ?"
        " ORDER BY since, seq",
        (*_key(holder), fund),
    ).fetchall()
    taken = []
    for lot in lots:
        part = min(units, lot["units"])
        if part == lot["units"]:
            tx.execute("DELETE FROM lot WHERE seq = ?", (lot["seq"],))
        elif part:
            tx.execute("UPDATE lot SET units = units - ? WHERE seq = ?", (part, lot["seq"]))
        if part:
            taken.append((date.fromisoformat(lot["since"]), part))
        units -= part
    return taken


def freeze(tx: sqlite3.Connection, holder: Holder, units: int, day: date, kind: str, reference: str, fund: str = FUND_CODE) -> None:
    """Freeze units (or set them free, below zero) and write down why; they stay the holder's."""
    tx.execute(
        "UPDATE held SET frozen = frozen + ? WHERE ta_account = ? AND trading_account = ? AND distributor = ? AND fund = ?",
        (units, *_key(holder), fund),
    )
    move(tx, holder, 0, day, kind, reference, fund)


def limits_large(tx: sqlite3.Connection) -> bool:
    """Whether the manager accepts no more than a tenth on a large-redemption day; else it pays in full."""
    row = tx.execute("SELECT value FROM policy WHERE name = 'limits_large'").fetchone()
    return row is not None and bool(row["value"])


def limit_large(tx: sqlite3.Connection, *, limits: bool) -> None:
    """Say what the manager does on a large-redemption day."""
    tx.execute("INSERT INTO policy VALUES ('limits_large', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (int(limits),))


def holdings(tx: sqlite3.Connection, fund: str = FUND_CODE) -> list[Holding]:
    """Everyone with units of a fund, in the order of their accounts."""
    rows = tx.execute(
        "SELECT a.*, h.units, h.frozen FROM held h JOIN account a USING (ta_account, trading_account, distributor)"
        " WHERE h.units > 0 AND h.fund = ? ORDER BY ta_account, trading_account, distributor",
        (fund,),
    )
    return [_holding(row, fund) for row in rows]


def dump(tx: sqlite3.Connection) -> dict[str, list[dict[str, object]]]:
    """Accounts, what they hold and movements, for comparing two runs."""
    return {
        "accounts": _rows(tx, "SELECT * FROM account ORDER BY ta_account, trading_account, distributor"),
        "held": _rows(tx, "SELECT * FROM held ORDER BY ta_account, trading_account, distributor, fund"),
        "lots": _rows(tx, "SELECT * FROM lot ORDER BY seq"),
        "movements": _rows(
            tx, "SELECT day, fund, ta_account, trading_account, distributor, kind, units, reference FROM movement ORDER BY seq"
        ),
    }


def _rows(tx: sqlite3.Connection, statement: str) -> list[dict[str, object]]:
    return [dict(row) for row in tx.execute(statement)]


def _key(holder: Holder) -> Sequence[str]:
    return holder.ta_account, holder.trading_account, holder.distributor


def _holding(row: sqlite3.Row, fund: str) -> Holding:
    holder = Holder(row["ta_account"], row["trading_account"], row["distributor"])
    return Holding(holder, row["units"], row["payout_account"], row["frozen"], fund)
