"""What partners send: the bank's messages, a sales channel's files. Each is authenticated by the partner's bearer token.

A repetition is harmless: messages carry end-to-end ids, files their name and content. What cannot be read is refused with 400 and one line,
and nothing of it is kept.
"""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from starlette.requests import Request
from starlette.responses import Response

from tapwealth.api.commands import token_of
from tapwealth.api.problem import TooLarge, answered, not_allowed, refused
from tapwealth.kernel.refusal import Refusal

IN_MEMORY = 1 << 20
"""What is longer waits on the disk while it comes."""


@dataclass(frozen=True, slots=True)
class Taker:
    """Takes what a partner sends, as a stream at its beginning, of at most so many bytes."""

    take: Callable[[Request, BinaryIO], Awaitable[Refusal | None]]
    most: int


@dataclass(frozen=True, slots=True)
class PartnerGate:
    """The token that partners and we share. Their messages carry dates of their own, so none of them holds back a cut."""

    token: str

    async def answer(self, request: Request, taker: Taker) -> Response:
        """Authenticate, read, hand over."""
        if not self.token or not hmac.compare_digest(token_of(request).encode(), self.token.encode()):
            return not_allowed("say who you are: Authorization: Bearer and the partner's token")

        async def act() -> Response:
            with SpooledTemporaryFile(max_size=IN_MEMORY) as body:
                await _spool(request, cast(BinaryIO, body), taker.most)
                refusal = await taker.take(request, cast(BinaryIO, body))
            return refused(refusal) if refusal else Response(status_code=204)

        return await answered(f"partner's message {request.url.path[:60]}", act)


async def _spool(request: Request, body: BinaryIO, most: int) -> None:
    """The whole body, if it is not above `most` bytes."""
    async for piece in request.stream():
        body.write(piece)
        if body.tell() > most:
            raise TooLarge(f"the body is above {most:,} bytes", where=request.url.path, hint="send less at once")
    body.seek(0)
