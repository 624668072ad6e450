"""The registrar's raises: subscriptions (020) are taken until the last day or until the target is reached, then the fund is formed (130),
or the raise has failed (149). Its own arithmetic, in integers. Functions over a `tx` of the store.

A raise ends on the dealing day after the one on which its last subscriptions were taken. Until then their money has earned interest,
principal x rate x actual days / 360 from the day on which each was taken, half up to the fen; of a fund that is formed it becomes units at
1.0000, of one that is not it is paid with the name `RIN-<distributor>-<day>-<account>`.
"""

import sqlite3
from datetime import date
from typing import NamedTuple

import msgspec

from tapwealth.kernel.calendar import Calendar
from tapwealth.sandbox.registrar import register
from tapwealth.sandbox.registrar.register import Holding

SUBSCRIBE, FORMED, FAILED = "020", "130", "149"
RAISE_SCHEMA = """
CREATE TABLE IF NOT EXISTS raise (fund TEXT PRIMARY KEY, terms TEXT NOT NULL, ended TEXT NOT NULL DEFAULT '', ended_on TEXT);
CREATE TABLE IF NOT EXISTS subscribed (
  seq INTEGER PRIMARY KEY, fund TEXT NOT NULL, ta_account TEXT NOT NULL, amount INTEGER NOT NULL, taken_on TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS subscribed_fund ON subscribed (fund, seq);
"""


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The raise of a fund that is kept here: the last dealing day, fen to raise, fen without which it is not formed, the rate of interest
    in millionths a year."""

    fund: str
    last_day: date
    target: int
    least: int
    rate: int = 0


class End(NamedTuple):
    """Of a subscription (its request): units, or what goes back; `interest` in fen."""

    request: sqlite3.Row
    code: str
    ta_account: str
    units: int
    refund: int
    interest: int
    payout_account: str


def put(tx: sqlite3.Connection, terms: Terms) -> None:
    """Begin a raise, or hold it under other terms from now on."""
    tx.execute(
        "INSERT INTO raise (fund, terms) VALUES (?, ?) ON CONFLICT (fund) DO UPDATE SET terms = excluded.terms",
        (terms.fund, msgspec.json.encode(terms).decode()),
    )


def known(tx: sqlite3.Connection, fund: str) -> bool:
    return tx.execute("SELECT 1 FROM raise WHERE fund = ?", (fund,)).fetchone() is not None


def over(tx: sqlite3.Connection, fund: str, dealt_on: date) -> bool:
    """Whether a subscription of that dealing day comes too late."""
    row = tx.execute("SELECT terms, ended FROM raise WHERE fund = ?", (fund,)).fetchone()
    return bool(row["ended"]) or dealt_on > _terms(row).last_day


def left(tx: sqlite3.Connection, fund: str) -> int:
    """Fen that are still to be raised."""
    row = tx.execute("SELECT terms, ended FROM raise WHERE fund = ?", (fund,)).fetchone()
    return _terms(row).target - _raised(tx, fund)


def take(tx: sqlite3.Connection, request: sqlite3.Row, holding: Holding, day: date) -> None:
    """A subscription whose money is there."""
    values = (request["seq"], request["fund_code"], holding.holder.ta_account, request["amount"], day.isoformat())
    tx.execute("INSERT INTO subscribed VALUES (?, ?, ?, ?, ?)", values)


def end(tx: sqlite3.Connection, day: date, calendar: Calendar) -> list[End]:
    """In the morning of a dealing day, before its orders are decided: what every raise that ends then comes to."""
    made = []
    for row in tx.execute("SELECT fund, terms, ended FROM raise WHERE ended = '' ORDER BY fund").fetchall():
        terms = _terms(row)
        raised = _raised(tx, terms.fund)
        if raised < terms.target and calendar.next_dealing_day(terms.last_day) >= day:
            continue
        code = FORMED if raised >= terms.least else FAILED
        tx.execute("UPDATE raise SET ended = ?, ended_on = ? WHERE fund = ?", (code, day.isoformat(), terms.fund))
        made += [_ended(tx, one, terms, code, day) for one in _taken(tx, terms.fund)]
    return made


def _terms(row: sqlite3.Row) -> Terms:
    return msgspec.json.decode(row["terms"], type=Terms)


def _raised(tx: sqlite3.Connection, fund: str) -> int:
    return int(tx.execute("SELECT coalesce(sum(amount), 0) AS fen FROM subscribed WHERE fund = ?", (fund,)).fetchone()["fen"])


def _taken(tx: sqlite3.Connection, fund: str) -> list[sqlite3.Row]:
    return tx.execute(
        "SELECT r.*, t.taken_on, t.ta_account AS of FROM subscribed t JOIN request r USING (seq) WHERE t.fund = ? ORDER BY t.seq",
        (fund,),
    ).fetchall()


def _ended(tx: sqlite3.Connection, one: sqlite3.Row, terms: Terms, code: str, day: date) -> End:
    held = register.find(tx, one["distributor"], one["of"], one["trading_account"], terms.fund)
    assert held is not None, "a holder's account stays open"
    days = (day - date.fromisoformat(one["taken_on"])).days
    earned = (one["amount"] * terms.rate * days + 180_000_000) // 360_000_000
    if code == FAILED:
        return End(one, code, one["of"], 0, one["amount"], earned, held.payout_account)
    units = one["amount"] + earned
    register.move(tx, held.holder, units, day, code, one["serial"], terms.fund)
    return End(one, code, one["of"], units, 0, earned, held.payout_account)
