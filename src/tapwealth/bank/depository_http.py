"""The partner bank as depository over HTTP: lists by PUT, its answers and register by GET (docs/reference/bank.md, Deposits).

Never used inside a database transaction.
"""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

import httpx

from tapwealth.kernel.refusal import Outage
from tapwealth.wire.partner_http import partner_client

_PATIENCE_MS = 30_000


class DepositoryPort(Protocol):
    """What the house needs of the bank that keeps its customers' deposits."""

    async def list_deposits(self, day: date, content: bytes) -> str:
        """Hand over the list of a day: "" once it is taken, else why the bank does not take it. Raises Outage while that is not known."""

    async def deposit_answer(self, day: date) -> bytes | None:
        """What it says of each line; None while it has no list of that day. Raises Outage."""

    async def deposit_register(self, day: date) -> bytes | None:
        """Every deposit and its balance after that day's list; None likewise. Raises Outage."""


@dataclass(frozen=True, slots=True)
class DepositoryHttp:
    """The port over HTTP."""

    base_url: str
    token: str

    async def list_deposits(self, day: date, content: bytes) -> str:
        answer = await self._call("PUT", f"/deposits/{day.isoformat()}", content)
        if answer.status_code in (httpx.codes.BAD_REQUEST, httpx.codes.CONFLICT):
            return " ".join(answer.text.split())[:200]
        if not answer.is_success:
            raise Outage(f"the bank does not take the deposits of {day} ({answer.status_code})")
        return ""

    async def deposit_answer(self, day: date) -> bytes | None:
        return await self._file(f"/deposits/{day.isoformat()}")

    async def deposit_register(self, day: date) -> bytes | None:
        return await self._file(f"/deposits/{day.isoformat()}/register")

    async def _file(self, path: str) -> bytes | None:
        answer = await self._call("GET", path, None)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        if answer.status_code != httpx.codes.OK:
            raise Outage(f"the bank does not give {path} ({answer.status_code})")
        return answer.content

    async def _call(self, method: str, path: str, content: bytes | None) -> httpx.Response:
        try:
            async with partner_client(self.base_url, self.token, _PATIENCE_MS) as client:
                return await client.request(method, path, content=content, headers={"Content-Type": "text/csv; charset=utf-8"})
        except httpx.HTTPError as error:
            raise Outage(f"the bank at {self.base_url} cannot be reached ({type(error).__name__})") from error
