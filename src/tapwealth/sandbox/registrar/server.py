"""The registrar's process: its clock drives its day, its folder is looked into all the time; see docs/reference/registrar.md."""

import sys
from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tapwealth.kernel.clock import sleep_ms
from tapwealth.kernel.refusal import BadInput
from tapwealth.sandbox.messages import json_answer, json_body, one_line
from tapwealth.sandbox.process import Partner, run
from tapwealth.sandbox.registrar import dispatch, intake, raises, register, requests, shelf, started, working_day
from tapwealth.sandbox.registrar.folder import Exchange
from tapwealth.sandbox.registrar.intake import Intake
from tapwealth.sandbox.registrar.register import FUND_CODE
from tapwealth.sandbox.registrar.reports import REGISTRAR

SCHEMA = "".join(
    (
        register.REGISTER_SCHEMA,
        shelf.SHELF_SCHEMA,
        started.STARTED_SCHEMA,
        raises.RAISE_SCHEMA,
        requests.REQUEST_SCHEMA,
        intake.TAKEN_SCHEMA,
        dispatch.DISPATCH_SCHEMA,
        working_day.AGENDA_SCHEMA,
    )
)
LOOK_EVERY_MS = 500


class Registrar:
    """What the process does, for whoever calls first: the clock or the next look into the folder."""

    def __init__(self) -> None:
        self._intake: Intake | None = None

    async def on_clock(self, partner: Partner, _before: datetime, after: datetime) -> None:
        """Take what lies there, do what falls due, send what that made."""
        self._look(partner)
        working_day.work_until(partner.store, after)
        dispatch.publish(partner.store, _exchange(partner), REGISTRAR, after)

    async def watch(self, partner: Partner) -> None:
        """Take files soon after they come, and after a kill send what was not sent."""
        while True:
            self._look(partner)
            dispatch.publish(partner.store, _exchange(partner), REGISTRAR, partner.now())
            await sleep_ms(LOOK_EVERY_MS)

    def _look(self, partner: Partner) -> None:
        if self._intake is None:
            self._intake = Intake(partner.store, _exchange(partner))
        self._intake.scan()


def _exchange(partner: Partner) -> Exchange:
    return Exchange(partner.options.exchange)


def _routes(partner: Partner) -> list[Route]:
    if partner.options.exchange is None:
        sys.stderr.write("registrar: name the folder of exchanged files by --exchange DIR\n")
        raise SystemExit(2)
    _exchange(partner).prepare()
    return [
        Route("/admin/register", partial(_register, partner)),
        Route("/admin/fund", partial(_fund, partner), methods=["POST"]),
        Route("/admin/nav", partial(_nav, partner), methods=["POST"]),
        Route("/admin/force", partial(_force, partner), methods=["POST"]),
        Route("/admin/dividend", partial(_dividend, partner), methods=["POST"]),
        Route("/admin/raise", partial(_raise, partner), methods=["POST"]),
        Route("/admin/problems", partial(_problems, partner)),
        Route("/admin/large_redemption", partial(_large_redemption, partner), methods=["POST"]),
        Route("/admin/store", partial(_store, partner)),
    ]


async def _register(partner: Partner, request: Request) -> Response:
    fund = request.query_params.get("fund", FUND_CODE)
    with partner.store.tx() as tx:
        held = register.holdings(tx, fund)
    holders = [
        {
            "ta_account": one.holder.ta_account,
            "trading_account": one.holder.trading_account,
            "distributor": one.holder.distributor,
            "units": one.units,
        }
        for one in held
    ]
    return json_answer({"fund": fund, "units": sum(one.units for one in held), "holders": holders})


async def _fund(partner: Partner, request: Request) -> Response:
    terms = await json_body(request, shelf.Terms)
    if terms.code == FUND_CODE:
        raise BadInput(f"{FUND_CODE} is the money fund", where="code", hint="give another fund terms")
    with partner.store.tx() as tx:
        shelf.put(tx, terms)
    return json_answer({"fund": terms.code})


class Nav(msgspec.Struct, forbid_unknown_fields=True):
    """1/10,000 yuan, of a dealing day."""

    fund: str
    day: date
    nav: Annotated[int, msgspec.Meta(gt=0, lt=100_000_000)]


async def _force(partner: Partner, request: Request) -> Response:
    body = await json_body(request, started.Forced)
    with partner.store.tx() as tx:
        started.ask(tx, body)
    return json_answer({"code": body.code, "units": body.units})


async def _dividend(partner: Partner, request: Request) -> Response:
    body = await json_body(request, started.Dividend)
    with partner.store.tx() as tx:
        if shelf.terms_of(tx, body.fund) is None:
            return one_line(f"{body.fund} is no fund with a NAV here; POST /admin/fund first", 409)
        started.declare(tx, body)
    return json_answer({"fund": body.fund, "record_date": body.record_date.isoformat()})


async def _raise(partner: Partner, request: Request) -> Response:
    body = await json_body(request, raises.Terms)
    with partner.store.tx() as tx:
        if shelf.terms_of(tx, body.fund) is None:
            raise BadInput(f"there is no fund {body.fund[:20]!r} here", where="fund", hint="give it terms by /admin/fund first")
        raises.put(tx, body)
    return json_answer({"fund": body.fund, "last_day": body.last_day.isoformat()})


async def _nav(partner: Partner, request: Request) -> Response:
    body = await json_body(request, Nav)
    with partner.store.tx() as tx:
        if shelf.terms_of(tx, body.fund) is None:
            raise BadInput(f"there is no fund {body.fund[:20]!r} with a NAV here", where="fund", hint="give it terms by /admin/fund first")
        shelf.quote(tx, body.fund, body.day, body.nav)
    return json_answer({"nav": body.nav})


class LargeRedemption(msgspec.Struct, forbid_unknown_fields=True):
    """Whether the manager accepts no more than a tenth on a large-redemption day."""

    limits: bool


async def _large_redemption(partner: Partner, request: Request) -> Response:
    body = await json_body(request, LargeRedemption)
    with partner.store.tx() as tx:
        register.limit_large(tx, limits=body.limits)
    return json_answer({"limits": body.limits})


async def _problems(partner: Partner, _: Request) -> Response:
    with partner.store.tx() as tx:
        return json_answer(requests.problems(tx))


async def _store(partner: Partner, _: Request) -> Response:
    with partner.store.tx() as tx:
        decisions = [
            dict(row)
            for row in tx.execute(
                "SELECT distributor, serial, business_code, amount, volume, return_code, decided_on FROM request"
                " ORDER BY distributor, file_type, serial"
            )
        ]
        made = {**register.dump(tx), "requests": decisions, "taken": intake.taken(tx), "files": dispatch.sent(tx)}
    return json_answer(made)


def main(argv: Sequence[str]) -> None:
    """Serve the registrar until SIGTERM."""
    registrar = Registrar()
    run("registrar", SCHEMA, _routes, registrar.on_clock, registrar.watch, argv=argv)
