"""The partner bank as depository over HTTP: lists by PUT, its answers and register by GET (docs/reference/bank.md, Deposits).

Never used inside a database transaction.
"""

from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, Protocol

import httpx

from tapwealth.kernel.refusal import Outage
from tapwealth.wire.partner_http import csv_body, partner_client

_PATIENCE_MS = 30_000


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
        body = csv_body(file)
        try:
            async with partner_client(self.base_url, self.token, body.patience(_PATIENCE_MS)) as client:
                answer = await client.put(f"/deposits/{day.isoformat()}", content=body.pieces(), headers=body.headers)
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
