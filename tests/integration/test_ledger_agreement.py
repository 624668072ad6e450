"""The ledger on PostgreSQL gives the oracle's answers: over random histories, after every call, whatever is asked of the past."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from ledger_histories import FIRST_DAY, START, UNITS, Story, people_accounts

from tapwealth.ledger.install import house_accounts
from tapwealth.ledger.memory import MemoryLedger
from tapwealth.ledger.port import HOUSE, CloseRefusal, Limit, NewAccount
from tapwealth.ledger.postgres import PostgresLedger
from tapwealth.storage.database import Database

PEOPLE = 20


def without_numbers(answers: list[Any]) -> list[Any]:
    """Line numbers tell how entries were gathered into batches, which is the one thing the two do differently."""
    return [(answer.refusal, answer.recorded_at, answer.replay) for answer in answers]


async def ledgers(database: Database, books: int, seed: int) -> tuple[MemoryLedger, PostgresLedger, Story, list[int]]:
    memory, postgres = MemoryLedger(books), PostgresLedger(books)
    wanted = people_accounts(PEOPLE, books)
    await memory.install(None)
    await memory.open_accounts(None, house_accounts(books, UNITS))
    async with database.transaction() as tx:
        await postgres.install(tx)
        await postgres.open_accounts(tx, house_accounts(books, UNITS))
        ids = await postgres.open_accounts(tx, wanted)
        assert await postgres.open_accounts(tx, wanted) == ids
    assert await memory.open_accounts(None, wanted) == ids
    return memory, postgres, Story.of(Random(seed), books, PEOPLE, wanted, ids), ids


async def compare(tx: Any, memory: MemoryLedger, postgres: PostgresLedger, ids: list[int], story: Story) -> None:
    every = sorted(memory.accounts)
    assert await postgres.balances(tx, every) == await memory.balances(None, every)
    for account in story.random.sample(ids, 4):
        assert await history(postgres, tx, account) == await history(memory, None, account)
        assert await postgres.holds(tx, account) == await memory.holds(None, account)
    instant = START + (story.now + timedelta(seconds=1) - START) * story.random.randint(0, 100) // 100
    sample = story.random.sample(every, 12)
    assert await postgres.totals_at(tx, sample, instant) == await memory.totals_at(None, sample, instant)
    for offset in (-2, -1, 0, 1):
        day = story.day + timedelta(days=offset)
        assert await postgres.totals_dated(tx, sample, day) == await memory.totals_dated(None, sample, day)
    book = story.random.randint(1, memory.books)
    for day in (None, story.day, story.day - timedelta(days=1)):
        assert await postgres.trial_balances(tx, [book], day) == await memory.trial_balances(None, [book], day)
    ours = [(entry.book, line.hold) for entry, line in story.holds]
    assert await postgres.holds_by_id(tx, ours) == await memory.holds_by_id(None, ours)
    for seconds in (0, 90, 4000):
        now = story.now + timedelta(seconds=seconds)
        assert await postgres.free(tx, now, every) == await memory.free(None, now, every)
        asked = [NewAccount(*name, Limit.NONE) for name in [*memory.by_name, (book, 999, HOUSE, 1)]]
        assert await postgres.find_balances(tx, asked) == await memory.find_balances(None, asked)
        assert await postgres.find_free(tx, now, asked) == await memory.find_free(None, now, asked)


async def history(ledger: Any, tx: Any, account: int) -> list[Any]:
    lines, cursor = [], None
    while True:
        page = await ledger.account_history(tx, account, cursor, 7)
        lines += [line._replace(no=0) for line in page.lines]
        cursor = page.next_cursor
        if cursor is None:
            return lines


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("books", [1, 16])
async def test_same_answers(new_database: Any, books: int, seed: int) -> None:
    async with Database(new_database()) as database:
        memory, postgres, story, ids = await ledgers(database, books, seed)
        for turn, (now, entries) in enumerate(story.calls(60)):
            expected = await memory.post(None, now, entries)
            async with database.transaction() as tx:
                answers = await postgres.post(tx, now, entries)
                assert without_numbers(answers) == without_numbers(expected), f"call {turn} of seed {seed}"
            async with database.read() as tx:
                if turn % 5 == 4:
                    await compare(tx, memory, postgres, ids, story)
            if turn % 15 == 14:
                await one_more_day(database, memory, postgres, story)


async def one_more_day(database: Database, memory: MemoryLedger, postgres: PostgresLedger, story: Story) -> None:
    """Expire what is due in a book, then close the day in all of them, after the next day's first entries."""
    async with database.transaction() as tx:
        for book in range(memory.books + 1):
            if book % 3 == 0:
                assert await postgres.expire_due(tx, story.now, book, story.day, 3) == await memory.expire_due(
                    None, story.now, book, story.day, 3
                )
            for day in (story.day + timedelta(days=1), story.day - timedelta(days=1), story.day):
                if day > story.day and book % 5:
                    continue
                closed = await memory.close_date(None, story.now, book, day)
                assert await postgres.close_date(tx, story.now, book, day) == closed
                if day > story.day:
                    assert closed is CloseRefusal.EARLIER_DATE_OPEN or day == FIRST_DAY + timedelta(days=1) or closed == 0 or closed
    story.day += timedelta(days=1)
