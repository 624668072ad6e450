"""Archived years: everything that can be asked is answered as before, and what is changed or taken away is named."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import pytest
from apart import run_apart
from ledger_histories import UNITS, owner
from patience import comes

from tapwealth.kernel.ids import named
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.ledger.archives import Archives, Year
from tapwealth.ledger.archiving import archive_year, standing
from tapwealth.ledger.audit import audit_snapshot
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.findings import Wrong
from tapwealth.ledger.install import house_accounts
from tapwealth.ledger.port import CloseRefusal, JournalEntry, Limit, Line, NewAccount, Op, Shares, Spread
from tapwealth.ledger.postgres import PostgresLedger
from tapwealth.ledger.share_file import Part, ShareFile, ShareWriter
from tapwealth.storage import platform_clock
from tapwealth.storage.archive_folder import ArchiveFolder
from tapwealth.storage.database import Database

BOOKS, PEOPLE = 2, 300
"""More than 256 in book 1, so that it has two parts; none of book 2's second half is ever said anything of."""
DAYS = [date(2013, 12, day) for day in (28, 29, 30)] + [date(2014, 1, 2), date(2014, 6, 1), date(2014, 6, 2), date(2014, 12, 31)]
LAST = date(2015, 3, 1)
ARCHIVER = Path(__file__).parents[1] / "support" / "archiver.py"


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def holding(person: int) -> NewAccount:
    return NewAccount(1 if person < 290 else 2, Kind.HOLDING, owner(person), UNITS, Limit.DEBITS_WITHIN_CREDITS)


def ledger_of(folder: Path) -> PostgresLedger:
    return PostgresLedger(BOOKS, Archives(ArchiveFolder(folder)))


async def income(tx: Any, ledger: PostgresLedger, accounts: list[int], day: date) -> None:
    """Something for most of them, nothing said of some; the last part of book 1 is left out of the last days of a year."""
    draw = Random(day.toordinal())
    mine = accounts[:260] + accounts[290:] if day.month == 12 else accounts
    shares = [(account, draw.choice((0, 3, 5, 1_000_000))) for account in mine if draw.random() < 0.8]
    keys = {book: named(noon(day), book, f"income {day}") for book in range(1, BOOKS + 1)}
    await ledger.spread(tx, noon(day), Spread(keys, 404, day, 1, UNITS, Kind.REGISTRAR_MIRROR), Shares.of(shares))


async def take(tx: Any, ledger: PostgresLedger, accounts: list[int], day: date) -> None:
    """Some take what they have, so that it is folded."""
    mine = Random(day.toordinal() + 1).sample(accounts, 40)
    free = await ledger.free(tx, noon(day), mine)
    lines = [
        (one, Line(Op.POST, one, house_account(one >> 48, Kind.REGISTRAR_MIRROR, UNITS), UNITS, free[one])) for one in mine if free[one]
    ]
    entries = [JournalEntry(one >> 48, named(noon(day), one >> 48, f"{day} {one}"), 1, day, 1, None, (line,)) for one, line in lines]
    assert all(answer.posted for answer in await ledger.post(tx, noon(day) + timedelta(hours=1), entries))


async def close(tx: Any, ledger: PostgresLedger, day: date) -> None:
    for book in range(BOOKS + 1):
        assert not isinstance(await ledger.close_date(tx, noon(day) + timedelta(hours=2), book, day), CloseRefusal)


async def tell(url: str) -> list[int]:
    """Days of three years, closed but for the last."""
    ledger = PostgresLedger(BOOKS)
    async with Database(url) as database:
        async with database.transaction() as tx:
            await platform_clock.start(tx, noon(LAST))
            await ledger.install(tx)
            await ledger.open_accounts(tx, house_accounts(BOOKS, UNITS))
            accounts = await ledger.open_accounts(tx, [holding(person) for person in range(PEOPLE)])
        for day in [*DAYS, LAST]:
            async with database.transaction() as tx:
                await income(tx, ledger, accounts, day)
                await take(tx, ledger, accounts, day)
                if day != LAST:
                    await close(tx, ledger, day)
    return accounts


async def answers(tx: Any, ledger: PostgresLedger, accounts: list[int]) -> list[Any]:
    """All that can be asked, of the days in between as well; pages of two lines."""
    asked: list[Any] = [await ledger.balances(tx, accounts)]
    days = sorted({day + timedelta(days=off) for day in [*DAYS, LAST] for off in (-1, 0, 1)})
    asked += [await ledger.totals_dated(tx, accounts, day) for day in days]
    for day in days:
        for book in (1, 2):  # what is owed: the seal passes through two accounts of the house, in and out
            asked.append([(one.kind, one.accounts, one.totals.owed) for one in (await ledger.trial_balances(tx, [book], day))[book, UNITS]])
    some = accounts[:3] + accounts[255:262] + accounts[-2:]
    asked += [await ledger.totals_at(tx, some, noon(day) + timedelta(seconds=off)) for day in days for off in (-1, 0, 5000)]
    for account in some:
        cursor = None
        while True:
            page = await ledger.account_history(tx, account, cursor, 2)
            asked.append(page)
            cursor = page.next_cursor
            if cursor is None:
                break
    return asked


@pytest.fixture(scope="module")
def town(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, list[int], list[Any]]:
    """Two years archived. (database, the archives, holdings, what was answered before)"""
    folder = tmp_path_factory.mktemp("archive")

    async def make() -> tuple[list[int], list[Any]]:
        accounts = await tell(database_url)
        ledger = ledger_of(folder)
        async with Database(database_url) as database:
            async with database.read() as tx:
                before = await answers(tx, ledger, accounts)
            with pytest.raises(BadInput, match="2013 is not archived"):
                await archive_year(database, ledger, ledger.archives, 2014)
            with pytest.raises(BadInput, match="2015 is not closed"):
                await archive_year(database, ledger, ledger.archives, 2015)
            with pytest.raises(BadInput, match="nothing was spread in 2012"):
                await archive_year(database, ledger, ledger.archives, 2012)
            told: list[str] = []
            for year in (2013, 2014):
                async with database.transaction() as tx:
                    await close(tx, ledger, date(year, 12, 31))
                await archive_year(database, ledger, ledger.archives, year, told.append)
            assert [line.split()[:3] for line in told] == 2 * [["1", "of", "2:"], ["2", "of", "2:"]][:2]
            assert await archive_year(database, ledger, ledger.archives, 2014) == []
        return accounts, before

    accounts, before = run_apart(make())
    return database_url, folder, accounts, before


@pytest.fixture
async def tx(town: Any) -> AsyncIterator[Any]:
    """The owner's connection, in a transaction that is taken back."""
    connection = await asyncpg.connect(town[0], server_settings={"search_path": "tapwealth"})
    change = connection.transaction()
    await change.start()
    yield connection
    await change.rollback()
    await connection.close()


@pytest.fixture
def copied(town: Any, tmp_path: Path) -> Path:
    """The archives, to do something to."""
    return Path(shutil.copytree(town[1], tmp_path / "archive"))


async def findings(tx: Any, folder: Path) -> set[Wrong]:
    return {one.wrong for one in (await audit_snapshot(tx, archives=Archives(ArchiveFolder(folder)))).findings}


async def test_everything_is_answered_as_before(town: Any, tx: Any) -> None:
    _, folder, accounts, before = town
    now = await answers(tx, ledger_of(folder), accounts)
    for place, (one, other) in enumerate(zip(now, before, strict=True)):
        assert one == other, place


async def test_the_audit_holds_and_counts_the_archives(town: Any, tx: Any) -> None:
    found = await audit_snapshot(tx, archives=Archives(ArchiveFolder(town[1])))
    assert (found.findings, found.archives) == ((), 4)


async def test_of_an_archived_year_the_database_keeps_one_row_of_each_part(town: Any, tx: Any) -> None:
    kept = await tx.fetch(
        "select count(*) from spread_share where business_date < '2015-01-01' group by part, date_trunc('year', business_date)"
    )
    assert {row["count"] for row in kept} == {1}
    assert [one.archived for one in await standing(tx)] == [True] * 4 + [False] * 2
    assert {one.name for one in town[1].iterdir()} == {Year(book, UNITS, year).name for book in (1, 2) for year in (2013, 2014)}


async def test_life_goes_on_after_it(town: Any, tx: Any) -> None:
    _, folder, accounts, _ = town
    ledger, day = ledger_of(folder), LAST + timedelta(days=1)
    before = await ledger.balances(tx, accounts)
    await income(tx, ledger, accounts, day)
    await take(tx, ledger, accounts, day)
    assert await ledger.balances(tx, accounts) != before
    assert await findings(tx, folder) == set()


async def test_what_a_missing_archive_would_answer_is_an_outage(town: Any, tx: Any, tmp_path: Path) -> None:
    _, _, accounts, _ = town
    for ledger in (ledger_of(tmp_path), PostgresLedger(BOOKS)):
        assert await ledger.totals_dated(tx, accounts, date(2014, 12, 31))
        with pytest.raises(Outage):
            await ledger.totals_dated(tx, accounts, date(2014, 6, 1))
        with pytest.raises(Outage):
            await ledger.archived_shares(tx, accounts[0])


async def test_a_byte_changed_anywhere_in_the_shares_is_an_outage_and_no_other_answer(town: Any, tx: Any, copied: Path) -> None:
    """The file's footer is whole: it is found out only where its pages are read."""
    _, _, accounts, _ = town
    place, ledger = copied / Year(1, UNITS, 2014).name, ledger_of(copied)
    whole, asked = place.read_bytes(), [accounts[0], accounts[258]]
    pages = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    right, refused = await ledger.totals_dated(tx, asked, date(2014, 6, 1)), 0
    for at in range(4, pages, 61):
        place.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            assert await ledger.totals_dated(tx, asked, date(2014, 6, 1)) == right, at
        except Outage:
            refused += 1
            with pytest.raises(Outage, match="cannot be read"):
                await ledger.archived_shares(tx, accounts[0])
    assert refused > 10


FILES = {
    "a byte": lambda path: path.write_bytes(path.read_bytes()[:200] + bytes([path.read_bytes()[200] ^ 1]) + path.read_bytes()[201:]),
    "the end": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "everything": lambda path: path.write_bytes(b"PAR1"),
    "another book": lambda path: shutil.copy(path.with_name(Year(2, UNITS, 2014).name), path),
    "another year": lambda path: shutil.copy(path.with_name(Year(1, UNITS, 2013).name), path),
}


@pytest.mark.parametrize("what", FILES)
async def test_a_changed_file_is_named(tx: Any, copied: Path, what: str) -> None:
    place = copied / Year(1, UNITS, 2014).name
    FILES[what](place)
    found = (await audit_snapshot(tx, archives=Archives(ArchiveFolder(copied)))).findings
    assert {one.wrong for one in found} == {Wrong.ARCHIVE_CHANGED}
    assert all(place.name in one.detail for one in found)
    assert any("is not what was sealed" in one.detail for one in found)


async def test_a_file_that_is_gone_is_named(tx: Any, copied: Path) -> None:
    (copied / Year(2, UNITS, 2013).name).unlink()
    (found,) = (await audit_snapshot(tx, archives=Archives(ArchiveFolder(copied)))).findings
    assert (found.wrong, found.book) == (Wrong.ARCHIVE_MISSING, 2)
    assert Year(2, UNITS, 2013).name in found.detail


def one_more(part: Part) -> Part:
    amounts = [list(one) for one in part.amounts]
    amounts[0][0] = (amounts[0][0] or 0) + 1
    return part._replace(amounts=amounts)


def moved(part: Part) -> Part:
    """Between two accounts, in a spread and back in another: no sum and no count changes, not of the day, not of the year."""
    amounts = [list(one) for one in part.amounts]
    mine = [slot for slot, one in enumerate(amounts) if one[0] is not None and one[1] is not None][:2]
    for spread, way in ((0, 1), (1, -1)):
        for slot, sign in zip(mine, (way, -way), strict=True):
            amounts[slot][spread] = (amounts[slot][spread] or 0) + sign
    return part._replace(amounts=amounts)


def begun_higher(part: Part) -> Part:
    return part._replace(before=[(part.before[0] or 0) + 1, *part.before[1:]])


@pytest.mark.parametrize("forge", [one_more, moved, begun_higher])
async def test_a_file_made_good_with_its_note_still_does_not_follow_from_the_lines(
    tx: Any, copied: Path, forge: Callable[[Part], Part]
) -> None:
    """Whoever owns the database and the folder rewrites both; the chain is another matter."""
    folder, year = ArchiveFolder(copied), Year(1, UNITS, 2014)
    file = ShareFile(copied / year.name)
    parts = list(file.parts())
    with folder.writing(year.name) as place:
        writer = ShareWriter(place, file.spreads)
        for part in [forge(parts[0]), *parts[1:]]:
            writer.add(part)
        writer.close()
    await tx.execute("update spread_archive set digest = $4 where (book, asset, year) = ($1, $2, $3)", *year, folder.digest(year.name))
    details = [one.detail for one in (await audit_snapshot(tx, archives=Archives(folder))).findings]
    assert f"{year.name} is noted otherwise than its seal says" in details
    assert len(details) > 1, "only the note was found out"
    said = [day for day in DAYS if f"{year.name} does not say what the spread of {day} gave" in details]
    assert len(said) == {one_more: 1, moved: 2, begun_higher: 0}[forge]


STATEMENTS = {
    "a note": "update spread_archive set amount = amount + 1 where book = 1 and year = 2014",
    "a note taken out": "delete from spread_archive where book = 1 and year = 2014",
    "where the database goes on": "update spread_share set totals[1] = coalesce(totals[1], 0) + 1 where business_date < '2014-01-01'",
    "the newest row taken out": "delete from spread_share where book = 1 and business_date < '2014-01-01'",
    "what was folded in it": "update spread_fold set so_far = so_far + 1, amount = amount + 1 where business_date = '2014-06-01'",
    "what is noted of a spread": "update spread set accounts = accounts + 1 where book = 1 and business_date = '2014-06-01'",
    "another archived end": "update spread_archive set last_no = first_no where book = 1 and year = 2014",
}


@pytest.mark.parametrize("what", STATEMENTS)
async def test_a_change_in_the_database_is_found(town: Any, tx: Any, what: str) -> None:
    assert int((await tx.execute(STATEMENTS[what])).split()[-1]) > 0
    assert await findings(tx, town[1])


class Spoiled(ArchiveFolder):
    """A folder on a disk that changes a file once it has its name."""

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        with super().writing(name) as place:
            yield place
        FILES["a byte"](self.folder / name)


async def test_one_command_archives_at_a_time_and_seals_what_it_proved(new_database: Callable[[], str], tmp_path: Path) -> None:
    """The first has written its file and waits to take the year over, when the second comes. What is sealed is not read from the disk
    again."""
    url = new_database()
    await tell(url)
    ledger = PostgresLedger(BOOKS, Archives(Spoiled(tmp_path)))
    async with Database(url) as database:
        async with database.transaction() as tx:
            await close(tx, ledger, date(2013, 12, 31))
        async with database.transaction() as tx:
            await ledger.lock_books(tx, [1])
            first = asyncio.create_task(archive_year(database, ledger, ledger.archives, 2013), context=Context())
            async with comes("the first file"):
                while not (tmp_path / Year(1, UNITS, 2013).name).exists():
                    await asyncio.sleep(0.02)
            with pytest.raises(Outage, match="another command is archiving"):
                await archive_year(database, ledger, ledger.archives, 2013)
        assert [one.book for one in await first] == [1, 2]
        assert await archive_year(database, ledger, ledger.archives, 2013) == []
        async with database.read() as tx:
            found = (await audit_snapshot(tx, archives=ledger.archives)).findings
    assert [one.book for one in found if "is not what was sealed" in one.detail] == [1, 2]


async def test_killed_in_the_middle_it_leaves_the_year_or_the_file(new_database: Callable[[], str], tmp_path: Path) -> None:
    """One book is done; of the other the file is written, and the transaction that takes the year over waits. Then the kill."""
    url = new_database()
    accounts = await tell(url)
    ledger = ledger_of(tmp_path)
    async with Database(url) as database:
        async with database.transaction() as tx:
            await close(tx, ledger, date(2013, 12, 31))
        async with database.read() as tx:
            before = await answers(tx, ledger, accounts)
        async with database.transaction() as tx:
            await ledger.lock_books(tx, [2])
            archiver = subprocess.Popen([sys.executable, str(ARCHIVER), url, str(BOOKS), str(tmp_path), "2013"])
            async with comes("the second file"):
                while not (tmp_path / Year(2, UNITS, 2013).name).exists():
                    await asyncio.sleep(0.02)
            os.kill(archiver.pid, signal.SIGKILL)
            assert await asyncio.to_thread(archiver.wait) == -signal.SIGKILL
        async with database.read() as tx:
            assert [one.archived for one in await standing(tx) if one.year == 2013] == [True, False]
            assert await answers(tx, ledger, accounts) == before
            assert await findings(tx, tmp_path) == set()
        assert [one.book for one in await archive_year(database, ledger, ledger.archives, 2013)] == [2]
        async with database.read() as tx:
            assert await answers(tx, ledger, accounts) == before
            assert await findings(tx, tmp_path) == set()
    assert not list(tmp_path.glob(".*"))
