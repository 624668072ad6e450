"""Kill -9 of the program or of the database under load: nothing acknowledged is lost, what was in doubt is found out, the audit holds."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest

from tapwealth.bench.load import NOW, open_accounts
from tapwealth.ledger.audit import audit
from tapwealth.ledger.postgres import PostgresLedger
from tapwealth.storage import installation, migrate, platform_clock
from tapwealth.storage.database import Database
from tapwealth.storage.embedded import EmbeddedServer, Role
from tapwealth.storage.keystore import FileKeyStore

BOOKS, ACCOUNTS = 4, 400
POSTER = Path(__file__).parents[1] / "support" / "ledger_poster.py"


async def install(server: EmbeddedServer, folder: Path) -> None:
    await migrate.apply(server.dsn(Role.OWNER))
    async with Database(server.dsn(Role.OWNER)) as database:
        ledger = PostgresLedger(BOOKS)
        async with database.transaction() as tx:
            await platform_clock.start(tx, NOW)
            await installation.install(tx, BOOKS, FileKeyStore(folder / "keys"), NOW)
            await ledger.install(tx)
        await open_accounts(database, ledger, ACCOUNTS, lambda _text: None)


def keys(path: Path) -> set[tuple[int, UUID]]:
    """What a file holds; a last line torn by the kill is left out."""
    if not path.exists():
        return set()
    text = path.read_text()
    return {(int(line.split()[0]), UUID(line.split()[1])) for line in text[: text.rfind("\n") + 1].splitlines()}


async def recorded(server: EmbeddedServer, asked: set[tuple[int, UUID]]) -> set[tuple[int, UUID]]:
    """Those of the keys that the ledger has an answer to."""
    async with Database(server.dsn(Role.OWNER)) as database, database.read() as tx:
        rows = await tx.fetch(
            "select k.book, k.key from unnest($1::int[], $2::uuid[]) k(book, key)"
            " where exists (select from transfer t where t.book = k.book and t.key = k.key)",
            [book for book, _ in asked],
            [key for _, key in asked],
        )
    return {(row["book"], UUID(str(row["key"]))) for row in rows}


async def is_clean(server: EmbeddedServer) -> bool:
    async with Database(server.dsn(Role.OWNER)) as database:
        return bool((await audit(database, []))["clean"])


def run_kills(reachable_dir: Path, kills: int, seed: int) -> None:
    draw = random.Random(seed)
    server = EmbeddedServer(reachable_dir / "data").start()
    acknowledged_in_all = in_doubt_in_all = stood_in_all = 0
    try:
        asyncio.run(install(server, reachable_dir))
        for number in range(kills):
            folder = reachable_dir / f"round{number}"
            folder.mkdir()
            dsn = server.dsn(Role.OWNER)
            poster = subprocess.Popen([sys.executable, str(POSTER), dsn, str(BOOKS), str(folder), str(seed * 1000 + number)])
            deadline = time.monotonic() + 120
            while not keys(folder / "acknowledged") and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(draw.uniform(0.05, 0.6))
            victim = draw.choice(("program", "database"))
            if victim == "database":
                assert server.postmaster_pid is not None
                os.kill(server.postmaster_pid, signal.SIGKILL)
                time.sleep(0.1)
            poster.kill()
            poster.wait()
            if victim == "database":
                server.stop()
                server.start()
            acknowledged, issued = keys(folder / "acknowledged"), keys(folder / "issued")
            doubt = issued - acknowledged
            there = asyncio.run(recorded(server, issued))
            lost = acknowledged - there
            print(
                f"kill {number + 1} ({victim}): acknowledged {len(acknowledged)}, lost {len(lost)},"
                f" in doubt {len(doubt)}: {len(doubt & there)} stand, {len(doubt - there)} never happened"
            )
            assert acknowledged, "nothing was in flight"
            assert not lost
            assert asyncio.run(is_clean(server))
            acknowledged_in_all += len(acknowledged)
            in_doubt_in_all += len(doubt)
            stood_in_all += len(doubt & there)
        print(f"in all: acknowledged {acknowledged_in_all}, lost 0, in doubt {in_doubt_in_all}, of which {stood_in_all} stand")
    finally:
        server.erase()


def test_kills_lose_nothing_acknowledged(reachable_dir: Path) -> None:
    run_kills(reachable_dir, kills=4, seed=1)


@pytest.mark.soak
def test_thirty_kills_lose_nothing_acknowledged(reachable_dir: Path) -> None:
    run_kills(reachable_dir, kills=30, seed=2)
