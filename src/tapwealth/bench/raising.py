"""`tapwealth bench raise`: one raise, and everybody wants it at once: how long until the target is sold, and until all have their answer.

Subscriptions are handed to the one writer as the edges hand them, so many of them waiting at any time, in the order of their numbers. Each
moves a wallet's money in the ledger, writes an order and its number in the raise, and is remembered under its key. They ask for a tenth
more than there is. A round is a whole raise, of a fund of its own, and counts only when it was sold to the last fen and not one more, and
each buyer was given just what plain arithmetic in the order of arrival gives; then the proof of the day's end must hold. In the end the
last of the raises fails, and all are given back their money with its interest (`raise_refund`). After that the audit must hold.
"""

import asyncio
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from os import getpid
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from tapwealth.app.house import Settings, open_house
from tapwealth.app.wiring import APART
from tapwealth.bench.by_size import audit_holds, by_size, rounds_of, warm_up
from tapwealth.bench.figure import BOOKS, ROUNDS, SECOND, Figure, Waits, by_whole, progress, results, shown
from tapwealth.bench.load import NOW
from tapwealth.bench.processor import family_ms, processor_ms
from tapwealth.bench.purchase_town import found, own_channel, person_of, put_file_on_sale, put_on_sale
from tapwealth.bench.raise_refund import RATE, Refund, RefundFigure
from tapwealth.bench.tap import server_of
from tapwealth.flows.frame import HOUSE_BOOK, Caller, Envelope, House
from tapwealth.flows.funds import raises, subscription
from tapwealth.flows.funds.subscription import Placing, Subscribed, SubscribeFund
from tapwealth.funds import raise_store
from tapwealth.funds.raising import RaiseRefusal
from tapwealth.kernel.clock import monotonic_ns
from tapwealth.kernel.ids import named
from tapwealth.kernel.refusal import Refusal
from tapwealth.kernel.units import Unit, written_in
from tapwealth.storage import platform_clock
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.group_commit import Batcher

SIZES = 10_000, 120_000
WAITING = 8_192
"""Buyers that wait for their answer at any time."""
WARM = 1_000
"""Buyers of the raise that does not count."""
OPENS = NOW + timedelta(hours=1)
_MINIMUM, _STEP, _STEPS = 100_00, 1_00, 901
"""100 to 1,000 yuan each."""
_FUND, _ASSET = 200_000, 3
_MILLION = 1_000_000


def amount_of(number: int) -> int:
    """What a buyer asks for, in fen."""
    return _MINIMUM + number * 7_919 % _STEPS * _STEP


def target_of(buyers: int) -> int:
    """Ten elevenths of what they ask for in all, and one fen: the last one gets a part."""
    return sum(map(amount_of, range(buyers))) * 10 // 11 // _STEP * _STEP + 1


class Sold(NamedTuple):
    """A raise that was sold: nanoseconds until its target was, and until everybody had an answer; milliseconds of a core in this process
    and in the database."""

    buyers: int
    full: int
    whole: int
    platform: int
    database: int


@dataclass
class Place:
    """A house with so many people, and raises that wait for them."""

    house: House
    batcher: Batcher
    server: int
    buyers: int
    funds: Iterator[str]
    last: str = ""
    """The fund whose raise was sold last."""

    async def sell(self, buyers: int, waits: Waits) -> Sold:
        """The next raise to so many of them. Raises AssertionError where it was not sold as it should be."""
        self.last = fund = next(self.funds)
        orders = [_placing(fund, number) for number in range(buyers)]
        answers, came = list[Subscribed | Refusal](), [0] * buyers
        own, database, started = processor_ms(getpid()), family_ms(self.server), monotonic_ns()
        waiting: deque[tuple[int, int, asyncio.Future[Any]]] = deque()
        for number, one in enumerate(orders):
            if len(waiting) == WAITING:
                await _heard(waiting, answers, came, waits)
            waiting.append((number, monotonic_ns(), self.batcher.submit(APART[0], HOUSE_BOOK, one)))
        while waiting:
            await _heard(waiting, answers, came, waits)
        whole = monotonic_ns() - started
        used = processor_ms(getpid()) - own, family_ms(self.server) - database
        last = await self._check(fund, answers)
        return Sold(buyers, came[last] - started, whole, *used)

    async def _check(self, fund: str, answers: Sequence[Subscribed | Refusal]) -> int:
        """Everybody has what the order of arrival gives, and the database says the same; who reached the target."""
        left, last = target_of(self.buyers if len(answers) > WARM else len(answers)), 0
        for number, one in enumerate(answers):
            due = min(amount_of(number), left)
            given = one.amount if isinstance(one, Subscribed) else 0
            assert given == due, f"buyer {number} of {fund} was given {given}, in the order of arrival {due} were due: {one}"
            assert due or (isinstance(one, Refusal) and one.code is RaiseRefusal.SOLD_OUT), one
            left, last = left - given, number if given else last
        assert left == 0, f"{left} fen of {fund} are not sold"
        async with self.house.database.read() as tx:
            known = await raise_store.raises(tx)
            wrong = await raises.unproved(tx, {fund: known[fund]})
        assert not wrong, wrong
        assert known[fund].arrivals == last + 1, f"{known[fund].arrivals} arrivals are noted, {last + 1} were given something"
        return last


async def _heard(waiting: deque[tuple[int, int, "asyncio.Future[Any]"]], answers: list[Any], came: list[int], waits: Waits) -> None:
    """The answer of who has waited longest."""
    number, since, future = waiting.popleft()
    answers.append(await future)
    came[number] = monotonic_ns()
    waits.add(came[number] - since)


def _placing(fund: str, number: int) -> Placing:
    person, book = person_of(number, BOOKS), 1 + number % BOOKS
    caller = Caller(ActorKind.CUSTOMER, f"customer:{person}", "device token", person, book)
    return Placing(Envelope(named(OPENS, book, f"{fund} {number}"), caller, OPENS), SubscribeFund(fund, amount_of(number)))


@dataclass(kw_only=True)
class RaiseFigure(Figure):
    """A round is a raise."""

    place: Place
    sold: list[Sold] = field(default_factory=list)

    async def warm_up(self) -> None:
        """A small raise that does not count."""
        await self.place.sell(min(WARM, self.place.buyers), Waits())

    async def round(self, _seconds: int) -> int:
        one = await self.place.sell(self.place.buyers, self.waits)
        self.sold.append(one)
        self.nanoseconds += one.whole
        self.rates.append(one.buyers * SECOND // one.whole)
        return self.rates[-1]

    def as_json(self) -> dict[str, Any]:
        """With the middle raise's seconds, and the microseconds of a core that a buyer used."""
        full, whole = (sorted(of)[len(of) // 2] for of in ([one.full for one in self.sold], [one.whole for one in self.sold]))
        buyers = sum(one.buyers for one in self.sold)
        used = {"platform": sum(one.platform for one in self.sold), "database": sum(one.database for one in self.sold)}
        return super().as_json() | {
            "buyers": self.place.buyers,
            "sold_out_after_s": Decimal(full // _MILLION) / 1_000,
            "all_answered_after_s": Decimal(whole // _MILLION) / 1_000,
            "processor_us": {name: of * 1_000 // buyers for name, of in used.items()},
        }


def _file(fund: str, target: int, closes: datetime) -> str:
    """A raise's definition."""
    return (
        f"product: {fund}-R\nkind: raise_product\nname: {{zh: 募集, en: Raise}}\nchannels: {{T01: {{}}}}\n"
        f"parameters: {{fund: {fund}, target: {_yuan(target)}, least: {_yuan(target)}, minimum: {_yuan(_MINIMUM)}, step: {_yuan(_STEP)},"
        f" interest: {written_in(Unit.PERCENT, RATE)}}}\n"
        f"sale: {{opens: {OPENS.isoformat()}, closes: {closes.isoformat()}}}\n"
    )


def _yuan(fen: int) -> str:
    return written_in(Unit.YUAN, fen)


@asynccontextmanager
async def _opened(folder: Path, buyers: int, rounds: int) -> AsyncIterator[Place]:
    """A fresh house with so many people, and a raise for each round and one before; they open now."""
    async with open_house(Settings(folder, books=BOOKS, exchange=folder / "exchange"), NOW) as house:
        await found(house, buyers, progress)
        codes = [f"{_FUND + number}" for number in range(rounds + 1)]
        for number, code in enumerate(codes):
            await put_on_sale(house, code, own_channel())
            target = target_of(buyers if number else min(WARM, buyers))
            closes = OPENS + timedelta(hours=1)
            await put_file_on_sale(house, f"{code}-R", _file(code, target, closes))
        async with house.database.transaction() as tx:
            await platform_clock.advance(tx, OPENS)

        async def flow(tx: Any, commands: Sequence[Placing]) -> list[Any]:
            return list(await subscription.subscribe(house, tx, commands))

        async with Batcher(house.database, {APART[0]: flow}, apart=APART) as batcher:
            yield Place(house, batcher, server_of(folder), buyers, iter(codes))


def main(seconds: int, *, as_json: bool, out: TextIO = sys.stdout, buyers: Sequence[int] = SIZES, rounds: int = ROUNDS) -> None:
    """Measure, and print a table or JSON; progress goes to standard error."""
    figures = [one for of in by_size(buyers, lambda folder, size: _measure(folder, size, seconds, rounds)) for one in of]
    out.write(shown({**results(figures), "audit_holds": True, "sold_by_arrival": True}, as_json=as_json))


async def _measure(folder: Path, buyers: int, seconds: int, rounds: int) -> list[Figure]:
    """One size, alone on the machine."""
    async with _opened(folder, buyers, rounds) as place:
        sold = RaiseFigure(f"a raise, {buyers:,} buyers at once", by_whole, WAITING, place=place)
        await warm_up([sold])
        await rounds_of([sold], seconds, rounds)
        refund = Refund(place.house, folder / "exchange", place.server, place.last)
        back = RefundFigure("that it has failed, money and interest back to all", by_whole, 1, refund=refund)
        await rounds_of([back], seconds, 1)
        await audit_holds(place.house.database)
    return [sold, back]
