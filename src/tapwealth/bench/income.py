"""`tapwealth bench income`: holders a second whose income of a day is given, from the registrar's files on the disk to the commit.

A day's files (07 the rate, 06 each holder's income) are taken as the platform takes them, with everything on: read and checked, each
holder's figure held against our own, posted, remembered. A day counts when the ordinary balance query shows it for every holder, and the
whole run when the ledger's audit holds. Then the date is closed, as the day's end does. Two floors run in turn with it, over as many rows
on the same server: balances changed in place, and the day's income written into a new table with its key.
"""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from os import getpid
from pathlib import Path
from typing import Any, TextIO

import asyncpg

from tapwealth.app.house import Settings, open_house
from tapwealth.bank import store as bank
from tapwealth.bench.by_size import by_size, in_turn, warm_up
from tapwealth.bench.figure import BOOKS, ROUNDS, SECOND, Figure, by_whole, each_us, progress, results, shown, whole_waits
from tapwealth.bench.income_town import RegistrarsFiles, endow, holdings_of
from tapwealth.bench.load import DAY, NOW
from tapwealth.bench.processor import family_ms, processor_ms
from tapwealth.bench.purchase_town import found
from tapwealth.bench.tap import server_of
from tapwealth.flows.frame import House
from tapwealth.flows.funds.exchange_in import take_files
from tapwealth.flows.funds.income import take_income
from tapwealth.flows.funds.quotations import take_quotations
from tapwealth.kernel.clock import monotonic_ns, shanghai
from tapwealth.ledger.port import CloseRefusal
from tapwealth.storage import platform_clock
from tapwealth.storage.embedded import EmbeddedServer, Role

SIZES = 10_000, 100_000, 1_000_000
YEAR = 365
_SHOWN_AT_ONCE = 50_000
TAKERS = {"07": take_quotations, "06": take_income}

Once = Callable[[], Awaitable[tuple[int, int, int]]]
"""A day: nanoseconds until it was committed, milliseconds of a core in this process and in the database."""

_UPDATE = "update floor.holding h set units = h.units + g.amount from floor.given g where h.book = g.book and h.id = g.id"
_INSERT = "insert into floor.income select book, id, $1::date, amount from floor.given"
_FLOOR = """
create schema floor;
create table floor.given (book int not null, id bigint not null, amount bigint not null);
create table floor.holding (book int not null, id bigint not null, units bigint not null, primary key (book, id)) with (fillfactor = 50);
create table floor.income (book int not null, id bigint not null, day date not null, amount bigint not null, primary key (day, book, id));
"""


@dataclass
class Place:
    """A house of so many holders, the registrar's next day, and what everybody should have by now."""

    house: House
    owner: Any
    server: int
    files: RegistrarsFiles
    holdings: list[int]
    day: date = DAY
    closing: list[int] = field(default_factory=list)
    """Nanoseconds that closing each date took, all books."""

    @property
    def holders(self) -> int:
        return len(self.holdings)

    async def income(self) -> tuple[int, int, int]:
        """A day's income: nanoseconds until it was committed, milliseconds of a core in this process and in the database."""
        self.day += timedelta(days=1)
        async with self.house.database.transaction() as tx:
            await platform_clock.advance(tx, shanghai(self.day, 6))
        names = self.files.leave(self.day)
        started, own, database = monotonic_ns(), processor_ms(getpid()), family_ms(self.server)
        taken = await take_files(self.house, TAKERS)
        took = monotonic_ns() - started
        used = processor_ms(getpid()) - own, family_ms(self.server) - database
        await self._counts(taken, names)
        await self.close(self.day)
        return took, *used

    async def _counts(self, taken: Sequence[str], names: Sequence[str]) -> None:
        """Stops unless the files were taken without a break and the ordinary balance query shows everybody's income."""
        async with self.house.database.read() as tx:
            breaks = await bank.breaks(tx, self.day)
            assert sorted(taken) == sorted(names), f"taken were {taken} of {names}: {breaks[:1]}"
            assert not breaks, f"a day without fault gave breaks: {breaks[:1]}"
            for first in range(0, self.holders, _SHOWN_AT_ONCE):
                numbers = self.holdings[first : first + _SHOWN_AT_ONCE]
                shown_now = await self.house.ledger.balances(tx, numbers)
                for place, number in enumerate(numbers, first):
                    assert shown_now[number].available == self.files.units[place], f"the balance of holder {place} does not show its income"

    async def close(self, day: date) -> None:
        """Close a date in every book, as the day's end does."""
        started = monotonic_ns()
        for book in range(self.house.books + 1):
            async with self.house.database.transaction() as tx:
                closed = await self.house.ledger.close_date(tx, shanghai(day, 23), book, day)
            assert not isinstance(closed, CloseRefusal), f"book {book} does not close {day}"
        self.closing.append(monotonic_ns() - started)

    async def size(self) -> int:
        """Bytes of all tables that grow with the days, their indexes included: without the accounts, whose versions are used again."""
        size: int = await self.owner.fetchval(
            "select sum(pg_total_relation_size(oid))::bigint from pg_class where relkind = 'r' and relname <> 'account'"
            " and relnamespace = 'tapwealth'::regnamespace"
        )
        return size


@dataclass(kw_only=True)
class IncomeFigure(Figure):
    """A round is days of income one after the other until the seconds are over, one at the least. `once` gives one day's nanoseconds and
    the milliseconds of a core that each process used."""

    holders: int
    once: Once
    days: list[tuple[int, int, int]] = field(default_factory=list)

    async def warm_up(self) -> None:
        """A day that does not count."""
        await self.once()

    async def round(self, seconds: int) -> int:
        took = 0
        days = 0
        while not days or took < seconds * SECOND:
            self.days.append(await self.once())
            took += self.days[-1][0]
            days += 1
        self.nanoseconds += took
        self.rates.append(self.holders * days * SECOND // took)
        return self.rates[-1]

    def as_json(self) -> dict[str, Any]:
        """The waits are those for a whole day's income: the middle one, and the longest."""
        given = self.holders * len(self.days)
        return super().as_json() | {
            **whole_waits([nanoseconds for nanoseconds, _, _ in self.days]),
            "holders": self.holders,
            "days": len(self.days),
            "processor_us": {name: each_us(sum(day[place] for day in self.days), given) for name, place in _PROCESSES},
        }


_PROCESSES = (("platform", 1), ("database", 2))


def main(seconds: int, *, as_json: bool, out: TextIO = sys.stdout, holders: Sequence[int] = SIZES, rounds: int = ROUNDS) -> None:
    """Measure, and print a table or JSON; progress goes to standard error."""
    measured = by_size(holders, lambda folder, size: _measure(folder, size, seconds, rounds))
    figures = [figure for of, _ in measured for figure in of]
    more = {f"{size:,} holders": told for size, (_, told) in zip(holders, measured, strict=True)}
    out.write(shown({**results(figures), "towns": more}, as_json=as_json))


async def _measure(folder: Path, holders: int, seconds: int, rounds: int) -> tuple[list[Figure], dict[str, Any]]:
    """One size, alone on the machine; its figures, and what else is to be told of it."""
    server = EmbeddedServer(folder).start()
    async with AsyncExitStack() as stack:
        stack.callback(server.erase)
        place = await stack.enter_async_context(_opened(folder, server, holders))
        figures = list(_figures(place))
        await warm_up(figures)
        before, first = await place.size(), place.day
        await in_turn(figures, seconds, rounds, place.house.database)
        days = (place.day - first).days
        closing = sorted(place.closing)[len(place.closing) // 2]
        return figures, {
            "audit_holds": True,
            "bytes_per_holder_and_year": (await place.size() - before) * YEAR // (holders * days),
            "closing_a_date_us_per_holder": Decimal(closing // holders // 10) / 100,
        }


@asynccontextmanager
async def _opened(folder: Path, server: EmbeddedServer, holders: int) -> AsyncIterator[Place]:
    """A fresh house with so many holders who have units, and the floors' tables beside it."""
    exchange = folder / "exchange"
    settings = Settings(folder, database_url=server.dsn(Role.OWNER), books=BOOKS, exchange=exchange)
    async with open_house(settings, NOW) as house:
        await found(house, holders, progress)
        await endow(house, holders)
        holdings = await holdings_of(house, holders)
        owner = await asyncpg.connect(server.dsn(Role.OWNER))
        await owner.execute(_FLOOR)
        given = "insert into floor.given select (id >> 48)::int, id, 1 + id % 100000 from unnest($1::bigint[]) x(id)"
        await owner.execute(given, sorted(holdings))
        await owner.execute("insert into floor.holding select book, id, 0 from floor.given")
        await owner.execute("vacuum analyze")
        place = Place(house, owner, server_of(folder), RegistrarsFiles(exchange, holders), holdings)
        await place.close(DAY)
        try:
            yield place
        finally:
            await owner.close()


def _figures(place: Place) -> Iterator[Figure]:
    of = f"{place.holders:,} holders"
    yield _figure(place, f"a day's income of {of}", place.income)
    yield _figure(place, f"floor: UPDATE in place, {of}", _floor(place, _UPDATE), yardstick=True)
    yield _figure(place, f"floor: INSERT … SELECT into a table with its key, {of}", _floor(place, _INSERT), yardstick=True)


def _figure(place: Place, name: str, once: Once, *, yardstick: bool = False) -> IncomeFigure:
    return IncomeFigure(
        name, by_whole, 1, batch=place.holders, chain=not yardstick, history="none" if yardstick else "grows by a day with each",
        yardstick=yardstick, holders=place.holders, once=once,
    )  # fmt: skip


def _floor(place: Place, statement: str) -> Once:
    """One day of a floor: its own statement and commit, nothing else. Each day of the new table has its own date."""
    days = (DAY + timedelta(days=number) for number in count())

    async def once() -> tuple[int, int, int]:
        arguments = [next(days)] if "$1" in statement else []
        started, own, database = monotonic_ns(), processor_ms(getpid()), family_ms(place.server)
        await place.owner.execute(statement, *arguments)
        return monotonic_ns() - started, processor_ms(getpid()) - own, family_ms(place.server) - database

    return once
