"""Commands over HTTP: `POST /commands/{name}`, JSON in and out, `Idempotency-Key` on every one.

The instant at which the request was read is taken when its head has arrived, before its body is complete and before anything is decided: an
order whose head was read at 14:59:59 belongs to that dealing day, however long the rest takes. Until it is answered it counts as in flight,
and the cut of its business date waits for it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from tapwealth.api.problem import bad_input, fault, forbidden, not_allowed, outage, problem, refused
from tapwealth.flows.frame import Caller, Envelope
from tapwealth.kernel.in_flight import InFlight
from tapwealth.kernel.refusal import BadInput, Outage, Refusal

MOST_BYTES = 1 << 20
"""Greatest body of a command."""

log = structlog.get_logger(__name__)

Run = Callable[[Envelope, Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """What a command looks like, who may give it ("customer", "anyone", or an operator's role), and the flow that decides it."""

    shape: type[Any]
    who: str
    run: Run


@dataclass(frozen=True, slots=True)
class Gate:
    """What the edge needs to know about callers and time."""

    authenticate: Callable[[str], Awaitable[tuple[Caller, frozenset[str]] | None]]
    """Bearer token to the caller and the names of what they may do; None for one that is not known."""
    flight: InFlight
    read_clock: Callable[[], Awaitable[datetime]]
    """The platform clock."""


async def answer_command(gate: Gate, specs: Mapping[str, CommandSpec], request: Request) -> Response:
    """Read, decide, answer. Nothing but an answer leaves here."""
    name = request.path_params["name"]
    arrival = gate.flight.arrive()
    try:
        received_at = await gate.read_clock()
        arrival.stamp(received_at)
        spec = specs.get(name)
        if spec is None:
            known = ", ".join(sorted(specs))
            return problem(HTTPStatus.NOT_FOUND, "unknown_command", f"there is no command {name[:60]!r}; there are {known}")
        caller = await _caller(gate, spec, request)
        if isinstance(caller, Response):
            return caller
        key = _key(request)
        command = _command(spec, await body_of(request))
        return _answer(await spec.run(Envelope(key, caller, received_at), command))
    except BadInput as error:
        return bad_input(error)
    except Outage as error:
        return outage(error)
    except ClientDisconnect:
        return problem(HTTPStatus.BAD_REQUEST, "bad_input", "the request ended before its body was complete; send it again")
    except Exception:
        log.exception("fault in a command", command=name)
        return fault()
    finally:
        arrival.done()


def _answer(result: Any) -> Response:
    if isinstance(result, Refusal):
        return refused(result)
    return Response(msgspec.json.encode({"result": result}), media_type="application/json")


async def _caller(gate: Gate, spec: CommandSpec, request: Request) -> Caller | Response:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    known = await gate.authenticate(token) if scheme.lower() == "bearer" and token else None
    if known is None:
        return not_allowed("say who you are: Authorization: Bearer and the token you were given")
    caller, may = known
    if spec.who not in may:
        return forbidden(f"this needs the permission {spec.who!r}")
    return caller


def _key(request: Request) -> UUID:
    given = request.headers.get("idempotency-key", "")
    try:
        return UUID(given)
    except ValueError:
        raise BadInput(f"{given[:60]!r} is not a UUID", where="Idempotency-Key", hint="send a fresh one with each new command") from None


async def body_of(request: Request, most: int = MOST_BYTES) -> bytes:
    """The whole body, if it is not above `most` bytes."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise BadInput(f"the body is above {most} bytes", where=request.url.path)
    return bytes(body)


def _command(spec: CommandSpec, body: bytes) -> Any:
    try:
        return msgspec.json.decode(body or b"{}", type=spec.shape, strict=True)
    except msgspec.ValidationError as error:
        raise BadInput(str(error), where="body") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"not JSON: {error}", where="body") from None
