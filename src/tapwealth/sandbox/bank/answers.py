"""What the bank tells the platform of itself: pain.002 for what it was ordered, camt.054 for what others paid in."""

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from tapwealth.sandbox.bank import books
from tapwealth.sandbox.bank.books import Movement
from tapwealth.sandbox.bank.payments import CHARGE, TRANSFER, Order
from tapwealth.sandbox.faults import Fault, PlannedFault
from tapwealth.sandbox.outbox import Message
from tapwealth.sandbox.process import Partner
from tapwealth.wire.iso20022.entry import Entry
from tapwealth.wire.iso20022.message_type import MessageType
from tapwealth.wire.iso20022.notification import Notification, write_notification
from tapwealth.wire.iso20022.status_report import PaymentOutcome, StatusReport, write_status_report

ANSWERS_SCHEMA = "CREATE TABLE IF NOT EXISTS report (message_id TEXT PRIMARY KEY, number INTEGER NOT NULL);"
PATH, XML = "/partner/bank/messages", "application/xml"
_ONE_DAY = timedelta(days=1)


def later(planned: PlannedFault | None, now: datetime) -> PlannedFault | None:
    """A delay, by default of a day: the bank's answers are late only when they miss the day."""
    if planned is None or planned.fault is not Fault.DELAY:
        return planned
    return replace(planned, until=planned.until or now + _ONE_DAY)


def report(
    partner: Partner,
    tx: sqlite3.Connection,
    original: tuple[str, str],
    outcomes: Sequence[PaymentOutcome],
    at: datetime,
    delayed: PlannedFault | None,
) -> None:
    """Owe the sender a pain.002 on outcomes of `original` (message id and type). A message answered again gets a report of its own."""
    message_id, message_type = original
    number = tx.execute(
        "INSERT INTO report VALUES (?, 1) ON CONFLICT (message_id) DO UPDATE SET number = number + 1 RETURNING number", (message_id,)
    ).fetchone()["number"]
    name = f"R{number}-{hashlib.sha256(message_id.encode()).hexdigest()[:24]}"
    planned = later(partner.planned_fault("pain.002", name), at) or delayed
    body = write_status_report(StatusReport(name, at, message_id, MessageType(message_type), tuple(outcomes)))
    partner.push(Message(name, "pain.002", PATH, body, XML), planned)


def notify(partner: Partner, tx: sqlite3.Connection, order: Order, day: date, at: datetime, delayed: PlannedFault | None) -> None:
    """Owe the platform a camt.054 of money that came in, as it was ordered."""
    movement = Movement(order.end_to_end_id, TRANSFER, order.debtor, order.creditor, order.amount, day, order.text, "")
    name = f"N-{movement.reference}"
    planned = later(partner.planned_fault("camt.054", name), at) or delayed
    fault = None if planned is None else planned.fault
    told = order.amount + 1 if fault is Fault.ONE_FEN else order.amount
    told_day = day + _ONE_DAY if fault is Fault.WRONG_DAY else day
    payer = books.account(tx, order.debtor)
    assert payer is not None, "it has just paid"
    entry = Entry(movement.reference, order.end_to_end_id, told, told_day, TRANSFER, order.debtor, payer["name"], order.text)
    body = write_notification(Notification(name, at, order.creditor, (entry,)))
    partner.push(Message(name, "camt.054", PATH, body, XML), planned)


def notify_taken(partner: Partner, tx: sqlite3.Connection, order: Order, day: date, at: datetime, delayed: PlannedFault | None) -> None:
    """Owe the platform a camt.054 of money that the bank has taken from an account of its."""
    movement = Movement(order.end_to_end_id, CHARGE, order.debtor, order.creditor, order.amount, day, order.text, "")
    name = f"D-{movement.reference}"
    payee = books.account(tx, order.creditor)
    assert payee is not None, "it has just been paid"
    entry = Entry(movement.reference, order.end_to_end_id, -order.amount, day, CHARGE, order.creditor, payee["name"], order.text)
    body = write_notification(Notification(name, at, order.debtor, (entry,)))
    partner.push(Message(name, "camt.054", PATH, body, XML), later(partner.planned_fault("camt.054", name), at) or delayed)
