"""`tapwealth bench day`: the end of a date over people's policies and deposits, on which nothing moves or two products in a hundred do.

A date's end is run as the platform runs it, with its own steps and its own notes of what is done, but for what waits for partners: premiums
are collected, cover suspended and ended, deposits paid out, the books proved and closed. Products a second count on dates on which nothing
is due, postings (lines of journal entries) a second on the others. Beside them, as a yardstick, the ledger alone posts as many entries.
"""

import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from os import getpid
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any, TextIO

import asyncpg

from tapwealth.app.house import Settings, open_house
from tapwealth.bench.by_size import by_size, in_turn
from tapwealth.bench.day_town import PRODUCTS, due_days, due_on, found
from tapwealth.bench.figure import BOOKS, ROUNDS, SECOND, Figure, by_whole, each_us, progress, results, shown, whole_waits
from tapwealth.bench.load import DAY
from tapwealth.bench.processor import family_ms, processor_ms
from tapwealth.bench.purchase_town import person_of
from tapwealth.bench.tap import server_of
from tapwealth.flows.day import STEPS
from tapwealth.flows.end_of_day import DayReport, Step, StepReport, close_day
from tapwealth.flows.frame import House
from tapwealth.kernel.clock import monotonic_ns, shanghai
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import CloseRefusal, JournalEntry, Limit, Line, NewAccount, Op
from tapwealth.storage import platform_clock
from tapwealth.storage.embedded import EmbeddedServer, Role

SIZES = 10_000, 100_000, 1_000_000
EVERY = 4
"""Days from one date on which something is due to the next. On the first after it people are told of the next; on the others is rest."""
OWN = (
    "cut the date", "begin cover", "collect premiums", "suspend and lapse", "expire and renew", "mature deposits", "settle demand interest",
    "settle deposits",
    "close raises", "credit raises", "sweep premiums", "prove books", "write the heads",
)  # fmt: skip
"""The steps that ask no partner and look at what people have."""
_LOT = 1_000


async def _close(house: House, day: date) -> StepReport:
    """The date is immutable, as the last step makes it; no partner's word is held against it."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, range(house.books + 1))
        for book in range(house.books + 1):
            closed = await house.ledger.close_date(tx, shanghai(day, 24), book, day)
            assert not isinstance(closed, CloseRefusal), f"book {book} does not close {day}"
        await tx.execute("update business_day set state = 'closed', closed_at = cut_at where business_date = $1", day)
    return StepReport(f"{day} is closed")


def steps() -> tuple[Step, ...]:
    """In the order of the day's end."""
    chosen = tuple(step for step in STEPS if step.name in OWN)
    assert {step.name for step in chosen} == set(OWN), "a step was called something else"
    return (*chosen, Step("close", _close))


@dataclass(frozen=True, slots=True)
class Ended:
    """How the end of a date went: nanoseconds, postings, and milliseconds of a core in this process and in the database."""

    took: int
    postings: int
    entries: int
    platform: int
    database: int


@dataclass
class Place:
    """A house of so many people, and the next date that ends."""

    house: House
    owner: Any
    server: int
    people: int
    days: Sequence[date]
    due: Counter[date]
    """How many policies, and as many deposits, are due on each."""
    day: date = DAY

    async def end(self) -> Ended:
        """The end of the next date."""
        async with self.house.database.transaction() as tx:
            await platform_clock.advance(tx, shanghai(self.day + timedelta(days=1), 1))
        before = await self._lines()
        started, own, database = monotonic_ns(), processor_ms(getpid()), family_ms(self.server)
        report = await close_day(self.house, self.day, steps())
        took, own, database = monotonic_ns() - started, processor_ms(getpid()) - own, family_ms(self.server) - database
        assert isinstance(report, DayReport), report
        assert report.closed, report.wrong
        lines, entries = (after - earlier for after, earlier in zip(await self._lines(), before, strict=True))
        await self._answered()
        self.day += timedelta(days=1)
        return Ended(took, lines, entries, own, database)

    async def _lines(self) -> tuple[int, int]:
        lines, entries = await self.owner.fetchrow("select count(*), count(*) filter (where seq = 0) from transfer where op in (0, 2)")
        return lines, entries

    async def _answered(self) -> None:
        """The insurer books every premium within the night: the next end of a date finds nothing in doubt."""
        booked = "update premium_due set (state, booked_on, booked_at) = ('booked', taken_on, taken_at) where state = 'taken'"
        await self.owner.execute(booked)
        await self.owner.execute("update outbox set sent_at = not_before where sent_at is null")


@dataclass(kw_only=True)
class DayFigure(Figure):
    """A round is one end of a date of its kind. `counts`: how much of what is counted an end came to."""

    people: int
    place: Place
    moving: bool
    ends: list[Ended] = field(default_factory=list)

    async def round(self, seconds: int) -> int:
        """`seconds` are not asked: a date ends once."""
        while (self.place.day in self.place.days) is not self.moving or _told(self.place):
            await self.place.end()
        day, ended = self.place.day, await self.place.end()
        self._expected(day, ended)
        self.ends.append(ended)
        self.nanoseconds += ended.took
        self.rates.append(self._count(ended) * SECOND // ended.took)
        return self.rates[-1]

    def _count(self, ended: Ended) -> int:
        return ended.postings if self.moving else self.people * PRODUCTS

    def _expected(self, day: date, ended: Ended) -> None:
        """Stops unless all that was due has moved, a premium and a deposit of each person, and what sets the books' nets aside."""
        due = self.place.due[day] * 2
        most = due + self.place.house.books if due else 0
        assert due <= ended.entries <= most, f"{ended.entries} entries on {day} where {due} were due"

    def as_json(self) -> dict[str, Any]:
        items = sum(self._count(one) for one in self.ends)
        return super().as_json() | {
            **whole_waits([one.took for one in self.ends]),
            "people": self.people,
            "products": self.people * PRODUCTS,
            "dates": len(self.ends),
            "entries": sum(one.entries for one in self.ends),
            "postings": sum(one.postings for one in self.ends),
            "processor_us": {
                "platform": each_us(sum(one.platform for one in self.ends), items),
                "database": each_us(sum(one.database for one in self.ends), items),
            },
        }


def _told(place: Place) -> bool:
    """Whether this is a date at whose end people are told of what will be due."""
    return place.day + timedelta(days=EVERY - 1) in place.days


@dataclass(kw_only=True)
class LedgerFigure(Figure):
    """The yardstick: as many entries as are due, in lots, by the ledger alone."""

    place: Place
    rounds: int = 0

    async def round(self, seconds: int) -> int:
        """`seconds` are not asked: so many entries and no more."""
        self.rounds += 1
        entries = await self._entries()
        started = monotonic_ns()
        for first in range(0, len(entries), _LOT):
            lot = entries[first : first + _LOT]
            async with self.place.house.database.transaction() as tx:
                await self.place.house.ledger.lock_books(tx, sorted({one.book for one in lot}))
                at = await platform_clock.read(tx)
                answers = await self.place.house.ledger.post(tx, at, lot)
            assert all(answer.posted for answer in answers), "everybody has money"
        took = monotonic_ns() - started
        self.nanoseconds += took
        self.rates.append(len(entries) * 2 * SECOND // took)
        return self.rates[-1]

    async def _entries(self) -> list[JournalEntry]:
        """A fen of each to the house, and back."""
        place = self.place
        count = 2 * max(place.due[day] for day in place.days)
        books = place.house.books
        people = [person_of(number % place.people, books) for number in range(count)]
        wanted = [
            NewAccount(1 + number % place.people % books, Kind.WALLET, person, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)
            for number, person in enumerate(people)
        ]
        async with place.house.database.read() as tx:
            accounts = await place.house.ledger.find_accounts(tx, wanted)
        made = []
        for number, (new, account) in enumerate(zip(wanted, accounts, strict=True)):
            assert account is not None, "everybody has a wallet"
            own = house_account(new.book, Kind.PREMIUM_IN_TRANSIT, Asset.CNY)
            lines = (Line(Op.POST, account, own, Asset.CNY, 1), Line(Op.POST, own, account, Asset.CNY, 1))
            key = derived(people[number], f"yardstick {self.rounds} {number}")
            made.append(JournalEntry(new.book, key, 1, place.day, 0, None, lines))
        return sorted(made, key=lambda one: one.book)


def main(seconds: int, *, as_json: bool, out: TextIO = sys.stdout, people: Sequence[int] = SIZES, rounds: int = ROUNDS) -> None:
    """Measure, and print a table or JSON; progress goes to standard error. A date's end takes as long as it takes."""
    measured = by_size(people, lambda folder, size: _measure(folder, size, rounds))
    figures = [figure for of, _ in measured for figure in of]
    more = {f"{size:,} people": told for size, (_, told) in zip(people, measured, strict=True)}
    out.write(shown({**results(figures), "towns": more}, as_json=as_json))


async def _measure(folder: Path, people: int, rounds: int) -> tuple[list[Figure], dict[str, Any]]:
    """One size, alone on the machine; its figures, and what else is to be told of it."""
    server = EmbeddedServer(folder).start()
    async with AsyncExitStack() as stack:
        stack.callback(server.erase)
        place = await stack.enter_async_context(_opened(folder, server, people, rounds))
        await place.end()
        before = getrusage(RUSAGE_SELF).ru_maxrss
        figures = list(_figures(place))
        await in_turn(figures, 0, rounds, place.house.database)
        grown = getrusage(RUSAGE_SELF).ru_maxrss - before
        return figures, {"audit_holds": True, "platform_memory_grew_kib": grown}


@asynccontextmanager
async def _opened(folder: Path, server: EmbeddedServer, people: int, rounds: int) -> AsyncIterator[Place]:
    settings = Settings(folder, database_url=server.dsn(Role.OWNER), books=BOOKS)
    days = due_days(DAY, EVERY, rounds)
    async with open_house(settings, shanghai(DAY, 12)) as house:
        await found(house, people, days, progress)
        owner = await asyncpg.connect(server.dsn(Role.OWNER))
        await owner.execute("vacuum analyze")
        try:
            due = Counter(due_on(number, days) for number in range(people))
            yield Place(house, owner, server_of(folder), people, days, due)
        finally:
            await owner.close()


def _figures(place: Place) -> Iterator[Figure]:
    of = f"{place.people:,} people with {place.people * PRODUCTS:,} products"
    for name, moving in ((f"a date on which nothing moves, products, {of}", False), (f"a date on which 2 % move, postings, {of}", True)):
        yield DayFigure(
            name, by_whole, 1, batch=place.people * PRODUCTS, history="grows by a date with each",
            people=place.people, place=place, moving=moving,
        )  # fmt: skip
    yield LedgerFigure(
        f"the ledger alone: as many entries of two postings in lots of {_LOT:,}", by_whole, 1, batch=_LOT, yardstick=True, place=place
    )
