"""`tapwealth bench bills`: bills paid a second with a biller that takes 200 ms to answer, and the storm after a biller's outage.

A payment is handed to the writer as the edges hand it (what HTTP costs there: see `purchase`), debited, sent to the biller over HTTP by the
worker's lanes, and counts when the biller's answer is written down: durable transactions that many share, and a wait in which nothing of
the database is held. The billers are processes of their own. In the storm very many payments of one biller are in doubt when it comes back;
it is asked about each, while another biller's customers pay as before: what they wait is shown beside what they waited without it. After
the rounds no payment is open and the ledger is audited.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TextIO
from uuid import UUID

from tapwealth.app.event_loop import runner, spare_collector
from tapwealth.app.house import Settings, open_house
from tapwealth.bench.bills_town import found, left_in_doubt, presented
from tapwealth.bench.figure import BOOKS, ROUNDS, SECOND, Figure, Waits, progress, results, shown
from tapwealth.bench.load import NOW
from tapwealth.bench.load_figure import LoadFigure
from tapwealth.bench.processor import processor_ms
from tapwealth.bench.tap import server_of
from tapwealth.bills.biller import Paid
from tapwealth.bills.biller_http import BillerHttp
from tapwealth.bills.store import Key
from tapwealth.flows.bills import paying
from tapwealth.flows.bills.bill_outcomes import Told
from tapwealth.flows.bills.paying import Placing
from tapwealth.flows.frame import House
from tapwealth.kernel.clock import monotonic_ns, sleep_ms
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.audit import audit_snapshot
from tapwealth.storage.group_commit import Batcher
from tapwealth.worker.biller_lanes import Answer, BillerLanes

PEOPLE, UNKNOWN = 10_000, 100_000
CALLERS = 256, 1_024
ANSWERS_AFTER_MS = 200
OTHERS = 64
"""Customers of the biller that had no outage, during the storm and before."""
_ORDERS_A_SECOND, _LEAST_DRAINED, _MOST_A_SECOND, _LOOK_MS = 320, 500, 4_000, 500
"""Bills presented ahead for the others' customers, for a drain of at least so many a second, and for a figure's."""
BUSY, STORM, OTHER = "BUSY", "STORM", "OTHER"


@dataclass
class CountedLanes(BillerLanes):
    """The worker's lanes, and who waits to hear that a payment is written down."""

    waiting: dict[Key, "asyncio.Future[Told]"] = field(default_factory=dict)

    async def _hear(self, batch: Sequence[Answer]) -> None:
        await super()._hear(batch)
        for one in batch:
            future = self.waiting.pop(one.said.key, None)
            if future is not None and not future.done():
                future.set_result(one.said)


def after(seconds: int) -> Callable[[], bool]:
    """Whether so many seconds are over."""
    end = monotonic_ns() + seconds * SECOND
    return lambda: monotonic_ns() >= end


class Report(NamedTuple):
    """Of a round: nanoseconds it took and each waited, milliseconds of a core that the biller used."""

    took: int
    waits: list[int]
    processor: int


@dataclass
class Place:
    """The house with its billers at work."""

    house: House
    batcher: Batcher
    lanes: CountedLanes
    billers: dict[str, UUID]
    processes: dict[str, asyncio.subprocess.Process]
    ports: dict[str, str]
    server: int
    people: int
    made: int = 0

    def numbers(self, count: int) -> range:
        """Numbers of bills that nobody has had."""
        self.made += count
        return range(self.made - count, self.made)

    async def bills(self, code: str, count: int) -> list[Placing]:
        """As many fresh bills of a biller, presented."""
        return await presented(self.house, self.people, self.billers[code], self.numbers(count))

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """The lanes run meanwhile."""
        running = asyncio.create_task(self.lanes.run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def pay(self, orders: list[Placing], callers: int, ended: Callable[[], bool]) -> Report:
        """So many customers, each paying the next bill when the last is written down, until it has ended."""
        waits, started = list[int](), monotonic_ns()
        await asyncio.gather(*(self._customer(orders, ended, waits) for _ in range(callers)))
        return Report(monotonic_ns() - started, waits, 0)

    async def _customer(self, orders: list[Placing], ended: Callable[[], bool], waits: list[int]) -> None:
        while orders and not ended():
            one, started = orders.pop(), monotonic_ns()
            placed = await self.batcher.submit("pay_bill", one.envelope.caller.book, one)
            assert not isinstance(placed, Refusal), placed
            key = one.envelope.caller.book, UUID(placed.payment)
            heard = self.lanes.waiting.setdefault(key, asyncio.get_running_loop().create_future())
            await heard
            waits.append(monotonic_ns() - started)


@dataclass(kw_only=True)
class BillsFigure(LoadFigure):
    """Payments by so many customers at once, of one biller."""

    asked: str = "platform"
    place: Place
    code: str = BUSY

    async def loaded(self, seconds: int, waits: Waits) -> int:
        orders = await self.place.bills(self.code, self.most * seconds)
        report = await self.measured(self.place.server, lambda: self._round(orders, seconds), waits)
        return len(report.waits)

    async def _round(self, orders: list[Placing], seconds: int) -> Report:
        pid, ended = self.place.processes[self.code].pid, after(seconds)
        used = processor_ms(pid)
        report = await self.place.pay(orders, self.callers, ended)
        return report._replace(processor=processor_ms(pid) - used)

    def as_json(self) -> dict[str, Any]:
        """The load of a payment is what its biller uses of a core."""
        told = super().as_json()
        used = told["processor_us"]
        return told | {"processor_us": {"platform": used["platform"], "database": used["database"], "biller": used["load"]}}


@dataclass(kw_only=True)
class BareFigure(BillsFigure):
    """The yardstick: the biller asked over HTTP, and nothing written down."""

    async def loaded(self, seconds: int, waits: Waits) -> int:
        report = await self.measured(self.place.server, lambda: self._asks(seconds), waits)
        return len(report.waits)

    async def _asks(self, seconds: int) -> Report:
        port = BillerHttp(self.place.ports[self.code], "token")
        pid, waited, ended = self.place.processes[self.code].pid, list[int](), after(seconds)
        used, started = processor_ms(pid), monotonic_ns()
        await asyncio.gather(*(_ask(port, number, ended, waited) for number in range(self.callers)))
        report = Report(monotonic_ns() - started, waited, processor_ms(pid) - used)
        await port.close()
        return report


async def _ask(port: BillerHttp, number: int, ended: Callable[[], bool], waited: list[int]) -> None:
    while not ended():
        started = monotonic_ns()
        answer = await port.pay(f"BARE{number:08d}", "B", "1234567890", 100)
        assert isinstance(answer, Paid), answer
        waited.append(monotonic_ns() - started)


async def _storm(place: Place, unknown: int, seconds: int) -> list[Figure]:
    """Very many payments of one biller in doubt, all due now: the drain, and the other biller's customers before and meanwhile."""
    before, meanwhile = (Figure(f"{OTHERS} customers of another biller, {when}", _in_the_storm, OTHERS) for when in ("before", "meanwhile"))
    drained = Figure(f"{unknown:,} payments in doubt, until none is", _in_the_storm, 0)
    async with place.at_work():
        _add(before, await place.pay(await place.bills(OTHER, _ORDERS_A_SECOND * seconds), OTHERS, after(seconds)))
    progress(f"{unknown:,} payments whose biller answers nothing")
    left = await left_in_doubt(place.house, place.people, place.billers[STORM], place.numbers(unknown))
    assert left == unknown, f"{left} of {unknown} are in doubt"
    orders = await place.bills(OTHER, max(unknown * _ORDERS_A_SECOND // _LEAST_DRAINED, _ORDERS_A_SECOND * seconds))
    started = monotonic_ns()
    async with place.at_work():
        draining = asyncio.create_task(_drained(place))
        paying_on = asyncio.create_task(place.pay(orders, OTHERS, draining.done))
        await draining
        drained.nanoseconds = monotonic_ns() - started
        _add(meanwhile, await paying_on)
    drained.rates.append(unknown * SECOND // drained.nanoseconds)
    return [before, meanwhile, drained]


async def _in_the_storm(_seconds: int, _waits: Waits) -> int:
    raise AssertionError("this figure is measured in the storm")


def _add(figure: Figure, report: Report) -> None:
    for wait in report.waits:
        figure.waits.add(wait)
    figure.nanoseconds += report.took
    figure.rates.append(len(report.waits) * SECOND // report.took)


async def _drained(place: Place) -> None:
    """Until no payment of the storm's biller is open."""
    while await _open_payments(place, place.billers[STORM]):
        await sleep_ms(_LOOK_MS)


async def _open_payments(place: Place, biller: UUID) -> bool:
    async with place.house.database.read() as tx:
        is_open = "select exists (select 1 from bill_payment where biller = $1 and state in ('prepared', 'sent', 'unknown'))"
        return bool(await tx.fetchval(is_open, biller))


@asynccontextmanager
async def opened(folder: Path, people: int, answers_after_ms: int) -> AsyncIterator[Place]:
    """A house with so many people, its three billers started."""
    async with AsyncExitStack() as stack:
        processes = {code: await _started(stack, answers_after_ms) for code in (BUSY, STORM, OTHER)}
        ports = {code: f"http://127.0.0.1:{await _port(process)}" for code, process in processes.items()}
        settings = Settings(folder, books=BOOKS, exchange=folder / "exchange", biller_urls=ports)
        house = await stack.enter_async_context(open_house(settings, NOW))
        for port in house.rails.billers.ports.values():
            stack.push_async_callback(port.close)
        billers = await found(house, people, list(ports))

        async def flow(tx: Any, commands: Sequence[Placing]) -> list[Any]:
            return list(await paying.pay(house, tx, commands))

        batcher = await stack.enter_async_context(Batcher(house.database, {"pay_bill": flow}))
        yield Place(house, batcher, CountedLanes(house), billers, processes, ports, server_of(folder), people)


async def _started(stack: AsyncExitStack, answers_after_ms: int) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tapwealth.bench.bills_biller", str(answers_after_ms),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    stack.push_async_callback(process.wait)
    assert process.stdin is not None
    stack.callback(process.stdin.close)
    return process


async def _port(process: asyncio.subprocess.Process) -> int:
    assert process.stdout is not None
    return int(await process.stdout.readline())


def main(
    seconds: int,
    *,
    as_json: bool,
    out: TextIO = sys.stdout,
    people: int = PEOPLE,
    callers: Sequence[int] = CALLERS,
    rounds: int = ROUNDS,
    unknown: int = UNKNOWN,
    answers_after_ms: int = ANSWERS_AFTER_MS,
) -> None:
    """Measure, and print a table or JSON; progress goes to standard error."""
    with tempfile.TemporaryDirectory(prefix="tapwealth-bench-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        with runner() as loop:
            result = loop.run(_measure(folder, seconds, people, callers, rounds, unknown, answers_after_ms))
    out.write(shown(result, as_json=as_json))


async def _measure(
    folder: Path, seconds: int, people: int, callers: Sequence[int], rounds: int, unknown: int, answers_after_ms: int
) -> dict[str, Any]:
    async with opened(folder, people, answers_after_ms) as place:
        name = f"in flight, a biller that answers in {answers_after_ms} ms"
        figures = [BillsFigure(f"{count:,} {name}", count, place=place, most=_MOST_A_SECOND) for count in callers]
        bare = f"{callers[-1]:,} in flight, the biller asked and nothing else"
        figures.append(BareFigure(bare, callers[-1], place=place, most=0, yardstick=True, chain=False, history="none"))
        spare_collector()
        async with place.at_work():
            for figure in figures:
                await figure.warm_up()
            for number in range(1, rounds + 1):
                for figure in figures:
                    progress(f"round {number} of {rounds}: {figure.name}: {await figure.round(seconds):,} a second")
        storm = await _storm(place, unknown, seconds)
        ended = await _ended(place)
        holds = await _audit(place)
    return {**results([*figures, *storm]), "ended": ended, "audit_holds": holds}


async def _ended(place: Place) -> dict[str, int]:
    """How all payments ended: every one is paid."""
    async with place.house.database.read() as tx:
        rows = await tx.fetch("select state, count(*) as payments from bill_payment group by state")
    ended = {row["state"]: int(row["payments"]) for row in rows}
    assert ended.keys() == {"paid"}, f"payments are {ended}, all of them were to be paid"
    return ended


async def _audit(place: Place) -> bool:
    async with place.house.database.read() as tx:
        found_wrong = await audit_snapshot(tx)
    assert not found_wrong.findings, f"the audit does not hold: {found_wrong.findings[:3]}"
    return True
