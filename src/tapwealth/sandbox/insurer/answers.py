"""What the insurer answers to whoever asked, and what it owes the bank for it."""

import sqlite3

import msgspec
from starlette.responses import Response

from tapwealth.sandbox.faults import Fault, next_fault
from tapwealth.sandbox.messages import json_answer, one_line
from tapwealth.sandbox.outbox import BANK, Message
from tapwealth.sandbox.process import Partner

OWN_ACCOUNT, CUSTOMER_RESERVE = "0200000002", "0100000001"


def owe_refund(partner: Partner, tx: sqlite3.Connection, serial: str, refund: int) -> None:
    """Paid once, whatever is repeated: the bank knows the end-to-end id. A doubled refund is one under two ids."""
    planned = next_fault(tx, "refund", serial)
    fault = None if planned is None else planned.fault
    amount = refund + 1 if fault is Fault.ONE_FEN else refund
    for end_to_end_id in (serial, f"{serial}-2") if fault is Fault.DOUBLE else (serial,):
        transfer = {"from": OWN_ACCOUNT, "to": CUSTOMER_RESERVE, "amount": amount, "end_to_end_id": end_to_end_id, "text": "refund"}
        body = msgspec.json.encode(transfer)
        message = Message(f"refund {end_to_end_id}", "refund", "/admin/transfer", body, "application/json", BANK)
        partner.push(message, None if fault is Fault.DOUBLE else planned)


def told(serial: str, request: sqlite3.Row | None) -> Response:
    """How a request was decided; None: its serial was used for another."""
    if request is None:
        return one_line(f"serial {serial} was used for another request", 409)
    fields = {"serial": serial, "kind": request["kind"], "state": request["state"], "policy_number": request["policy_number"]}
    return json_answer(fields | ({"reason": request["reason"]} if request["reason"] else {}))
