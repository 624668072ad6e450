"""Moves a closed year's shares out of the database into files, one for each asset and book.

A file is written from one snapshot, synced, read again and proved as the audit would prove it; then one transaction notes it, seals it on
the chain and takes the shares out. Before that transaction the database has the year, after it the file: a kill leaves either, and the
command run again goes on with the books that are left.
"""

from collections.abc import AsyncIterator, Callable
from datetime import date, timedelta
from typing import Any, NamedTuple

from tapwealth.kernel.ids import named
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.ledger.archives import Archives, Year
from tapwealth.ledger.audit_archives import SPREADS, proved, seal_of
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import ARCHIVE_KIND, LEDGER_ACTOR, JournalEntry, Line, Op
from tapwealth.ledger.postgres import PostgresLedger
from tapwealth.ledger.share_file import Given, Part, ShareFile, ShareWriter
from tapwealth.storage import platform_clock
from tapwealth.storage.database import Database

_YEARS = """
select s.book, s.asset, extract(year from s.business_date)::int "year", min(s.no) first_no, max(s.no) last_no,
       min(s.business_date) first_date, max(s.business_date) last_date, count(*)::int spreads, ledger_total(s.amount) amount,
       bool_and(b.closed_through >= s.business_date and b.closed_through >= make_date(extract(year from s.business_date)::int, 12, 31)) is true closed,
       y.year is not null archived, max(y.bytes) bytes
  from spread s join book b on b.book = s.book
  left join spread_archive y on y.book = s.book and y.asset = s.asset and y.year = extract(year from s.business_date)
 group by s.book, s.asset, 3, y.year order by 3, s.asset, s.book
"""  # noqa: E501

_SHARES = """
select s.part, s.no, s.amounts,
       case when lag(s.part) over (order by s.part, s.no) is distinct from s.part then coalesce((
         select w.totals from spread_share w where w.book = s.book and w.asset = s.asset and w.part = s.part and w.no < $3
          order by w.no desc limit 1), array_fill(null::bigint, array[256])) end before
  from spread_share s where s.book = $1 and s.asset = $2 and s.no between $3 and $4 order by s.part, s.no
"""

_NOTE = """
insert into spread_archive (book, asset, year, first_no, last_no, first_date, last_date, spreads, accounts, amount, bytes, digest, seal_no)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""

_NOTHING = 256 * (None,)

_LOCK = 0x7461_7061
"""The advisory lock of archiving: two commands would write the same file."""


class Standing(NamedTuple):
    """A year of an asset in a book: `closed` as a whole, and whether it is in a file, of so many bytes."""

    book: int
    asset: int
    year: int
    first_no: int
    last_no: int
    first_date: date
    last_date: date
    spreads: int
    amount: int
    closed: bool
    archived: bool
    bytes: int | None

    @property
    def name(self) -> Year:
        """What it is called by."""
        return Year(self.book, self.asset, self.year)

    def as_data(self) -> dict[str, Any]:
        """For the command line and its JSON."""
        state = "archived" if self.archived else "closed" if self.closed else "open"
        where = {"file": self.name.name, "bytes": self.bytes} if self.archived else {"file": None, "bytes": None}
        return {
            "year": self.year,
            "asset": self.asset,
            "book": self.book,
            "state": state,
            "spreads": self.spreads,
            "amount": self.amount,
            **where,
        }


async def standing(tx: Any) -> list[Standing]:
    """Every year of which anything was spread, the oldest first."""
    return [Standing(*row) for row in await tx.fetch(_YEARS)]


async def archive_year(
    database: Database, ledger: PostgresLedger, archives: Archives, year: int, tell: Callable[[str], None] = lambda _line: None
) -> list[Standing]:
    """Move the year, as far as it is not moved yet; what was moved. `tell` is called with a line for each file.

    Raises BadInput if the year is not closed in every book, if an earlier one is not archived, or if nothing was spread in it; Outage while
    another command archives.
    """
    async with database.alone(_LOCK) as alone:
        if not alone:
            raise Outage("another command is archiving a year; wait until it has ended, then try again")
        async with database.read() as tx:
            years = await standing(tx)
        mine = [one for one in years if one.year == year]
        _check(years, mine, year)
        left = [one for one in mine if not one.archived]
        for place, one in enumerate(left, 1):
            size = await _archive(database, ledger, archives, one)
            tell(f"{place} of {len(left)}: {one.name.name}, {size:,} bytes")
        await _tidy(database)
    return left


def _check(years: list[Standing], mine: list[Standing], year: int) -> None:
    if not mine:
        raise BadInput(f"nothing was spread in {year}", where="YEAR", hint="`tapwealth archive` says which years there are")
    if not all(one.closed for one in mine):
        raise BadInput(f"{year} is not closed in every book", where="YEAR", hint="archive it once 31 December is closed")
    earlier = [one.year for one in years if one.year < year and not one.archived]
    if earlier:
        raise BadInput(f"{min(earlier)} is not archived", where="YEAR", hint=f"archive {min(earlier)} first")


async def _archive(database: Database, ledger: PostgresLedger, archives: Archives, one: Standing) -> int:
    """One file; its bytes."""
    folder, name = archives.files, one.name.name
    async with database.read() as tx:
        if await _is_noted(tx, one):
            return 0
        with folder.writing(name) as place:
            spreads = [Given(*row[:5]) for row in await tx.fetch(SPREADS, one.book, one.asset, one.first_no, one.last_no)]
            writer = ShareWriter(place, spreads)
            parts = 0
            async for part in _parts(tx, one, [given.no for given in spreads]):
                writer.add(part)
                parts += 1
            writer.close()
            wrong = await proved(tx, one.name, ShareFile(place), one.first_no, one.last_no)
            assert not wrong, f"{name} {wrong[0]}; run `tapwealth audit`"
            digest, size = folder.digest(place.name), place.stat().st_size  # of what was proved, whatever happens once it is named
            assert digest is not None, f"{name} went away"
    async with database.transaction() as tx:
        await _take_over(tx, ledger, one, parts, size, digest)
    return size


async def _is_noted(tx: Any, one: Standing) -> bool:
    """Whether another command has done it meanwhile."""
    found: bool = await tx.fetchval("select exists (select from spread_archive where book = $1 and asset = $2 and year = $3)", *one.name)
    return found


async def _parts(tx: Any, one: Standing, numbers: list[int]) -> AsyncIterator[Part]:
    """The year as it stands in the database, in ascending order."""
    number, before = None, _NOTHING
    rows: dict[int, Any] = {}
    async for row in tx.cursor(_SHARES, one.book, one.asset, one.first_no, one.last_no, prefetch=1_000):
        if row["part"] != number:
            if number is not None:
                yield _part(number, before, rows, numbers)
            number, before, rows = row["part"], row["before"], {}
        rows[row["no"]] = row["amounts"]
    if number is not None:
        yield _part(number, before, rows, numbers)


def _part(number: int, before: Any, rows: dict[int, Any], numbers: list[int]) -> Part:
    return Part(number, before, list(zip(*(rows.get(no, _NOTHING) for no in numbers), strict=True)))


async def _take_over(tx: Any, ledger: PostgresLedger, one: Standing, parts: int, size: int, digest: bytes) -> None:
    """Note and seal the file, and take the shares out: all in the caller's transaction."""
    await ledger.lock_books(tx, [one.book])
    if await _is_noted(tx, one):
        return
    now = await platform_clock.read(tx)
    closed = await tx.fetchval("select closed_through from book where book = $1", one.book)
    mirror, through = (house_account(one.book, kind, one.asset) for kind in (Kind.REGISTRAR_MIRROR, Kind.ARCHIVED_INCOME))
    lines = (Line(Op.POST, mirror, through, one.asset, one.amount), Line(Op.POST, through, mirror, one.asset, one.amount))
    key = named(now, one.book, f"archive:{one.asset}:{one.year}")
    seal = JournalEntry(one.book, key, ARCHIVE_KIND, closed + timedelta(days=1), LEDGER_ACTOR, seal_of(digest), lines)
    (answer,) = await ledger.post(tx, now, [seal])
    assert answer.posted, f"the seal of {one.name.name} was refused: {answer.refusal}"
    await tx.execute(_NOTE, *one.name, *one[3:8], parts << 8, one.amount, size, digest, answer.no)
    await tx.fetchval("select ledger_forget_shares($1, $2, $3)", *one.name)


async def _tidy(database: Database) -> None:
    """The room of what was taken out is used again at once."""
    connection = await database.connect()
    try:
        await connection.execute("vacuum spread_share")
    finally:
        await connection.close()
