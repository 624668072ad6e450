"""The biller's HTTP face; formats in docs/reference/partners.md.

While the plan has *every* payment silent, inquiries about payments are silent as well: the biller is there, but answers nothing.
"""

import sqlite3
from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.refusal import BadInput
from tapwealth.sandbox.biller import books, day_end
from tapwealth.sandbox.biller.books import BILLER_SCHEMA, Order, Reason, State
from tapwealth.sandbox.faults import DELAY, UNPROCESSED, Fault, PlannedFault, next_fault_once, plan_of, withheld
from tapwealth.sandbox.messages import Body, Fen, FenOrZero, Text, day_in, json_answer, json_body, one_line
from tapwealth.sandbox.process import Partner, run

AccountNumber = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{10}\Z")]
GbkText = Annotated[str, msgspec.Meta(pattern=r"^[^|\x00-\x1f]{1,100}\Z")]
SILENCE = frozenset({Fault.SILENT, Fault.SILENT_UNPROCESSED})


class BillBody(Body):
    """A bill to be owed; amounts in fen; `owner` is masked already."""

    bill_id: GbkText
    account_number: AccountNumber
    period: GbkText
    amount: Fen
    owner: GbkText
    address: GbkText
    penalty: FenOrZero = 0
    due_on: date | None = None


class BillsBody(Body):
    """Bills to add."""

    bills: list[BillBody]


class InquireBody(Body):
    """Which bills does this account owe?"""

    serial: GbkText
    account_number: AccountNumber


class PayBody(Body):
    """Pay one bill in full."""

    serial: GbkText
    bill_id: Text
    account_number: AccountNumber
    amount: Fen


async def _add_bills(partner: Partner, request: Request) -> Response:
    body = await json_body(request, BillsBody)
    for bill in body.bills:
        _gbk(bill.owner, bill.bill_id)
    with partner.store.tx() as tx:
        fields = [
            (b.bill_id, b.account_number, b.period, b.amount, b.penalty, b.owner, b.address, b.due_on.isoformat() if b.due_on else None)
            for b in body.bills
        ]
        books.add_bills(tx, fields)
    return json_answer({"bills": len(body.bills)})


def _gbk(text: str, where: str) -> None:
    try:
        text.encode("gbk")
    except UnicodeEncodeError:
        raise BadInput(f"{text!r} cannot be written in GBK", where=where, hint="write the owner's name otherwise") from None


async def _inquire(partner: Partner, request: Request) -> Response:
    body = await json_body(request, InquireBody)
    return await partner.answer(request, "inquire", partial(_arrears, partner, body))


def _arrears(partner: Partner, body: InquireBody) -> Response:
    with partner.store.tx() as tx:
        exists, unpaid = books.open_bills(tx, body.account_number)
    state = "arrears" if unpaid else "no_arrears" if exists else "unknown_account"
    return json_answer({"serial": body.serial, "state": state, "bills": [_shown(bill) for bill in unpaid]})


def _shown(bill: sqlite3.Row) -> dict[str, object]:
    shown = {name: bill[name] for name in ("bill_id", "account_number", "period", "amount", "penalty", "owner", "address", "due_on")}
    return {**shown, "balance": bill["amount"] + bill["penalty"]}


async def _pay(partner: Partner, request: Request) -> Response:
    body = await json_body(request, PayBody)
    order = Order(body.serial, body.bill_id, body.account_number, body.amount)
    with partner.store.tx() as tx:
        planned = next_fault_once(tx, "pay", order.serial)
        fault = None if planned is None else planned.fault
        response = one_line("internal error", 500) if fault is Fault.ERROR else None
        if fault not in UNPROCESSED:
            response = _decide(partner, tx, order, planned)
    if response is None or fault is Fault.SILENT:
        return await partner.hold_open(request)
    return response


def _decide(partner: Partner, tx: sqlite3.Connection, order: Order, planned: PlannedFault | None) -> Response:
    now, late_until = partner.now(), None
    if planned is not None and planned.fault is Fault.LATE_SUCCESS:
        late_until = planned.until or now + DELAY
    extra = 1 if planned is not None and planned.fault is Fault.ONE_FEN else 0
    payment = books.pay(tx, order, now, late_until=late_until, extra=extra)
    if payment is None:
        return one_line(f"serial {order.serial} was used for another payment", 409)
    return _told(payment, "unknown")


def _told(payment: sqlite3.Row, late_state: str) -> Response:
    match State(payment["state"]):
        case State.PAID:
            fields = {"state": "paid", "biller_reference": payment["biller_reference"]}
        case State.REJECTED:
            fields = {"state": "rejected", "reason": payment["reason"]}
        case State.LATE:
            fields = {"state": late_state, "reason": Reason.NOT_WRITTEN_OFF.value}
    return json_answer({"serial": payment["serial"], **fields})


async def _inquire_payment(partner: Partner, request: Request) -> Response:
    with partner.store.tx() as tx:
        silent = any(planned.message == "pay" and planned.nth == 0 and planned.fault in SILENCE for planned in plan_of(tx))
    if silent:
        return await partner.hold_open(request)
    return await partner.answer(request, "payment_inquiry", partial(_found, partner, request.path_params["serial"]))


def _found(partner: Partner, serial: str) -> Response:
    with partner.store.tx() as tx:
        payment = books.find(tx, serial)
    if payment is None:
        return json_answer({"serial": serial, "state": "unknown", "reason": "never_received"})
    return _told(payment, "rejected")


async def _day_end(partner: Partner, request: Request) -> Response:
    day = day_in(request)
    if business_date_of(partner.now()) <= day:
        return one_line(f"{day} has not ended here", 404)
    return await partner.answer(request, "day_end_request", partial(_file, partner, day))


def _file(partner: Partner, day: date) -> Response:
    planned = partner.planned_fault("day_end", day.isoformat())
    if withheld(planned, day, partner.now()):
        return one_line(f"the file of {day} is not there", 404)
    with partner.store.tx() as tx:
        lines = day_end.spoiled(day_end.lines_of(tx, day), planned.fault if planned else None)
    return Response(day_end.render(day, lines), media_type="text/plain; charset=gbk")


async def _store(partner: Partner, _: Request) -> Response:
    with partner.store.tx() as tx:
        return json_answer(books.dump(tx))


async def _payments(partner: Partner, _: Request) -> Response:
    with partner.store.tx() as tx:
        rows = tx.execute("SELECT serial, bill_id, amount, state, paid_at FROM payment ORDER BY serial").fetchall()
    return json_answer([dict(row) for row in rows])


async def _on_clock(partner: Partner, _: datetime, after: datetime) -> None:
    with partner.store.tx() as tx:
        books.settle_late(tx, after)


def _routes(partner: Partner) -> list[Route]:
    return [
        Route("/admin/bills", partial(_add_bills, partner), methods=["POST"]),
        Route("/admin/payments", partial(_payments, partner)),
        Route("/admin/store", partial(_store, partner)),
        Route("/bills/inquire", partial(_inquire, partner), methods=["POST"]),
        Route("/bills/pay", partial(_pay, partner), methods=["POST"]),
        Route("/bills/payments/{serial}", partial(_inquire_payment, partner)),
        Route("/day-end/{day}", partial(_day_end, partner)),
    ]


def main(argv: Sequence[str]) -> None:
    """Serve the biller until SIGTERM."""
    run("biller", BILLER_SCHEMA, _routes, _on_clock, argv=argv)
