"""Asking the identity channels over HTTP (docs/reference/partners.md). A silence or an answer that cannot be read is `unanswered`.

Never used inside a database transaction.
"""

from typing import Protocol
from urllib.parse import quote

import httpx
import msgspec

from tapwealth.customers.kyc import Channel, ChannelAnswer
from tapwealth.kernel.masked import IdentityNumber, PersonName, PhoneNumber
from tapwealth.kernel.refusal import Outage
from tapwealth.wire.partner_http import partner_client


class IdentityPort(Protocol):
    """Asks one channel about one person."""

    async def verify(
        self, serial: str, channel: Channel, name: PersonName, identity_number: IdentityNumber, phone: PhoneNumber
    ) -> ChannelAnswer:
        """Ask. The same serial with the same question may be sent again and gives the same answer."""
        ...

    async def inquire(self, serial: str) -> ChannelAnswer:
        """What was answered to an earlier question; `unanswered` if it never came or cannot be told now."""
        ...

    async def text(self, serial: str, phone: PhoneNumber, text: str) -> None:
        """Have the telecom operator send a text message. The same serial again sends no second one. Raises Outage unless it was taken."""
        ...


class _Answer(msgspec.Struct):
    serial: str
    channel: Channel
    result: ChannelAnswer


class IdentityHttp:
    """`base_url` and `token` of the channels' server; each request waits at most `timeout_ms` by the machine's clock."""

    def __init__(self, base_url: str, token: str, timeout_ms: int = 3_000) -> None:
        self._client = partner_client(base_url, token, timeout_ms)

    async def verify(
        self, serial: str, channel: Channel, name: PersonName, identity_number: IdentityNumber, phone: PhoneNumber
    ) -> ChannelAnswer:
        person = {"name": name.reveal(), "identity_number": identity_number.reveal(), "phone": phone.reveal()}
        request = self._client.build_request("POST", "/verify", json={"serial": serial, "channel": channel.value, **person})
        return await self._answer(request, serial)

    async def inquire(self, serial: str) -> ChannelAnswer:
        return await self._answer(self._client.build_request("GET", f"/verify/{quote(serial, safe='')}"), serial)

    async def text(self, serial: str, phone: PhoneNumber, text: str) -> None:
        request = self._client.build_request("POST", "/texts", json={"serial": serial, "phone": phone.reveal(), "text": text})
        try:
            response = await self._client.send(request)
        except httpx.HTTPError:
            raise Outage("the telecom operator takes no text messages now") from None
        if response.status_code != httpx.codes.OK:
            raise Outage(f"the telecom operator did not take a text message: status {response.status_code}")

    async def _answer(self, request: httpx.Request, serial: str) -> ChannelAnswer:
        try:
            response = await self._client.send(request)
        except httpx.HTTPError:
            return ChannelAnswer.UNANSWERED
        return _read(response, serial)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()


def _read(response: httpx.Response, serial: str) -> ChannelAnswer:
    if response.status_code != httpx.codes.OK:
        return ChannelAnswer.UNANSWERED
    try:
        answer = msgspec.json.decode(response.content, type=_Answer)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return ChannelAnswer.UNANSWERED
    return answer.result if answer.serial == serial else ChannelAnswer.UNANSWERED
