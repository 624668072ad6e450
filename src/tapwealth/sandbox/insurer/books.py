"""The insurer's books: requests by serial, policies, and what happened to each policy on which day.

It computes no premium and no refund: it books what was agreed, refuses what cannot be (a refund above the premium, a second cancellation),
and owes the bank each refund in the same `tx` that cancels the policy.
"""

import hashlib
import sqlite3
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from tapwealth.kernel.clock import business_date_of

INSURER_SCHEMA = """
CREATE TABLE IF NOT EXISTS policy (
  policy_number TEXT PRIMARY KEY, product TEXT NOT NULL, insured_name TEXT NOT NULL, insured_number TEXT NOT NULL,
  premium INTEGER NOT NULL, from_day TEXT NOT NULL, to_day TEXT NOT NULL, state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS request (
  serial TEXT PRIMARY KEY, kind TEXT NOT NULL, digest TEXT NOT NULL, policy_number TEXT NOT NULL,
  state TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS event (
  serial TEXT NOT NULL, day TEXT NOT NULL, policy_number TEXT NOT NULL, event TEXT NOT NULL, amount INTEGER NOT NULL,
  PRIMARY KEY (serial, event));
CREATE INDEX IF NOT EXISTS event_day ON event (day, serial);
CREATE TABLE IF NOT EXISTS premium (
  serial TEXT PRIMARY KEY REFERENCES request DEFERRABLE INITIALLY DEFERRED,
  policy_number TEXT NOT NULL, amount INTEGER NOT NULL, interest INTEGER NOT NULL, from_day TEXT NOT NULL, to_day TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS premium_policy ON premium (policy_number, to_day);
CREATE TABLE IF NOT EXISTS first_premium (policy_number TEXT PRIMARY KEY REFERENCES policy, paid_until TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS cancellation (serial TEXT PRIMARY KEY, asked_on TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS receipt (serial TEXT PRIMARY KEY, received_on TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS suspension (policy_number TEXT NOT NULL, from_day TEXT NOT NULL, PRIMARY KEY (policy_number, from_day));
"""
A_DAY = timedelta(days=1)
"""By so much another's clock may say a day otherwise about midnight."""


class State(StrEnum):
    """What became of a request."""

    IN_FORCE = "in_force"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    SUSPENDED = "suspended"
    LAPSED = "lapsed"
    BOOKED = "booked"
    REINSTATED = "reinstated"
    ENDORSED = "endorsed"


class Reason(StrEnum):
    """Why a request was rejected."""

    UNKNOWN_POLICY = "unknown_policy"
    NOT_IN_FORCE = "not_in_force"
    REFUND_ABOVE_PREMIUM = "refund_above_premium"
    NOT_SUSPENDED = "not_suspended"
    OTHER_TIME = "other_time"
    DECLARATION_NEEDED = "declaration_needed"
    OCCUPATION_NOT_COVERED = "occupation_not_covered"
    OTHER_DAY_OF_RECEIPT = "other_day_of_receipt"


Beneficiary = tuple[str, str, int, int | None]
"""Name, identity number, rank, share."""


@dataclass(frozen=True, slots=True)
class Issue:
    """A policy to issue: cover from the start of `from_day` to the start of `to_day`; premium in fen."""

    serial: str
    product: str
    insured_name: str
    insured_number: str
    premium: int
    from_day: date
    to_day: date
    phone: str = ""
    """What tells phones apart; empty for a policy that is bound to none."""
    occupation: int = 1
    beneficiaries: tuple[Beneficiary, ...] = ()
    paid_until: date | None = None
    """The first day that the premium does not pay for, if that was said."""

    @property
    def digest(self) -> str:
        parts = (self.product, self.insured_name, self.insured_number, self.premium, self.from_day, self.to_day)
        return digest_of("issue", *map(str, parts), *([self.phone] if self.phone else []))


@dataclass(frozen=True, slots=True)
class Cancel:
    """A policy to cancel, the refund agreed, in fen (0: none), the date under which it was asked of the house, and the day on which its
    policyholder had it, as the house says."""

    serial: str
    policy_number: str
    refund: int
    reason: str
    asked_on: date
    received_on: date

    @property
    def digest(self) -> str:
        return digest_of("cancel", self.policy_number, str(self.refund), self.reason, str(self.asked_on), str(self.received_on))


def digest_of(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def recalled(tx: sqlite3.Connection, serial: str) -> sqlite3.Row | None:
    """The request received under a serial."""
    row: sqlite3.Row | None = tx.execute("SELECT * FROM request WHERE serial = ?", (serial,)).fetchone()
    return row


def issue(tx: sqlite3.Connection, order: Issue, now: datetime, refused: str = "", event: str = "issued") -> sqlite3.Row | None:
    """The request as decided; None if its serial was used for another. `refused`: why the risk is not taken on, if it is new; `event`: what
    the bordereau calls it."""
    earlier = recalled(tx, order.serial)
    if earlier is not None:
        return earlier if earlier["digest"] == order.digest else None
    if refused:
        remember(tx, order.serial, "issue", order.digest, "", State.REJECTED, refused)
        return recalled(tx, order.serial)
    number = "PL" + hashlib.sha256(order.serial.encode()).hexdigest()[:14].upper()
    tx.execute(
        "INSERT INTO policy VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (number, order.product, order.insured_name, order.insured_number, order.premium, order.from_day.isoformat(),
         order.to_day.isoformat(), State.IN_FORCE.value),
    )  # fmt: skip
    remember(tx, order.serial, "issue", order.digest, number, State.IN_FORCE, "")
    happened(tx, order.serial, now, number, event, order.premium)
    return recalled(tx, order.serial)


def cancel(tx: sqlite3.Connection, order: Cancel, now: datetime) -> tuple[sqlite3.Row | None, bool]:
    """The request as decided (None if its serial was used for another), and whether it cancelled a policy just now."""
    earlier = recalled(tx, order.serial)
    if earlier is not None:
        return (earlier if earlier["digest"] == order.digest else None), False
    reason = _refused(tx, order)
    state = State.REJECTED if reason else State.CANCELLED
    remember(tx, order.serial, "cancel", order.digest, order.policy_number, state, reason)
    if not reason:
        tx.execute("UPDATE policy SET state = ? WHERE policy_number = ?", (State.CANCELLED.value, order.policy_number))
        tx.execute("INSERT INTO cancellation VALUES (?, ?)", (order.serial, order.asked_on.isoformat()))
        tx.execute("INSERT INTO receipt VALUES (?, ?)", (order.serial, order.received_on.isoformat()))
        happened(tx, order.serial, now, order.policy_number, "cancelled", order.refund)
    return recalled(tx, order.serial), not reason


def _refused(tx: sqlite3.Connection, order: Cancel) -> str:
    policy = tx.execute("SELECT premium, state FROM policy WHERE policy_number = ?", (order.policy_number,)).fetchone()
    if policy is None:
        return Reason.UNKNOWN_POLICY
    if policy["state"] not in (State.IN_FORCE, State.SUSPENDED):
        return Reason.NOT_IN_FORCE
    if not _issued_on(tx, order.policy_number) - A_DAY <= order.received_on <= order.asked_on + A_DAY:
        return Reason.OTHER_DAY_OF_RECEIPT
    later = tx.execute("SELECT coalesce(sum(amount), 0) FROM premium WHERE policy_number = ?", (order.policy_number,)).fetchone()[0]
    changed = tx.execute("SELECT coalesce(sum(amount), 0) FROM change WHERE policy_number = ?", (order.policy_number,)).fetchone()[0]
    return Reason.REFUND_ABOVE_PREMIUM if order.refund > policy["premium"] + later + changed else ""


def _issued_on(tx: sqlite3.Connection, policy_number: str) -> date:
    """The day of the event with which the policy began."""
    row = tx.execute("SELECT day FROM event WHERE policy_number = ? ORDER BY rowid LIMIT 1", (policy_number,)).fetchone()
    return date.fromisoformat(row["day"])


def remember(tx: sqlite3.Connection, serial: str, kind: str, digest: str, policy_number: str, state: State, reason: str) -> None:
    """What was asked under a serial, and what became of it."""
    tx.execute("INSERT INTO request VALUES (?, ?, ?, ?, ?, ?)", (serial, kind, digest, policy_number, state.value, reason))


def happened(tx: sqlite3.Connection, serial: str, now: datetime, policy_number: str, event: str, amount: int) -> None:
    """An event under the serial that brought it about, for the bordereau of its day; `amount` in fen as the bordereau says it."""
    tx.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?)", (serial, business_date_of(now).isoformat(), policy_number, event, amount))


def dump(tx: sqlite3.Connection) -> dict[str, list[list[object]]]:
    """Everything but serials and policy numbers, in an order that does not depend on the run."""
    policies = "SELECT product, insured_name, insured_number, premium, from_day, to_day, state FROM policy ORDER BY 1, 3, 4, 5, 6, 7"
    events = "SELECT e.day, e.event, e.amount, p.product FROM event e JOIN policy p USING (policy_number) ORDER BY 1, 2, 3, 4"
    return {"policies": [list(row) for row in tx.execute(policies)], "events": [list(row) for row in tx.execute(events)]}
