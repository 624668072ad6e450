"""`tapwealth bench history`: what an entry, and a page of an account's history, cost over 200,000 and over 20 million entries.

History is posted by the ledger itself, to the same accounts, for at most half an hour: the figures say how far it came. Then the server
is restarted, so that its own cache is cold (the operating system's is not), and the same load is measured as at the beginning. Cost is
flat when the figures differ by less than the machine's own drift.
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import TextIO

from tapwealth.app.event_loop import runner, spare_collector
from tapwealth.bench.figure import SECOND, Figure, Run, Waits, progress, results, shown
from tapwealth.bench.ledger import BATCH, FEW, MANY_CALLERS, ROUNDS, Bench, install, opened
from tapwealth.bench.load import NOW, Load, Mix, open_accounts
from tapwealth.kernel.clock import monotonic_ns
from tapwealth.storage.embedded import EmbeddedServer

SHORT, LONG = 200_000, 20_000_000
_MOST_SECONDS = 1_800
_READERS = 4


def main(seconds: int, *, as_json: bool, out: TextIO = sys.stdout) -> None:
    """Build the history and measure twice."""
    with tempfile.TemporaryDirectory(prefix="tapwealth-bench-") as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedServer(Path(folder)).start()
        try:
            with runner() as loop:
                load = loop.run(_begin(server, Path(folder)))
                figures = []
                length = 0
                for wanted in (SHORT, LONG):
                    length += loop.run(_grow(server, load, wanted - length))
                    server.stop()
                    server.start()
                    figures += loop.run(_measure(server, load, length, seconds))
        finally:
            server.erase()
    out.write(shown(results(figures), as_json=as_json))


async def _begin(server: EmbeddedServer, folder: Path) -> Load:
    async with opened(server) as bench:
        await install(bench, folder)
        return await open_accounts(bench.database, bench.ledger, FEW, progress)


async def _grow(server: EmbeddedServer, load: Load, entries: int) -> int:
    """Post so many, or as many as the time allows; how many."""
    end = monotonic_ns() + _MOST_SECONDS * SECOND
    async with opened(server) as bench:

        async def poster(half: int) -> int:
            done = 0
            while done < entries // 2 and monotonic_ns() < end:
                batch = [load.entry(Mix(), half) for _ in range(min(BATCH, entries // 2 - done))]
                async with bench.database.transaction() as tx:
                    await bench.ledger.post(tx, NOW, batch)
                done += len(batch)
                if half == 0 and done // BATCH % 50 == 0:
                    progress(f"some {2 * done:,} of {entries:,} entries of history")
            return done

        return sum(await asyncio.gather(poster(0), poster(1)))


async def _measure(server: EmbeddedServer, load: Load, length: int, seconds: int) -> list[Figure]:
    async with opened(server) as bench:
        history = f"{length:,} entries"
        figures = [
            Figure(f"1,024 callers over {history} of history", bench.callers(load, Mix(), MANY_CALLERS), MANY_CALLERS, history=history),
            Figure(f"pages of 50 lines out of {history} of history", _pages(bench, load), _READERS, history=history),
        ]
        spare_collector()
        for figure in figures:
            await figure.warm_up()
        for number in range(1, ROUNDS + 1):
            for figure in figures:
                progress(f"round {number} of {ROUNDS}: {figure.name}: {await figure.round(seconds):,} a second")
    return figures


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
