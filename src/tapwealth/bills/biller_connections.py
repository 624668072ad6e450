"""Connections to one biller, kept alive: HTTP/1.1 with many requests open at once, each on a connection of its own.

A pool made for few connections looks through all of them for each request; thousands of payments a second to a biller that takes its time
keep hundreds open. Here a request takes the connection that was idle last, or opens one. Never used inside a database transaction.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from ssl import SSLContext, create_default_context
from typing import NamedTuple, cast
from urllib.parse import urlsplit

import httptools

from tapwealth.kernel.clock import seconds

MOST_BYTES = 8 << 20
"""Of one answer; a longer one is garbage."""


class BillerSilent(Exception):
    """No answer, or none that is HTTP; one line why."""


class Answered(NamedTuple):
    status: int
    content: bytes


class Connections:
    """To the server of `base_url`, which may have a path; every request has these headers and waits at most `timeout_ms`."""

    def __init__(self, base_url: str, headers: Mapping[str, str], timeout_ms: int) -> None:
        where = urlsplit(base_url)
        self._tls: SSLContext | None = create_default_context() if where.scheme == "https" else None
        self._host, self._port = where.hostname or "", where.port or (443 if self._tls else 80)
        self._path, self._timeout = where.path.rstrip("/"), seconds(timeout_ms)
        lines = {"Host": where.netloc, **headers}
        self._head = "".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode("latin-1")
        self._idle: list[_Connection] = []

    async def ask(self, method: str, path: str, body: bytes = b"") -> Answered:
        """Send one request. A connection that its server closed while it was idle is replaced once. Raises BillerSilent."""
        request = f"{method} {self._path}{path} HTTP/1.1\r\n".encode("ascii") + self._head
        if body:
            request += b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
        try:
            async with asyncio.timeout(self._timeout):
                while True:
                    connection, fresh = await self._connected()
                    try:
                        answer = await connection.exchange(request + b"\r\n" + body)
                    except ConnectionError:
                        if fresh:
                            raise
                        continue
                    if connection.reusable:
                        self._idle.append(connection)
                    return answer
        except TimeoutError:
            raise BillerSilent("no answer (ReadTimeout)") from None
        except (OSError, httptools.HttpParserError) as error:
            raise BillerSilent(f"no answer ({type(error).__name__})") from None

    async def _connected(self) -> "tuple[_Connection, bool]":
        while self._idle:
            connection = self._idle.pop()
            if connection.reusable:
                return connection, False
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(_Connection, self._host, self._port, ssl=self._tls)
        return made, True

    async def close(self) -> None:
        """Let go of those that are idle."""
        while self._idle:
            self._idle.pop().close()


class _Connection(asyncio.Protocol):
    """One request at a time. Whoever stops waiting takes the connection down with them: its answer would be the next one's."""

    def __init__(self) -> None:
        self.reusable = True
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._body = bytearray()
        self._waiting: asyncio.Future[Answered] | None = None

    async def exchange(self, request: bytes) -> Answered:
        assert self._transport is not None, "it is connected"
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            return await self._waiting
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self.reusable = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one without descending from it

    def connection_lost(self, exc: Exception | None) -> None:
        self.reusable = False
        self._fail(ConnectionResetError("the biller closed the connection"))

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self.reusable = False
            self._fail(error)

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) > MOST_BYTES:
            self._fail(httptools.HttpParserError("the answer is too long"))

    def on_message_complete(self) -> None:
        answer = Answered(self._parser.get_status_code(), bytes(self._body))
        self.reusable = self.reusable and self._parser.should_keep_alive()
        self._body.clear()
        if self._waiting is None or self._waiting.done():
            self.close()  # nobody asked: whatever comes after it belongs to nobody either
        else:
            self._waiting.set_result(answer)

    def _fail(self, error: Exception) -> None:
        with suppress(asyncio.InvalidStateError):
            if self._waiting is not None:
                self._waiting.set_exception(error)
