"""Commands over HTTP: `POST /commands/{name}`, JSON in and out, `Idempotency-Key` on every one.

The instant at which the request was read is taken when its head has arrived, before its body is complete and before anything is decided: an
order whose head was read at 14:59:59 belongs to that dealing day, however long the rest takes. Until it is answered it counts as in flight,
and the cut of its business date waits for it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tapwealth.api.problem import answered, forbidden, not_allowed, problem, refused
from tapwealth.api.reading import MOST_BYTES, json_body
from tapwealth.flows.frame import Caller, Envelope
from tapwealth.kernel.in_flight import InFlight
from tapwealth.kernel.refusal import BadInput, Refusal

Run = Callable[[Envelope, Any], Awaitable[Any]]

SESSION_OVER = "this session has ended: sign in again"
"""What is said to a token that was good once."""

_WHO = {
    "anyone": "anybody's phone",
    "customer": "a customer's phone; open an account with this one first",
    "operations": "operators of operations; sign in as one",
    "product_manager": "product managers; sign in as one",
    "compliance": "compliance officers; sign in as one",
}
"""For whom a command is, in words."""


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """What a command looks like, who may give it ("customer", "anyone", or an operator's role), the flow that decides it, who else may,
    and how many bytes its body may have."""

    shape: type[Any]
    who: str
    run: Run
    also: str = ""
    most: int = MOST_BYTES


@dataclass(frozen=True, slots=True)
class Gate:
    """What the edge needs to know about callers and time."""

    authenticate: Callable[[str], Awaitable[tuple[Caller, frozenset[str]] | None]]
    """Bearer token to the caller and the names of what they may do; None for one that is not known."""
    flight: InFlight
    read_clock: Callable[[], Awaitable[datetime]]
    """The platform clock."""

    async def known(self, request: Request) -> tuple[Caller, frozenset[str]] | None:
        """Who sent a request and what they may do; None if it says nobody, or somebody who is not known."""
        token = token_of(request)
        return await self.authenticate(token) if token else None


def token_of(request: Request) -> str:
    """The bearer token of a request; empty if there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def language_of(accepted: str) -> str:
    """`en` for who asks for English before Chinese (RFC 9110, 12.5.4, the first that we have); else `zh`."""
    wanted = (one.strip().lower().partition(";")[0].partition("-")[0] for one in accepted[:200].split(","))
    return next((one for one in wanted if one in ("zh", "en")), "zh")


async def answer_command(gate: Gate, specs: Mapping[str, CommandSpec], request: Request) -> Response:
    """Read, decide, answer. Nothing but an answer leaves here."""
    name = request.path_params["name"]
    arrival = gate.flight.arrive()

    async def act() -> Response:
        received_at = await gate.read_clock()
        arrival.stamp(received_at)
        spec = specs.get(name)
        if spec is None:
            near = ", ".join(get_close_matches(name, specs))
            hint = f"did you mean {near}?" if near else "the reference lists them"
            return problem(HTTPStatus.NOT_FOUND, "unknown_command", f"there is no command {name[:60]!r}; {hint}")
        caller = await _caller(gate, spec, request)
        if isinstance(caller, Response):
            return caller
        key = key_of(request)
        command = await json_body(request, spec.shape, spec.most)
        language = language_of(request.headers.get("accept-language", ""))
        return _answer(await spec.run(Envelope(key, caller, received_at, language=language), command))

    try:
        return await answered(f"command {name[:60]}", act)
    finally:
        arrival.done()


def _answer(result: Any) -> Response:
    if isinstance(result, Refusal):
        return refused(result)
    return Response(msgspec.json.encode({"result": result}), media_type="application/json")


async def _caller(gate: Gate, spec: CommandSpec, request: Request) -> Caller | Response:
    known = await gate.known(request)
    if known is None:
        return not_allowed(SESSION_OVER if token_of(request) else "say who you are: Authorization: Bearer and the token you were given")
    caller, may = known
    if not may & {spec.who, spec.also}:
        return forbidden(f"this is for {_WHO.get(spec.who, spec.who)}")
    return caller


def key_of(request: Request) -> UUID:
    """The idempotency key of a request. Raises BadInput."""
    given = request.headers.get("idempotency-key", "")
    hint = "send a fresh one with each new command, the same one when you ask again"
    if not given:
        raise BadInput("there is none", where="Idempotency-Key", hint=hint)
    try:
        return UUID(given)
    except ValueError:
        raise BadInput(f"{given[:60]!r} is not a UUID", where="Idempotency-Key", hint=hint) from None
