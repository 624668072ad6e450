"""What the registrar starts by itself: forced increases, decreases and redemptions, and dividends of funds with a NAV.

Each is asked for by an admin call and happens in a morning. A dividend belongs to who holds units at the end of its record date; it is paid
on its paying day, in money, or reinvested at the NAV of its ex date. The registrar's own arithmetic, in integers.
"""

import sqlite3
from collections.abc import Callable
from datetime import date
from typing import Literal

import msgspec

from tapwealth.kernel.calendar import Calendar
from tapwealth.sandbox.registrar import dealing, register, shelf
from tapwealth.sandbox.registrar.dealing import SCALE
from tapwealth.sandbox.registrar.register import Holder

STARTED_SCHEMA = """
CREATE TABLE IF NOT EXISTS forced (
  seq INTEGER PRIMARY KEY, code TEXT NOT NULL, fund TEXT NOT NULL, distributor TEXT NOT NULL, trading_account TEXT NOT NULL,
  units INTEGER NOT NULL, done_on TEXT);
CREATE TABLE IF NOT EXISTS dividend (
  fund TEXT NOT NULL, record_date TEXT NOT NULL, ex_date TEXT NOT NULL, paid_on TEXT NOT NULL, fen INTEGER NOT NULL, per INTEGER NOT NULL,
  PRIMARY KEY (fund, record_date));
CREATE TABLE IF NOT EXISTS entitled (
  fund TEXT NOT NULL, record_date TEXT NOT NULL, ta_account TEXT NOT NULL, trading_account TEXT NOT NULL, distributor TEXT NOT NULL,
  units INTEGER NOT NULL, PRIMARY KEY (fund, record_date, ta_account, trading_account, distributor));
CREATE TABLE IF NOT EXISTS method (
  fund TEXT NOT NULL, ta_account TEXT NOT NULL, trading_account TEXT NOT NULL, distributor TEXT NOT NULL, method TEXT NOT NULL,
  PRIMARY KEY (fund, ta_account, trading_account, distributor));
"""
CHOICE = "029"
REDEMPTION, INCREASE, DECREASE = "142", "144", "145"
REINVEST, CASH = "0", "1"
"""DefDividendMethod."""


class Forced(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """142 redeems, 144 gives, 145 takes `units` (1/100) of the holder's of a fund, in the next morning."""

    code: Literal["142", "144", "145"]
    distributor: str
    trading_account: str
    units: int
    fund: str = register.FUND_CODE


class Dividend(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`fen` on every `per` units held at the end of the record date; reinvested at the NAV of the ex date."""

    fund: str
    record_date: date
    ex_date: date
    paid_on: date
    fen: int
    per: int = 10


class Moved(msgspec.Struct, frozen=True):
    """A forced movement that was made: what its 04 says. `amount`: fen that a redemption brings after its `fee`."""

    code: str
    fund: str
    holder: Holder
    units: int
    amount: int
    fee: int
    nav: int
    payout_account: str


class Given(msgspec.Struct, frozen=True):
    """A holder's part of a dividend: money, or units at `nav`."""

    terms: Dividend
    holder: Holder
    base: int
    method: str
    amount: int
    units: int
    nav: int
    payout_account: str


def ask(tx: sqlite3.Connection, forced: Forced) -> None:
    tx.execute(
        "INSERT INTO forced (code, fund, distributor, trading_account, units) VALUES (?, ?, ?, ?, ?)",
        (forced.code, forced.fund, forced.distributor, forced.trading_account, forced.units),
    )


def declare(tx: sqlite3.Connection, one: Dividend) -> None:
    """Once; what was declared stands."""
    days = (one.record_date.isoformat(), one.ex_date.isoformat(), one.paid_on.isoformat())
    tx.execute("INSERT INTO dividend VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", (one.fund, *days, one.fen, one.per))


def choose(tx: sqlite3.Connection, fund: str, holder: Holder, method: str) -> None:
    """How the holder wants dividends of a fund from now on."""
    key = (fund, holder.ta_account, holder.trading_account, holder.distributor)
    tx.execute("INSERT OR REPLACE INTO method VALUES (?, ?, ?, ?, ?)", (*key, method))


def method_of(tx: sqlite3.Connection, fund: str, holder: Holder) -> str:
    """As it was chosen, else reinvested."""
    row = tx.execute(
        "SELECT method FROM method WHERE fund = ? AND ta_account = ? AND trading_account = ? AND distributor = ?",
        (fund, holder.ta_account, holder.trading_account, holder.distributor),
    ).fetchone()
    return REINVEST if row is None else str(row["method"])


def entitle(tx: sqlite3.Connection, day: date) -> None:
    """At the end of a day: who holds units of a fund whose record date it is."""
    for (fund,) in tx.execute("SELECT fund FROM dividend WHERE record_date = ?", (day.isoformat(),)).fetchall():
        tx.executemany(
            "INSERT INTO entitled VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [
                (fund, day.isoformat(), one.holder.ta_account, one.holder.trading_account, one.holder.distributor, one.units)
                for one in register.holdings(tx, fund)
            ],
        )


def force(tx: sqlite3.Connection, day: date, calendar: Calendar, price: Callable[[str], int]) -> list[Moved]:
    """What was asked for; more than a holder has stays undone, and is done when there is enough. A redemption has the price of the dealing
    day that is confirmed on `day` and pays the fee of its age, once that price is known; anything else names the fund's last `price`."""
    made = []
    for row in tx.execute("SELECT * FROM forced WHERE done_on IS NULL ORDER BY seq").fetchall():
        held = register.find(tx, row["distributor"], "", row["trading_account"], row["fund"])
        if held is None or (row["code"] != INCREASE and row["units"] > held.available):
            continue
        redeems, terms = row["code"] == REDEMPTION, shelf.any_terms(tx, row["fund"])
        dealt_on = shelf.confirmed_now(calendar, day, terms) if terms else day
        units, nav = row["units"], shelf.nav_on(tx, row["fund"], dealt_on) if redeems else price(row["fund"])
        if nav is None:
            continue
        parts = register.move(tx, held.holder, units if row["code"] == INCREASE else -units, day, row["code"], str(row["seq"]), row["fund"])
        brought = dealing.sell(parts or [(dealt_on, units)], nav, dealt_on, terms) if redeems and terms else dealing.Brought(0, 0)
        made.append(Moved(row["code"], row["fund"], held.holder, units, *brought, nav, held.payout_account))
        tx.execute("UPDATE forced SET done_on = ? WHERE seq = ?", (day.isoformat(), row["seq"]))
    return made


def pay(tx: sqlite3.Connection, day: date) -> list[Given]:
    """The dividends of a paying day; what is reinvested is in the register afterwards."""
    made = []
    for row in tx.execute("SELECT * FROM dividend WHERE paid_on = ? ORDER BY fund, record_date", (day.isoformat(),)).fetchall():
        record_date, ex_date = date.fromisoformat(row["record_date"]), date.fromisoformat(row["ex_date"])
        terms = Dividend(row["fund"], record_date, ex_date, day, row["fen"], row["per"])
        entitled = tx.execute(
            "SELECT * FROM entitled WHERE fund = ? AND record_date = ? ORDER BY ta_account, trading_account, distributor",
            (terms.fund, row["record_date"]),
        )
        made += [_give(tx, terms, one) for one in entitled.fetchall()]
    return made


def _give(tx: sqlite3.Connection, terms: Dividend, one: sqlite3.Row) -> Given:
    """Cut off to the fen; without a NAV of the ex date it is money."""
    held = register.find(tx, one["distributor"], one["ta_account"], one["trading_account"], terms.fund)
    assert held is not None, "a holder's account stays open"
    amount, nav = one["units"] * terms.fen // (100 * terms.per), shelf.nav_on(tx, terms.fund, terms.ex_date) or 0
    method = method_of(tx, terms.fund, held.holder) if nav else CASH
    units = _reinvested(tx, terms.fund, amount, nav) if method == REINVEST else 0
    if units:
        register.move(tx, held.holder, units, terms.paid_on, "143", terms.record_date.isoformat(), terms.fund)
    return Given(terms, held.holder, one["units"], method, amount, units, nav, held.payout_account)


def _reinvested(tx: sqlite3.Connection, fund: str, amount: int, nav: int) -> int:
    terms = shelf.terms_of(tx, fund)
    half_up = terms is not None and terms.rounding == "half_up"
    return (2 * amount * SCALE + nav) // (2 * nav) if half_up else amount * SCALE // nav
