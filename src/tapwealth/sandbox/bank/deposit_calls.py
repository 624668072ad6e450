"""The bank's calls as depository: terms, lists, answers, register; in docs/reference/bank.md."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import BinaryIO

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.refusal import Outage
from tapwealth.sandbox.bank import answers, books, deposit_register, payments
from tapwealth.sandbox.bank.deposit_register import ANSWER, REGISTER, check_list
from tapwealth.sandbox.bank.deposit_terms import TermsBody, set_terms
from tapwealth.sandbox.bank.payments import TRANSFER, Order
from tapwealth.sandbox.faults import Fault, next_fault, withheld
from tapwealth.sandbox.messages import body_into, day_in, file_answer, json_answer, json_body, one_line
from tapwealth.sandbox.process import UNSET, Partner
from tapwealth.wire.iso20022.status_report import PaymentStatus
from tapwealth.wire.sealed_csv import SealedCsv

DEPOSITS_ACCOUNT, INTEREST_ACCOUNT = "0100000006", "0200000015"
"""Where deposits lie, and the bank's own account that it pays interest from."""
_INTEREST_FUND = 10**13


def _today(partner: Partner) -> date:
    now = partner.now()
    if now == UNSET:
        raise Outage("the bank's clock is not set; POST /admin/clock first")
    return business_date_of(now)


async def _terms(partner: Partner, request: Request) -> Response:
    terms = await json_body(request, list[TermsBody])
    today = _today(partner)
    with partner.store.tx() as tx:
        set_terms(tx, terms)
        open_fund(tx, today)
    return json_answer({"products": len(terms)})


def open_fund(tx: sqlite3.Connection, today: date) -> None:
    """The account that interest is paid from."""
    books.open_account(tx, INTEREST_ACCOUNT, "Bank of Beijing, interest on deposits", _INTEREST_FUND, today)


async def _list(partner: Partner, request: Request) -> Response:
    day = day_in(request)
    with tempfile.TemporaryFile() as file:
        await body_into(request, file)
        await asyncio.to_thread(check_list, file)
        if _today(partner) <= day:
            return one_line(f"{day} has not ended at the bank", 409)
        return await partner.answer(request, "deposit_list", partial(_take, partner, day, file), day.isoformat())


def _take(partner: Partner, day: date, file: BinaryIO) -> Response:
    with partner.store.tx() as tx:
        wrong = deposit_register.take(tx, day, file, partner.now())
        if wrong is None:
            _pay(partner, partner.now())
    return one_line(wrong, 409) if wrong else Response(status_code=202)


async def _answers(partner: Partner, request: Request) -> Response:
    return await partner.answer(request, "deposit_request", partial(_file, partner, day_in(request), "deposit_answer"))


async def _register(partner: Partner, request: Request) -> Response:
    return await partner.answer(request, "deposit_request", partial(_file, partner, day_in(request), "deposit_register"))


def _file(partner: Partner, day: date, kind: str) -> Response:
    planned = partner.planned_fault(kind, day.isoformat())
    if withheld(planned, day, partner.now()):
        return one_line(f"nothing of {day} is there", 404)
    fault = None if planned is None else planned.fault
    told = day - timedelta(days=1) if fault is Fault.WRONG_DAY else day
    with partner.store.tx() as tx:
        if not deposit_register.came(tx, day):
            return one_line(f"no list of {day} came", 404)
        shape, records = _FILES[kind](tx, told)
        file = tempfile.TemporaryFile()  # noqa: SIM115  # it is closed when it is sent
        deposit_register.write_spoiled(shape, file, records, fault)
    return file_answer(file, "text/csv; charset=utf-8")


_FILES: dict[str, Callable[[sqlite3.Connection, date], tuple[SealedCsv, Iterable[Sequence[str]]]]] = {
    "deposit_answer": lambda tx, day: (ANSWER, deposit_register.answers_of(tx, day)),
    "deposit_register": lambda tx, day: (REGISTER, deposit_register.register_of(tx, day)),
}


async def pay_due(partner: Partner, _before: datetime, after: datetime) -> None:
    """Pay the interest whose time has come."""
    with partner.store.tx():
        _pay(partner, after)


def _pay(partner: Partner, now: datetime) -> None:
    with partner.store.tx() as tx:
        for row in deposit_register.due_payments(tx, now):
            at = max(datetime.fromisoformat(row["due"]), partner.now())
            name, day = row["end_to_end_id"], business_date_of(at)
            deposit_register.mark_paid(tx, name)
            planned = next_fault(tx, "deposit_interest", name, name)
            if planned is not None and planned.fault is Fault.LOSE:
                continue
            order = Order(name, TRANSFER, INTEREST_ACCOUNT, DEPOSITS_ACCOUNT, row["amount"], "", "interest on deposits")
            outcome = payments.take(tx, order, "", TRANSFER, at, day, planned.fault if planned else None)
            if outcome.status is not PaymentStatus.REJECTED:
                answers.notify(partner, tx, order, day, at, answers.later(planned, at))


def routes(partner: Partner) -> list[Route]:
    return [
        Route("/admin/deposits/terms", partial(_terms, partner), methods=["POST"]),
        Route("/deposits/{day}", partial(_list, partner), methods=["PUT"]),
        Route("/deposits/{day}", partial(_answers, partner)),
        Route("/deposits/{day}/register", partial(_register, partner)),
    ]
