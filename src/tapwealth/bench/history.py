"""`tapwealth bench history`: what an entry, and a page of an account's history, cost over 200,000 and over 20 million entries.

Two databases with the same accounts, whose history was posted by the ledger itself: half an hour's worth at most, the figures say how far
it came. Both servers are restarted, so that their own caches are cold (the operating system's is not); then they are measured in turn,
round by round, so that the machine's drift meets both alike. Cost is flat when the figures differ by no more than their rounds do.
"""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from tapwealth.app.event_loop import runner, spare_collector
from tapwealth.bench.figure import ROUNDS, SECOND, Figure, Run, Waits, progress, results, shown
from tapwealth.bench.ledger import BATCH, FEW, MANY_CALLERS, Bench, install, opened
from tapwealth.bench.load import NOW, PLAIN, Load, open_accounts
from tapwealth.kernel.clock import monotonic_ns
from tapwealth.storage.embedded import EmbeddedServer

SHORT, LONG = 200_000, 20_000_000
_MOST_SECONDS = 1_800
_READERS = 4


def main(seconds: int, *, as_json: bool, out: TextIO = sys.stdout) -> None:
    """Build both histories, and measure."""
    with tempfile.TemporaryDirectory(prefix="tapwealth-bench-") as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)
        places = [folder / name for name in ("short", "long")]
        servers = [EmbeddedServer(place) for place in places]
        try:
            with runner() as loop:
                grown = [loop.run(_grown(*each)) for each in zip(servers, places, (SHORT, LONG), strict=True)]
                for server in servers:
                    server.stop()
                    server.start()
                figures = loop.run(_measure(servers, grown, seconds))
        finally:
            for server in servers:
                server.erase()
    out.write(shown(results(figures), as_json=as_json))


async def _grown(server: EmbeddedServer, place: Path, entries: int) -> tuple[Load, int]:
    """A fresh installation with so many entries, or as many as the time allowed."""
    server.start()
    async with opened(server) as bench:
        await install(bench, place)
        load = await open_accounts(bench.database, bench.ledger, FEW, progress)
        return load, await _grow(bench, load, entries)


async def _grow(bench: Bench, load: Load, entries: int) -> int:
    end = monotonic_ns() + _MOST_SECONDS * SECOND

    async def poster(half: int) -> int:
        done = 0
        while done < entries // 2 and monotonic_ns() < end:
            batch = [load.entry(PLAIN, half) for _ in range(min(BATCH, entries // 2 - done))]
            async with bench.database.transaction() as tx:
                await bench.ledger.post(tx, NOW, batch)
            done += len(batch)
            if half == 0 and done // BATCH % 50 == 0:
                progress(f"some {2 * done:,} of {entries:,} entries of history")
        return done

    return sum(await asyncio.gather(poster(0), poster(1)))


async def _measure(servers: Sequence[EmbeddedServer], grown: Sequence[tuple[Load, int]], seconds: int) -> list[Figure]:
    async with opened(servers[0]) as short, opened(servers[1]) as long:
        figures = [
            figure
            for bench, (load, length) in zip((short, long), grown, strict=True)
            for figure in _figures(bench, load, f"{length:,} entries")
        ]
        spare_collector()
        for figure in figures:
            await figure.warm_up()
        for number in range(1, ROUNDS + 1):
            for figure in figures:
                progress(f"round {number} of {ROUNDS}: {figure.name}: {await figure.round(seconds):,} a second")
    return figures


def _figures(bench: Bench, load: Load, history: str) -> list[Figure]:
    return [
        Figure(f"1,024 callers over {history} of history", bench.callers(load, PLAIN, MANY_CALLERS), MANY_CALLERS, history=history),
        Figure(f"pages of 50 lines out of {history} of history", _pages(bench, load), _READERS, history=history),
    ]


def _pages(bench: Bench, load: Load) -> Run:
    """Readers of the newest and the next page of one account after another."""

    async def run(seconds: int, waits: Waits) -> int:
        end = monotonic_ns() + seconds * SECOND

        async def reader() -> int:
            done = 0
            while monotonic_ns() < end:
                account, cursor = load.account(), None
                for _ in range(2):
                    started = monotonic_ns()
                    async with bench.database.read() as tx:
                        cursor = (await bench.ledger.account_history(tx, account, cursor)).next_cursor
                    waits.add(monotonic_ns() - started)
                    done += 1
            return done

        return sum(await asyncio.gather(*(reader() for _ in range(_READERS))))

    return run
