"""The platform's HTTP: routes, and nothing else."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tapwealth.api.commands import SESSION_OVER, CommandSpec, Gate, answer_command, token_of
from tapwealth.api.partners import PartnerGate, Taker
from tapwealth.api.problem import answered, fault, not_allowed, problem, refused, slow_down
from tapwealth.api.reading import json_body, plain_text
from tapwealth.flows.frame import Caller
from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import Refusal

Login = Callable[[Request, str, Masked], Awaitable[str | Refusal | int]]
"""(request, login, password) to a token, why there is none, or the seconds to wait before it is tried again."""
View = Callable[[Caller | None, Mapping[str, str]], Awaitable[Any]]
"""A read: (caller or None, path and query parameters) to what is shown as JSON."""

MOST_LOGIN_BYTES = 4096


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An operator's credentials."""

    login: str
    password: str


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
    return Starlette(routes=routes, exception_handlers={HTTPException: _no_such_place, Exception: _fault})


async def _no_such_place(request: Request, error: Exception) -> Response:
    """What no route takes: the path, or the method."""
    assert isinstance(error, HTTPException)
    path = request.url.path[:60]
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("Allow", "")
        answer = problem(error.status_code, "wrong_method", f"{path!r} does not take {request.method}; it takes {allowed}")
        answer.headers["Allow"] = allowed
        return answer
    return problem(error.status_code, "unknown_path", f"there is nothing at {path!r}; the reference lists what there is")


async def _fault(_request: Request, _error: Exception) -> Response:
    return fault()


def _partner_endpoint(partners: PartnerGate, taker: Taker) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await partners.answer(request, taker)

    return endpoint


def _login_endpoint(login: Login) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        async def act() -> Response:
            given: SignIn = await json_body(request, SignIn, MOST_LOGIN_BYTES)
            token = await login(request, given.login, Masked(given.password))
            if isinstance(token, Refusal):
                return not_allowed(token.text)
            if isinstance(token, int):
                return slow_down(token)
            return Response(msgspec.json.encode({"token": token}), media_type="application/json")

        return await answered("login", act)

    return endpoint


def _view_endpoint(gate: Gate, view: View) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        async def act() -> Response:
            given = {name: plain_text(value, name[:40]) for name, value in {**request.query_params, **request.path_params}.items()}
            known = await gate.known(request)
            if known is None and token_of(request):
                return not_allowed(SESSION_OVER)
            shown = await view(known[0] if known else None, given)
            if isinstance(shown, Refusal):
                return refused(shown)
            return Response(msgspec.json.encode(shown), media_type="application/json")

        return await answered(f"view {request.url.path[:60]}", act)

    return endpoint
