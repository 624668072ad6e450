"""The bank's calls on mandates and reservations: JSON, answered at once; in docs/reference/bank.md."""

import sqlite3
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.sandbox.bank import mandates
from tapwealth.sandbox.bank.mandates import OTHER_CONTENT, Mandate, Reservation, Said
from tapwealth.sandbox.messages import Body, Fen, Text, json_answer, json_body, one_line
from tapwealth.sandbox.process import UNSET, Partner

Name = Annotated[str, msgspec.Meta(pattern="^[0-9A-Za-z-]{1,35}$")]
"""As long as ISO 20022's Max35Text."""


class MandateBody(Body):
    """A customer of the bank lets the platform collect."""

    id: Name
    account: Text
    holder: Text
    per_tap: Fen
    per_day: Fen
    given_on: date


class ReservationBody(Body):
    """Hold so much until then."""

    id: Name
    mandate: Name
    amount: Fen
    until: datetime


class NameBody(Body):
    """What is to be revoked or cancelled."""

    id: Name


async def _mandate(partner: Partner, request: Request) -> Response:
    body = await json_body(request, MandateBody)
    asked = Mandate(body.id, body.account, body.holder, body.per_tap, body.per_day, body.given_on)
    return await _answered(partner, request, "mandate", body.id, lambda tx: mandates.confirm(tx, asked))


async def _revocation(partner: Partner, request: Request) -> Response:
    body = await json_body(request, NameBody)
    return await _answered(partner, request, "revocation", body.id, lambda tx: mandates.revoke(tx, body.id))


async def _balance(partner: Partner, request: Request) -> Response:
    body = await json_body(request, NameBody)
    if partner.now() == UNSET:
        raise Outage("the bank's clock is not set; POST /admin/clock first")

    def done() -> Response:
        with partner.store.tx() as tx:
            said, available = mandates.balance(tx, body.id, partner.now())
        return json_answer({"state": said.state, "reason": said.reason, "text": said.text, "available": available})

    return await partner.answer(request, "balance", done)


async def _reservation(partner: Partner, request: Request) -> Response:
    body = await json_body(request, ReservationBody)
    if body.until.tzinfo is None:
        raise BadInput("it has no offset", where="until", hint="write it like 2014-02-24T00:00:00Z")
    asked = Reservation(body.id, body.mandate, body.amount, body.until)
    return await _answered(partner, request, "reservation", body.id, lambda tx: mandates.reserve(tx, asked, partner.now()))


async def _cancellation(partner: Partner, request: Request) -> Response:
    body = await json_body(request, NameBody)
    return await _answered(partner, request, "cancellation", body.id, lambda tx: mandates.cancel(tx, body.id))


async def _answered(partner: Partner, request: Request, kind: str, key: str, deed: Callable[[sqlite3.Connection], Said]) -> Response:
    """The deed's answer, unless a fault is planned for it."""
    if partner.now() == UNSET:
        raise Outage("the bank's clock is not set; POST /admin/clock first")

    def done() -> Response:
        with partner.store.tx() as tx:
            said = deed(tx)
        if said is OTHER_CONTENT:
            return one_line(said.text, 409)
        return json_answer({"state": said.state, "reason": said.reason, "text": said.text})

    return await partner.answer(request, kind, done, key)


def routes(partner: Partner) -> list[Route]:
    return [
        Route("/mandates", partial(_mandate, partner), methods=["POST"]),
        Route("/mandates/revoke", partial(_revocation, partner), methods=["POST"]),
        Route("/mandates/balance", partial(_balance, partner), methods=["POST"]),
        Route("/reservations", partial(_reservation, partner), methods=["POST"]),
        Route("/reservations/cancel", partial(_cancellation, partner), methods=["POST"]),
    ]
