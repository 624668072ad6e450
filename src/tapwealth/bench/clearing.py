"""`tapwealth bench clearing`: orders a second of a dealing day, from a channel's order file to the registrar's answers posted.

Three parts, each as the platform does it: the channel's 03 is taken (read, checked, matched with its holders, paid from what the channel
has paid in); the date is cut and its 03 left for the registrar; the registrar's 04 is taken (matched with its orders, cash and units
posted). The time of a day is that of the three together; making the channel's and the registrar's files is nobody's time here. A day
counts when every holder's units show it by the ordinary balance query, and the run when the ledger's audit holds. Beside each rate stands
what an order used of the processor in each part, and what the platform's memory grew by at the most.
"""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from os import getpid
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from tapwealth.app.house import Settings, open_house
from tapwealth.bank import store as bank
from tapwealth.bench.by_size import by_size, in_turn, warm_up
from tapwealth.bench.clearing_town import CHANNEL, amount_of, answer_file, found, order_file, pay_in
from tapwealth.bench.figure import BOOKS, ROUNDS, SECOND, Figure, by_whole, each_us, results, shown, whole_waits
from tapwealth.bench.load import DAY, NOW
from tapwealth.bench.processor import at_most_mb, family_ms, forget_most, processor_ms
from tapwealth.bench.tap import server_of
from tapwealth.flows.frame import House
from tapwealth.flows.funds import channel
from tapwealth.flows.funds.exchange_in import take_confirmations, take_files
from tapwealth.flows.funds.exchange_out import send_files
from tapwealth.flows.proof import cut_date
from tapwealth.kernel.clock import monotonic_ns, shanghai
from tapwealth.storage import platform_clock

SIZES = 10_000, 100_000, 1_000_000
PARTS = "03 taken", "03 sent", "04 taken"
TAKERS = {"04": take_confirmations}
_SHOWN_AT_ONCE = 50_000


class Used(NamedTuple):
    """What a part of a day took: nanoseconds, and milliseconds of a core in the platform and in the database."""

    took: int
    platform: int
    database: int


@dataclass
class Place:
    """A house with a channel of so many holders, and the dealing day that comes next."""

    house: House
    exchange: Path
    server: int
    holdings: list[int]
    day: date = DAY
    days: int = 0
    grown_mb: int = 0

    @property
    def orders(self) -> int:
        return len(self.holdings)

    async def clear(self) -> list[Used]:
        """A dealing day: what each of the parts used."""
        day = self.day
        answered = self.house.calendar.next_dealing_day(day)
        await self._clock(day, 12)
        await pay_in(self.house, self.orders, day)
        path = order_file(self.exchange.joinpath(CHANNEL), self.orders, day)
        forget_most()
        before = at_most_mb()
        used = [await self._measured(lambda: self._taken(path))]
        await self._clock(answered, 9)
        used.append(await self._measured(lambda: self._sent(day)))
        answer_file(self.exchange, self.orders, day, answered)
        used.append(await self._measured(self._answered))
        self.grown_mb = max(self.grown_mb, at_most_mb() - before)
        self.day, self.days = answered, self.days + 1
        await self._counts(answered)
        return used

    async def _clock(self, day: date, hour: int) -> None:
        async with self.house.database.transaction() as tx:
            await platform_clock.advance(tx, shanghai(day, hour))

    async def _measured(self, part: Callable[[], Awaitable[None]]) -> Used:
        started, own, database = monotonic_ns(), processor_ms(getpid()), family_ms(self.server)
        await part()
        return Used(monotonic_ns() - started, processor_ms(getpid()) - own, family_ms(self.server) - database)

    async def _taken(self, path: Path) -> None:
        with path.open("rb") as content:
            refused = await channel.take(self.house, CHANNEL, path.name, content, shanghai(self.day, 12))
        assert refused is None, refused

    async def _sent(self, day: date) -> None:
        await cut_date(self.house, day)
        await send_files(self.house, day)

    async def _answered(self) -> None:
        taken = await take_files(self.house, TAKERS)
        assert len(taken) == 1, f"taken were {taken}"

    async def _counts(self, answered: date) -> None:
        """Stops unless there was no break and the ordinary balance query shows everybody's units of all days."""
        async with self.house.database.read() as tx:
            breaks = await bank.breaks(tx, answered)
            assert not breaks, f"a day without fault gave breaks: {breaks[:1]}"
            for first in range(0, self.orders, _SHOWN_AT_ONCE):
                numbers = self.holdings[first : first + _SHOWN_AT_ONCE]
                now = await self.house.ledger.balances(tx, numbers)
                for place, number in enumerate(numbers, first):
                    assert now[number].available == self.days * amount_of(place), f"the balance of holder {place} does not show its order"


@dataclass(kw_only=True)
class ClearingFigure(Figure):
    """A round is dealing days one after the other until the seconds are over, one at the least."""

    place: Place
    used: list[list[Used]] = field(default_factory=list)

    async def warm_up(self) -> None:
        """A day that does not count: the first orders of all holders."""
        await self.place.clear()

    async def round(self, seconds: int) -> int:
        took = days = 0
        while not days or took < seconds * SECOND:
            self.used.append(await self.place.clear())
            took += sum(part.took for part in self.used[-1])
            days += 1
        self.nanoseconds += took
        self.rates.append(self.place.orders * days * SECOND // took)
        return self.rates[-1]

    def as_json(self) -> dict[str, Any]:
        """The waits are those for a whole day: the middle one, and the longest."""
        return super().as_json() | {
            **whole_waits([sum(part.took for part in day) for day in self.used]),
            "orders": self.place.orders,
            "days": len(self.used),
            "processor_us": {name: self._each(place) for place, name in enumerate(PARTS)},
            "memory_mb": self.place.grown_mb,
        }

    def _each(self, place: int) -> dict[str, Decimal]:
        """Microseconds of a core that an order used in a part."""
        cleared = self.place.orders * len(self.used)
        parts = [day[place] for day in self.used]
        spent = {"platform": sum(one.platform for one in parts), "database": sum(one.database for one in parts)}
        return {name: each_us(milliseconds, cleared) for name, milliseconds in spent.items()}


def main(seconds: int, *, as_json: bool, out: TextIO = sys.stdout, orders: Sequence[int] = SIZES, rounds: int = ROUNDS) -> None:
    """Measure, and print a table or JSON; progress goes to standard error."""
    figures = by_size(orders, lambda folder, size: _measure(folder, size, seconds, rounds))
    out.write(shown({**results(figures), "audit_holds": True}, as_json=as_json))


async def _measure(folder: Path, orders: int, seconds: int, rounds: int) -> Figure:
    """One size, alone on the machine."""
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(_opened(folder, orders))
        figure = ClearingFigure(
            f"a dealing day of {orders:,} orders", by_whole, 1, batch=orders, history="grows by a day with each", place=place
        )
        await warm_up([figure])
        await in_turn([figure], seconds, rounds, place.house.database)
    return figure


@asynccontextmanager
async def _opened(folder: Path, orders: int) -> AsyncIterator[Place]:
    exchange = folder / "exchange"
    async with open_house(Settings(folder, books=BOOKS, exchange=exchange), NOW) as house:
        holdings = await found(house, orders)
        yield Place(house, exchange, server_of(folder), holdings)
