"""The platform's HTTP: routes, and nothing else."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tapwealth.api.commands import CommandSpec, Gate, answer_command, body_of
from tapwealth.api.partners import PartnerGate, Taker
from tapwealth.api.problem import bad_input, fault, not_allowed, outage, problem, refused
from tapwealth.flows.frame import Caller
from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import BadInput, Outage, Refusal

log = structlog.get_logger(__name__)

Login = Callable[[str, Masked], Awaitable[str | Refusal]]
View = Callable[[Caller | None, Mapping[str, str]], Awaitable[Any]]
"""A read: (caller or None, path and query parameters) to what is shown as JSON."""


def build(
    gate: Gate,
    specs: Mapping[str, CommandSpec],
    partners: PartnerGate,
    takers: Mapping[str, Taker],
    login: Login,
    views: Mapping[str, View],
    pages: list[BaseRoute],
) -> Starlette:
    """The application. `takers` by path below `/partner`, `views` by path below `/view`."""

    async def command(request: Request) -> Response:
        return await answer_command(gate, specs, request)

    async def health(_request: Request) -> Response:
        return Response(b'{"name":"platform"}', media_type="application/json")

    routes: list[BaseRoute] = [
        Route("/health", health),
        Route("/login", _login_endpoint(login), methods=["POST"]),
        Route("/commands/{name}", command, methods=["POST"]),
        *(Route(f"/partner/{path}", _partner_endpoint(partners, taker), methods=["POST"]) for path, taker in takers.items()),
        *(Route(f"/view/{path}", _view_endpoint(gate, view)) for path, view in views.items()),
        *pages,
    ]
    return Starlette(routes=routes)


def _partner_endpoint(partners: PartnerGate, taker: Taker) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await partners.answer(request, taker)

    return endpoint


def _login_endpoint(login: Login) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            given = json.loads(await body_of(request, 4096))
            token = await login(str(given["login"]), Masked(str(given["password"])))
        except (ValueError, KeyError, TypeError):
            return problem(400, "bad_input", 'send {"login": …, "password": …}')
        except Outage as error:
            return outage(error)
        if isinstance(token, Refusal):
            return not_allowed(token.text)
        return Response(json.dumps({"token": token}), media_type="application/json")

    return endpoint


def _view_endpoint(gate: Gate, view: View) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            named = scheme.lower() == "bearer" and token != ""
            known = await gate.authenticate(token) if named else None
            if named and known is None:
                return not_allowed("this session has ended: sign in again")
            shown = await view(known[0] if known else None, {**request.query_params, **request.path_params})
        except BadInput as error:
            return bad_input(error)
        except Outage as error:
            return outage(error)
        except Exception:
            log.exception("fault in a view", path=request.url.path)
            return fault()
        if isinstance(shown, Refusal):
            return refused(shown)
        return Response(msgspec.json.encode(shown), media_type="application/json")

    return endpoint
