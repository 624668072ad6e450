"""The money of confirmed redemptions: one sum per distributor and destination, paid at the bank the day after at 10:00.

The bank knows a payment by its end-to-end id: `RED-<distributor>-<yyyymmdd of confirmation>` into the bank's advance account, with the
destination's number behind it into any other.
"""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import msgspec

from tapwealth.kernel.clock import shanghai
from tapwealth.sandbox.faults import Fault, PlannedFault, next_fault
from tapwealth.sandbox.outbox import BANK, Message, owe
from tapwealth.sandbox.process import DELAY
from tapwealth.sandbox.registrar.decisions import Decision
from tapwealth.sandbox.registrar.raises import FAILED, End
from tapwealth.sandbox.registrar.started import CASH, Given, Moved

CUSTODY, COLLECTION, ADVANCE = "0200000001", "0100000002", "0100000005"
KIND = "redemption_payment"
PAYING_HOUR = 10


def pay_redemptions(tx: sqlite3.Connection, decisions: Sequence[Decision], forced: Sequence[Moved], day: date) -> None:
    """Owe the bank the transfers for what was redeemed on `day`, forced redemptions too. Holders without a payout account of their own are
    paid to the distributors' collection account."""
    sums: Counter[tuple[str, str]] = Counter()
    for decision in decisions:
        if decision.request["business_code"] == "024" and decision.amount:
            sums[decision.request["distributor"], decision.payout_account or COLLECTION] += decision.amount
    for moved in forced:
        if moved.amount:
            sums[moved.holder.distributor, moved.payout_account or COLLECTION] += moved.amount
    for (distributor, destination), amount in sorted(sums.items()):
        suffix = "" if destination == ADVANCE else f"-{destination}"
        _owe_transfer(tx, f"RED-{distributor}-{day:%Y%m%d}{suffix}", destination, amount, day)


def pay_dividends(tx: sqlite3.Connection, given: Sequence[Given], day: date) -> None:
    """Owe the bank the transfers for dividends in cash, `DIV-<distributor>-<paying day>-<destination>`, as redemptions are paid."""
    sums: Counter[tuple[str, str]] = Counter()
    for one in given:
        if one.method == CASH and one.amount:
            sums[one.holder.distributor, one.payout_account or COLLECTION] += one.amount
    for (distributor, destination), amount in sorted(sums.items()):
        _owe_transfer(tx, f"DIV-{distributor}-{day:%Y%m%d}-{destination}", destination, amount, day)


def pay_interest(tx: sqlite3.Connection, ended: Sequence[End], day: date) -> None:
    """Owe the bank the transfers for the interest of failed raises, `RIN-<distributor>-<day>-<destination>`, as redemptions are paid."""
    sums: Counter[tuple[str, str]] = Counter()
    for one in ended:
        if one.code == FAILED and one.interest:
            sums[one.request["distributor"], one.payout_account or COLLECTION] += one.interest
    for (distributor, destination), amount in sorted(sums.items()):
        _owe_transfer(tx, f"RIN-{distributor}-{day:%Y%m%d}-{destination}", destination, amount, day)


def _owe_transfer(tx: sqlite3.Connection, end_to_end_id: str, destination: str, amount: int, day: date) -> None:
    planned = next_fault(tx, KIND, end_to_end_id)
    fault = None if planned is None else planned.fault
    paid = amount + 1 if fault is Fault.ONE_FEN else amount
    for identifier in (end_to_end_id, f"{end_to_end_id}-2") if fault is Fault.DOUBLE else (end_to_end_id,):
        transfer = {"from": CUSTODY, "to": destination, "amount": paid, "end_to_end_id": identifier, "text": "redemption 000198"}
        message = Message(identifier, KIND, "/admin/transfer", msgspec.json.encode(transfer), "application/json", BANK)
        owe(tx, message, copies=0 if fault is Fault.LOSE else 1, not_before=_when(planned, day))


def _when(planned: PlannedFault | None, day: date) -> datetime:
    due = shanghai(day + timedelta(days=1), PAYING_HOUR)
    match planned:
        case PlannedFault(fault=Fault.DELAY):
            return planned.until or due + DELAY
        case PlannedFault(fault=Fault.WRONG_DAY):
            return due - timedelta(days=1)
    return due
