"""`tapwealth bench ledger`: entries a second through the real ledger, everything on, durable.

Load and database share the machine. Every figure is the median of interleaved rounds: the machine's speed drifts, so that ratios within
one run say more than figures of two.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import asyncpg

from tapwealth.app.event_loop import runner, spare_collector
from tapwealth.bench.figure import BOOKS, ROUNDS, SECOND, Figure, Run, Waits, memory_mb, progress, results, shown
from tapwealth.bench.load import NOW, PLAIN, Load, Mix, open_accounts
from tapwealth.bench.yardsticks import naked, one_by_one, prepare_naked
from tapwealth.kernel.clock import monotonic_ns
from tapwealth.ledger.postgres import PostgresLedger
from tapwealth.storage import installation, migrate, platform_clock
from tapwealth.storage.database import Database
from tapwealth.storage.embedded import EmbeddedServer, Role
from tapwealth.storage.group_commit import Batcher
from tapwealth.storage.keystore import FileKeyStore

FEW, MANY = 10_000, 1_000_000
BATCH = 8_000
MANY_CALLERS = 1_024


class Bench(NamedTuple):
    """A fresh installation with its writers running."""

    server: EmbeddedServer
    database: Database
    ledger: PostgresLedger
    batcher: Batcher

    def callers(self, load: Load, mix: Mix, count: int) -> Run:
        """`count` callers in a closed loop: each awaits the answer to its entry before it asks again."""

        async def run(seconds: int, waits: Waits) -> int:
            end = monotonic_ns() + seconds * SECOND

            async def caller() -> int:
                done = 0
                while (started := monotonic_ns()) < end:
                    entry = load.entry(mix)
                    await self.batcher.submit("post", entry.book, entry)
                    waits.add(monotonic_ns() - started)
                    done += 1
                return done

            return sum(await asyncio.gather(*(caller() for _ in range(count))))

        return run

    def batches(self, load: Load, mix: Mix, size: int) -> Run:
        """Two posters, each with lists of `size` entries for its half of the books."""

        async def run(seconds: int, waits: Waits) -> int:
            end = monotonic_ns() + seconds * SECOND

            async def poster(half: int) -> int:
                done = 0
                while monotonic_ns() < end:
                    entries = [load.entry(mix, half) for _ in range(size)]
                    started = monotonic_ns()
                    async with self.database.transaction() as tx:
                        await self.ledger.post(tx, NOW, entries)
                    waits.add(monotonic_ns() - started)
                    done += len(entries)
                return done

            return sum(await asyncio.gather(poster(0), poster(1)))

        return run


@asynccontextmanager
async def opened(server: EmbeddedServer) -> AsyncIterator[Bench]:
    """The ledger of a running server."""
    ledger = PostgresLedger(BOOKS)
    async with (
        Database(server.dsn(Role.OWNER), size=20) as database,
        Batcher(database, {"post": ledger.post_batch}, statements=("post",)) as batcher,
    ):
        yield Bench(server, database, ledger, batcher)


async def install(bench: Bench, folder: Path) -> None:
    """What `tapwealth up` makes on an empty machine."""
    await migrate.apply(bench.server.dsn(Role.OWNER))
    async with bench.database.transaction() as tx:
        await platform_clock.start(tx, NOW)
        await installation.install(tx, BOOKS, FileKeyStore(folder / "keys"), NOW)
        await bench.ledger.install(tx)


def main(seconds: int, *, as_json: bool, out: TextIO = sys.stdout) -> None:
    """Measure, and print a table or JSON; progress goes to standard error."""
    with tempfile.TemporaryDirectory(prefix="tapwealth-bench-") as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedServer(Path(folder)).start()
        try:
            with runner() as loop:
                result = loop.run(_measure(server, Path(folder), seconds))
        finally:
            server.erase()
    out.write(shown(result, as_json=as_json))


async def _measure(server: EmbeddedServer, folder: Path, seconds: int) -> dict[str, Any]:
    async with opened(server) as bench:
        await install(bench, folder)
        few = await open_accounts(bench.database, bench.ledger, FEW, progress)
        many = await open_accounts(bench.database, bench.ledger, MANY, progress)
        owners = [await asyncpg.connect(server.dsn(Role.OWNER)) for _ in range(2)]
        await prepare_naked(owners[0], [account for own in few.accounts for account in own])
        spare_collector()
        figures = [*_figures(bench, few, many), *_across_a_checkpoint(bench, owners[0], few, many), *_yardsticks(bench, owners, few)]
        for figure in figures:
            await figure.warm_up()
        before = memory_mb()
        for number in range(1, ROUNDS + 1):
            for figure in figures:
                progress(f"round {number} of {ROUNDS}: {figure.name}: {await figure.round(seconds):,} a second")
        memory = {"before": before, "after": memory_mb()}
        for owner in owners:
            await owner.close()
    return {**results(figures), "memory_mb": memory}


def _figures(bench: Bench, few: Load, many: Load) -> list[Figure]:
    places = (("10,000 accounts", few, PLAIN), ("1,000,000 accounts", many, PLAIN), ("one hot account", few, Mix(hot=True)))
    mix, held = Mix(three=30, refused=1), Mix(held=50)
    return [
        *(
            Figure(f"{count:,} callers, {name}", bench.callers(load, kind, count), count)
            for count in (16, 256, MANY_CALLERS)
            for name, load, kind in places
        ),
        Figure("1,024 callers, 30 % of three transfers, 1 % refused", bench.callers(few, mix, MANY_CALLERS), MANY_CALLERS),
        Figure("1,024 callers, half of them hold or capture", bench.callers(few, held, MANY_CALLERS), MANY_CALLERS, holds=True),
        *(Figure(f"batches of 8,000, {name}", bench.batches(load, kind, BATCH), 2, BATCH) for name, load, kind in places),
        Figure("batches of 8,000, 30 % of three transfers, 1 % refused", bench.batches(few, mix, BATCH), 2, BATCH),
    ]


def _across_a_checkpoint(bench: Bench, owner: Any, few: Load, many: Load) -> list[Figure]:
    """A checkpoint begins with the round: it writes what lies dirty, and from then on the first change of each page logs the whole page."""

    def across(run: Run) -> Run:
        async def both(seconds: int, waits: Waits) -> int:
            before = await owner.fetchval(_CHECKPOINTS)
            checkpoint = asyncio.create_task(owner.execute("checkpoint"))
            entries = await run(seconds, waits)
            await checkpoint
            assert await owner.fetchval(_CHECKPOINTS) > before, "no checkpoint was made"
            return entries

        return both

    return [
        Figure(
            f"1,024 callers, {count:,} accounts, across a checkpoint",
            across(bench.callers(load, PLAIN, MANY_CALLERS)),
            MANY_CALLERS,
        )
        for count, load in ((FEW, few), (MANY, many))
    ]


_CHECKPOINTS = "select num_done from pg_stat_checkpointer"


def _yardsticks(bench: Bench, owners: list[Any], few: Load) -> list[Figure]:
    return [
        Figure("naked posting, batches of 8,000", naked(owners, few, BATCH), 2, BATCH, chain=False, history="none", yardstick=True),
        Figure("one transaction per transfer, 16 connections", one_by_one(bench.database, bench.ledger, few, 16), 16, yardstick=True),
    ]
