"""The network's HTTP face; calls in docs/reference/partners.md, the files in docs/reference/clearing-file.md."""

import sqlite3
from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tapwealth.kernel.calendar_data import load_calendar
from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.kernel.refusal import BadInput
from tapwealth.sandbox.faults import DELAY, Fault, next_fault, withheld
from tapwealth.sandbox.messages import Body, day_in, json_answer, json_body, one_line
from tapwealth.sandbox.network import books
from tapwealth.sandbox.network.books import NETWORK_SCHEMA, Taken
from tapwealth.sandbox.outbox import BANK, Message, owe
from tapwealth.sandbox.process import Partner, run
from tapwealth.wire.clearing_file import Header, Item

OWN_ACCOUNT, INSTITUTIONS_MONEY = "0200000008", "0100000004"
"""The network's account at the bank, and the account into which it pays what it owes."""
_PAYING_HOUR = 10
_MOST_SEQUENCE = 9_999


class TariffBody(Body):
    """By which list it prices."""

    name: Literal["current", "2014"]


async def _present(partner: Partner, request: Request) -> Response:
    content = await request.body()
    header, items = books.read_presented(content)
    key = f"{header.institution}-{header.day}-{header.sequence}"
    return await partner.answer(request, "presentment", partial(_take, partner, content, header, items), key)


def _take(partner: Partner, content: bytes, header: Header, items: Sequence[Item]) -> Response:
    with partner.store.tx() as tx:
        taken = books.take(tx, content, header, items, lambda one: partner.planned_fault("item", "|".join((one.kind, *one.key))))
        if taken is None:
            return one_line(f"another file was presented as {header.day} {header.sequence}; take the next sequence", 409)
        if taken.just_now and taken.position < 0:
            _owe_position(partner, tx, taken)
    return json_answer({"day": header.day.isoformat(), "sequence": header.sequence, "items": header.count, "total": header.total})


def _owe_position(partner: Partner, tx: sqlite3.Connection, taken: Taken) -> None:
    """What the network owes is paid at ten on the banks' next working day. A doubled payment is one under two ids."""
    day, name = taken.header.day, f"UPN-{taken.header.day:%Y%m%d}-{taken.header.sequence}"
    planned = next_fault(tx, "settlement", name)
    fault = None if planned is None else planned.fault
    amount = 1 - taken.position if fault is Fault.ONE_FEN else -taken.position
    due = shanghai(load_calendar().next_working_day(day), _PAYING_HOUR)
    if planned is not None and fault is Fault.DELAY:
        due = planned.until or due + DELAY
    transfer = {"from": OWN_ACCOUNT, "to": INSTITUTIONS_MONEY, "amount": amount, "text": "card clearing"}
    for end_to_end_id in (name, f"{name}-2") if fault is Fault.DOUBLE else (name,):
        body = msgspec.json.encode(transfer | {"end_to_end_id": end_to_end_id})
        message = Message(end_to_end_id, "settlement", "/admin/transfer", body, "application/json", BANK)
        owe(tx, message, copies=0 if fault is Fault.LOSE else 1, not_before=due)
    partner.wakes[BANK].set()


async def _clearing(partner: Partner, request: Request) -> Response:
    day, sequence = day_in(request), request.path_params["sequence"]
    if not 1 <= sequence <= _MOST_SEQUENCE:
        raise BadInput(f"{sequence} is no sequence", where=request.url.path[:80], hint="they are counted from 1")
    if business_date_of(partner.now()) <= day:
        return one_line(f"{day} has not ended here", 404)
    deed = partial(_file, partner, request.path_params["institution"], day, sequence)
    return await partner.answer(request, "clearing_request", deed)


def _file(partner: Partner, institution: str, day: date, sequence: int) -> Response:
    with partner.store.tx() as tx:
        content = books.clearing_file(tx, institution, day, sequence)
        if content is None:
            return one_line(f"nothing was presented as {day} {sequence}", 404)
        planned = next_fault(tx, "clearing", f"{institution}-{day}-{sequence}")
    if withheld(planned, day, partner.now()):
        return one_line(f"the file of {day} {sequence} is not there", 404)
    return Response(_spoiled(content, None if planned is None else planned.fault), media_type="text/plain; charset=us-ascii")


def _spoiled(content: bytes, fault: Fault | None) -> bytes:
    match fault:
        case Fault.TORN_FILE:
            return content[: len(content) // 2]
        case Fault.WRONG_TOTAL:
            return books.with_wrong_total(content)
        case _:
            return content


async def _set_tariff(partner: Partner, request: Request) -> Response:
    body = await json_body(request, TariffBody)
    with partner.store.tx() as tx:
        books.set_tariff(tx, body.name)
    return json_answer({"tariff": body.name})


async def _positions(partner: Partner, _: Request) -> Response:
    with partner.store.tx() as tx:
        return json_answer(books.positions(tx))


async def _store(partner: Partner, _: Request) -> Response:
    with partner.store.tx() as tx:
        return json_answer(books.dump(tx))


def _routes(partner: Partner) -> list[Route]:
    return [
        Route("/admin/tariff", partial(_set_tariff, partner), methods=["POST"]),
        Route("/admin/positions", partial(_positions, partner)),
        Route("/admin/store", partial(_store, partner)),
        Route("/presentments", partial(_present, partner), methods=["POST"]),
        Route("/clearing/{institution}/{day}/{sequence:int}", partial(_clearing, partner)),
    ]


def main(argv: Sequence[str]) -> None:
    """Serve the network until SIGTERM."""
    run("network", NETWORK_SCHEMA, _routes, argv=argv)
