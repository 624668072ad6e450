"""The load of `tapwealth bench purchase`, a process of its own: a client's connections, each in a closed loop, kept alive.

Requests are made ready ahead of a round, and HTTP is read by hand, so that the load takes little of the two cores while it is measured.
Each request has an `Idempotency-Key` of its own, an account drawn from all, an amount of its own. After the round every answer is looked
at.

Speaks to who started it in lines of JSON: an `Order` in, a `Report` out.
"""

import asyncio
import sys
from collections import Counter
from os import getpid

import msgspec

from tapwealth.app.event_loop import runner
from tapwealth.bench.processor import processor_ms
from tapwealth.bench.purchase_town import FUND, account_of
from tapwealth.kernel.clock import monotonic_ns
from tapwealth.kernel.ids import seeded_random

_SECOND = 1_000_000_000
_HEAD_END, _LENGTH, _STATUS = b"\r\n\r\n", b"content-length: ", slice(9, 12)


class Order(msgspec.Struct, frozen=True):
    """A round: `prepared` purchases by `callers` connections at once, for so many seconds."""

    port: int
    token: str
    callers: int
    seconds: int
    prepared: int
    path: str


class Report(msgspec.Struct, frozen=True):
    """How long it took and each waited, in nanoseconds; answers by status; the milliseconds of a core that the load itself used."""

    took: int
    waits: list[int]
    statuses: dict[str, int]
    processor: int


class Caller(asyncio.Protocol):
    """One connection: sends a request, awaits the answer, sends the next."""

    def __init__(self, requests: list[bytes]) -> None:
        self.waits, self.answers = list[int](), list[bytes]()
        self._requests, self._held = requests, b""
        self._sent = self._end = 0
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def begin(self, transport: asyncio.Transport, end: int) -> None:
        self._transport, self._end = transport, end
        self._next()

    def _next(self) -> None:
        self._sent = monotonic_ns()
        if self._transport is None or self._sent >= self._end or len(self.answers) == len(self._requests):
            self.done.set_result(None)
        else:
            self._transport.write(self._requests[len(self.answers)])

    def data_received(self, data: bytes) -> None:
        held = self._held = self._held + data
        head = held.find(_HEAD_END)
        if head < 0:
            return
        place = held.find(_LENGTH) + len(_LENGTH)
        if len(held) < head + len(_HEAD_END) + int(held[place : held.find(b"\r", place)]):
            return
        self.waits.append(monotonic_ns() - self._sent)
        self.answers.append(held)
        self._held = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError(f"the platform left: {exc}"))


class Load:
    """Makes requests for people drawn from all, one after another."""

    def __init__(self, people: int, books: int) -> None:
        self._accounts = [account_of(number, books).encode() for number in range(people)]
        self._draw = seeded_random(people).randrange
        self._made = 0

    def _request(self, order: Order) -> bytes:
        self._made += 1
        account = self._accounts[self._draw(len(self._accounts))]
        body = b'{"type":"purchase","fund":"%s","amount":{"amount":%d,"currency":"CNY"}}' % (FUND.encode(), 100 + self._made % 64)
        head = (
            b"POST " + order.path.encode().replace(b"{account}", account) + b" HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer "
            + order.token.encode() + b"\r\nIdempotency-Key: bench-%d\r\nContent-Type: application/json\r\n" % self._made
        )  # fmt: skip
        return head + b"Content-Length: %d\r\n\r\n" % len(body) + body

    async def round(self, order: Order) -> Report:
        """Prepare, ask, and look at what was answered."""
        loop = asyncio.get_running_loop()
        each = -(-order.prepared // order.callers)
        callers = [Caller([self._request(order) for _ in range(each)]) for _ in range(order.callers)]
        transports = [(await loop.create_connection(lambda one=one: one, "127.0.0.1", order.port))[0] for one in callers]  # type: ignore[misc] # mypy cannot infer a lambda with a default
        used, started = processor_ms(getpid()), monotonic_ns()
        for caller, transport in zip(callers, transports, strict=True):
            caller.begin(transport, started + order.seconds * _SECOND)
        await asyncio.gather(*(caller.done for caller in callers))
        took, used = monotonic_ns() - started, processor_ms(getpid()) - used
        for transport in transports:
            transport.close()
        statuses = Counter(answer[_STATUS].decode("ascii") for caller in callers for answer in caller.answers)
        return Report(took, [wait for caller in callers for wait in caller.waits], dict(statuses), used)


async def _serve(load: Load) -> None:
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.buffer.readline):
        report = await load.round(msgspec.json.decode(line, type=Order))
        sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
        sys.stdout.buffer.flush()


def main() -> None:
    """`python -m tapwealth.bench.purchase_load PEOPLE BOOKS`."""
    load = Load(int(sys.argv[1]), int(sys.argv[2]))
    with runner() as loop:
        loop.run(_serve(load))


if __name__ == "__main__":
    main()
