"""A till's line to its host: one TCP connection, one message asked and answered at a time, all by the machine's clock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tapwealth.kernel.clock import seconds
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.wire.iso8583.frame import Envelope, FrameSplitter, framed, unframed

CHUNK = 4_096


class NoLine(Outage):
    """The host cannot be reached: nothing was sent."""


class NoAnswer(Outage):
    """Something was sent and no whole answer came: whether it was done is not known."""


class Line:
    """An open connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, timeout_ms: int) -> None:
        self._reader, self._writer, self._timeout_ms = reader, writer, timeout_ms

    async def ask(self, message: bytes) -> bytes:
        """Send a message and return the next one that comes. Raises NoAnswer after the timeout or if the line breaks."""
        try:
            async with asyncio.timeout(seconds(self._timeout_ms)):
                self._writer.write(framed(Envelope(), message))
                await self._writer.drain()
                return await self._receive()
        except TimeoutError:
            raise NoAnswer(f"no answer within {self._timeout_ms} ms") from None
        except (OSError, BadInput) as fault:
            raise NoAnswer(f"no answer: {fault}") from fault

    async def _receive(self) -> bytes:
        splitter = FrameSplitter()
        while received := await self._reader.read(CHUNK):
            for frame in splitter.feed(received):
                return unframed(frame)[1]
        raise ConnectionResetError("the host closed the line")


@asynccontextmanager
async def open_line(host: str, port: int, timeout_ms: int) -> AsyncIterator[Line]:
    """Connect, and close whatever happens. Raises NoLine if the host cannot be reached in time."""
    try:
        async with asyncio.timeout(seconds(timeout_ms)):
            reader, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError) as fault:
        raise NoLine(f"no line to {host}:{port} ({type(fault).__name__})") from fault
    try:
        yield Line(reader, writer, timeout_ms)
    finally:
        writer.transport.abort()
