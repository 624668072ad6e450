"""A biller's books: bills by account number, and every payment order it ever received, by serial.

A payment is decided once. Under `late_success` the biller says at first that it does not know, then that the payment failed, until its
clock reaches an instant of the plan: from then on the payment has succeeded and stands in that day's file.
"""

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from tapwealth.kernel.clock import business_date_of, iso
from tapwealth.kernel.refusal import BadInput
from tapwealth.sandbox.biller.trade import ALL_BILLS, NO_BILL, Trade

BILLER_SCHEMA = """
CREATE TABLE IF NOT EXISTS bill (
  bill_id TEXT PRIMARY KEY, account_number TEXT NOT NULL, period TEXT NOT NULL, amount INTEGER NOT NULL, penalty INTEGER NOT NULL,
  owner TEXT NOT NULL, address TEXT NOT NULL, paid_by TEXT, due_on TEXT, late_from TEXT, grown INTEGER NOT NULL, paid INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS bill_account ON bill (account_number, bill_id);
CREATE TABLE IF NOT EXISTS payment (
  serial TEXT PRIMARY KEY, digest TEXT NOT NULL, bill_id TEXT NOT NULL, account_number TEXT NOT NULL, amount INTEGER NOT NULL,
  state TEXT NOT NULL, reason TEXT NOT NULL, biller_reference TEXT NOT NULL, paid_at TEXT, paid_on TEXT, late_until TEXT);
CREATE TABLE IF NOT EXISTS account_field (
  account_number TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (account_number, name));
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
    UNKNOWN_ACCOUNT = "unknown_account"
    OTHER_ACCOUNT = "other_account"
    ALREADY_PAID = "already_paid"
    WRONG_AMOUNT = "wrong_amount"
    NOT_WRITTEN_OFF = "not_written_off"
    IN_PROGRESS = "in_progress"


@dataclass(frozen=True, slots=True)
class NewBill:
    """A bill to be owed: fen; from the day after `due_on` its penalty grows by the day beyond `penalty`."""

    bill_id: str
    account_number: str
    period: str
    amount: int
    penalty: int
    owner: str
    address: str
    due_on: date | None = None

    @property
    def cells(self) -> tuple[object, ...]:
        due = self.due_on.isoformat() if self.due_on else None
        return (self.bill_id, self.account_number, self.period, self.amount, self.penalty, self.owner, self.address, due)


@dataclass(frozen=True, slots=True)
class OpenBill:
    """What a bill comes to on a day: `balance` pays it in full."""

    bill_id: str
    account_number: str
    period: str
    amount: int
    penalty: int
    balance: int
    owner: str
    address: str
    due_on: str | None


@dataclass(frozen=True, slots=True)
class Order:
    """A payment order in fen: of one bill, of all (`*`), or of none. `fields`: what else its payer filled in."""

    serial: str
    bill_id: str
    account_number: str
    amount: int
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        further = "".join(f"|{name}={value}" for name, value in sorted(self.fields.items()))
        return hashlib.sha256(f"{self.bill_id}|{self.account_number}|{self.amount}{further}".encode()).hexdigest()


_SAID = "bill_id, account_number, period, amount, penalty, owner, address, due_on"


def add_bills(tx: sqlite3.Connection, bills: Sequence[NewBill]) -> None:
    """The same bill again changes nothing; other content under its id is BadInput."""
    for bill in bills:
        row = tx.execute(f"SELECT {_SAID} FROM bill WHERE bill_id = ?", (bill.bill_id,)).fetchone()  # noqa: S608 - columns
        if row is None:
            tx.execute(f"INSERT INTO bill ({_SAID}, late_from, grown, paid) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)",  # noqa: S608 - columns
                       (*bill.cells, bill.cells[-1]))  # fmt: skip
        elif tuple(row) != bill.cells:
            raise BadInput(f"bill {bill.bill_id} is there with other content", hint="name the new bill otherwise")


def ask_besides(tx: sqlite3.Connection, account_number: str, fields: Mapping[str, str]) -> None:
    """Whoever names this account is to fill in these as well."""
    for name, value in fields.items():
        tx.execute("INSERT OR REPLACE INTO account_field VALUES (?, ?, ?)", (account_number, name, value))


def knows(tx: sqlite3.Connection, account_number: str, fields: Mapping[str, str]) -> bool:
    """Whether that is what the account's owner fills in besides its number."""
    asked = tx.execute("SELECT name, value FROM account_field WHERE account_number = ?", (account_number,)).fetchall()
    return dict(fields) == {row["name"]: row["value"] for row in asked}


def open_bills(tx: sqlite3.Connection, trade: Trade, account_number: str, day: date) -> tuple[bool, list[OpenBill]]:
    """Whether the account exists, and its unpaid bills as of a day, oldest period first."""
    exists = tx.execute("SELECT 1 FROM bill WHERE account_number = ? LIMIT 1", (account_number,)).fetchone() is not None
    unpaid = "SELECT * FROM bill WHERE account_number = ? AND paid_by IS NULL ORDER BY period, bill_id"
    return exists, [_as_of(trade, row, day) for row in tx.execute(unpaid, (account_number,))]


def _as_of(trade: Trade, row: sqlite3.Row, day: date) -> OpenBill:
    penalty = row["penalty"] + _grown(trade, row, day)
    balance = row["amount"] + penalty - row["paid"]
    return OpenBill(
        row["bill_id"], row["account_number"], row["period"], row["amount"], penalty, balance, row["owner"], row["address"], row["due_on"]
    )  # fmt: skip


def _grown(trade: Trade, row: sqlite3.Row, day: date) -> int:
    """Fen of penalty that came by the day."""
    if row["late_from"] is None:
        return int(row["grown"])
    days = (day - date.fromisoformat(row["late_from"])).days
    return trade.penalty(max(row["amount"] - row["paid"], 0), days, row["grown"], row["amount"])


def pay(
    tx: sqlite3.Connection, trade: Trade, order: Order, now: datetime, *, late_until: datetime | None = None, extra: int = 0
) -> sqlite3.Row | None:
    """Decide an order; None if its serial was used for another. `extra` fen are booked on top: a fault of the biller's."""
    earlier = find(tx, order.serial)
    if earlier is not None:
        return earlier if earlier["digest"] == order.digest else None
    reason = _refused(tx, trade, order, business_date_of(now))
    state = State.REJECTED if reason else State.LATE if late_until else State.PAID
    reference = "E" + hashlib.sha256(order.serial.encode()).hexdigest()[:15].upper()
    tx.execute(
        "INSERT INTO payment VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, ?)",
        (order.serial, order.digest, order.bill_id, order.account_number, order.amount + extra, state.value, reason, reference,
         iso(late_until) if late_until else None),
    )  # fmt: skip
    if state is State.PAID:
        _write_off(tx, trade, order, now)
    return find(tx, order.serial)


def find(tx: sqlite3.Connection, serial: str) -> sqlite3.Row | None:
    """The payment received under a serial."""
    row: sqlite3.Row | None = tx.execute("SELECT * FROM payment WHERE serial = ?", (serial,)).fetchone()
    return row


def settle_late(tx: sqlite3.Connection, trade: Trade, now: datetime) -> None:
    """What was to succeed late by `now` succeeds, each at its own instant, unless what it was for was paid otherwise meanwhile."""
    due = tx.execute("SELECT * FROM payment WHERE state = 'late' AND late_until <= ? ORDER BY late_until, serial", (iso(now),)).fetchall()
    for payment in due:
        order, at = Order(payment["serial"], payment["bill_id"], payment["account_number"], payment["amount"]), payment["late_until"]
        in_vain = order.bill_id != NO_BILL and not _still_pays(trade, order, _unpaid(tx, trade, order, _day_of(at)))
        state, reason = (State.REJECTED, Reason.ALREADY_PAID.value) if in_vain else (State.PAID, "")
        tx.execute("UPDATE payment SET state = ?, reason = ? WHERE serial = ?", (state.value, reason, payment["serial"]))
        if state is State.PAID:
            _write_off(tx, trade, order, datetime.fromisoformat(at))


def _day_of(instant: str) -> date:
    return business_date_of(datetime.fromisoformat(instant))


def _still_pays(trade: Trade, order: Order, unpaid: int) -> bool:
    """Whether what an order is for still comes to what it pays; where more may be paid, to anything at all."""
    return unpaid > 0 if trade.more and order.bill_id != ALL_BILLS else order.amount <= unpaid


def _unpaid(tx: sqlite3.Connection, trade: Trade, order: Order, day: date) -> int:
    """Fen that what an order is for comes to on a day: a penalty that has grown meanwhile is left over, and no reason to refuse it."""
    return sum(_as_of(trade, row, day).balance for row in _meant(tx, order) if row["paid_by"] is None)


def _write_off(tx: sqlite3.Connection, trade: Trade, order: Order, at: datetime) -> None:
    """The money pays what it was for, and where that is everything the oldest first; a penalty goes on from what is left. What a bill is
    paid beyond its balance is money in advance: it pays the account's other bills, the oldest first."""
    day = business_date_of(at)
    left = order.amount
    advance = replace(order, bill_id=NO_BILL)
    meant = {row["bill_id"]: row for row in (*_meant(tx, order), *(_meant(tx, advance) if trade.more else ()))}
    for row in meant.values():
        if not left:
            break
        balance = _as_of(trade, row, day).balance
        share = min(left, balance)
        left -= share
        tx.execute(
            "UPDATE bill SET paid = paid + ?, grown = ?, late_from = max(late_from, ?), paid_by = ? WHERE bill_id = ?",
            (share, _grown(trade, row, day), day.isoformat(), order.serial if share == balance else None, row["bill_id"]),
        )
    tx.execute("UPDATE payment SET paid_at = ?, paid_on = ? WHERE serial = ?", (iso(at), day.isoformat(), order.serial))


def _meant(tx: sqlite3.Connection, order: Order) -> list[sqlite3.Row]:
    if order.bill_id in (ALL_BILLS, NO_BILL):
        unpaid = "SELECT * FROM bill WHERE account_number = ? AND paid_by IS NULL ORDER BY period, bill_id"
        return tx.execute(unpaid, (order.account_number,)).fetchall()
    return tx.execute("SELECT * FROM bill WHERE bill_id = ?", (order.bill_id,)).fetchall()


def _refused(tx: sqlite3.Connection, trade: Trade, order: Order, day: date) -> str:
    if not knows(tx, order.account_number, order.fields):
        return Reason.UNKNOWN_ACCOUNT
    if order.bill_id == NO_BILL:
        return "" if trade.takes_in_advance(order.amount) else Reason.WRONG_AMOUNT
    meant = _meant(tx, order)
    if not meant:
        return Reason.UNKNOWN_BILL
    if order.bill_id != ALL_BILLS and meant[0]["account_number"] != order.account_number:
        return Reason.OTHER_ACCOUNT
    if meant[0]["paid_by"] is not None:
        return Reason.ALREADY_PAID
    balance = sum(_as_of(trade, row, day).balance for row in meant)
    otherwise = order.bill_id != ALL_BILLS and (trade.parts if order.amount < balance else trade.more)
    return "" if otherwise or order.amount == balance else Reason.WRONG_AMOUNT


def dump(tx: sqlite3.Connection) -> dict[str, list[list[object]]]:
    """Everything but serials and references, in an order that does not depend on the run."""
    bills = tx.execute(
        "SELECT bill_id, account_number, period, amount, penalty, paid_by IS NOT NULL, due_on, grown, paid FROM bill ORDER BY bill_id"
    ).fetchall()
    payments = tx.execute(
        "SELECT bill_id, account_number, amount, state, reason, paid_on FROM payment ORDER BY 1, 2, 3, 4, 5, 6"
    ).fetchall()
    return {"bills": [list(row) for row in bills], "payments": [list(row) for row in payments]}
