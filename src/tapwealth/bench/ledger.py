"""`tapwealth bench ledger`: entries a second through the real ledger, everything on, durable.

Load and database share the machine. Every figure is the median of interleaved rounds: the machine's speed drifts, so that ratios within
one run say more than figures of two. A figure with anything switched off is a yardstick.
"""

import asyncio
import json
import resource
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, TextIO

import asyncpg
import uvloop

from tapwealth.bench.load import NOW, Load, Mix, open_accounts, post
from tapwealth.bench.yardsticks import naked, one_by_one, prepare_naked
from tapwealth.kernel.clock import monotonic_ns
from tapwealth.ledger.postgres import PostgresLedger
from tapwealth.storage import installation, migrate, platform_clock
from tapwealth.storage.database import Database
from tapwealth.storage.embedded import EmbeddedServer, Role
from tapwealth.storage.group_commit import Batcher
from tapwealth.storage.keystore import FileKeyStore

ROUNDS = 3
BOOKS = 16
FEW, MANY = 10_000, 1_000_000
_SECOND = 1_000_000_000

Run = Callable[[int], Awaitable[tuple[int, list[int]]]]
"""Seconds to (entries decided, nanoseconds that each caller or batch waited)."""


@dataclass
class Figure:
    """One line of the result; rounds are added as they are run."""

    name: str
    run: Run
    callers: int = 0
    batch: int = 1
    holds: bool = False
    history: str = "grows from nothing"
    chain: bool = True
    yardstick: bool = False
    rates: list[int] = field(default_factory=list)
    waits: list[int] = field(default_factory=list)

    async def round(self, seconds: int) -> None:
        started = monotonic_ns()
        entries, waits = await self.run(seconds)
        self.rates.append(entries * _SECOND // (monotonic_ns() - started))
        self.waits += waits

    def as_json(self, seconds: int) -> dict[str, Any]:
        waits = sorted(self.waits) or [0]
        return {
            "name": self.name,
            "per_second": int(median(self.rates)),
            "slowest_round": min(self.rates),
            "fastest_round": max(self.rates),
            "p50_ms": _ms(waits[len(waits) // 2]),
            "p99_ms": _ms(waits[len(waits) * 99 // 100]),
            "seconds": seconds * ROUNDS,
            "callers": self.callers,
            "batch": self.batch,
            "books": BOOKS,
            "holds": self.holds,
            "chain": self.chain,
            "history": self.history,
        }


def _ms(nanoseconds: int) -> str:
    """Milliseconds to two places, as decimal text."""
    return f"{nanoseconds // 1_000_000}.{nanoseconds // 10_000 % 100:02d}"


async def callers(batcher: Batcher, load: Load, mix: Mix, count: int, seconds: int) -> tuple[int, list[int]]:
    """`count` callers in a closed loop: each awaits the answer to its entry before it asks again."""
    waits: list[int] = []
    end = monotonic_ns() + seconds * _SECOND

    async def caller() -> None:
        while (started := monotonic_ns()) < end:
            entry = load.entry(mix)
            await batcher.submit("post", entry.book, entry)
            waits.append(monotonic_ns() - started)

    await asyncio.gather(*(caller() for _ in range(count)))
    return len(waits), waits


async def batches(database: Database, ledger: PostgresLedger, load: Load, mix: Mix, size: int, seconds: int) -> tuple[int, list[int]]:
    """Two posters, each with lists of `size` entries for its half of the books."""
    waits: list[int] = []
    end = monotonic_ns() + seconds * _SECOND

    async def poster(half: int) -> int:
        done = 0
        while monotonic_ns() < end:
            entries = [load.entry(mix, half) for _ in range(size)]
            started = monotonic_ns()
            async with database.transaction() as tx:
                await ledger.post(tx, NOW, entries)
            waits.append(monotonic_ns() - started)
            done += len(entries)
        return done

    return sum(await asyncio.gather(poster(0), poster(1))), waits


def main(seconds: int, *, as_json: bool, out: TextIO = sys.stdout) -> None:
    """Measure, and print a table or JSON; progress goes to standard error."""
    with tempfile.TemporaryDirectory(prefix="tapwealth-bench-") as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedServer(Path(folder)).start()
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                result = runner.run(_measure(server, Path(folder), seconds, progress))
        finally:
            server.erase()
    out.write(json.dumps(result, indent=2) + "\n" if as_json else table(result))


def progress(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


async def install(server: EmbeddedServer, database: Database, ledger: PostgresLedger, folder: Path) -> None:
    """A fresh installation, as `tapwealth up` makes it."""
    await migrate.apply(server.dsn(Role.OWNER))
    async with database.transaction() as tx:
        await platform_clock.start(tx, NOW)
        await installation.install(tx, BOOKS, FileKeyStore(folder / "keys"), NOW)
        await ledger.install(tx)


async def _measure(server: EmbeddedServer, folder: Path, seconds: int, say: Callable[[str], None]) -> dict[str, Any]:
    async with Database(server.dsn(Role.OWNER), size=20) as database:
        ledger = PostgresLedger(BOOKS)
        await install(server, database, ledger, folder)
        owner = await asyncpg.connect(server.dsn(Role.OWNER))
        few = await open_accounts(database, ledger, FEW, say)
        many = await open_accounts(database, ledger, MANY, say)
        await prepare_naked(owner, [account for own in few.accounts for account in own])
        async with Batcher(database, {"post": lambda tx, entries: post(ledger, tx, entries)}, statements=("post",)) as batcher:
            figures = _figures(database, ledger, batcher, owner, few, many)
            before = _memory()
            for number in range(ROUNDS):
                for figure in figures:
                    await figure.round(seconds)
                    say(f"round {number + 1} of {ROUNDS}: {figure.name}: {figure.rates[-1]:,} a second")
            after = _memory()
        await owner.close()
    return {
        "results": [figure.as_json(seconds) for figure in figures if not figure.yardstick],
        "yardsticks": [figure.as_json(seconds) for figure in figures if figure.yardstick],
        "memory_mb": {"before": before, "after": after},
    }


def _memory() -> int:
    """Greatest resident size of this program so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _figures(database: Database, ledger: PostgresLedger, batcher: Batcher, owner: Any, few: Load, many: Load) -> list[Figure]:
    plain, hot, mix, held = Mix(), Mix(hot=True), Mix(three=30, refused=1), Mix(held=50)

    def called(name: str, load: Load, kind: Mix, count: int) -> Figure:
        return Figure(name, lambda seconds: callers(batcher, load, kind, count, seconds), count, holds=kind.held > 0)

    def listed(name: str, load: Load, kind: Mix) -> Figure:
        return Figure(name, lambda seconds: batches(database, ledger, load, kind, 8_000, seconds), 2, 8_000)

    async def across_a_checkpoint(seconds: int) -> tuple[int, list[int]]:
        checkpoint = asyncio.create_task(owner.execute("checkpoint"))
        result = await callers(batcher, few, plain, 1024, seconds)
        await checkpoint
        return result

    return [
        called("16 callers, 10,000 accounts", few, plain, 16),
        called("256 callers, 10,000 accounts", few, plain, 256),
        called("1,024 callers, 10,000 accounts", few, plain, 1024),
        called("1,024 callers, one hot account", few, hot, 1024),
        called("1,024 callers, 1,000,000 accounts", many, plain, 1024),
        called("1,024 callers, 30 % of three transfers, 1 % refused", few, mix, 1024),
        called("1,024 callers, half of them hold or capture", few, held, 1024),
        Figure("1,024 callers, across a checkpoint", across_a_checkpoint, 1024),
        listed("batches of 8,000, 10,000 accounts", few, plain),
        listed("batches of 8,000, one hot account", few, hot),
        listed("batches of 8,000, 1,000,000 accounts", many, plain),
        listed("batches of 8,000, 30 % of three transfers, 1 % refused", few, mix),
        Figure(
            "yardstick: naked posting, batches of 8,000",
            lambda seconds: naked(owner, few, 8_000, seconds),
            1,
            8_000,
            history="none",
            chain=False,
            yardstick=True,
        ),
        Figure(
            "yardstick: one transaction per transfer, 16 connections",
            lambda seconds: one_by_one(database, ledger, few, plain, seconds),
            16,
            yardstick=True,
        ),
    ]


def table(result: dict[str, Any]) -> str:
    lines = [f"{'':58} {'a second':>10} {'p50 ms':>8} {'p99 ms':>8}"]
    for one in (*result["results"], *result["yardsticks"]):
        lines.append(f"{one['name']:58} {one['per_second']:>10,} {one['p50_ms']:>8} {one['p99_ms']:>8}")
    return "\n".join(lines) + "\n"
