"""Which requests are being handled right now, by the instant at which they were read.

An order belongs to the business date of the instant at which its request was read. Before a date can be cut, every request read before its
end must be decided: all listeners of a process share one `InFlight`, and the cut waits on it. For one event loop; nothing here is awaited
between a look and the entry that follows from it.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

_UNSTAMPED = datetime.min.replace(tzinfo=UTC)
"""Older than any instant: a request whose instant is still being asked for may be from before every cut."""


class Arrival:
    """One request on its way. It holds back every cut until it is stamped, and the cuts after its stamp until it is done."""

    __slots__ = ("_in_flight", "received_at")

    def __init__(self, in_flight: "InFlight") -> None:
        self._in_flight = in_flight
        self.received_at = _UNSTAMPED

    def stamp(self, received_at: datetime) -> None:
        """Say when the request was read, once the platform clock has told."""
        self.received_at = received_at
        self._in_flight._let_go()

    def done(self) -> None:
        """The request is decided and answered, or given up. Harmless the second time."""
        self._in_flight._arrivals.pop(id(self), None)
        self._in_flight._let_go()


class InFlight:
    """The requests of all listeners of this process."""

    def __init__(self) -> None:
        self._arrivals: dict[int, Arrival] = {}
        self._waiting: list[tuple[datetime, asyncio.Future[None]]] = []

    def __len__(self) -> int:
        return len(self._arrivals)

    def arrive(self) -> Arrival:
        """A request's last byte has been read: call this before asking for the clock, `done` in the end."""
        arrival = Arrival(self)
        self._arrivals[id(arrival)] = arrival
        return arrival

    @contextmanager
    def handling(self, received_at: datetime) -> Iterator[None]:
        """The same for a request whose instant is known at once."""
        arrival = self.arrive()
        arrival.stamp(received_at)
        try:
            yield
        finally:
            arrival.done()

    def oldest(self) -> datetime | None:
        """The earliest instant still being handled; the beginning of time if one has no instant yet; None if nothing is in flight."""
        return min((arrival.received_at for arrival in self._arrivals.values()), default=None)

    async def drained_before(self, instant: datetime) -> None:
        """Wait until no request read before `instant` is being handled. The clock must have reached `instant`, so that no more can come."""
        if self._is_drained(instant):
            return
        waiter = asyncio.get_running_loop().create_future()
        entry = (instant, waiter)
        self._waiting.append(entry)
        try:
            await waiter
        finally:
            if entry in self._waiting:
                self._waiting.remove(entry)

    def _is_drained(self, instant: datetime) -> bool:
        oldest = self.oldest()
        return oldest is None or oldest >= instant

    def _let_go(self) -> None:
        if not self._waiting:
            return
        for entry in [entry for entry in self._waiting if self._is_drained(entry[0])]:
            self._waiting.remove(entry)
            if not entry[1].done():
                entry[1].set_result(None)
