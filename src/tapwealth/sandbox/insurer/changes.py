"""The insurer's books of changes: another occupation, beneficiaries, an address, a sum that was scaled for a wrong age.

It works out no amount: it books what was agreed, once by serial, and refuses what its own books contradict: a policy that is not in force,
work that it never insures, more back than was paid. What it gives back it owes the bank in the same `tx`.
"""

import sqlite3
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tapwealth.kernel.money import MAX_AMOUNT
from tapwealth.sandbox.insurer import books
from tapwealth.sandbox.insurer.answers import owe_refund, told
from tapwealth.sandbox.insurer.books import Reason, State
from tapwealth.sandbox.insurer.premiums import Told, decide
from tapwealth.sandbox.insurer.underwriting import MOST_DANGEROUS, BeneficiaryBody, name_beneficiaries, named_in
from tapwealth.sandbox.messages import Body, Fen, Text, json_body
from tapwealth.sandbox.process import Partner

CHANGES_SCHEMA = """
CREATE TABLE IF NOT EXISTS change (
  serial TEXT PRIMARY KEY, policy_number TEXT NOT NULL REFERENCES policy, kind TEXT NOT NULL, amount INTEGER NOT NULL,
  effective TEXT NOT NULL, occupation INTEGER, address TEXT, sum_insured INTEGER);
CREATE INDEX IF NOT EXISTS change_policy ON change (policy_number);
"""
Signed = Annotated[int, msgspec.Meta(ge=-MAX_AMOUNT, le=MAX_AMOUNT)]


class Kind(StrEnum):
    """What is changed."""

    OCCUPATION = "occupation"
    BENEFICIARIES = "beneficiaries"
    ADDRESS = "address"
    AGE = "age"


class ChangeBody(Body):
    """A change from `effective` on, for `amount` fen more, with a minus for so many back. What is not given stays as it is."""

    serial: Text
    kind: Kind
    amount: Signed
    effective: date
    occupation: Annotated[int, msgspec.Meta(ge=1, le=6)] | None = None
    beneficiaries: tuple[BeneficiaryBody, ...] | None = None
    address: Text | None = None
    sum_insured: Fen | None = None


def change(body: ChangeBody, tx: sqlite3.Connection, policy: sqlite3.Row, now: datetime) -> State | Reason:
    """Of a policy in force."""
    number = policy["policy_number"]
    if policy["state"] != State.IN_FORCE:
        return Reason.NOT_IN_FORCE
    if body.occupation is not None and body.occupation > MOST_DANGEROUS:
        return Reason.OCCUPATION_NOT_COVERED
    if -body.amount > _paid(tx, policy):
        return Reason.REFUND_ABOVE_PREMIUM
    row = (body.serial, number, body.kind.value, body.amount, body.effective.isoformat(), body.occupation, body.address, body.sum_insured)
    tx.execute("INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    if body.occupation is not None:
        tx.execute("UPDATE risk SET occupation = ? WHERE policy_number = ?", (body.occupation, number))
    if body.beneficiaries is not None:
        name_beneficiaries(tx, number, named_in(body.beneficiaries))
    books.happened(tx, body.serial, now, number, "endorsed", body.amount)
    return State.ENDORSED


def _paid(tx: sqlite3.Connection, policy: sqlite3.Row) -> int:
    """Fen: the first premium, those of later years, and what changes came to."""
    number = policy["policy_number"]
    later = tx.execute("SELECT coalesce(sum(amount), 0) FROM premium WHERE policy_number = ?", (number,)).fetchone()[0]
    changed = tx.execute("SELECT coalesce(sum(amount), 0) FROM change WHERE policy_number = ?", (number,)).fetchone()[0]
    return int(policy["premium"] + later + changed)


async def _change(partner: Partner, request: Request) -> Response:
    body = await json_body(request, ChangeBody)
    parts = (
        body.kind.value,
        str(body.amount),
        str(body.effective),
        repr((body.occupation, body.beneficiaries, body.address, body.sum_insured)),
    )
    order = Told(body.serial, "endorse", request.path_params["number"], parts)
    return await partner.answer(request, "endorse", partial(_decide, partner, body, order), order.serial)


def _decide(partner: Partner, body: ChangeBody, order: Told) -> Response:
    with partner.store.tx() as tx:
        decided, just_now = decide(tx, order, partner.now(), partial(change, body))
        if just_now and body.amount < 0:
            owe_refund(partner, tx, order.serial, -body.amount)
    return told(order.serial, decided)


def routes(partner: Partner) -> list[Route]:
    """What is told of a policy's changes."""
    return [Route("/policies/{number}/endorse", partial(_change, partner), methods=["POST"])]
