"""A biller's HTTP face; formats in docs/reference/partners.md.

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
from tapwealth.sandbox.biller.books import BILLER_SCHEMA, NewBill, Order, Reason, State
from tapwealth.sandbox.biller.trade import ELECTRICITY, NO_BILL, Trade
from tapwealth.sandbox.faults import DELAY, UNPROCESSED, Fault, PlannedFault, next_fault, next_fault_once, plan_of, withheld
from tapwealth.sandbox.messages import Body, Fen, FenOrZero, day_in, json_answer, json_body, one_line
from tapwealth.sandbox.process import Partner, run

AccountNumber = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,19}\Z")]
GbkText = Annotated[str, msgspec.Meta(pattern=r"^[^|\x00-\x1f]{1,100}\Z")]
Fields = Annotated[dict[str, GbkText], msgspec.Meta(max_length=8)]
"""What is filled in besides the account's number."""
SLOW_SECONDS = 90
SILENCE = frozenset({Fault.SILENT, Fault.SILENT_UNPROCESSED})


class BillBody(Body):
    """A bill to be owed; amounts in fen; `owner` is masked already. From the day after `due_on` its penalty grows by the day."""

    bill_id: GbkText
    account_number: AccountNumber
    period: GbkText
    amount: Fen
    owner: GbkText
    address: GbkText
    penalty: FenOrZero = 0
    due_on: date | None = None
    fields: Fields = msgspec.field(default_factory=dict)


class BillsBody(Body):
    """Bills to add."""

    bills: list[BillBody]


class InquireBody(Body):
    """Which bills does this account owe?"""

    serial: GbkText
    account_number: AccountNumber
    fields: Fields = msgspec.field(default_factory=dict)


class PayBody(Body):
    """Pay one bill, or all of them (`*`), or an account in advance (no bill)."""

    serial: GbkText
    account_number: AccountNumber
    amount: Fen
    bill_id: Annotated[str, msgspec.Meta(max_length=200)] = NO_BILL
    fields: Fields = msgspec.field(default_factory=dict)


async def _add_bills(trade: Trade, partner: Partner, request: Request) -> Response:
    body = await json_body(request, BillsBody)
    for bill in body.bills:
        _gbk(bill.owner, bill.bill_id)
        _account(trade, bill.account_number)
    with partner.store.tx() as tx:
        bills = [NewBill(b.bill_id, b.account_number, b.period, b.amount, b.penalty, b.owner, b.address, b.due_on) for b in body.bills]
        books.add_bills(tx, bills)
        for bill in body.bills:
            books.ask_besides(tx, bill.account_number, bill.fields)
    return json_answer({"bills": len(body.bills)})


def _gbk(text: str, where: str) -> None:
    try:
        text.encode("gbk")
    except UnicodeEncodeError:
        raise BadInput(f"{text!r} cannot be written in GBK", where=where, hint="write the owner's name otherwise") from None


def _account(trade: Trade, account_number: str) -> None:
    if not trade.knows(account_number):
        raise BadInput(f"{account_number!r} is no account number of the {trade.name}", where="account_number", hint=trade.account)


async def _inquire(trade: Trade, partner: Partner, request: Request) -> Response:
    body = await json_body(request, InquireBody)
    _account(trade, body.account_number)
    with partner.store.tx() as tx:
        fault = planned.fault if (planned := next_fault(tx, "inquire", None)) else None
        exists, unpaid = books.open_bills(tx, trade, body.account_number, business_date_of(partner.now()))
        if not books.knows(tx, body.account_number, body.fields):
            exists, unpaid = False, []
    state = "arrears" if unpaid else "no_arrears" if exists else "unknown_account"
    shown = [msgspec.to_builtins(bill) for bill in unpaid]
    if fault is Fault.OTHER_CUSTOMER:
        shown = [{**bill, "account_number": bill["account_number"][::-1]} for bill in shown]
    elif fault is Fault.DOUBLE:
        shown = [*shown, *shown]
    return await _answered(partner, request, fault, json_answer({"serial": body.serial, "state": state, "bills": shown}))


async def _answered(partner: Partner, request: Request, fault: Fault | None, answer: Response) -> Response:
    """The answer as a fault lets it go out."""
    match fault:
        case Fault.ERROR:
            return one_line("internal error", 500)
        case Fault.SILENT | Fault.SILENT_UNPROCESSED | Fault.LOSE:
            return await partner.hold_open(request)
        case Fault.SLOW:
            in_vain = await partner.asked_in_vain(request, SLOW_SECONDS)
            return one_line("no answer", 503) if in_vain else answer
        case Fault.GARBAGE:
            return Response(bytes(answer.body)[::-1], media_type="application/json")
    return answer


async def _pay(trade: Trade, partner: Partner, request: Request) -> Response:
    body = await json_body(request, PayBody)
    _account(trade, body.account_number)
    order = Order(body.serial, body.bill_id, body.account_number, body.amount, body.fields)
    with partner.store.tx() as tx:
        planned = next_fault_once(tx, "pay", order.serial)
        fault = None if planned is None else planned.fault
        response = Response() if fault in UNPROCESSED else _decide(trade, partner, tx, order, planned)
    if fault is Fault.DOUBLE:
        response = Response(bytes(response.body) * 2, media_type="application/json")
    return await _answered(partner, request, fault, response)


def _decide(trade: Trade, partner: Partner, tx: sqlite3.Connection, order: Order, planned: PlannedFault | None) -> Response:
    now, late_until = partner.now(), None
    if planned is not None and planned.fault is Fault.LATE_SUCCESS:
        late_until = planned.until or now + DELAY
    extra = 1 if planned is not None and planned.fault is Fault.ONE_FEN else 0
    payment = books.pay(tx, trade, order, now, late_until=late_until, extra=extra)
    if payment is None:
        return one_line(f"serial {order.serial} was used for another payment", 409)
    if planned is not None and planned.fault is Fault.OTHER_CUSTOMER:
        return json_answer({"serial": f"{order.serial}X", "state": "paid", "biller_reference": payment["biller_reference"]})
    if trade.faces and order.bill_id == NO_BILL and payment["state"] == State.PAID:
        return json_answer({"serial": order.serial, "state": "unknown", "reason": Reason.IN_PROGRESS.value})
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
    serial = request.path_params["serial"]
    with partner.store.tx() as tx:
        fault = planned.fault if (planned := next_fault(tx, "payment_inquiry", None)) else None
        payment = books.find(tx, serial)
    return await _answered(partner, request, fault, _found(payment, serial, fault))


def _found(payment: sqlite3.Row | None, serial: str, fault: Fault | None) -> Response:
    if fault is Fault.NO_LOOKUP:
        return json_answer({"serial": serial, "state": "unknown", "reason": "no_payment_inquiry"})
    if fault is Fault.OTHER_CUSTOMER:
        return json_answer({"serial": f"{serial}X", "state": "paid", "biller_reference": "E"})
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


async def _on_clock(trade: Trade, partner: Partner, _: datetime, after: datetime) -> None:
    with partner.store.tx() as tx:
        books.settle_late(tx, trade, after)


def _routes(trade: Trade, partner: Partner) -> list[Route]:
    return [
        Route("/admin/bills", partial(_add_bills, trade, partner), methods=["POST"]),
        Route("/admin/payments", partial(_payments, partner)),
        Route("/admin/store", partial(_store, partner)),
        Route("/bills/inquire", partial(_inquire, trade, partner), methods=["POST"]),
        Route("/bills/pay", partial(_pay, trade, partner), methods=["POST"]),
        Route("/bills/payments/{serial}", partial(_inquire_payment, partner)),
        Route("/day-end/{day}", partial(_day_end, partner)),
    ]


def serve(trade: Trade, argv: Sequence[str]) -> None:
    """Serve a biller of that trade until SIGTERM."""
    run(trade.name, BILLER_SCHEMA, partial(_routes, trade), partial(_on_clock, trade), argv=argv)


def main(argv: Sequence[str]) -> None:
    """Serve the electricity until SIGTERM."""
    serve(ELECTRICITY, argv)
