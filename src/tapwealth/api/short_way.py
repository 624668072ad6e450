"""The short way to /v1: uvicorn's protocol, which hands a request that came whole to the edge at once, and writes its answer in one go.

Anything else goes the ordinary way, by ASGI: other paths, a body yet to come, an old version, a path in escapes, a request behind
another one on its way. HTTP is read by the same parser (llhttp) on both ways, and the edge is the same. In front of a lean edge ASGI is
half of what a request costs.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, ClassVar

from starlette.responses import Response, StreamingResponse
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from tapwealth.api.v1.edge import App, Edge, Front, Incoming

Header = tuple[bytes, bytes]
_NOBODY_WAITS = asyncio.Event()
_LONGEST_URL = 8_192
"""What is longer is left to the ordinary way, which knows what it is not able to read."""


class _Short(RequestResponseCycle):
    """What the protocol asks of a request under way: uvicorn's fields, without what the ordinary way needs."""

    def __init__(self, *, keep_alive: bool) -> None:
        self.keep_alive, self.disconnected, self.response_complete = keep_alive, False, False
        self.message_event = _NOBODY_WAITS
        self.task: asyncio.Task[None] | None = None


class ShortWay(HttpToolsProtocol):
    """One connection. A request is `_read` from its head's end on until it is whole, or has to go the ordinary way."""

    edge: ClassVar[Edge]

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._read = False
        self._head: list[Header] = []
        self._held = b""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._read:
            self._go_the_ordinary_way_later()

    def on_message_begin(self) -> None:
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_headers_complete(self) -> None:
        self._read, self._held = True, b""
        self._head, self.headers = self.headers, []  # what comes behind the body is no head

    def on_body(self, body: bytes) -> None:
        if self._read:
            self._held += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._read and self._may_go_the_short_way():
            self._go_the_short_way()
            return
        if self._read:
            self._go_the_ordinary_way()
        super().on_message_complete()

    def _may_go_the_short_way(self) -> bool:
        url, parser = self.url, self.parser
        return (
            url.startswith(b"/v1/")
            and len(url) <= _LONGEST_URL
            and url.isascii()
            and b"%" not in url
            and b"#" not in url
            and (self.cycle is None or self.cycle.response_complete)
            and not self.expect_100_continue
            and not parser.should_upgrade()
            and parser.get_http_version() == "1.1"
            and parser.get_method() != b"HEAD"
        )

    def _go_the_short_way(self) -> None:
        self._read = False
        path, _, query = self.url.decode("ascii").partition("?")
        address = self.client[0] if self.client else ""
        request = Incoming(self.parser.get_method().decode("ascii"), path, query, self._head, address, self._held)
        self.cycle = cycle = _Short(keep_alive=self.parser.should_keep_alive())
        cycle.task = self.loop.create_task(self._answer(cycle, request))
        self.tasks.add(cycle.task)

    async def _answer(self, cycle: _Short, request: Incoming) -> None:
        try:
            response = await self.edge.answer(request)
            if self.flow.write_paused and not cycle.disconnected:
                await self.flow.drain()
            if not cycle.disconnected:
                self._begin(cycle, response)
                if isinstance(response, StreamingResponse):
                    await self._stream(cycle, response)
                self._end(cycle)
        finally:
            if not cycle.response_complete:
                self.transport.close()
            if cycle.task is not None:
                self.tasks.discard(cycle.task)

    def _begin(self, cycle: _Short, response: Response) -> None:
        """The head, and the body of what is no stream."""
        headers = [*self.server_state.default_headers, *response.raw_headers]
        if not cycle.keep_alive:
            headers.append((b"connection", b"close"))
        body = b"" if isinstance(response, StreamingResponse) else bytes(response.body)
        self.transport.write(_head(response.status_code, headers) + body)

    async def _stream(self, cycle: _Short, response: StreamingResponse) -> None:
        """No faster than it is taken; what breaks off on the way ends the connection, short of what the head said."""
        async for piece in response.body_iterator:
            if self.flow.write_paused and not cycle.disconnected:
                await self.flow.drain()
            if cycle.disconnected:
                return
            assert not isinstance(piece, str), "a file is bytes"
            self.transport.write(bytes(piece))

    def _end(self, cycle: _Short) -> None:
        if cycle.disconnected:
            return
        cycle.response_complete = True
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _go_the_ordinary_way(self) -> None:
        """As if uvicorn had met this request by itself."""
        self._read = False
        url, expects, held = self.url, self.expect_100_continue, self._held
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += self._head
        super().on_headers_complete()
        if held:
            super().on_body(held)

    def _go_the_ordinary_way_later(self) -> None:
        """Called outside of the parser, whose errors are answered here as it would have answered them."""
        if self.transport.is_closing():
            self._read = False
            return
        try:
            self._go_the_ordinary_way()
        except Exception:  # within the parser each of them would have been an error of the parser's
            self.send_400_response("Invalid HTTP request received.")


def _head(status: int, headers: Iterable[Header]) -> bytes:
    """The lines of an answer's head. No value may make a line of its own."""
    parts, lines = [STATUS_LINE[status]], 2
    for name, value in headers:
        parts += name, b": ", value, b"\r\n"
        lines += 1
    head = b"".join((*parts, b"\r\n"))
    if not head.count(b"\r") == head.count(b"\n") == lines:
        raise RuntimeError(f"a header would break its line: {head[:200]!r}")
    return head


def protocol_for(app: App) -> type[HttpToolsProtocol]:
    """How a server reads HTTP for this application."""
    if not isinstance(app, Front):
        return HttpToolsProtocol
    return type("ShortWay", (ShortWay,), {"edge": app.edge})
