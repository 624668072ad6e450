"""Reaching the card network over HTTP (docs/reference/partners.md): hand it what is presented, fetch what it has cleared.

Never used inside a database transaction. What goes wrong on the way is an Outage: the same file is handed in again, or asked for again.
"""

from datetime import date
from typing import Protocol

import httpx

from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.wire.partner_http import partner_client


class NetworkPort(Protocol):
    """Reaches the network. Raises Outage when it does not answer."""

    async def present(self, content: bytes) -> None:
        """Hand in a file (direction `P`). The same file may come again. Raises BadInput with the network's word if it refuses it."""
        ...

    async def clearing(self, institution: str, day: date, sequence: int) -> bytes | None:
        """The clearing file that answers what was presented under that date and sequence; None while there is none."""
        ...


class NetworkHttp:
    """`base_url` and `token` of the network; each request waits at most `timeout_ms` by the machine's clock."""

    def __init__(self, base_url: str, token: str, timeout_ms: int = 3_000) -> None:
        self._client = partner_client(base_url, token, timeout_ms)

    async def present(self, content: bytes) -> None:
        response = await self._ask(self._client.build_request("POST", "/presentments", content=content))
        if response.status_code in (httpx.codes.BAD_REQUEST, httpx.codes.CONFLICT):
            raise BadInput(f"the network does not take it: {response.text.strip()[:300]}", where="presented file", hint="ask the network")
        if response.status_code != httpx.codes.OK:
            raise Outage(f"the network does not take what is presented ({response.status_code})")

    async def clearing(self, institution: str, day: date, sequence: int) -> bytes | None:
        response = await self._ask(self._client.build_request("GET", f"/clearing/{institution}/{day.isoformat()}/{sequence}"))
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        if response.status_code != httpx.codes.OK:
            raise Outage(f"the network gives no file of {day} {sequence} ({response.status_code})")
        return response.content

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._client.send(request)
        except httpx.HTTPError as error:
            raise Outage(f"the network does not answer ({type(error).__name__})") from error

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()
