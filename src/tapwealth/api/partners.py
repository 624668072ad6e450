"""What partners send: the bank's messages, a sales channel's files. Each is authenticated by the partner's bearer token.

A repetition is harmless: messages carry end-to-end ids, files their name and content. What cannot be read is refused with 400 and one line,
and nothing of it is kept.
"""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from tapwealth.api.commands import token_of
from tapwealth.api.problem import answered, not_allowed, refused
from tapwealth.api.reading import body_of
from tapwealth.kernel.refusal import Refusal

MOST_BYTES = 64 << 20
"""Greatest message or file of a partner."""

Taker = Callable[[Request, bytes], Awaitable[Refusal | None]]


@dataclass(frozen=True, slots=True)
class PartnerGate:
    """The token that partners and we share. Their messages carry dates of their own, so none of them holds back a cut."""

    token: str

    async def answer(self, request: Request, take: Taker) -> Response:
        """Authenticate, read, hand over."""
        if not self.token or not hmac.compare_digest(token_of(request).encode(), self.token.encode()):
            return not_allowed("say who you are: Authorization: Bearer and the partner's token")

        async def act() -> Response:
            refusal = await take(request, await body_of(request, MOST_BYTES))
            return refused(refusal) if refusal else Response(status_code=204)

        return await answered(f"partner's message {request.url.path[:60]}", act)
