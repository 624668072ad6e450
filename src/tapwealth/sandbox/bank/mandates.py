"""Mandates of the bank's customers to collect from their accounts at the time of a purchase, and the reservations made under them.

A reservation takes money out of what is available until it is debited (by a pain.008 under its name), cancelled, or its time has come. All
of it is known by the asker's ids: the same id with the same content gets the answer that stands, with other content it is refused. A
cancellation that comes before what it cancels is remembered, so that the late one is answered as cancelled.
"""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import NamedTuple

from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.money import format_minor
from tapwealth.sandbox.bank import books

MANDATES_SCHEMA = """
CREATE TABLE IF NOT EXISTS mandate (
  id TEXT PRIMARY KEY, content TEXT NOT NULL, account TEXT NOT NULL, per_tap INTEGER NOT NULL, per_day INTEGER NOT NULL,
  state TEXT NOT NULL, reason TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS reservation (
  id TEXT PRIMARY KEY, content TEXT NOT NULL, account TEXT NOT NULL, mandate TEXT NOT NULL, amount INTEGER NOT NULL,
  day TEXT NOT NULL, until TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS reservation_held ON reservation (account) WHERE state = 'held';
CREATE INDEX IF NOT EXISTS reservation_day ON reservation (mandate, day);
"""


class MandateState(StrEnum):
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    REVOKED = "revoked"


class ReservationState(StrEnum):
    HELD = "held"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    DEBITED = "debited"


class Said(NamedTuple):
    """What stands of a mandate or reservation; a reason (ISO 20022 ExternalStatusReason1Code) and one line where it was refused."""

    state: str
    reason: str = ""
    text: str = ""


OTHER_CONTENT = Said("", "DUPL", "this id was used for another content")


@dataclass(frozen=True, slots=True)
class Mandate:
    """`holder` allows the platform to collect from `account`, in fen: at most so much at a tap and in a day."""

    id: str
    account: str
    holder: str
    per_tap: int
    per_day: int
    given_on: date

    @property
    def content(self) -> str:
        return "|".join((self.account, self.holder, str(self.per_tap), str(self.per_day), str(self.given_on)))


@dataclass(frozen=True, slots=True)
class Reservation:
    """`amount` fen under a mandate, until that instant of the bank's clock (aware)."""

    id: str
    mandate: str
    amount: int
    until: datetime

    @property
    def content(self) -> str:
        return "|".join((self.mandate, str(self.amount), _utc(self.until)))


def confirm(tx: sqlite3.Connection, asked: Mandate) -> Said:
    """Confirm a mandate or refuse it; what was revoked before it came stays so."""
    row = tx.execute("SELECT * FROM mandate WHERE id = ?", (asked.id,)).fetchone()
    if row is not None:
        return _known(row, asked.content)
    said = _objection(tx, asked) or Said(MandateState.CONFIRMED)
    tx.execute("INSERT INTO mandate VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
               (asked.id, asked.content, asked.account, asked.per_tap, asked.per_day, *said))  # fmt: skip
    return said


def _objection(tx: sqlite3.Connection, asked: Mandate) -> Said | None:
    account = books.account(tx, asked.account)
    if account is None:
        return Said(MandateState.REFUSED, "AC01", "there is no such account")
    if account["kind"] == "platform":
        return Said(MandateState.REFUSED, "AG01", "nobody collects from this account")
    if account["name"] != asked.holder:
        return Said(MandateState.REFUSED, "BE01", "the account is another person's")
    return None


def revoke(tx: sqlite3.Connection, mandate: str) -> Said:
    """From now on nothing is reserved under it; what is reserved stays."""
    tx.execute(
        "INSERT INTO mandate VALUES (?, '', '', 0, 0, ?, '', '') ON CONFLICT (id) DO UPDATE SET state = excluded.state",
        (mandate, MandateState.REVOKED),
    )
    return Said(MandateState.REVOKED)


def balance(tx: sqlite3.Connection, mandate: str, now: datetime) -> tuple[Said, int]:
    """What can be taken from the account of a mandate that stands: its holder lets the asker know that, too."""
    row = tx.execute("SELECT * FROM mandate WHERE id = ?", (mandate,)).fetchone()
    if row is None or row["state"] != MandateState.CONFIRMED:
        return Said("refused", "MD01", "no such mandate stands"), 0
    return Said("told"), max(available(tx, row["account"], now), 0)


def reserve(tx: sqlite3.Connection, asked: Reservation, now: datetime) -> Said:
    """Hold the money, or say why not."""
    row = tx.execute("SELECT * FROM reservation WHERE id = ?", (asked.id,)).fetchone()
    if row is not None:
        return _known(row, asked.content)
    mandate = tx.execute("SELECT * FROM mandate WHERE id = ?", (asked.mandate,)).fetchone()
    said = _refused(tx, asked, mandate, now) or Said(ReservationState.HELD)
    account = "" if mandate is None else mandate["account"]
    row = (asked.id, asked.content, account, asked.mandate, asked.amount, _day(now), _utc(asked.until), *said)
    tx.execute("INSERT INTO reservation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    return said


def _refused(tx: sqlite3.Connection, asked: Reservation, mandate: sqlite3.Row | None, now: datetime) -> Said | None:
    """The first reason that holds."""
    if mandate is None or mandate["state"] != MandateState.CONFIRMED:
        return Said(ReservationState.REFUSED, "MD01", "no such mandate stands")
    used = tx.execute(
        "SELECT coalesce(sum(amount), 0) FROM reservation WHERE mandate = ? AND day = ? AND state IN ('held', 'debited')",
        (asked.mandate, _day(now)),
    ).fetchone()[0]
    if asked.amount > mandate["per_tap"] or used + asked.amount > mandate["per_day"]:
        return Said(ReservationState.REFUSED, "AM14", "above what the mandate allows")
    free = available(tx, mandate["account"], now)
    if free < asked.amount:
        return Said(ReservationState.REFUSED, "AM04", f"the account has {format_minor(free)} to spend")
    return None


def cancel(tx: sqlite3.Connection, reservation: str) -> Said:
    """Set it free, and refuse it should it come yet. What was debited stays so."""
    row = tx.execute(
        "INSERT INTO reservation VALUES (?, '', '', '', 0, '', '', ?, '', '') ON CONFLICT (id) DO UPDATE"
        " SET state = CASE state WHEN 'debited' THEN state ELSE excluded.state END RETURNING state",
        (reservation, ReservationState.CANCELLED),
    ).fetchone()
    return Said(row["state"])


def available(tx: sqlite3.Connection, account: str, now: datetime, but: str = "") -> int:
    """What can be taken from an account, in fen: its balance less what is reserved, but for one reservation."""
    held = tx.execute(
        "SELECT coalesce(sum(amount), 0) FROM reservation WHERE account = ? AND state = 'held' AND until > ? AND id <> ?",
        (account, _utc(now), but),
    ).fetchone()[0]
    known = books.account(tx, account)
    return 0 if known is None else int(known["balance"]) - int(held)


def stands(tx: sqlite3.Connection, name: str, account: str, now: datetime) -> bool:
    """Whether money of that account is reserved under the name."""
    found = tx.execute(
        "SELECT 1 FROM reservation WHERE id = ? AND account = ? AND state = 'held' AND until > ?", (name, account, _utc(now))
    ).fetchone()
    return found is not None


def forbids(tx: sqlite3.Connection, mandate: str, account: str) -> bool:
    """Whether the mandate is known here and does not allow to collect from the account."""
    row = tx.execute("SELECT * FROM mandate WHERE id = ?", (mandate,)).fetchone()
    return row is not None and (row["state"] != MandateState.CONFIRMED or row["account"] != account)


def debited(tx: sqlite3.Connection, name: str) -> None:
    """Its money has been collected; what was reserved beyond that is free."""
    tx.execute("UPDATE reservation SET state = ? WHERE id = ? AND state = 'held'", (ReservationState.DEBITED, name))


def _known(row: sqlite3.Row, content: str) -> Said:
    """What stands; one that was only ever undone has no content yet."""
    return Said(row["state"], row["reason"], row["text"]) if row["content"] in ("", content) else OTHER_CONTENT


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def _day(now: datetime) -> str:
    return business_date_of(now).isoformat()
