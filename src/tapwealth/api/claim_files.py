"""Files that show a loss, over HTTP: `POST /claims/{claim}/papers/{paper}` takes one as it is, `GET /papers/{id}` hands it out as it came.

A body is read no further than a file may be long, and not at all where its head says that it is longer: whatever is sent, no more than that
is held, of one file a customer and of so many customers at once. It is handed out piece by piece, as something to be saved, that no
browser opens.
"""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from tapwealth.api.commands import SESSION_OVER, Gate, key_of, token_of
from tapwealth.api.problem import TooLarge, TooSlow, answered, forbidden, not_allowed, refused
from tapwealth.api.reading import body_of
from tapwealth.flows.frame import Caller, Envelope
from tapwealth.flows.insurance.claim_papers import PaperFile, PaperKept
from tapwealth.flows.insurance.coming_files import ComingFiles
from tapwealth.insurance.claim import Paper
from tapwealth.insurance.evidence import MOST_BYTES
from tapwealth.kernel.refusal import BadInput, Refusal

UPLOAD_SECONDS = 300
"""How long a file may take to come."""

_MAY_SEE = frozenset({"operations", "compliance"})

Give = Callable[[Envelope, UUID, Paper, str, bytes], Awaitable[PaperKept | Refusal]]
Read = Callable[[Caller, UUID], Awaitable[PaperFile | Refusal]]


def claim_files(gate: Gate, give: Give, read: Read) -> list[BaseRoute]:
    """The routes."""
    slots = ComingFiles()

    async def posted(request: Request) -> Response:
        return await answered("a claim's file", lambda: _take(gate, give, slots, request))

    async def got(request: Request) -> Response:
        return await answered("a claim's file", lambda: _hand_out(gate, read, request))

    return [Route("/claims/{claim}/papers/{paper}", posted, methods=["POST"]), Route("/papers/{id}", got, methods=["GET"])]


async def _take(gate: Gate, give: Give, slots: ComingFiles, request: Request) -> Response:
    caller = await _caller(gate, request)
    if isinstance(caller, Response):
        return caller
    key, claim = key_of(request), _id(request.path_params["claim"], "claim")
    paper = _paper(request.path_params["paper"])
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    async with slots.one(caller.who):
        content = await _content(request)
        arrival = gate.flight.arrive()
        try:
            received_at = await gate.read_clock()
            arrival.stamp(received_at)
            answer = await give(Envelope(key, caller, received_at), claim, paper, declared, content)
        finally:
            arrival.done()
    if isinstance(answer, Refusal):
        return refused(answer)
    return Response(msgspec.json.encode({"result": answer}), media_type="application/json")


async def _content(request: Request) -> bytes:
    """The file, read while it comes. Raises TooLarge before more of it is held than is taken."""
    said = request.headers.get("content-length", "0")
    if not said.isdecimal() or int(said) > MOST_BYTES:
        raise TooLarge(f"the file is above {MOST_BYTES:,} bytes", where=request.url.path[:60], hint="send a smaller picture")
    try:
        async with asyncio.timeout(UPLOAD_SECONDS):
            return await body_of(request, MOST_BYTES)
    except TimeoutError:
        text = f"the file has not come within {UPLOAD_SECONDS} seconds"
        raise TooSlow(text, where=request.url.path[:60], hint="send it again with the same key") from None


async def _hand_out(gate: Gate, read: Read, request: Request) -> Response:
    caller = await _caller(gate, request)
    if isinstance(caller, Response):
        return caller
    identifier = _id(request.path_params["id"], "id")
    found = await read(caller, identifier)
    if isinstance(found, Refusal):
        return refused(found)
    ending = found.media_type.rpartition("/")[2]
    headers = {
        "Content-Length": str(found.size),
        "Content-Disposition": f'attachment; filename="{identifier}.{ending}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "no-store",
    }
    return StreamingResponse(found.pieces, HTTPStatus.OK, headers, found.media_type)


async def _caller(gate: Gate, request: Request) -> Caller | Response:
    known = await gate.known(request)
    if known is None:
        return not_allowed(SESSION_OVER if token_of(request) else "say who you are: Authorization: Bearer and the token you were given")
    caller, may = known
    if caller.person is None and not may & _MAY_SEE:
        return forbidden("this is for the claimant, and for operators of operations and compliance")
    return caller


def _id(text: str, where: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise BadInput(f"{text[:40]!r} is no id", where=where, hint="write it as it was given to you") from None


def _paper(text: str) -> Paper:
    choices: Any = list(Paper)
    if text not in choices:
        raise BadInput(f"{text[:40]!r} is not known", where="paper", hint=f"choose one of {', '.join(choices)}")
    return Paper(text)
