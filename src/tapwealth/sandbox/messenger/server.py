"""The messenger's HTTP face; formats in docs/reference/partners.md.

What became of a message is pushed to the platform as a report, once it is known; who asks by serial is told the same.
"""

import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tapwealth.kernel.clock import iso
from tapwealth.kernel.refusal import BadInput
from tapwealth.sandbox.faults import UNPROCESSED, Fault, next_fault, next_fault_once
from tapwealth.sandbox.messages import Body, Text, json_answer, json_body, one_line
from tapwealth.sandbox.messenger import books
from tapwealth.sandbox.messenger.books import MESSENGER_SCHEMA, Channel, State, Submission
from tapwealth.sandbox.outbox import Message
from tapwealth.sandbox.process import Partner, run

REPORTS = "/partner/messenger/reports"
SLOW_SECONDS = 90
Address = Annotated[str, msgspec.Meta(pattern=r"^(1[0-9]{10}|[0-9a-f]{32})\Z")]
"""The 11 digits of a mobile number, or the 32 hexadecimal digits by which a phone is known to the push service."""
Addresses = Annotated[list[Address], msgspec.Meta(min_length=1, max_length=20)]


class MessageBody(Body):
    """A message: `to` is one number for a text message, or the phones of one person for a push message."""

    serial: Text
    channel: Channel
    to: Addresses
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
    segments: Annotated[int, msgspec.Meta(ge=1, le=20)] = 1


class DeadBody(Body):
    """Numbers and phones that take nothing from now on, or (`dead` false) take messages again."""

    addresses: Addresses
    dead: bool = True


async def _submit(partner: Partner, request: Request) -> Response:
    body = await json_body(request, MessageBody)
    if body.channel is Channel.SMS and (len(body.to) > 1 or len(body.to[0]) != 11):
        raise BadInput("a text message goes to one mobile number", where="to", hint="give one number of 11 digits")
    given = Submission(body.serial, body.channel, body.to, body.text, body.segments)
    with partner.store.tx() as tx:
        planned = next_fault_once(tx, body.channel, body.serial)
        fault = None if planned is None else planned.fault
        answer = _taken(partner, tx, given) if fault not in UNPROCESSED else _accepted(body.serial)
    return await _let_out(partner, request, fault, answer)


def _taken(partner: Partner, tx: sqlite3.Connection, given: Submission) -> Response:
    message, just_now = books.take(tx, given, partner.now())
    if message is None:
        return one_line(f"serial {given.serial} was used for another message", 409)
    if message["state"] == State.REJECTED:
        return json_answer({"serial": given.serial, "state": State.REJECTED, "reason": message["reason"]})
    if just_now:
        _owe_report(partner, tx, message)
    return _accepted(given.serial)


def _accepted(serial: str) -> Response:
    return json_answer({"serial": serial, "state": "accepted"})


def _owe_report(partner: Partner, tx: sqlite3.Connection, message: sqlite3.Row) -> None:
    report = {"serial": message["serial"], "state": message["state"], "reason": message["reason"], "at": iso(partner.now())}
    body = msgspec.json.encode({"reports": [report]})
    planned = next_fault(tx, "report", message["serial"])
    partner.push(Message(f"report {message['serial']}", "report", REPORTS, body, "application/json"), planned)


async def _inquire(partner: Partner, request: Request) -> Response:
    serial = request.path_params["serial"]
    with partner.store.tx() as tx:
        planned, message = next_fault(tx, "inquiry", None), books.find(tx, serial)
    fault = None if planned is None else planned.fault
    told = {"serial": serial, "state": "never_came"}
    if message is not None:
        told = {"serial": serial, "state": message["state"], "reason": message["reason"]}
    return await _let_out(partner, request, fault, json_answer(told))


async def _let_out(partner: Partner, request: Request, fault: Fault | None, answer: Response) -> Response:
    """The answer as a fault lets it go out."""
    match fault:
        case Fault.ERROR | Fault.ERROR_AFTER:
            return one_line("internal error", 500)
        case Fault.SILENT | Fault.SILENT_UNPROCESSED:
            return await partner.hold_open(request)
        case Fault.SLOW:
            in_vain = await partner.asked_in_vain(request, SLOW_SECONDS)
            return one_line("no answer", 503) if in_vain else answer
        case Fault.GARBAGE:
            return Response(bytes(answer.body)[::-1], media_type="application/json")
    return answer


async def _dead(partner: Partner, request: Request) -> Response:
    body = await json_body(request, DeadBody)
    with partner.store.tx() as tx:
        books.bury(tx, body.addresses, dead=body.dead)
    return json_answer({"addresses": len(body.addresses), "dead": body.dead})


async def _arrived(partner: Partner, request: Request) -> Response:
    with partner.store.tx() as tx:
        return json_answer({"messages": books.arrived(tx, request.path_params["address"])})


async def _store(partner: Partner, _: Request) -> Response:
    with partner.store.tx() as tx:
        return json_answer(books.dump(tx))


def _routes(partner: Partner) -> list[Route]:
    return [
        Route("/admin/arrived/{address}", partial(_arrived, partner)),
        Route("/admin/dead", partial(_dead, partner), methods=["POST"]),
        Route("/admin/store", partial(_store, partner)),
        Route("/messages", partial(_submit, partner), methods=["POST"]),
        Route("/messages/{serial}", partial(_inquire, partner)),
    ]


def main(argv: Sequence[str]) -> None:
    """Serve the messenger until SIGTERM."""
    run("messenger", MESSENGER_SCHEMA, _routes, argv=argv)
