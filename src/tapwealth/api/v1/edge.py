"""The edge of /v1, below any server: who asks, may they, what do they ask, once; and every answer, the problems included.

A POST is named by its `Idempotency-Key` within caller, method and path: together they make the key of its command, which is decided once
and remembered with the hash of what was asked, in the transaction of its effect (`flows.frame`). What cannot be read is not remembered.
"""

import asyncio
import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse

from tapwealth.api.claim_files import UPLOAD_SECONDS
from tapwealth.api.commands import Gate, language_of
from tapwealth.api.origin import Network, origin
from tapwealth.api.problem import TooLarge, WrongMediaType
from tapwealth.api.reading import BODY_SECONDS, check_names, check_values, explained
from tapwealth.api.v1 import token
from tapwealth.api.v1.catalogue import CATALOGUE
from tapwealth.api.v1.openapi import document
from tapwealth.api.v1.operation import SEEN, Asked, Operation
from tapwealth.api.v1.problems import Problem, refused, unreadable
from tapwealth.flows.customers.clients import Bearer, Tokens
from tapwealth.flows.customers.consents import ACCOUNT
from tapwealth.flows.frame import UNKNOWN_ACCOUNT, Caller, Envelope
from tapwealth.flows.insurance.coming_files import ComingFiles
from tapwealth.flows.v1.claim_papers import MOST, TYPES, File, Handed
from tapwealth.flows.v1.reading import Part, Wanted
from tapwealth.flows.v1.shapes import Page
from tapwealth.kernel.clock import machine_ms
from tapwealth.kernel.ids import Random64, book_of, id_of, unprefixed
from tapwealth.kernel.refusal import BadInput, Busy, Outage, Refusal
from tapwealth.kernel.tries import Tries
from tapwealth.storage.actors import ActorKind

log = structlog.get_logger(__name__)

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Any, Receive, Send], Awaitable[None]]

PREFIX, MOST_BYTES = "/v1", 1 << 16
LEAST, USUAL, GREATEST = 1, 20, 100
"""Items of one part of a list."""
_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
_JSON = {"content-type": "application/json"}
_ONCE = (b"authorization", b"idempotency-key", b"content-type", b"content-length", b"host")


_Named = tuple[UUID, Caller, datetime]
"""A command's key, who gives it, and when its request was read."""


class Incoming(NamedTuple):
    """A request whose head is read: its path without the query, headers as they came (names in small letters), the address it came from,
    and its body, whole or yet to come."""

    method: str
    path: str
    query: str
    headers: list[tuple[bytes, bytes]]
    address: str
    body: bytes | Receive


_Place = tuple[int, tuple[str, ...]]
"""Of a path: how many parts it has, and those that are no parameters."""


class _Answer(Response):
    """JSON with its headers as they go out: nothing is looked up or put into another form."""

    def __init__(self, status: int, body: bytes, more: list[tuple[bytes, bytes]]) -> None:
        self.status_code, self.body, self.background = status, body, None
        self.raw_headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *more]


class _Route(NamedTuple):
    """`names` are those of the path's parameters, in their order."""

    operation: Operation
    decoder: msgspec.json.Decoder[Any] | None
    names: list[str]


class Edge:
    """Answers what begins with /v1; everything else is `rest`'s. `proxies`: whose word on where a request comes from is taken."""

    def __init__(
        self, gate: Gate, tokens: Tokens, grant: token.Grant, operations: list[Operation], books: int, random64: Random64,
        proxies: Sequence[Network] = (),
    ) -> None:  # fmt: skip
        self._proxies = proxies
        self._gate, self._tokens, self._grant, self._books = gate, tokens, grant, books
        self._run, self._count = random64() >> 32, 0
        self._routes: dict[_Place, dict[str, _Route]] = {}
        for one in operations:
            decoder = msgspec.json.Decoder(one.takes, strict=True) if one.act and one.takes is not bytes else None
            parts = one.path.split("/")[2:]
            names = [part[1:-1] for part in parts[1::2]]
            assert [f"{{{name}}}" for name in names] == parts[1::2], f"{one.path}: parameters stand at every second place, and nowhere else"
            self._routes.setdefault(_place(parts), {})[one.method] = _Route(one, decoder, names)
        self._under_way: set[UUID] = set()
        self._slots = ComingFiles()
        self._tries = Tries()
        self._document = msgspec.json.encode(document(operations))

    def before(self, rest: App) -> "Front":
        """The application with /v1 before the rest."""
        return Front(self, rest)

    async def answer(self, request: Incoming) -> Response:
        """Nothing but an answer leaves here, the problems included; a file alone is a stream."""
        self._count += 1
        request_id = f"req_{machine_ms():012x}{self._run:08x}{self._count:012x}"
        try:
            response = await self._served(request)
        except Problem as problem:
            response = problem.response(request_id)
        except BadInput as error:
            response = unreadable(error).response(request_id)
        except Outage:
            response = Problem("unavailable").response(request_id)
        except ClientDisconnect:
            response = Problem("invalid_body", "the request ended before its body was complete; send it again").response(request_id)
        except Exception:
            log.exception("fault in a request", what=f"{request.method} {request.path[:100]}", request_id=request_id)
            response = Problem("internal_error").response(request_id)
        response.raw_headers.append((b"request-id", request_id.encode()))
        return response

    async def _served(self, request: Incoming) -> Response:
        method, path = request.method, request.path
        headers = _headers(request)
        if path == token.PATH:
            if method != "POST":
                raise Problem("method_not_allowed", headers={"Allow": "POST"})
            address = origin(request.address, request.headers, self._proxies)
            body = await _body(headers, request.body, token.FORM)
            return await token.answer(self._grant, self._tries, address, headers, body)
        if method in ("GET", "HEAD") and (published := self._published(path)) is not None:
            return published
        route, given = self._found(method, path)
        if route.operation.takes is bytes:
            return await self._take(route, given, path, headers, request.body)
        if route.decoder is not None:
            return await self._post(route, given, path, headers, request.body)
        return await self._get(route.operation, given, request.query, headers)

    def _published(self, path: str) -> Response | None:
        """What anybody may read."""
        if path == "/v1/openapi.json":
            return Response(self._document, headers=_JSON)
        if path == "/v1/problems":
            return Response(msgspec.json.encode({"data": [_kind(code) for code in CATALOGUE]}), headers=_JSON)
        code = path.removeprefix("/v1/problems/")
        return Response(msgspec.json.encode(_kind(code)), headers=_JSON) if code in CATALOGUE else None

    def _found(self, method: str, path: str) -> tuple[_Route, dict[str, str]]:
        parts = path.split("/")[2:]
        by_method = self._routes.get(_place(parts))
        if by_method is None:
            raise Problem("not_found", "there is nothing at this path; /v1/openapi.json lists what there is")
        route = by_method.get("GET" if method == "HEAD" else method)
        if route is None:
            raise Problem("method_not_allowed", headers={"Allow": ", ".join(sorted(by_method))})
        return route, dict(zip(route.names, parts[1::2], strict=True))

    async def _post(
        self, route: _Route, given: Mapping[str, str], path: str, headers: Mapping[bytes, bytes], body: bytes | Receive
    ) -> Response:
        arrival = self._gate.flight.arrive()
        try:
            received_at = await self._gate.read_clock()
            arrival.stamp(received_at)
            bearer = self._bearer(headers, route.operation.scope)
            caller = self._caller(bearer, given, route.operation.scope)
            key = _key(headers, bearer, "POST", path)
            command = _decoded(route, await _body(headers, body, "application/json"))
            if key in self._under_way:
                raise Problem("request_in_progress")
            self._under_way.add(key)
            try:
                accepted = headers.get(b"accept-language")
                language = language_of(accepted.decode("latin-1")) if accepted else "zh"
                return await self._decided(route.operation, (key, caller, received_at), language, command, given, path)
            finally:
                self._under_way.discard(key)
        finally:
            arrival.done()

    async def _take(
        self, route: _Route, given: Mapping[str, str], path: str, headers: Mapping[bytes, bytes], body: bytes | Receive
    ) -> Response:
        """A file: it is read whole before its command begins, since no cut may wait for it."""
        bearer = self._bearer(headers, route.operation.scope)
        caller = self._caller(bearer, given, route.operation.scope)
        key = _key(headers, bearer, "POST", path)
        kind = _kind_of_file(headers)
        if key in self._under_way:
            raise Problem("request_in_progress")
        self._under_way.add(key)
        try:
            async with self._slots.one(f"{caller.who} {caller.person}"):
                content = await _come(body, MOST, UPLOAD_SECONDS)
                arrival = self._gate.flight.arrive()
                try:
                    received_at = await self._gate.read_clock()
                    arrival.stamp(received_at)
                    return await self._decided(route.operation, (key, caller, received_at), "zh", File(kind, content), given, path)
                finally:
                    arrival.done()
        except Busy:
            raise Problem("busy") from None
        finally:
            self._under_way.discard(key)

    async def _decided(
        self, operation: Operation, asked: _Named, language: str, command: Any, given: Mapping[str, str], path: str
    ) -> Response:
        repeated: list[bool] = []
        assert operation.act is not None, "a POST acts"
        answer = await operation.act(Envelope(*asked, lambda: repeated.append(True), language), command, given)
        if isinstance(answer, Refusal):
            problem = refused(answer)
            if repeated:
                problem.headers["Idempotent-Replayed"] = "true"
            raise problem
        more = [(b"location", f"{path}/{answer.id}".encode("latin-1"))] if operation.makes else []
        if repeated:
            more.append((b"idempotent-replayed", b"true"))
        return _Answer(operation.status, msgspec.json.encode(answer), more)

    async def _get(self, operation: Operation, given: Mapping[str, str], query: str, headers: Mapping[bytes, bytes]) -> Response:
        bearer = self._bearer(headers, operation.scope)
        caller = self._caller(bearer, given, operation.scope) if "account" in given else None
        wanted = _wanted(operation, query)
        assert operation.read is not None, "a GET reads"
        try:
            found = await operation.read(Asked(bearer, caller, given, wanted))
        except BadInput as error:
            raise Problem("invalid_parameter", str(error), ((error.where, "not_known"),)) from None
        if isinstance(found, Refusal):
            raise refused(found)
        if isinstance(found, Part):
            found = Page(found.found, bool(found.last), _cursor(operation, found.last) if found.last else None)
        if isinstance(found, Handed):
            return _file(found)
        return Response(msgspec.json.encode(found), headers={**_JSON, "cache-control": "no-store"})

    def _bearer(self, headers: Mapping[bytes, bytes], scope: str) -> Bearer:
        kind, _, given = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        bearer = self._tokens.read(given) if kind.lower() == "bearer" else None
        if bearer is None:
            challenge = 'Bearer error="invalid_token"' if given else "Bearer"
            raise Problem("not_authenticated", headers={"WWW-Authenticate": challenge})
        if scope not in bearer.scopes:
            challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
            text = f"this needs the scope {scope}; get a token with it"
            raise Problem("insufficient_scope", text, headers={"WWW-Authenticate": challenge})
        return bearer

    def _caller(self, bearer: Bearer, given: Mapping[str, str], scope: str) -> Caller:
        person = unprefixed(ACCOUNT, given["account"])
        if person is None or not 1 <= book_of(person) <= self._books:
            raise refused(UNKNOWN_ACCOUNT)
        return Caller(ActorKind.PARTNER, _who(bearer.client), "client credentials", person, book_of(person), b"", bearer.client, scope)


class Front:
    """The application as a server of ASGI calls it."""

    def __init__(self, edge: Edge, rest: App) -> None:
        self.edge, self._rest = edge, rest

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (scope["path"] == PREFIX or scope["path"].startswith("/v1/")):
            address, query = (scope.get("client") or ("",))[0], scope["query_string"].decode("latin-1")
            response = await self.edge.answer(Incoming(scope["method"], scope["path"], query, scope["headers"], address, receive))
            await response(scope, receive, send)
        else:
            await self._rest(scope, receive, send)


@lru_cache(maxsize=1_000)
def _who(client: UUID) -> str:
    return f"client:{client}"


def _file(one: Handed) -> Response:
    """To be saved, that no browser opens."""
    headers = {
        "content-length": str(one.size), "content-disposition": f'attachment; filename="{one.name}"', "cache-control": "no-store",
        "x-content-type-options": "nosniff", "content-security-policy": "sandbox; default-src 'none'",
    }  # fmt: skip
    return StreamingResponse(one.pieces, headers=headers, media_type=one.media_type)


def _kind(code: str) -> dict[str, Any]:
    kind = CATALOGUE[code]
    return {"code": code, "status": int(kind.status), "title": kind.title, "todo": kind.todo, "retryable": kind.retryable}


def _place(parts: list[str]) -> _Place:
    return len(parts), tuple(parts[::2])


def _headers(request: Incoming) -> dict[bytes, bytes]:
    """By name. One that says who asks, or what, comes once: of two, somebody on the way might read the other."""
    headers = dict(request.headers)
    if len(headers) < len(request.headers):
        names = [name for name, _ in request.headers]
        for name in _ONCE:
            if names.count(name) > 1:
                raise Problem("doubled_header", f"{name.decode()} comes {names.count(name)} times; send it once")
    return headers


def _key(headers: Mapping[bytes, bytes], bearer: Bearer, method: str, path: str) -> UUID:
    given = headers.get(b"idempotency-key", b"").decode("latin-1")
    if not _KEY.fullmatch(given):
        raise Problem("idempotency_key_missing")
    digest = hashlib.sha256("\0".join((bearer.client.hex, method, path, given)).encode()).digest()
    return id_of(int.from_bytes(digest[:16], "big"))


async def _body(headers: Mapping[bytes, bytes], body: bytes | Receive, kind: str) -> bytes:
    said = headers.get(b"content-type", b"")
    if said != kind.encode():
        named = said.partition(b";")[0].strip().lower().decode("latin-1")
        if named != kind:
            raise WrongMediaType(f"{named[:40]!r} is not taken", where="Content-Type", hint=f"send {kind}")
    return await _come(body, MOST_BYTES, BODY_SECONDS)


def _kind_of_file(headers: Mapping[bytes, bytes]) -> str:
    """What a file is said to be. Raises WrongMediaType, and TooLarge for one whose head says so."""
    named = headers.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")
    if named not in TYPES:
        raise WrongMediaType(f"{named[:40]!r} is not taken", where="Content-Type", hint=f"send {', '.join(TYPES)}")
    said = headers.get(b"content-length", b"0")
    _require_small(int(said[:12]) if said.isdigit() else 0, MOST)
    return named


async def _come(body: bytes | Receive, most: int, seconds: int) -> bytes:
    """All of it, if it is not above so many bytes and comes in time."""
    if isinstance(body, bytes):
        _require_small(len(body), most)
        return body
    try:
        async with asyncio.timeout(seconds):
            return await _whole(body, most)
    except TimeoutError:
        raise Problem("too_slow") from None


async def _whole(receive: Receive, most: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        _require_small(len(body), most)
        if not message.get("more_body"):
            return bytes(body)


def _require_small(size: int, most: int) -> None:
    if size > most:
        raise TooLarge(f"the body is above {most:,} bytes", where="body", hint="send less at once")


def _decoded(route: _Route, body: bytes) -> Any:
    assert route.decoder is not None, "a POST has a body"
    try:
        read = route.decoder.decode(body)
        check_names(body)
        if b"\\" in body or not body.isascii():
            check_values(read)
        return read
    except msgspec.ValidationError as error:
        raise explained(str(error), route.operation.takes) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        said = str(error).removeprefix("JSON is malformed: ")
        raise Problem("invalid_body", f"this is not JSON: {said}; send one whole JSON object", (("", "not_json"),)) from None


def _wanted(operation: Operation, query: str) -> Wanted:
    """Which part of a list; what is asked of anything else is refused."""
    given = dict(parse_qsl(query, keep_blank_values=True))
    unknown = sorted(set(given) - {*operation.filters, *(("limit", "cursor") if operation.listed else ())})
    if unknown:
        raise _wrong(unknown[0][:40], "unknown_parameter")
    limit = given.get("limit", str(USUAL))
    if not re.fullmatch(r"[0-9]{1,3}", limit, re.ASCII) or not LEAST <= int(limit) <= GREATEST:
        raise _wrong("limit", "out_of_range")
    filters = {name: given[name] for name in operation.filters if name in given}
    for name, value in filters.items():
        if not re.search(operation.filters[name].replace("$", r"\Z"), value, re.ASCII):
            raise _wrong(name, "wrong_format")
    for name in operation.required:
        if name not in filters:
            raise _wrong(name, "missing_parameter")
    return Wanted(int(limit), _read_cursor(operation, given["cursor"]) if "cursor" in given else "", filters=filters)


def _wrong(name: str, code: str) -> Problem:
    return Problem("invalid_parameter", f"{name}: see the reference", ((name, code),))


def _cursor(operation: Operation, last: str) -> str:
    return base64.urlsafe_b64encode(f"{operation.name} {last}".encode()).rstrip(b"=").decode()


def _read_cursor(operation: Operation, cursor: str) -> str:
    """What was last seen of this list. A cursor of another list is none."""
    try:
        name, _, last = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode("ascii").partition(" ")
    except ValueError:
        raise _wrong("cursor", "invalid_value") from None
    if name != operation.name or not _seen(operation, last):
        raise _wrong("cursor", "invalid_value")
    return last


def _seen(operation: Operation, last: str) -> bool:
    """Whether that can be what was last seen of this list."""
    try:
        return SEEN[operation.seen](last)
    except ValueError:
        return False
