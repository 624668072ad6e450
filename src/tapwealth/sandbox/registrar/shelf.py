"""The registrar's funds with a price of their own: their terms, and the NAV of each dealing day. Functions over a `tx` of the store.

None is there until it is named by an admin call. Amounts are fen, units 1/100, the NAV 1/10,000 yuan, rates millionths.
"""

import sqlite3
from datetime import date
from typing import Literal

import msgspec

from tapwealth.kernel.calendar import ONE_DAY, Calendar
from tapwealth.sandbox.registrar.register import FUND_CODE

PAR = 10_000
"""NAV 1.0000 in N7.4."""
SHELF_SCHEMA = """
CREATE TABLE IF NOT EXISTS fund (code TEXT PRIMARY KEY, terms TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS nav (fund TEXT NOT NULL, day TEXT NOT NULL, nav INTEGER NOT NULL CHECK (nav > 0), PRIMARY KEY (fund, day));
"""


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From that amount on: a rate of the net amount, or a fixed fee."""

    from_amount: int
    rate: int = 0
    fixed: int = 0


class Age(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units younger than so many days (null: any age) pay that rate of their worth."""

    below_days: int | None
    rate: int


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`discounts`: what of the purchase rate remains at a distributor; all of it where none is named."""

    code: str
    name: str
    confirmation_days: int = 1
    rounding: Literal["cut_off", "half_up"] = "cut_off"
    purchase_fees: list[Tier] = []
    redemption_fees: list[Age] = []
    discounts: dict[str, int] = {}


def put(tx: sqlite3.Connection, terms: Terms) -> None:
    """Begin to keep a fund, or keep it under other terms from now on."""
    tx.execute("INSERT OR REPLACE INTO fund VALUES (?, ?)", (terms.code, msgspec.json.encode(terms).decode()))


def quote(tx: sqlite3.Connection, fund: str, day: date, nav: int) -> None:
    """The NAV of a day, or another one in its place."""
    tx.execute("INSERT OR REPLACE INTO nav VALUES (?, ?, ?)", (fund, day.isoformat(), nav))


def terms_of(tx: sqlite3.Connection, fund: str) -> Terms | None:
    """None for what is no fund with a NAV here."""
    row = tx.execute("SELECT terms FROM fund WHERE code = ?", (fund,)).fetchone()
    return None if row is None else msgspec.json.decode(row["terms"], type=Terms)


def any_terms(tx: sqlite3.Connection, fund: str) -> Terms | None:
    """Those of the money fund too: it charges nothing. None for what is not kept here."""
    return Terms(FUND_CODE, "") if fund == FUND_CODE else terms_of(tx, fund)


def funds(tx: sqlite3.Connection) -> list[Terms]:
    """By code."""
    return [msgspec.json.decode(row["terms"], type=Terms) for row in tx.execute("SELECT terms FROM fund ORDER BY code").fetchall()]


def nav_on(tx: sqlite3.Connection, fund: str, day: date) -> int | None:
    """The NAV of that day, once it is known; the money fund's is 1.0000."""
    if fund == FUND_CODE:
        return PAR
    row = tx.execute("SELECT nav FROM nav WHERE fund = ? AND day = ?", (fund, day.isoformat())).fetchone()
    return None if row is None else int(row["nav"])


def last_nav(tx: sqlite3.Connection, fund: str, day: date) -> int | None:
    """The newest NAV before a day."""
    row = tx.execute("SELECT nav FROM nav WHERE fund = ? AND day < ? ORDER BY day DESC LIMIT 1", (fund, day.isoformat())).fetchone()
    return None if row is None else int(row["nav"])


def confirms(calendar: Calendar, dealt_on: date, day: date, terms: Terms) -> bool:
    """Whether orders of the dealing day `dealt_on` have waited long enough on a later one."""
    for _ in range(terms.confirmation_days):
        dealt_on = calendar.next_dealing_day(dealt_on)
    return dealt_on <= day


def confirmed_now(calendar: Calendar, day: date, terms: Terms) -> date:
    """The newest dealing day that has waited long enough on a day."""
    dealt_on = calendar.last_dealing_day(day)
    while not confirms(calendar, dealt_on, day, terms):
        dealt_on = calendar.last_dealing_day(dealt_on - ONE_DAY)
    return dealt_on
