"""A program that posts to the ledger with 100 callers until it is killed: `python ledger_poster.py DSN BOOKS FOLDER SEED`.

It writes each key to `issued` before it asks, and to `acknowledged` after the answer, both outside the database.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from tapwealth.bench.load import NOW, Load, Mix
from tapwealth.kernel.refusal import Outage
from tapwealth.ledger.postgres import PostgresLedger
from tapwealth.storage.database import Database
from tapwealth.storage.group_commit import Batcher

CALLERS = 100


async def main(dsn: str, books: int, folder: Path, seed: int) -> None:
    issued = os.open(folder / "issued", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    acknowledged = os.open(folder / "acknowledged", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    async with Database(dsn, size=8) as database:
        ledger = PostgresLedger(books)
        async with database.read() as tx:
            rows = await tx.fetch("select book, id from account where kind = 201 order by book, id")
        accounts = [[row["id"] for row in rows if row["book"] == book] for book in range(1, books + 1)]
        load = Load(accounts, [own[0] for own in accounts], seed)

        async def post(tx: Any, entries: list[Any]) -> list[Any]:
            return await ledger.post(tx, NOW, entries)

        async with Batcher(database, {"post": post}, statements=("post",)) as batcher:

            async def caller() -> None:
                while True:
                    entry = load.entry(Mix(three=30))
                    line = f"{entry.book} {entry.key}\n".encode()
                    os.write(issued, line)
                    try:
                        await batcher.submit("post", entry.book, entry)
                    except Outage:
                        continue  # in doubt: asked for later
                    os.write(acknowledged, line)

            await asyncio.gather(*(caller() for _ in range(CALLERS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])))
