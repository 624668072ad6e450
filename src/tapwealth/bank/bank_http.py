"""The partner bank over HTTP: ISO 20022 messages by POST, statements by GET.

Any 2xx means that the bank has stored a message. Another answer is never taken for a failure of the payment: the message stays in the
outbox and is sent again; the end-to-end id keeps it from being executed twice.
"""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

import httpx

from tapwealth.kernel.refusal import Outage
from tapwealth.wire.partner_http import partner_client

_PATIENCE_MS = 10_000


class BankPort(Protocol):
    """What the house needs of a bank."""

    async def send(self, message: bytes) -> None:
        """Hand over one message (pain.001, pain.008). Raises Outage while it is not known to be stored."""

    async def statement(self, account: str, day: date) -> bytes | None:
        """The camt.053 of an account and day; None while the bank has not made it. Raises Outage."""


@dataclass(frozen=True, slots=True)
class BankHttp:
    """The port over HTTP."""

    base_url: str
    token: str

    async def send(self, message: bytes) -> None:
        answer = await self._call("POST", "/messages", message)
        if not answer.is_success:
            raise Outage(f"the bank does not take the message ({answer.status_code}): {answer.text[:200].strip()}")

    async def statement(self, account: str, day: date) -> bytes | None:
        answer = await self._call("GET", f"/statements/{account}/{day.isoformat()}", None)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        if answer.status_code != httpx.codes.OK:
            raise Outage(f"the bank gives no statement of {account} for {day} ({answer.status_code})")
        return answer.content

    async def _call(self, method: str, path: str, content: bytes | None) -> httpx.Response:
        headers = {"Content-Type": "application/xml"}
        try:
            async with partner_client(self.base_url, self.token, _PATIENCE_MS) as client:
                return await client.request(method, path, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise Outage(f"the bank at {self.base_url} cannot be reached ({type(error).__name__})") from error
