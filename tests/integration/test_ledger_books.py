"""The same random history with 16 books and with one: equal answers, balances, statements and trial balances, on the real database.

The history is drawn for 16 books. Told in one book, each account is the one of the same name, and what is unique in a book (a hold's id)
stays as distinct as it was.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from ledger_histories import CNY, FIRST_DAY, UNITS, Story, people_accounts

from tapwealth.kernel.ids import derived
from tapwealth.ledger.install import house_accounts
from tapwealth.ledger.port import Answer, CloseRefusal, HistoryLine, JournalEntry, Line, account_id, book_of_account
from tapwealth.ledger.postgres import PostgresLedger
from tapwealth.storage.database import Database

PEOPLE, MANY = 20, 16
SERIAL = (1 << 48) - 1


class Told:
    """The history with many books, and how it is told in one."""

    def __init__(self, many: list[int], one: list[int]) -> None:
        self.in_one = dict(zip(many, one, strict=True))

    def account(self, account: int) -> int:
        """Of a house account and of one that does not exist, the serial stays."""
        return self.in_one.get(account) or account_id(1, account & SERIAL if account & SERIAL < 10**9 else (account & SERIAL) + 10**6)

    def hold(self, book: int, hold: UUID | None) -> UUID | None:
        return None if hold is None else derived(hold, f"of book {book}")

    def line(self, book: int, line: Line) -> Line:
        return line._replace(debit=self.account(line.debit), credit=self.account(line.credit), hold=self.hold(book, line.hold))

    def entry(self, entry: JournalEntry) -> JournalEntry:
        return entry._replace(book=1, lines=tuple(self.line(entry.book, line) for line in entry.lines))

    def seen(self, book: int, line: HistoryLine) -> HistoryLine:
        return line._replace(other=self.account(line.other), hold=self.hold(book, line.hold))


async def opened(stack: AsyncExitStack, url: str, books: int) -> tuple[Database, PostgresLedger, list[int]]:
    database = await stack.enter_async_context(Database(url))
    ledger, wanted = PostgresLedger(books), people_accounts(PEOPLE, books)
    async with database.transaction() as tx:
        await ledger.install(tx)
        await ledger.open_accounts(tx, house_accounts(books, UNITS))
        return database, ledger, await ledger.open_accounts(tx, wanted)


async def statement(ledger: PostgresLedger, tx: Any, account: int) -> list[HistoryLine]:
    """All of it, without the numbers and instants of recording: these tell how a book's entries followed each other."""
    page = await ledger.account_history(tx, account, None, 10_000)
    return [line._replace(no=0, recorded_at=line.recorded_at.replace(microsecond=0)) for line in page.lines]


def without_numbers(answers: list[Answer]) -> list[tuple[Any, bool]]:
    return [(answer.refusal, answer.replay) for answer in answers]


async def trial(ledger: PostgresLedger, tx: Any, books: range, day: date | None) -> Counter[tuple[int, int, str]]:
    """(asset, kind) to the totals and number of accounts, over all books."""
    sums: Counter[tuple[int, int, str]] = Counter()
    for (_, asset), lines in (await ledger.trial_balances(tx, books, day)).items():
        for line in lines:
            sums[asset, line.kind, "debits"] += line.totals.debits
            sums[asset, line.kind, "credits"] += line.totals.credits
    return +sums


async def end_day(ledger: PostgresLedger, tx: Any, now: datetime, book: int, day: date) -> None:
    """Expire what is due and close the date, and the one before it that a few entries carry."""
    await ledger.expire_due(tx, now, book, day)
    for one in (day - timedelta(days=1), day):
        assert not isinstance(await ledger.close_date(tx, now, book, one), CloseRefusal)


@pytest.mark.parametrize("seed", range(4))
async def test_one_book_and_sixteen_tell_the_same(new_database: Callable[[], str], seed: int) -> None:
    async with AsyncExitStack() as stack:
        wide, ledger, ids = await opened(stack, new_database(), MANY)
        narrow, single, ids_in_one = await opened(stack, new_database(), 1)
        told = Told(ids, ids_in_one)
        story = Story.of(Random(seed), MANY, PEOPLE, people_accounts(PEOPLE, MANY), ids)
        refusals: Counter[Any] = Counter()
        for turn, (now, entries) in enumerate(story.calls(60)):
            async with wide.transaction() as tx, narrow.transaction() as narrow_tx:
                answers = await ledger.post(tx, now, entries)
                same = await single.post(narrow_tx, now, [told.entry(entry) for entry in entries])
                assert without_numbers(answers) == without_numbers(same), f"call {turn} of seed {seed}"
                refusals.update(answer.refusal for answer in answers)
                if turn % 20 == 19:
                    for book in range(1, MANY + 1):
                        await end_day(ledger, tx, now, book, story.day)
                    await end_day(single, narrow_tx, now, 1, story.day)
            story.day = FIRST_DAY + timedelta(days=(turn + 1) // 20)
        assert len(refusals) >= 8, "the history refuses too little to show anything"
        async with wide.read() as tx, narrow.read() as narrow_tx:
            balances, in_one = await ledger.balances(tx, ids), await single.balances(narrow_tx, ids_in_one)
            for account, other in told.in_one.items():
                assert balances[account]._replace(account=0) == in_one[other]._replace(account=0)
                lines = [told.seen(book_of_account(account), line) for line in await statement(ledger, tx, account)]
                assert lines == await statement(single, narrow_tx, other)
            for day in (None, FIRST_DAY, FIRST_DAY + timedelta(days=1)):
                assert await trial(ledger, tx, range(1, MANY + 1), day) == await trial(single, narrow_tx, range(1, 2), day)
                if day is not None:
                    dated, dated_in_one = await ledger.totals_dated(tx, ids, day), await single.totals_dated(narrow_tx, ids_in_one, day)
                    assert [dated[account] for account in ids] == [dated_in_one[told.in_one[account]] for account in ids]


def test_house_accounts_keep_their_serials() -> None:
    """What `Told.account` takes for granted."""
    for asset in (CNY, UNITS):
        assert {(new.kind, new.asset) for new in house_accounts(MANY, asset) if new.book == 7} == {
            (new.kind, new.asset) for new in house_accounts(1, asset) if new.book == 1
        }
