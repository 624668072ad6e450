"""Archived years proved from what the database keeps: the file has the bytes that were sealed, each of its spreads gives the reference of
its line, it goes on from what the accounts had before and ends where the database goes on, and what was folded in the year follows from it.
"""

import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any
from uuid import UUID

from tapwealth.ledger.archives import Archives, Year
from tapwealth.ledger.findings import Finding, Wrong, at_line
from tapwealth.ledger.port import ARCHIVE_KIND
from tapwealth.ledger.share_file import DAMAGE, Given, Part, ShareFile, share_digest, so_far
from tapwealth.storage.archive_folder import ArchiveLost

SPREADS = """
select s.no, s.key, s.business_date, s.amount, s.accounts, t.reference
  from spread s left join transfer t on t.book = s.book and t.no = s.no
 where s.book = $1 and s.asset = $2 and s.no between $3 and $4 order by s.no
"""

_ENDS = """
select e.part, e.no, e.amounts, e.totals, b.totals before
  from (select distinct on (part) part, no, amounts, totals from spread_share
         where book = $1 and asset = $2 and no between $3 and $4 order by part, no desc) e
  left join lateral (select totals from spread_share w where w.book = $1 and w.asset = $2 and w.part = e.part and w.no < $3
                      order by w.no desc limit 1) b on true
 order by e.part
"""

_FOLDS = """
select f.account, f.no, f.so_far from spread_fold f join account a on a.book = f.book and a.id = f.account
 where f.book = $1 and a.asset = $2 and f.no between $3 and $4 order by f.account, f.no
"""

_NOTED = """
select y.*, t.reference, t.amount sealed, t.kind
  from spread_archive y left join transfer t on t.book = y.book and t.no = y.seal_no
 where y.book = $1 order by y.asset, y.year
"""

_SEALS = """
select no from transfer t where t.book = $1 and t.kind = $2 and t.seq = 0
   and not exists (select from spread_archive y where y.book = t.book and y.seal_no = t.no) order by no
"""

_NOTHING = 256 * (None,)


async def archive_findings(tx: Any, book: int, archives: Archives) -> list[Finding]:
    """What is wrong with the archived years of a book. Raises Outage if there are any and nobody knows where."""
    found = [
        at_line(Wrong.ARCHIVE_CHANGED, book, row["no"], "it seals an archive that is not noted")
        for row in await tx.fetch(_SEALS, book, ARCHIVE_KIND)
    ]
    for row in await tx.fetch(_NOTED, book):
        found += await _year(tx, archives, row)
    return found


async def _year(tx: Any, archives: Archives, row: Any) -> list[Finding]:
    year = Year(row["book"], row["asset"], row["year"])

    def wrong(what: Wrong, detail: str) -> list[Finding]:
        return [Finding(what, year.book, None, None, f"{year.name} {detail}")]

    found: list[Finding] = []
    if (row["kind"], row["reference"], row["sealed"]) != (ARCHIVE_KIND, seal_of(row["digest"]), row["amount"]):
        found += wrong(Wrong.ARCHIVE_CHANGED, "is noted otherwise than its seal says")
    digest = archives.files.digest(year.name)
    if digest is None:
        return [*found, *wrong(Wrong.ARCHIVE_MISSING, "is not there; put it back from its copy")]
    if digest != row["digest"]:
        found += wrong(Wrong.ARCHIVE_CHANGED, "is not what was sealed; put it back from its copy")
    try:
        details = await proved(tx, year, ShareFile(archives.files.place(year.name)), row["first_no"], row["last_no"])
    except (ArchiveLost, *DAMAGE) as error:
        return [*found, *wrong(Wrong.ARCHIVE_CHANGED, f"cannot be read ({type(error).__name__})")]
    return [*found, *(one for detail in details for one in wrong(Wrong.ARCHIVE_CHANGED, detail))]


def seal_of(digest: bytes) -> UUID:
    """What the line that seals a file carries as its reference."""
    return UUID(bytes=digest[:16])


async def proved(tx: Any, year: Year, file: ShareFile, first: int, last: int) -> list[str]:
    """What of the file does not follow from the database, which may still have all its shares or only the newest of each part."""
    where = (year.book, year.asset, first, last)
    noted = await tx.fetch(SPREADS, *where)
    if file.spreads != [Given(*row[:5]) for row in noted]:
        return ["does not name the spreads of its year"]
    ends = {row["part"]: row for row in await tx.fetch(_ENDS, *where)}
    hashes = [hashlib.sha256() for _ in noted]
    given, accounts = [0] * len(noted), [0] * len(noted)
    found: list[str] = []
    folds = _Folds(tx.cursor(_FOLDS, *where, prefetch=10_000).__aiter__())
    for part in file.parts():
        for place, row in enumerate(part.rows):
            if row != _NOTHING:
                hashes[place].update(share_digest(part.number, row))
                said = [amount for amount in row if amount is not None]
                given[place] += sum(said)
                accounts[place] += len(said)
        found += _part(part, ends.pop(part.number, None), file.spreads)
        found += [f"does not say what was folded into account {one}" async for one in folds.wrong(part, file.spreads)]
    found += [f"leaves out the accounts from {part << 8}" for part in ends]
    found += [f"has not all accounts: of {one} something was folded" async for one in folds.rest()]
    for row, hash_, amount, many in zip(noted, hashes, given, accounts, strict=True):
        if (amount, many, UUID(bytes=hash_.digest()[:16])) != (row["amount"], row["accounts"], row["reference"]):
            found.append(f"does not say what the spread of {row['business_date']} gave")
    return found


def _part(part: Part, end: Any, spreads: Sequence[Given]) -> Iterable[str]:
    """Against the newest row that the database has of the year."""
    where = f"of the accounts from {part.number << 8}"
    if end is None:
        return [f"has shares {where}, the database none"]
    places = {one.no: place for place, one in enumerate(spreads)}
    wrong = []
    if list(part.before) != (end["before"] or list(_NOTHING)):
        wrong.append(f"does not go on from what was given {where}")
    if part.after != end["totals"] or end["no"] not in places or list(part.rows[places[end["no"]]]) != end["amounts"]:
        wrong.append(f"does not end where the database goes on {where}")
    return wrong


class _Folds:
    """The year's folds, by account, taken along with the parts."""

    def __init__(self, rows: AsyncIterator[Any]) -> None:
        self._rows = rows
        self._next: Any = None

    async def _peek(self) -> Any:
        if self._next is None:
            self._next = await anext(self._rows, None)
        return self._next

    async def wrong(self, part: Part, spreads: Sequence[Given]) -> AsyncIterator[int]:
        """Accounts up to the end of the part of which something else was folded than they had been given."""
        while (row := await self._peek()) is not None and row["account"] >> 8 <= part.number:
            self._next = None
            slot, many = row["account"] & 255, sum(one.no < row["no"] for one in spreads)
            if row["account"] >> 8 != part.number or row["so_far"] != so_far(part.before[slot], part.amounts[slot][:many]):
                yield row["account"]

    async def rest(self) -> AsyncIterator[int]:
        """What no part had."""
        while (row := await self._peek()) is not None:
            self._next = None
            yield row["account"]
