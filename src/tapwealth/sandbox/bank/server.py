"""The bank's HTTP face; messages, admin calls and faults in docs/reference/bank.md."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import partial
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.sandbox.bank import answers, books, deposit_calls, mandate_calls, mandates, payments, statements
from tapwealth.sandbox.bank.answers import ANSWERS_SCHEMA
from tapwealth.sandbox.bank.books import BOOKS_SCHEMA
from tapwealth.sandbox.bank.deposit_register import REGISTER_SCHEMA
from tapwealth.sandbox.bank.deposit_terms import TERMS_SCHEMA
from tapwealth.sandbox.bank.mandates import MANDATES_SCHEMA
from tapwealth.sandbox.bank.payments import PAYMENTS_SCHEMA, Order
from tapwealth.sandbox.faults import UNPROCESSED, Fault, PlannedFault, next_fault, next_fault_once, withheld
from tapwealth.sandbox.messages import Body, Fen, FenOrZero, day_in, json_answer, json_body, one_line
from tapwealth.sandbox.process import UNSET, Partner, run
from tapwealth.wire.iso20022.credit_transfer import read_credit_transfer
from tapwealth.wire.iso20022.direct_debit import read_direct_debit
from tapwealth.wire.iso20022.message_type import MessageType, sniff
from tapwealth.wire.iso20022.status_report import PaymentStatus
from tapwealth.wire.iso20022.values import identifier, printable

SCHEMA = f"{BOOKS_SCHEMA} {PAYMENTS_SCHEMA} {ANSWERS_SCHEMA} {MANDATES_SCHEMA} {TERMS_SCHEMA} {REGISTER_SCHEMA}"
AccountNumber = Annotated[str, msgspec.Meta(pattern="^[0-9]{5,22}$")]


class AccountBody(Body):
    """An account to open."""

    number: AccountNumber
    name: str
    balance: FenOrZero = 0


class TransferBody(Body, rename={"debtor": "from", "creditor": "to"}):
    """A customer of the bank pays from one account to another, or the bank takes what it charges."""

    debtor: str
    creditor: str
    amount: Fen
    end_to_end_id: str
    text: str = ""


def _today(partner: Partner) -> date:
    now = partner.now()
    if now == UNSET:
        raise Outage("the bank's clock is not set; POST /admin/clock first")
    return business_date_of(now)


async def _with_fault(
    partner: Partner, request: Request, named: tuple[str, str, str], deed: Callable[[PlannedFault | None], Response], lost: Response
) -> Response:
    """What `deed` answers, in one `tx` with the counting of faults; or what a fault makes of it. The body must have been read.

    `named` are the message's kind, its key, and the name of its first payment.
    """
    with partner.store.tx() as tx:
        planned = next_fault_once(tx, *named)
        fault = None if planned is None else planned.fault
        answer = lost if fault in UNPROCESSED else deed(planned)
    if fault is Fault.ERROR:
        return one_line("internal error", 500)
    if fault in (Fault.SILENT, Fault.SILENT_UNPROCESSED):
        return await partner.hold_open(request)
    return answer


async def _messages(partner: Partner, request: Request) -> Response:
    data = await request.body()
    message_type = sniff(data)
    match message_type:
        case MessageType.PAIN_001:
            transfers = read_credit_transfer(data)
            message_id, orders = transfers.message_id, [payments.from_credit_transfer(one) for one in transfers.transfers]
        case MessageType.PAIN_008:
            debits = read_direct_debit(data)
            message_id, orders = debits.message_id, [payments.from_direct_debit(one) for one in debits.debits]
        case _:
            raise BadInput(f"{message_type} is not for a bank", where="root element", hint="send pain.001 or pain.008")
    _today(partner)
    deed = partial(take_payments, partner, (message_id, message_type.value), orders)
    named = (message_type.family, message_id, orders[0].end_to_end_id)
    return await _with_fault(partner, request, named, deed, Response(status_code=202))


def take_payments(partner: Partner, original: tuple[str, str], orders: Sequence[Order], planned: PlannedFault | None) -> Response:
    """Take the payments of a message; a fault that changes a booking befalls the first of them."""
    now, today = partner.now(), _today(partner)
    with partner.store.tx() as tx:
        outcomes = [
            payments.take(tx, order, *original, now, today, planned.fault if planned and index == 0 else None)
            for index, order in enumerate(orders)
        ]
        answers.report(partner, tx, original, outcomes, now, _delay(planned, now))
    return Response(status_code=202)


def _delay(planned: PlannedFault | None, now: datetime) -> PlannedFault | None:
    """Of a fault of what came in, the part that concerns the answer."""
    return answers.later(planned, now) if planned is not None and planned.fault is Fault.DELAY else None


async def fall_due(partner: Partner, before: datetime, after: datetime) -> None:
    """What the bank does when its clock has come so far."""
    await execute_due(partner, before, after)
    await deposit_calls.pay_due(partner, before, after)


async def execute_due(partner: Partner, _before: datetime, after: datetime) -> None:
    """Execute what waits for a day that has come, each at the start of its day."""
    with partner.store.tx() as tx:
        for order, message_id, message_type in payments.due_until(tx, business_date_of(after)):
            due = date.fromisoformat(order.due)
            planned = partner.planned_fault(MessageType(message_type).family, message_id, order.end_to_end_id)
            outcome = payments.execute(tx, order, message_id, shanghai(due), due, planned.fault if planned else None)
            answers.report(partner, tx, (message_id, message_type), [outcome], shanghai(due), _delay(planned, after))


async def _transfer(partner: Partner, request: Request, *, code: str) -> Response:
    body = await json_body(request, TransferBody)
    order = Order(
        identifier(body.end_to_end_id, "end_to_end_id"),
        code,
        identifier(body.debtor, "from"),
        identifier(body.creditor, "to"),
        body.amount,
        "",
        printable(body.text, "text"),
    )
    _today(partner)
    lost = json_answer({"state": "booked"})
    named = (code.lower(), order.end_to_end_id, order.end_to_end_id)
    return await _with_fault(partner, request, named, partial(transferred, partner, order), lost)


def transferred(partner: Partner, order: Order, planned: PlannedFault | None) -> Response:
    now, today = partner.now(), _today(partner)
    with partner.store.tx() as tx:
        known = tx.execute("SELECT 1 FROM payment WHERE end_to_end_id = ?", (order.end_to_end_id,)).fetchone()
        outcome = payments.take(tx, order, "", order.code, now, today, planned.fault if planned else None)
        if outcome.status is PaymentStatus.REJECTED:
            payments.forget(tx, order.end_to_end_id)
            return one_line(f"{outcome.reason}: {outcome.text}", 409)
        if not known and books.is_platform(tx, order.creditor):
            answers.notify(partner, tx, order, today, now, _delay(planned, now))
        if not known and order.code == payments.CHARGE:
            answers.notify_taken(partner, tx, order, today, now, _delay(planned, now))
    return json_answer({"state": "booked"})


async def _statement(partner: Partner, request: Request) -> Response:
    day, account = day_in(request), request.path_params["account"]
    if _today(partner) <= day:
        return one_line(f"{day} has not ended at the bank; ask again when it has", 404)
    with partner.store.tx() as tx:
        known = books.account(tx, account)
        if known is None or known["opened_on"] > day.isoformat():
            return one_line(f"there was no account {account} on {day}", 404)
        if withheld(next_fault(tx, "camt.053", f"{account}-{day}"), day, partner.now()):
            return one_line(f"the statement of {account} for {day} is not there", 404)
        planned = next_fault_once(tx, "camt.053", f"{account}-{day}")
        fault = None if planned is None else planned.fault
        body = statements.render(tx, account, day, fault)
    if fault is Fault.ERROR:
        return one_line("internal error", 500)
    if fault in (Fault.SILENT, Fault.SILENT_UNPROCESSED):
        return await partner.hold_open(request)
    return Response(body, media_type=answers.XML)


async def _open_accounts(partner: Partner, request: Request) -> Response:
    bodies = await json_body(request, list[AccountBody])
    today = _today(partner)
    with partner.store.tx() as tx:
        for body in bodies:
            books.open_account(tx, body.number, printable(body.name, "name"), body.balance, today)
    return json_answer({"accounts": len(bodies)})


async def _account(partner: Partner, request: Request) -> Response:
    number = request.path_params["number"]
    with partner.store.tx() as tx:
        known = books.account(tx, number)
        bookings = tx.execute("SELECT count(*) FROM booking WHERE account = ?", (number,)).fetchone()[0]
        available = mandates.available(tx, number, partner.now())
    if known is None:
        return one_line(f"there is no account {number}", 404)
    return json_answer({"balance": known["balance"], "available": available, "bookings": bookings})


async def _store(partner: Partner, _: Request) -> Response:
    with partner.store.tx() as tx:
        return json_answer(books.dump(tx))


def _routes(partner: Partner) -> list[Route]:
    return [
        Route("/messages", partial(_messages, partner), methods=["POST"]),
        Route("/statements/{account}/{day}", partial(_statement, partner)),
        *mandate_calls.routes(partner),
        *deposit_calls.routes(partner),
        Route("/admin/accounts", partial(_open_accounts, partner), methods=["POST"]),
        Route("/admin/accounts/{number}", partial(_account, partner)),
        Route("/admin/transfer", partial(_transfer, partner, code=payments.TRANSFER), methods=["POST"]),
        Route("/admin/charge", partial(_transfer, partner, code=payments.CHARGE), methods=["POST"]),
        Route("/admin/store", partial(_store, partner)),
    ]


def main(argv: Sequence[str]) -> None:
    """Serve the bank until SIGTERM."""
    run("bank", SCHEMA, _routes, fall_due, argv=argv)
