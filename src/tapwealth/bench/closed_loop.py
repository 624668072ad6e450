"""What the loads of benchmarks have in common: connections that each send the next request when they have the answer to the last, and the
lines of JSON by which a load is told what to do. A load is a process of its own, so that what is measured is what a caller waits.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from os import getpid
from typing import Any, NamedTuple, TypeVar

import msgspec

from tapwealth.bench.processor import processor_ms
from tapwealth.kernel.clock import monotonic_ns

T = TypeVar("T")

_SECOND = 1_000_000_000


class Caller(asyncio.Protocol):
    """One connection. `waits` are nanoseconds; `answers` are whole ones, in the order of the requests."""

    def __init__(self, requests: Sequence[bytes]) -> None:
        self.waits, self.answers = list[int](), list[bytes]()
        self._requests, self._held = requests, b""
        self._sent = self._end = 0
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def begin(self, transport: asyncio.Transport, end: int) -> None:
        """Send until that nanosecond, or until there is no request left."""
        self._transport, self._end = transport, end
        self._next()

    def _next(self) -> None:
        self._sent = monotonic_ns()
        if self._transport is None or self._sent >= self._end or len(self.answers) == len(self._requests):
            self.done.set_result(None)
        else:
            self._transport.write(self._requests[len(self.answers)])

    def data_received(self, data: bytes) -> None:
        self._held += data
        answer = self._whole(self._held)
        if answer is not None:
            self.waits.append(monotonic_ns() - self._sent)
            self.answers.append(answer)
            self._held = b""
            self._next()

    def _whole(self, held: bytes) -> bytes | None:
        """The answer, once all of it is there."""
        raise NotImplementedError

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError(f"who was asked left: {exc}"))


class Took(NamedTuple):
    """Nanoseconds from the first request to the last answer, and the milliseconds of a core that the load used meanwhile."""

    nanoseconds: int
    processor: int


async def call(callers: Sequence[Caller], port: int, seconds: int, meanwhile: Callable[[int], Awaitable[None]] | None = None) -> Took:
    """All callers at once, connected before the first of them begins. `meanwhile` gets the nanosecond at which they began."""
    loop = asyncio.get_running_loop()
    transports = []
    for caller in callers:
        transports.append((await loop.create_connection(_protocol(caller), "127.0.0.1", port))[0])
    used, started = processor_ms(getpid()), monotonic_ns()
    for caller, transport in zip(callers, transports, strict=True):
        caller.begin(transport, started + seconds * _SECOND)
    if meanwhile is not None:
        await meanwhile(started)
    await asyncio.gather(*(caller.done for caller in callers))
    took = Took(monotonic_ns() - started, processor_ms(getpid()) - used)
    for transport in transports:
        transport.close()
    return took


def _protocol(caller: Caller) -> Callable[[], Caller]:
    return lambda: caller


async def serve(shape: type[T], carry_out: Callable[[T], Awaitable[Any]]) -> None:
    """An order a line in, a report a line out, until there are no more."""
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.buffer.readline):
        report = await carry_out(msgspec.json.decode(line, type=shape))
        sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
        sys.stdout.buffer.flush()


async def ordered(load: asyncio.subprocess.Process, order: Any, shape: type[T]) -> T:
    """The report of a load that carries out an order, from the process that started it."""
    assert load.stdin is not None
    assert load.stdout is not None
    load.stdin.write(msgspec.json.encode(order) + b"\n")
    line = await load.stdout.readline()
    assert line, "the load has ended"
    return msgspec.json.decode(line, type=shape)
