"""One terminal's (or concentrator's) TCP connection.

Messages may be pipelined: several are handled at once, those of one terminal in the order in which they came. Bounded in everything: the
time without a message, the time from a message's first byte to its last, the messages in hand, the bytes of answers not taken, and the time
a slow reader gets. What ends a connection is one line in the log.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from tapwealth.host.exchange import Asked, Exchange, read_frame
from tapwealth.host.handlers import ReadPlatformClock
from tapwealth.kernel.clock import monotonic_ns, seconds
from tapwealth.kernel.in_flight import Arrival, InFlight
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.wire.iso8583.frame import FrameSplitter

CHUNK = 65_536
_NS_PER_MS = 1_000_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Times in milliseconds of the machine's clock. Terminals wait 60 seconds for an answer."""

    connections: int = 4_096
    idle_ms: int = 300_000
    message_ms: int = 10_000
    write_ms: int = 10_000
    in_hand: int = 64
    unsent_bytes: int = 65_536


class Connection:
    """Serves one peer until it leaves, misbehaves or is asked to stop."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        exchange: Exchange,
        read_platform_clock: ReadPlatformClock,
        in_flight: InFlight,
        limits: Limits,
    ) -> None:
        self._reader, self._writer = reader, writer
        self._exchange, self._read_platform_clock, self._in_flight, self._limits = exchange, read_platform_clock, in_flight, limits
        self._splitter = FrameSplitter()
        self._begun_ns = 0
        self._reading: asyncio.Task[None] | None = None
        self._stopping = False
        self._slots = asyncio.Semaphore(limits.in_hand)
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_of: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._peer = str(writer.get_extra_info("peername"))

    async def serve(self) -> None:
        """Read, answer, close. Raises nothing but cancellation."""
        self._prepare()
        self._reading = asyncio.create_task(self._read_on())
        try:
            await self._reading
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        except BadInput as fault:
            self._note("closed: unreadable", str(fault))
        except TimeoutError:
            self._note("closed: silent", f"{self._splitter.incomplete} bytes of a message begun")
        except Outage as outage:
            self._note("closed: outage", str(outage))
        except OSError as fault:
            self._note("closed: lost", type(fault).__name__)
        finally:
            await self._finish()

    def stop(self) -> None:
        """Read no more; what is in hand is still answered."""
        self._stopping = True
        if self._reading is not None:
            self._reading.cancel()

    def abort(self) -> None:
        """Drop the connection now."""
        self._writer.transport.abort()

    def _note(self, event: str, reason: str) -> None:
        log.warning(event, peer=self._peer, reason=reason)

    def _prepare(self) -> None:
        self._writer.transport.set_write_buffer_limits(high=self._limits.unsent_bytes)
        connected = self._writer.get_extra_info("socket")
        if connected is not None:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._limits.unsent_bytes)

    async def _read_on(self) -> None:
        while received := await self._read_chunk():
            self._begun_ns = self._begun_ns or monotonic_ns()
            while frames := self._splitter.feed(received):
                await self._take(frames)
                self._begun_ns, received = monotonic_ns(), b""
            if not self._splitter.incomplete:
                self._begun_ns = 0
        if self._splitter.incomplete:
            raise BadInput(f"it left after {self._splitter.incomplete} bytes of a message", where="connection", hint="send it whole")

    async def _read_chunk(self) -> bytes:
        """What has come, or nothing at the end. TimeoutError if a begun message, or the next one, is too long in coming."""
        patience = self._limits.idle_ms
        if self._begun_ns:
            patience = self._limits.message_ms - (monotonic_ns() - self._begun_ns) // _NS_PER_MS
        async with asyncio.timeout(seconds(max(patience, 0))):
            return await self._reader.read(CHUNK)

    async def _take(self, frames: Sequence[bytes]) -> None:
        """Stamp what has been read to its last byte, and hand it on."""
        arrivals = deque(self._in_flight.arrive() for _ in frames)
        try:
            received_at = await self._read_platform_clock()
            for arrival in arrivals:
                arrival.stamp(received_at)
            for frame in frames:
                asked = read_frame(frame)
                await self._slots.acquire()
                self._begin(asked, arrivals.popleft(), received_at)
        finally:
            for arrival in arrivals:
                arrival.done()

    def _begin(self, asked: Asked, arrival: Arrival, received_at: datetime) -> None:
        before = self._last_of.get(asked.place)
        task = asyncio.create_task(self._handle(asked, arrival, received_at, before))
        self._tasks.add(task)
        self._last_of[asked.place] = task
        task.add_done_callback(lambda done: self._end(done, asked.place))

    def _end(self, done: asyncio.Task[None], place: tuple[str, str]) -> None:
        self._slots.release()
        self._tasks.discard(done)
        if self._last_of.get(place) is done:
            del self._last_of[place]

    async def _handle(self, asked: Asked, arrival: Arrival, received_at: datetime, before: asyncio.Task[None] | None) -> None:
        try:
            if before is not None:
                await asyncio.wait((before,))
            answer = await self._exchange.answer(asked, received_at)
        finally:
            arrival.done()
        if answer is not None:
            await self._send(answer)

    async def _send(self, answer: bytes) -> None:
        if self._writer.is_closing():
            return
        try:
            self._writer.write(answer)
            async with asyncio.timeout(seconds(self._limits.write_ms)):
                await self._writer.drain()
        except TimeoutError:
            if not self._writer.is_closing():
                self._note("closed: slow reader", "it does not take its answers")
            self.abort()
        except OSError:
            self.abort()

    async def _finish(self) -> None:
        """Let what is in hand come to its answer, then close."""
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._writer.close()
        try:
            async with asyncio.timeout(seconds(self._limits.write_ms)):
                await self._writer.wait_closed()
        except (TimeoutError, OSError):
            self.abort()
