"""The partner bank as depository over HTTP: lists by PUT, its answers and register by GET (docs/reference/bank.md, Deposits).

Never used inside a database transaction.
"""

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, Protocol

import httpx

from tapwealth.kernel.refusal import Outage
from tapwealth.wire.partner_http import partner_client

_PATIENCE_MS, _OCTETS_A_MS = 30_000, 250
"""The bank answers a list once each line is worked out, some hundred octets: it is given 0.4 ms for each, beside what a call is given."""
_PIECE = 64 << 10
"""Octets of a list that are in memory at once."""


class DepositoryPort(Protocol):
    """What the house needs of the bank that keeps its customers' deposits."""

    async def list_deposits(self, day: date, file: BinaryIO) -> str:
        """Hand over the list of a day, all that is in the file: "" once it is taken, else why the bank does not take it. Raises Outage
        while that is not known."""

    async def deposit_answer(self, day: date, into: BinaryIO) -> bool:
        """What it says of each line, as all that is in the file; False while it has no list of that day. Raises Outage."""

    async def deposit_register(self, day: date, into: BinaryIO) -> bool:
        """Every deposit and its balance after that day's list, as all that is in the file; False likewise. Raises Outage."""


@dataclass(frozen=True, slots=True)
class DepositoryHttp:
    """The port over HTTP."""

    base_url: str
    token: str

    async def list_deposits(self, day: date, file: BinaryIO) -> str:
        length = file.seek(0, io.SEEK_END)
        headers = {"Content-Type": "text/csv; charset=utf-8", "Content-Length": str(length)}
        try:
            async with partner_client(self.base_url, self.token, _PATIENCE_MS + length // _OCTETS_A_MS) as client:
                answer = await client.put(f"/deposits/{day.isoformat()}", content=_pieces(file), headers=headers)
        except httpx.HTTPError as error:
            raise self._unreached(error) from error
        if answer.status_code in (httpx.codes.BAD_REQUEST, httpx.codes.CONFLICT):
            return " ".join(answer.text.split())[:200]
        if not answer.is_success:
            raise Outage(f"the bank does not take the deposits of {day} ({answer.status_code})")
        return ""

    async def deposit_answer(self, day: date, into: BinaryIO) -> bool:
        return await self._file(f"/deposits/{day.isoformat()}", into)

    async def deposit_register(self, day: date, into: BinaryIO) -> bool:
        return await self._file(f"/deposits/{day.isoformat()}/register", into)

    async def _file(self, path: str, into: BinaryIO) -> bool:
        into.seek(0)
        into.truncate()
        try:
            async with partner_client(self.base_url, self.token, _PATIENCE_MS) as client, client.stream("GET", path) as answer:
                if self._is_there(answer, path):
                    async for piece in answer.aiter_bytes():
                        into.write(piece)
                    return True
        except httpx.HTTPError as error:
            raise self._unreached(error) from error
        return False

    @staticmethod
    def _is_there(answer: httpx.Response, path: str) -> bool:
        if answer.status_code not in (httpx.codes.OK, httpx.codes.NOT_FOUND):
            raise Outage(f"the bank does not give {path} ({answer.status_code})")
        return answer.status_code == httpx.codes.OK

    def _unreached(self, error: httpx.HTTPError) -> Outage:
        return Outage(f"the bank at {self.base_url} cannot be reached ({type(error).__name__})")


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    """All of it, from its begin, whenever it is sent."""
    file.seek(0)
    while piece := file.read(_PIECE):
        yield piece
