"""The biller's books: bills by account number, and every payment order it ever received, by serial.

A payment is decided once. Under `late_success` the biller says at first that it does not know, then that the payment failed, until its
clock reaches an instant of the plan: from then on the payment has succeeded and stands in that day's file.
"""

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tapwealth.kernel.clock import business_date_of, iso
from tapwealth.kernel.refusal import BadInput

BILLER_SCHEMA = """
CREATE TABLE IF NOT EXISTS bill (
  bill_id TEXT PRIMARY KEY, account_number TEXT NOT NULL, period TEXT NOT NULL, amount INTEGER NOT NULL, penalty INTEGER NOT NULL,
  owner TEXT NOT NULL, address TEXT NOT NULL, due_on TEXT, paid_by TEXT);
CREATE INDEX IF NOT EXISTS bill_account ON bill (account_number, bill_id);
CREATE TABLE IF NOT EXISTS payment (
  serial TEXT PRIMARY KEY, digest TEXT NOT NULL, bill_id TEXT NOT NULL, account_number TEXT NOT NULL, amount INTEGER NOT NULL,
  state TEXT NOT NULL, reason TEXT NOT NULL, biller_reference TEXT NOT NULL, paid_at TEXT, paid_on TEXT, late_until TEXT);
CREATE INDEX IF NOT EXISTS payment_day ON payment (paid_on, serial);
CREATE INDEX IF NOT EXISTS payment_late ON payment (late_until) WHERE state = 'late';
"""


class State(StrEnum):
    """What became of a payment. `late` is shown as unknown by the answer and as rejected by an inquiry."""

    PAID = "paid"
    REJECTED = "rejected"
    LATE = "late"


class Reason(StrEnum):
    """Why a payment was rejected."""

    UNKNOWN_BILL = "unknown_bill"
    OTHER_ACCOUNT = "other_account"
    ALREADY_PAID = "already_paid"
    WRONG_AMOUNT = "wrong_amount"
    NOT_WRITTEN_OFF = "not_written_off"


@dataclass(frozen=True, slots=True)
class Order:
    """A payment order; `amount` in fen must be the bill's amount and penalty together."""

    serial: str
    bill_id: str
    account_number: str
    amount: int

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"{self.bill_id}|{self.account_number}|{self.amount}".encode()).hexdigest()


def add_bills(tx: sqlite3.Connection, bills: Sequence[tuple[str, str, str, int, int, str, str, str | None]]) -> None:
    """(bill_id, account_number, period, amount, penalty, owner, address, due_on). The same bill again changes nothing; other content under
    its id is BadInput."""
    for bill in bills:
        row = tx.execute(
            "SELECT bill_id, account_number, period, amount, penalty, owner, address, due_on FROM bill WHERE bill_id = ?", bill[:1]
        ).fetchone()
        if row is None:
            tx.execute("INSERT INTO bill VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)", bill)
        elif tuple(row) != bill:
            raise BadInput(f"bill {bill[0]} is there with other content", hint="name the new bill otherwise")


def open_bills(tx: sqlite3.Connection, account_number: str) -> tuple[bool, list[sqlite3.Row]]:
    """Whether the account exists, and its unpaid bills, oldest period first."""
    exists = tx.execute("SELECT 1 FROM bill WHERE account_number = ? LIMIT 1", (account_number,)).fetchone() is not None
    unpaid = "SELECT * FROM bill WHERE account_number = ? AND paid_by IS NULL ORDER BY period, bill_id"
    return exists, tx.execute(unpaid, (account_number,)).fetchall()


def pay(tx: sqlite3.Connection, order: Order, now: datetime, *, late_until: datetime | None = None, extra: int = 0) -> sqlite3.Row | None:
    """Decide an order; None if its serial was used for another. `extra` fen are booked on top: a fault of the biller's."""
    earlier = find(tx, order.serial)
    if earlier is not None:
        return earlier if earlier["digest"] == order.digest else None
    reason = _refused(tx, order)
    state = State.REJECTED if reason else State.LATE if late_until else State.PAID
    reference = "E" + hashlib.sha256(order.serial.encode()).hexdigest()[:15].upper()
    tx.execute(
        "INSERT INTO payment VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, ?)",
        (order.serial, order.digest, order.bill_id, order.account_number, order.amount + extra, state.value, reason, reference,
         iso(late_until) if late_until else None),
    )  # fmt: skip
    if state is State.PAID:
        _write_off(tx, order.serial, order.bill_id, now)
    return find(tx, order.serial)


def find(tx: sqlite3.Connection, serial: str) -> sqlite3.Row | None:
    """The payment received under a serial."""
    row: sqlite3.Row | None = tx.execute("SELECT * FROM payment WHERE serial = ?", (serial,)).fetchone()
    return row


def settle_late(tx: sqlite3.Connection, now: datetime) -> None:
    """What was to succeed late by `now` succeeds, each at its own instant, unless the bill was paid otherwise."""
    due = tx.execute("SELECT * FROM payment WHERE state = 'late' AND late_until <= ? ORDER BY late_until, serial", (iso(now),)).fetchall()
    for payment in due:
        bill = tx.execute("SELECT paid_by FROM bill WHERE bill_id = ?", (payment["bill_id"],)).fetchone()
        state, reason = (State.REJECTED, Reason.ALREADY_PAID.value) if bill["paid_by"] else (State.PAID, "")
        tx.execute("UPDATE payment SET state = ?, reason = ? WHERE serial = ?", (state.value, reason, payment["serial"]))
        if state is State.PAID:
            _write_off(tx, payment["serial"], payment["bill_id"], datetime.fromisoformat(payment["late_until"]))


def _write_off(tx: sqlite3.Connection, serial: str, bill_id: str, at: datetime) -> None:
    tx.execute("UPDATE bill SET paid_by = ? WHERE bill_id = ?", (serial, bill_id))
    tx.execute("UPDATE payment SET paid_at = ?, paid_on = ? WHERE serial = ?", (iso(at), business_date_of(at).isoformat(), serial))


def _refused(tx: sqlite3.Connection, order: Order) -> str:
    bill = tx.execute("SELECT * FROM bill WHERE bill_id = ?", (order.bill_id,)).fetchone()
    if bill is None:
        return Reason.UNKNOWN_BILL
    if bill["account_number"] != order.account_number:
        return Reason.OTHER_ACCOUNT
    if bill["paid_by"] is not None:
        return Reason.ALREADY_PAID
    return "" if order.amount == bill["amount"] + bill["penalty"] else Reason.WRONG_AMOUNT


def dump(tx: sqlite3.Connection) -> dict[str, list[list[object]]]:
    """Everything but serials and references, in an order that does not depend on the run."""
    bills = tx.execute("SELECT bill_id, account_number, period, amount, penalty, paid_by IS NOT NULL FROM bill ORDER BY bill_id").fetchall()
    payments = tx.execute(
        "SELECT bill_id, account_number, amount, state, reason, paid_on FROM payment ORDER BY 1, 2, 3, 4, 5, 6"
    ).fetchall()
    return {"bills": [list(row) for row in bills], "payments": [list(row) for row in payments]}
