"""`tapwealth bench history`: what an entry costs over 200,000 and over 20 million entries of history, on the same accounts.

History is posted by the ledger itself, then the server is restarted, so that its own cache is cold (the operating system's is not), and the
same load is measured as at the beginning. Cost is flat when the two figures differ by less than the machine's own drift.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TextIO

import uvloop

from tapwealth.bench.ledger import BOOKS, FEW, Figure, callers, install, progress, table
from tapwealth.bench.load import NOW, Load, Mix, open_accounts, post
from tapwealth.ledger.postgres import PostgresLedger
from tapwealth.storage.database import Database
from tapwealth.storage.embedded import EmbeddedServer, Role
from tapwealth.storage.group_commit import Batcher

SHORT, LONG = 200_000, 20_000_000
_ROUNDS = 3
_BATCH = 8_000
_CALLERS = 1_024


def main(seconds: int, *, as_json: bool, out: TextIO = sys.stdout) -> None:
    """Build the history and measure twice; takes some ten minutes."""
    with tempfile.TemporaryDirectory(prefix="tapwealth-bench-") as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedServer(Path(folder))
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                server.start()
                load = runner.run(_begin(server, Path(folder)))
                results = []
                done = 0
                for length in (SHORT, LONG):
                    runner.run(_grow(server, load, length - done, progress))
                    done = length
                    server.stop()
                    server.start()
                    results.append(runner.run(_measure(server, load, length, seconds)))
        finally:
            server.erase()
    result = {"results": results, "yardsticks": [], "cache": "server restarted before each figure, operating system's cache warm"}
    out.write(json.dumps(result, indent=2) + "\n" if as_json else table(result))


@asynccontextmanager
async def _open(server: EmbeddedServer) -> AsyncIterator[tuple[Database, PostgresLedger]]:
    async with Database(server.dsn(Role.OWNER), size=20) as database:
        yield database, PostgresLedger(BOOKS)


async def _begin(server: EmbeddedServer, folder: Path) -> Load:
    async with _open(server) as (database, ledger):
        await install(server, database, ledger, folder)
        return await open_accounts(database, ledger, FEW, progress)


async def _grow(server: EmbeddedServer, load: Load, entries: int, say: Callable[[str], None]) -> None:
    async with _open(server) as (database, ledger):

        async def poster(half: int) -> None:
            for done in range(0, entries // 2, _BATCH):
                batch = [load.entry(Mix(), half) for _ in range(min(_BATCH, entries // 2 - done))]
                async with database.transaction() as tx:
                    await ledger.post(tx, NOW, batch)
                if half == 0 and done // _BATCH % 100 == 99:
                    say(f"{2 * done:,} of {entries:,} entries of history")

        await asyncio.gather(poster(0), poster(1))


async def _measure(server: EmbeddedServer, load: Load, length: int, seconds: int) -> dict[str, Any]:
    async with (
        _open(server) as (database, ledger),
        Batcher(database, {"post": lambda tx, entries: post(ledger, tx, entries)}, statements=("post",)) as batcher,
    ):
        figure = Figure(
            f"1,024 callers, 10,000 accounts, {length:,} entries of history",
            lambda limit: callers(batcher, load, Mix(), _CALLERS, limit),
            _CALLERS,
            history=f"{length}",
        )
        for _ in range(_ROUNDS):
            await figure.round(seconds)
            progress(f"{figure.name}: {figure.rates[-1]:,} a second")
        return figure.as_json(seconds)
