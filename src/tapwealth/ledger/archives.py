"""Answers out of archived years: what spreads gave an account by some point of a year whose shares are in a file.

The newest row of each part stays in `spread_share`, so that only a point between a year's first spread and its last needs the file.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, NamedTuple

from tapwealth.kernel.refusal import Outage
from tapwealth.ledger.port import book_of_account
from tapwealth.ledger.share_file import DAMAGE, Given, ShareFile, so_far
from tapwealth.storage.archive_folder import ArchiveFolder

_OF_ACCOUNT = """
select y.book, y.asset, y.year from account a join spread_archive y on y.book = a.book and y.asset = a.asset
 where a.book = $1 and a.id = $2 and y.first_no <= $3 order by y.year desc
"""

WITHIN = "select y.year from spread_archive y where y.book = a.book and y.asset = a.asset and y.first_{0} <= {1} and y.last_{0} > {1}"
"""The archived year of account `a` in which a number or a date lies, but for its end."""

NOT_ARCHIVED = """not exists (select from spread_archive y where y.book = {0}.book and y.asset = {0}.asset
  and {0}.no between y.first_no and y.last_no)"""
"""Of a row of spread or spread_share."""


class Year(NamedTuple):
    """An archived year of an asset in a book."""

    book: int
    asset: int
    year: int

    @property
    def name(self) -> str:
        """Of its file."""
        return f"spreads-{self.year}-asset-{self.asset}-book-{self.book}.parquet"


class Archives:
    """The files. `files` None: where they are is not known, and no question can be answered that needs them."""

    def __init__(self, files: ArchiveFolder | None = None) -> None:
        self._files = files

    @property
    def files(self) -> ArchiveFolder:
        """Raises Outage."""
        if self._files is None:
            raise Outage("this lies in an archived year, and no folder of archives is named; give --data-dir")
        return self._files

    async def given_by(self, wanted: Sequence[tuple[int, Year]], counts: Callable[[Given], bool]) -> dict[int, int]:
        """By account, all that spreads had given it with those of its year that count. Raises Outage."""
        by_year: dict[Year, list[int]] = defaultdict(list)
        for account, year in wanted:
            by_year[year].append(account)
        found: dict[int, int] = {}
        for year, accounts in by_year.items():
            found |= await asyncio.to_thread(self._given_by, year, accounts, counts)
        return found

    def _given_by(self, year: Year, accounts: Sequence[int], counts: Callable[[Given], bool]) -> dict[int, int]:
        with self.reading(year) as file:
            many, years = file.counted(counts), file.years_of(accounts)
        return {account: so_far(before, amounts[:many]) or 0 for account, (before, amounts) in years.items()}

    async def shares(self, tx: Any, account: int, until: int, limit: int | None = None) -> list[tuple[Given, int]]:
        """What spreads of archived years with numbers up to `until` said of an account, newest first; `limit`: stop once there are as many
        above zero. Raises Outage."""
        years = [Year(*row) for row in await tx.fetch(_OF_ACCOUNT, book_of_account(account), account, until)]
        return await asyncio.to_thread(self._shares, years, account, until, limit) if years else []

    def _shares(self, years: Sequence[Year], account: int, until: int, limit: int | None) -> list[tuple[Given, int]]:
        found: list[tuple[Given, int]] = []
        for year in years:
            with self.reading(year) as file:
                _, amounts = file.years_of([account]).get(account, (None, ()))
            said = [(one, amount) for one, amount in zip(file.spreads, amounts, strict=False) if amount is not None and one.no <= until]
            found += reversed(said)
            if limit is not None and sum(amount > 0 for _, amount in found) >= limit:
                break
        return found

    @contextmanager
    def reading(self, year: Year) -> Iterator[ShareFile]:
        """A year's file, for a block that does nothing but read it. Raises Outage where no folder is named, ArchiveLost where the file is
        not there or cannot be read."""
        place = self.files.place(year.name)
        try:
            yield ShareFile(place)
        except DAMAGE:
            raise self.files.unreadable(year.name) from None


async def archived_through(tx: Any, asset: int) -> date | None:
    """The last date of an asset that lies in an archived year, in any book; None: there is none."""
    found: date | None = await tx.fetchval("select max(last_date) from spread_archive where asset = $1", asset)
    return found
