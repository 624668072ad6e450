"""One terminal's (or concentrator's) TCP connection.

Messages may be pipelined: several are handled at once, those of one terminal in the order in which they came. Bounded in everything: the
time without a message, the time from a message's first byte to its last, the messages in hand, the bytes of answers not taken, and the time
a slow reader gets. What ends a connection is one line in the log.

A message is a task of its own from its last byte to its answer. The event loop calls what comes and goes on the socket without one, and a
single alarm watches the times: a stream, and a timeout for each message, cost more than the message that they carry.
"""

import asyncio
import socket
from collections import deque
from dataclasses import dataclass
from typing import cast

import structlog

from tapwealth.host.exchange import Asked, Exchange, read_frame
from tapwealth.host.handlers import ReadPlatformClock
from tapwealth.kernel.clock import monotonic_ns, seconds
from tapwealth.kernel.in_flight import Arrival, InFlight
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.wire.iso8583.frame import FrameSplitter

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


class Connection(asyncio.Protocol):
    """Serves one peer until it leaves, misbehaves or is asked to stop. `ended` is done when what was in hand is, and the socket closed."""

    def __init__(self, exchange: Exchange, read_platform_clock: ReadPlatformClock, in_flight: InFlight, limits: Limits) -> None:
        self._exchange, self._read_platform_clock, self._in_flight, self._limits = exchange, read_platform_clock, in_flight, limits
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._splitter = FrameSplitter()
        self._whole: deque[bytes] = deque()
        """Frames that no hand was free for: they count as read when one is."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_of: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._reads, self._is_reading, self._writes, self._is_open = True, True, True, True
        self._heard_ns, self._begun_ns = monotonic_ns(), 0

    # ---- called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._peer = str(transport.get_extra_info("peername"))
        self._transport.set_write_buffer_limits(high=self._limits.unsent_bytes)
        connected = transport.get_extra_info("socket")
        if connected is not None:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._limits.unsent_bytes)
        self._alarm = self._loop.call_later(seconds(self._limits.idle_ms), self._look)

    def data_received(self, data: bytes) -> None:
        begun_ns, self._heard_ns = self._begun_ns, monotonic_ns()
        try:
            while frames := self._splitter.feed(data):
                self._whole += frames
                self._take()
                data, begun_ns = b"", 0
        except BadInput as fault:
            self._read_no_more("closed: unreadable", str(fault))
            return
        self._begun_ns = (begun_ns or self._heard_ns) if self._splitter.incomplete else 0
        if self._begun_ns and not begun_ns:
            self._watch()

    def eof_received(self) -> bool:
        """The peer sends no more; it still gets its answers."""
        if self._splitter.incomplete:
            fault = BadInput(f"it left after {self._splitter.incomplete} bytes of a message", where="connection", hint="send it whole")
            self._read_no_more("closed: unreadable", str(fault))
        else:
            self._read_no_more()
        return True

    def pause_writing(self) -> None:
        self._writes = False
        self._pace()
        self._patience = self._loop.call_later(seconds(self._limits.write_ms), self._give_up)

    def resume_writing(self) -> None:
        self._patience.cancel()
        self._writes = True
        self._take_on()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._writes:
            self.resume_writing()
        self._is_open = False
        self._read_no_more("closed: lost" if exc else "", type(exc).__name__)

    # ---- called by the listener

    def stop(self) -> None:
        """Read no more; what is in hand is still answered."""
        self._whole.clear()
        self._read_no_more()

    def abort(self) -> None:
        """Drop the connection now."""
        self._transport.abort()

    # ---- what has been read

    def _take(self) -> None:
        """Hand on whole messages while a hand is free. Raises BadInput on one that says too little to be answered, the last one."""
        while self._whole and self._has_room:
            try:
                asked = read_frame(self._whole.popleft())
            except BadInput:
                self._whole.clear()
                raise
            task = self._loop.create_task(self._handle(asked, self._in_flight.arrive(), self._last_of.get(asked.place)))
            self._tasks.add(task)
            self._last_of[asked.place] = task
        self._pace()

    def _take_on(self) -> None:
        """There is room again."""
        try:
            self._take()
        except BadInput as fault:
            self._read_no_more("closed: unreadable", str(fault))

    @property
    def _has_room(self) -> bool:
        return self._writes and len(self._tasks) < self._limits.in_hand

    async def _handle(self, asked: Asked, arrival: Arrival, before: asyncio.Task[None] | None) -> None:
        try:
            received_at = await self._read_platform_clock()
            arrival.stamp(received_at)
            if before is not None:
                await asyncio.wait((before,))
            answer = await self._exchange.answer(asked, received_at)
            if answer is not None and not self._transport.is_closing():
                self._transport.write(answer)
        except Outage as outage:
            self._read_no_more("closed: outage", str(outage))
        except Exception:
            log.exception("a connection ended in a fault", peer=self._peer)
            self.abort()
        finally:
            arrival.done()
            self._done(asked.place, asyncio.current_task())

    def _done(self, place: tuple[str, str], task: asyncio.Task[None] | None) -> None:
        assert task is not None
        self._tasks.remove(task)
        if self._last_of[place] is task:
            del self._last_of[place]
        if self._is_reading:
            return
        self._take_on()
        self._end()

    # ---- pace and patience

    def _pace(self) -> None:
        """Read on only while there is room for what comes: who sends more waits in the network."""
        reads = self._reads and self._has_room and not self._whole
        if reads == self._is_reading:
            return
        self._is_reading = reads
        if reads:
            self._listen_anew()
        if not self._transport.is_closing():
            (self._transport.resume_reading if reads else self._transport.pause_reading)()

    def _listen_anew(self) -> None:
        """What was not read before now is not the peer's delay."""
        self._heard_ns = monotonic_ns()
        self._begun_ns = self._begun_ns and self._heard_ns

    def _watch(self) -> None:
        self._alarm.cancel()
        self._alarm = self._loop.call_later(seconds(self._left_ms()), self._look)

    def _left_ms(self) -> int:
        """How long the message begun, or the next one, may still be in coming."""
        since, limit = (self._begun_ns, self._limits.message_ms) if self._begun_ns else (self._heard_ns, self._limits.idle_ms)
        return limit - (monotonic_ns() - since) // _NS_PER_MS

    def _look(self) -> None:
        """The alarm. It is set for the earliest instant that could matter, so that much may have come meanwhile."""
        if not self._is_reading:
            self._listen_anew()
        if self._left_ms() > 0:
            self._watch()
        else:
            self._read_no_more("closed: silent", f"{self._splitter.incomplete} bytes of a message begun")

    def _give_up(self) -> None:
        self._read_no_more("closed: slow reader", "it does not take its answers")
        self.abort()

    # ---- the end

    def _read_no_more(self, event: str = "", reason: str = "") -> None:
        """The reason that comes first is the one that is noted."""
        if self._reads and event:
            log.warning(event, peer=self._peer, reason=reason)
        self._reads = False
        self._pace()
        self._end()

    def _end(self) -> None:
        """With nothing to read and nothing in hand: close, within the time that a slow reader gets; then be done with."""
        if self._reads or self._tasks or self._whole:
            return
        self._alarm.cancel()
        if not self._is_open:
            if not self.ended.done():
                self.ended.set_result(None)
        elif not self._transport.is_closing():
            self._transport.close()
            self._alarm = self._loop.call_later(seconds(self._limits.write_ms), self.abort)
