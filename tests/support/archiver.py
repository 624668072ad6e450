"""A program that archives a year: `python archiver.py DSN BOOKS FOLDER YEAR`."""

import asyncio
import sys
from pathlib import Path

from tapwealth.ledger.archives import Archives
from tapwealth.ledger.archiving import archive_year
from tapwealth.ledger.postgres import PostgresLedger
from tapwealth.storage.archive_folder import ArchiveFolder
from tapwealth.storage.database import Database


async def main(dsn: str, books: int, folder: Path, year: int) -> None:
    archives = Archives(ArchiveFolder(folder))
    async with Database(dsn) as database:
        await archive_year(database, PostgresLedger(books, archives), archives, year)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])))
