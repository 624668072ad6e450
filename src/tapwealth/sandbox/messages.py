"""What every partner's HTTP server does with messages: bounded bodies, strict JSON, one-line refusals, the shared bearer token."""

import hashlib
import hmac
from collections.abc import Iterator
from datetime import date
from typing import Annotated, BinaryIO, TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tapwealth.kernel.money import MAX_AMOUNT
from tapwealth.kernel.refusal import BadInput, Outage

MAX_BODY_BYTES = 32 * 1024 * 1024
MAX_FILE_BYTES = 2 * 1024 * 1024 * 1024
"""Of a body that is a file, and goes to the disk as it comes."""
_MOST = "tapwealth.most"
_PIECE = 64 << 10

T = TypeVar("T")

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
"""A name, a number or a serial."""
Fen = Annotated[int, msgspec.Meta(gt=0, le=MAX_AMOUNT)]
"""An amount above zero. A decimal point is refused."""
FenOrZero = Annotated[int, msgspec.Meta(ge=0, le=MAX_AMOUNT)]


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """Base of all JSON bodies: an unknown field is refused."""


def read_json(raw: bytes, shape: type[T], where: str = "body") -> T:
    """`raw` as a value of `shape`. Raises BadInput on anything else: torn, not UTF-8, a fraction where an integer belongs, too deep."""
    try:
        value = msgspec.json.decode(raw, type=shape)
        raw.decode()
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BadInput(" ".join(str(error).split()), where=where, hint="send the JSON of docs/reference/partners.md") from None
    return value


async def json_body(request: Request, shape: type[T]) -> T:
    """The request's body as a value of `shape`."""
    return read_json(await request.body(), shape, where=f"{request.method} {request.url.path}")


async def body_into(request: Request, file: BinaryIO) -> None:
    """The request's body, which may be longer than memory."""
    request.scope[_MOST] = MAX_FILE_BYTES
    async for piece in request.stream():
        file.write(piece)


def hash_of(file: BinaryIO) -> str:
    """SHA-256 of all that is in it, in hexadecimal."""
    digest = hashlib.sha256()
    file.seek(0)
    while piece := file.read(_PIECE):
        digest.update(piece)
    return digest.hexdigest()


def file_answer(file: BinaryIO, media_type: str) -> Response:
    """All that is in a file, which may be longer than memory, and is closed when it is sent."""
    length = file.tell()
    file.seek(0)
    return StreamingResponse(_pieces(file), media_type=media_type, headers={"Content-Length": str(length)})


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece


def day_in(request: Request) -> date:
    """The path's `day`, written yyyy-mm-dd. Raises BadInput."""
    text = request.path_params["day"]
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise BadInput(f"{text[:40]!r} is not a day", where=request.url.path[:80], hint="write it like 2014-02-24")
    return day


def json_answer(value: object, status: int = 200) -> Response:
    """A JSON answer with its fields in the order given."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def one_line(text: str, status: int) -> Response:
    """A refusal a person can read."""
    return PlainTextResponse(" ".join(text.split()) + "\n", status)


async def answer_error(request: Request, error: Exception) -> Response:
    """400 for what cannot be read, 503 for an outage, the framework's own status, or 500; one line each."""
    match error:
        case BadInput():
            return one_line(str(error), 400)
        case Outage():
            return one_line(str(error), 503)
        case HTTPException():
            return one_line(f"{request.method} {request.url.path}: {error.detail}", error.status_code)
        case _:
            return one_line(f"{request.method} {request.url.path}: {type(error).__name__} in the partner; its log says more", 500)


class Gate:
    """Lets a request in if its body is bounded and, outside /health and /admin, if it carries the shared token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode() if token else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        if not self._may_pass(scope):
            return await one_line("no valid bearer token; start both sides with the same --token", 401)(scope, receive, send)
        return await self._app(scope, _bounded(scope, receive), send)

    def _may_pass(self, scope: Scope) -> bool:
        if self._expected is None or scope["path"] == "/health" or scope["path"].startswith("/admin/"):
            return True
        given = dict(scope["headers"]).get(b"authorization", b"")
        return hmac.compare_digest(given, self._expected)


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """As many octets as who reads them has asked for by then."""
    size = 0

    async def bounded() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > (most := scope.get(_MOST, MAX_BODY_BYTES)):
            raise HTTPException(413, f"more than {most} bytes; send less at once")
        return message

    return bounded
