"""Payments: taken once by their end-to-end id, executed on their day, their outcome remembered.

What is repeated with the same content gets the same answer; the same id with other content is rejected as a duplicate (DUPL) and changes
nothing. All of it stands in the `tx` that took the message, the answer that is owed included.
"""

import sqlite3
from dataclasses import astuple, dataclass, replace
from datetime import date, datetime, timedelta

import msgspec

from tapwealth.kernel.money import format_minor
from tapwealth.sandbox.bank import books, mandates
from tapwealth.sandbox.bank.books import MEMBER_NUMBER, Movement
from tapwealth.sandbox.faults import Fault
from tapwealth.wire.iso20022.credit_transfer import CreditTransfer
from tapwealth.wire.iso20022.direct_debit import DirectDebit
from tapwealth.wire.iso20022.status_report import PaymentOutcome, PaymentStatus, StatusReason

PAYMENTS_SCHEMA = """
CREATE TABLE IF NOT EXISTS payment (
  end_to_end_id TEXT PRIMARY KEY, content TEXT NOT NULL, due TEXT NOT NULL, message_id TEXT NOT NULL, message_type TEXT NOT NULL,
  state TEXT NOT NULL, reason TEXT, text TEXT NOT NULL, settled_at TEXT);
CREATE INDEX IF NOT EXISTS payment_waiting ON payment (due) WHERE state = 'PDNG';
"""


@dataclass(frozen=True, slots=True)
class Order:
    """A payment as it was asked for. `code` is the bank's kind of booking, `bank` the member number that should be ours."""

    end_to_end_id: str
    code: str
    debtor: str
    creditor: str
    amount: int
    due: str
    text: str
    bank: str = MEMBER_NUMBER
    mandate_date: str = ""
    mandate: str = ""

    @property
    def content(self) -> str:
        return msgspec.json.encode(astuple(self)).decode()


TRANSFER, CHARGE, CREDIT_TRANSFER, DIRECT_DEBIT = "TRANSFER", "CHARGE", "PAIN001", "PAIN008"


def from_credit_transfer(one: CreditTransfer) -> Order:
    return Order(
        one.end_to_end_id,
        CREDIT_TRANSFER,
        one.debtor.account,
        one.creditor.account,
        one.amount,
        one.execution_date.isoformat(),
        one.text,
        one.debtor.bank,
    )


def from_direct_debit(one: DirectDebit) -> Order:
    return Order(
        one.end_to_end_id,
        DIRECT_DEBIT,
        one.debtor.account,
        one.creditor.account,
        one.amount,
        one.collection_date.isoformat(),
        one.text,
        one.creditor.bank,
        one.mandate_date.isoformat(),
        one.mandate_id,
    )


def take(
    tx: sqlite3.Connection, order: Order, message_id: str, message_type: str, now: datetime, today: date, fault: Fault | None
) -> PaymentOutcome:
    """The outcome of an order, taken now or before."""
    row = tx.execute("SELECT * FROM payment WHERE end_to_end_id = ?", (order.end_to_end_id,)).fetchone()
    if row is not None:
        return _outcome(row) if row["content"] == order.content else _duplicate(order)
    tx.execute(
        "INSERT INTO payment VALUES (?, ?, ?, ?, ?, ?, NULL, '', NULL)",
        (order.end_to_end_id, order.content, order.due, message_id, message_type, PaymentStatus.PENDING.value),
    )
    if order.due > today.isoformat():
        return PaymentOutcome(order.end_to_end_id, PaymentStatus.PENDING)
    return execute(tx, order, message_id, now, today, fault)


def execute(tx: sqlite3.Connection, order: Order, message_id: str, now: datetime, today: date, fault: Fault | None) -> PaymentOutcome:
    """Book a waiting order at the bank's date, or reject it; remember which."""
    refused = _refused(tx, order, now)
    if refused is None:
        _book(tx, order, message_id, today, fault)
        outcome = PaymentOutcome(order.end_to_end_id, PaymentStatus.SETTLED, now)
    else:
        outcome = PaymentOutcome(order.end_to_end_id, PaymentStatus.REJECTED, None, *refused)
    tx.execute(
        "UPDATE payment SET state = ?, reason = ?, text = ?, settled_at = ? WHERE end_to_end_id = ?",
        (outcome.status.value, outcome.reason, outcome.text, now.isoformat() if refused is None else None, order.end_to_end_id),
    )
    return outcome


def forget(tx: sqlite3.Connection, end_to_end_id: str) -> None:
    """A transfer that was refused is not remembered: who pays by hand tries again when the money is there."""
    tx.execute("DELETE FROM payment WHERE end_to_end_id = ? AND state = ?", (end_to_end_id, PaymentStatus.REJECTED.value))


def due_until(tx: sqlite3.Connection, day: date) -> list[tuple[Order, str, str]]:
    """(order, message id, message type) of what waits for a day that has come, by day, then in order of arrival."""
    rows = tx.execute(
        "SELECT * FROM payment WHERE state = ? AND due <= ? ORDER BY due, rowid", (PaymentStatus.PENDING.value, day.isoformat())
    )
    return [(_order(row), row["message_id"], row["message_type"]) for row in rows]


def _order(row: sqlite3.Row) -> Order:
    return Order(*msgspec.json.decode(row["content"]))


def _outcome(row: sqlite3.Row) -> PaymentOutcome:
    settled_at = datetime.fromisoformat(row["settled_at"]) if row["settled_at"] else None
    reason = StatusReason(row["reason"]) if row["reason"] else None
    return PaymentOutcome(row["end_to_end_id"], PaymentStatus(row["state"]), settled_at, reason, row["text"])


def _duplicate(order: Order) -> PaymentOutcome:
    text = "this end-to-end id was used for another payment"
    return PaymentOutcome(order.end_to_end_id, PaymentStatus.REJECTED, None, StatusReason.DUPLICATE, text)


def _refused(tx: sqlite3.Connection, order: Order, now: datetime) -> tuple[StatusReason, str] | None:
    """Why an order cannot be booked; the first reason that holds."""
    if order.bank != MEMBER_NUMBER:
        return StatusReason.WRONG_BANK, f"{order.bank} is not {MEMBER_NUMBER}"
    debtor, creditor = books.account(tx, order.debtor), books.account(tx, order.creditor)
    if debtor is None or creditor is None:
        return StatusReason.INCORRECT_ACCOUNT, "no such account: " + ("debtor's" if debtor is None else "creditor's")
    if not _allowed(order, debtor["kind"] == "platform", creditor["kind"] == "platform"):
        return StatusReason.FORBIDDEN, "the sender may not order this"
    if order.mandate_date > order.due:
        return StatusReason.NO_MANDATE, f"the mandate is of {order.mandate_date}"
    reserved = order.code == DIRECT_DEBIT and mandates.stands(tx, order.end_to_end_id, order.debtor, now)
    if not reserved and mandates.forbids(tx, order.mandate, order.debtor):
        return StatusReason.NO_MANDATE, "the mandate does not allow it any more"
    free = mandates.available(tx, order.debtor, now, order.end_to_end_id if reserved else "")
    if free < order.amount:
        return StatusReason.INSUFFICIENT_FUNDS, f"the account has {format_minor(free)}"
    return None


def _allowed(order: Order, from_platform: bool, to_platform: bool) -> bool:
    """The platform pays from its accounts and collects into them, the bank charges them; others pay from theirs; nobody pays himself."""
    if order.debtor == order.creditor:
        return False
    if order.code in (CREDIT_TRANSFER, CHARGE):
        return from_platform
    return not from_platform and (to_platform or order.code != DIRECT_DEBIT)


def _book(tx: sqlite3.Connection, order: Order, message_id: str, today: date, fault: Fault | None) -> None:
    movement = Movement(order.end_to_end_id, order.code, order.debtor, order.creditor, order.amount, today, order.text, message_id)
    if fault is Fault.ONE_FEN:
        movement = replace(movement, amount=order.amount + 1)
    if fault is Fault.WRONG_DAY:
        movement = replace(movement, day=today + timedelta(days=1))
    books.book(tx, movement)
    if order.code == DIRECT_DEBIT:
        mandates.debited(tx, order.end_to_end_id)
    if fault is Fault.DOUBLE:
        books.book(tx, replace(movement, copy=2))
