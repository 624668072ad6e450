"""The biller of `tapwealth bench bills`, a process of its own: it takes its time over every answer, as many at once as are asked.

It keeps nothing: every payment is paid. Asked what became of one, it says of nine in ten that they are paid, and of the tenth that it has
never come; sent again, that is paid too. `python -m tapwealth.bench.bills_biller MILLISECONDS` prints its port and serves until its input
ends.
"""

import asyncio
import sys
from typing import cast

from tapwealth.app.event_loop import runner
from tapwealth.kernel.clock import seconds

_END, _LENGTH, _SERIAL = b"\r\n\r\n", b"Content-Length: ", b'"serial":"'
_ASKED = b"GET /bills/payments/"


class Connection(asyncio.Protocol):
    """One request at a time, answered after a while."""

    def __init__(self, wait: int) -> None:
        self._wait, self._held = seconds(wait), b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._held += data
        head = self._held.find(_END)
        if head < 0:
            return
        place = self._held.find(_LENGTH, 0, head)
        length = int(self._held[place + len(_LENGTH) : self._held.find(b"\r", place)]) if place > 0 else 0
        if len(self._held) >= head + len(_END) + length:
            request, self._held = self._held, b""
            asyncio.get_running_loop().call_later(self._wait, self._answer, request)

    def _answer(self, request: bytes) -> None:
        if request.startswith(_ASKED):
            serial = request[len(_ASKED) : request.find(b" ", len(_ASKED))]
            body = _never(serial) if sum(serial) % 10 == 0 else _paid(serial)
        else:
            first = request.find(_SERIAL) + len(_SERIAL)
            body = _paid(request[first : request.find(b'"', first)])
        if self._transport is not None:
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def _paid(serial: bytes) -> bytes:
    return b'{"serial":"%s","state":"paid","biller_reference":"E%s"}' % (serial, serial[-6:])


def _never(serial: bytes) -> bytes:
    return b'{"serial":"%s","state":"unknown","reason":"never_received"}' % serial


async def _serve(wait: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(wait), "127.0.0.1", 0, backlog=2_048)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.buffer.read)
    server.close()


def main() -> None:
    """Serve."""
    with runner() as loop:
        loop.run(_serve(int(sys.argv[1])))


if __name__ == "__main__":
    main()
