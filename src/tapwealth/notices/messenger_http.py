"""Reaching the messenger over HTTP (docs/reference/partners.md). Whatever goes wrong on the way is the fate `unknown`.

A status that is not 200 says nothing about the message: it is never taken for a bounce. Never used inside a database transaction.
"""

import asyncio
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from tapwealth.kernel.clock import seconds
from tapwealth.notices.messenger import Channel, Fate, Outgoing, Said
from tapwealth.wire.partner_http import partner_client

MOST_CONNECTIONS = 64
LONGEST_REASON = 80


class _Answer(msgspec.Struct):
    serial: str
    state: str
    reason: str = ""


FATES = {
    "accepted": Fate.ACCEPTED,
    "delivered": Fate.DELIVERED,
    "bounced": Fate.BOUNCED,
    "rejected": Fate.BOUNCED,
    "never_came": Fate.NEVER_CAME,
}


class MessengerHttp:
    """`base_url` and `token` of the messenger; each request waits at most `timeout_ms` by the machine's clock. Each channel has connections
    of its own: where one is silent, the other does not wait for them."""

    def __init__(self, base_url: str, token: str, timeout_ms: int = 3_000) -> None:
        limits = httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=MOST_CONNECTIONS)
        self._timeout = seconds(timeout_ms)
        self._clients = {channel: partner_client(base_url, token, timeout_ms, limits) for channel in Channel}

    async def submit(self, message: Outgoing) -> Said:
        """Hand it over; the addresses are revealed here and nowhere else."""
        content = {
            "serial": message.serial,
            "channel": message.channel.value,
            "to": [address.reveal() for address in message.addresses],
            "text": message.text,
            "segments": message.segments,
        }
        said = await self._ask(message.channel, "POST", "/messages", message.serial, content)
        return Said(Fate.UNKNOWN, "the messenger forgot it at once") if said.fate is Fate.NEVER_CAME else said

    async def inquire(self, channel: Channel, serial: str) -> Said:
        return await self._ask(channel, "GET", f"/messages/{quote(serial, safe='')}", serial, None)

    async def _ask(self, channel: Channel, method: str, path: str, serial: str, content: dict[str, Any] | None) -> Said:
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._clients[channel].request(method, path, json=content)
        except (TimeoutError, httpx.TimeoutException):
            return Said(Fate.UNKNOWN, "no answer in time", there=False)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Said(Fate.UNKNOWN, f"no answer ({type(error).__name__})", there=False)
        if response.status_code != httpx.codes.OK:
            return Said(Fate.UNKNOWN, f"HTTP status {response.status_code}")
        return _read(response.content, serial)

    async def close(self) -> None:
        """Let go of the connections."""
        for client in self._clients.values():
            await client.aclose()


def _read(content: bytes, serial: str) -> Said:
    try:
        answer = msgspec.json.decode(content, type=_Answer)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return Said(Fate.UNKNOWN, "the answer cannot be read")
    if answer.serial != serial:
        return Said(Fate.UNKNOWN, "the answer belongs to another serial")
    fate = FATES.get(answer.state)
    if fate is None:
        return Said(Fate.UNKNOWN, f"the messenger says {answer.state[:40]!r}")
    return Said(fate, " ".join(answer.reason.split())[:LONGEST_REASON])
