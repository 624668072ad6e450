"""The insurer's HTTP face; formats in docs/reference/partners.md."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.refusal import BadInput
from tapwealth.sandbox.faults import Fault, withheld
from tapwealth.sandbox.insurer import books, bordereau, changes, claims, premiums, settlement, underwriting
from tapwealth.sandbox.insurer.answers import owe_refund, told
from tapwealth.sandbox.insurer.books import INSURER_SCHEMA, Cancel, Issue
from tapwealth.sandbox.insurer.underwriting import UNDERWRITING_SCHEMA, BeneficiaryBody, named_in
from tapwealth.sandbox.messages import Body, Fen, FenOrZero, Text, day_in, json_answer, json_body, one_line
from tapwealth.sandbox.process import Partner, run


class InsuredBody(Body):
    """Whose life or health it is."""

    name: Text
    identity_number: Text


class PhoneBody(Body):
    """The phone that a policy is bound to: the same `fingerprint` whenever it is insured."""

    fingerprint: Text
    last4: Text


class PolicyBody(Body, rename={"from_day": "from", "to_day": "to"}):
    """A policy to issue; `to` is the first day without cover, `paid_until` the first that `premium` does not pay for (none: not said)."""

    serial: Text
    product: Text
    insured: InsuredBody
    premium: Fen
    from_day: date
    to_day: date
    phone: PhoneBody | None = None
    occupation: int = 1
    beneficiaries: tuple[BeneficiaryBody, ...] = ()
    paid_until: date | None = None


class CancelBody(Body):
    """A policy to cancel, the refund agreed, the date under which it was asked of the house, and that on which its holder had it."""

    serial: Text
    refund: FenOrZero
    reason: Text
    asked_on: date
    received_on: date


async def _issue(partner: Partner, request: Request) -> Response:
    order = _wanted(await json_body(request, PolicyBody))
    return await partner.answer(request, "issue", partial(_decide_issue, partner, order), order.serial)


async def _renew(partner: Partner, request: Request) -> Response:
    """A policy that goes on from another."""
    order, renews = _wanted(await json_body(request, PolicyBody)), request.path_params["number"]
    return await partner.answer(request, "renew", partial(_decide_issue, partner, order, renews), order.serial)


def _wanted(body: PolicyBody) -> Issue:
    if body.from_day >= body.to_day:
        raise BadInput(
            f"cover from {body.from_day} to {body.to_day} is no time", where="from, to", hint="`to` is the first day without cover"
        )
    if body.paid_until is not None and not body.from_day < body.paid_until <= body.to_day:
        raise BadInput(f"{body.paid_until} is no day of that cover", where="paid_until", hint="it is after `from`, and `to` at the latest")
    insured, phone = body.insured, "" if body.phone is None else body.phone.fingerprint
    return Issue(
        body.serial,
        body.product,
        insured.name,
        insured.identity_number,
        body.premium,
        body.from_day,
        body.to_day,
        phone,
        body.occupation,
        named_in(body.beneficiaries),
        body.paid_until,
    )


def _decide_issue(partner: Partner, order: Issue, renews: str = "") -> Response:
    with partner.store.tx() as tx:
        refused = underwriting.refused(tx, order) or (premiums.may_renew(tx, renews, order.from_day) if renews else "")
        decided = books.issue(tx, order, partner.now(), refused, "renewed" if renews else "issued")
        if decided is not None and decided["policy_number"]:
            underwriting.taken_on(tx, order, decided["policy_number"])
    return told(order.serial, decided)


async def _cancel(partner: Partner, request: Request) -> Response:
    body = await json_body(request, CancelBody)
    order = Cancel(body.serial, request.path_params["number"], body.refund, body.reason, body.asked_on, body.received_on)
    return await partner.answer(request, "cancel", partial(_decide_cancel, partner, order), order.serial)


def _decide_cancel(partner: Partner, order: Cancel) -> Response:
    with partner.store.tx() as tx:
        decided, just_now = books.cancel(tx, order, partner.now())
        if just_now and order.refund:
            owe_refund(partner, tx, order.serial, order.refund)
    return told(order.serial, decided)


async def _inquire(partner: Partner, request: Request) -> Response:
    return await partner.answer(request, "inquiry", partial(_find, partner, request.path_params["serial"]))


def _find(partner: Partner, serial: str) -> Response:
    with partner.store.tx() as tx:
        found = books.recalled(tx, serial)
    return one_line(f"serial {serial} never came", 404) if found is None else told(serial, found)


async def _bordereau(partner: Partner, request: Request) -> Response:
    day = day_in(request)
    if business_date_of(partner.now()) <= day:
        return one_line(f"{day} has not ended here", 404)
    return await partner.answer(request, "bordereau_request", partial(_file, partner, day))


def _file(partner: Partner, day: date) -> Response:
    planned = partner.planned_fault("bordereau", day.isoformat())
    if withheld(planned, day, partner.now()):
        return one_line(f"the bordereau of {day} is not there", 404)
    fault = None if planned is None else planned.fault
    of_day = day - timedelta(days=1) if fault is Fault.WRONG_DAY else day
    with partner.store.tx() as tx:
        events = bordereau.spoiled(bordereau.events_of(tx, of_day), fault)
    return Response(bordereau.render(events), media_type="text/csv; charset=utf-8")


async def _store(partner: Partner, _: Request) -> Response:
    with partner.store.tx() as tx:
        return json_answer(books.dump(tx) | claims.dump(tx))


def _routes(partner: Partner) -> list[Route]:
    return [
        Route("/admin/store", partial(_store, partner)),
        Route("/policies", partial(_issue, partner), methods=["POST"]),
        Route("/policies/{number}/cancel", partial(_cancel, partner), methods=["POST"]),
        Route("/policies/{number}/renew", partial(_renew, partner), methods=["POST"]),
        *premiums.routes(partner),
        *changes.routes(partner),
        Route("/requests/{serial}", partial(_inquire, partner)),
        Route("/bordereau/{day}", partial(_bordereau, partner)),
        *claims.routes(partner),
        *settlement.routes(partner),
    ]


def main(argv: Sequence[str]) -> None:
    """Serve the insurer until SIGTERM."""
    schema = INSURER_SCHEMA + UNDERWRITING_SCHEMA + changes.CHANGES_SCHEMA + claims.CLAIMS_SCHEMA + settlement.SCHEMA
    run("insurer", schema, _routes, argv=argv)
