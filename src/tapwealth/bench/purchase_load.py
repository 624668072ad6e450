"""The load of `tapwealth bench purchase`, a process of its own: a client's connections, each in a closed loop, kept alive.

Requests are made ready ahead of a round, and HTTP is read by hand, so that the load takes little of the two cores while it is measured.
Each request has an `Idempotency-Key` of its own, an account drawn from all, an amount of its own. After the round every answer is looked
at.

Speaks to who started it in lines of JSON: an `Order` in, a `Report` out.
"""

import sys
from collections import Counter

import msgspec

from tapwealth.app.event_loop import runner
from tapwealth.bench.closed_loop import Caller, call, serve
from tapwealth.bench.purchase_town import FUND, account_of
from tapwealth.kernel.ids import seeded_random

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


class Connection(Caller):
    """A client's; an answer is a head and as many bytes as it announces."""

    def _whole(self, held: bytes) -> bytes | None:
        head = held.find(_HEAD_END)
        if head < 0:
            return None
        place = held.find(_LENGTH) + len(_LENGTH)
        whole = len(held) >= head + len(_HEAD_END) + int(held[place : held.find(b"\r", place)])
        return held if whole else None


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
        each = -(-order.prepared // order.callers)
        callers = [Connection([self._request(order) for _ in range(each)]) for _ in range(order.callers)]
        took = await call(callers, order.port, order.seconds)
        statuses = Counter(answer[_STATUS].decode("ascii") for caller in callers for answer in caller.answers)
        return Report(took.nanoseconds, [wait for caller in callers for wait in caller.waits], dict(statuses), took.processor)


def main() -> None:
    """`python -m tapwealth.bench.purchase_load PEOPLE BOOKS`."""
    load = Load(int(sys.argv[1]), int(sys.argv[2]))
    with runner() as loop:
        loop.run(serve(Order, load.round))


if __name__ == "__main__":
    main()
