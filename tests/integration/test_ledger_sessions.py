"""Two sessions at once on the real database: whoever commits first, money is spent once, a key answered once, a hold ended once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any

import pytest
from ledger_histories import CNY, FIRST_DAY, START, owner
from others_wait import others_wait
from rows_read import know_sizes

from tapwealth.kernel.ids import named
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import Answer, JournalEntry, LedgerRefusal, Limit, Line, NewAccount, Op
from tapwealth.ledger.postgres import PostgresLedger
from tapwealth.storage.database import Database

BOOKS = 2
LATER = START + timedelta(hours=1)


@dataclass
class Bench:
    """A ledger with a wallet of 100 in each book, and sessions of their own."""

    database: Database
    ledger: PostgresLedger
    wallets: dict[int, int]
    names: Any

    def spend(self, amount: int, book: int = 1, name: str | None = None, op: Op = Op.POST) -> JournalEntry:
        key = named(START, book, name or f"entry {next(self.names)}")
        line = Line(op, self.wallets[book], house_account(book, Kind.SUSPENSE, CNY), CNY, amount)
        if op is Op.HOLD:
            line = line._replace(hold=named(START, book, f"hold {key}"), expires_at=LATER)
        return JournalEntry(book, key, 1, FIRST_DAY, 1, None, (line,))

    def end(self, held: JournalEntry, op: Op) -> JournalEntry:
        line = held.lines[0]._replace(op=op, expires_at=None)
        return JournalEntry(held.book, named(START, held.book, f"end {next(self.names)}"), 2, FIRST_DAY, 1, held.key, (line,))

    async def post(self, *entries: JournalEntry) -> list[Answer]:
        """In a session and a transaction of its own."""
        async with self.database.transaction() as tx:
            return await self.ledger.post(tx, START, entries)

    async def left(self, book: int = 1) -> int:
        async with self.database.read() as tx:
            return (await self.ledger.balances(tx, [self.wallets[book]]))[self.wallets[book]].available


@pytest.fixture
async def bench(new_database: Callable[[], str]) -> AsyncIterator[Bench]:
    async with Database(new_database(), size=12) as database:
        ledger = PostgresLedger(BOOKS)
        async with database.transaction() as tx:
            await ledger.install(tx)
            wanted = [NewAccount(book, Kind.WALLET, owner(1), CNY, Limit.DEBITS_WITHIN_CREDITS) for book in (1, 2)]
            wallets = dict(zip((1, 2), await ledger.open_accounts(tx, wanted), strict=True))
            made = Bench(database, ledger, wallets, count())
            for book, wallet in wallets.items():
                line = Line(Op.POST, house_account(book, Kind.SUSPENSE, CNY), wallet, CNY, 100)
                gift = JournalEntry(book, named(START, book, "gift"), 1, FIRST_DAY, 1, None, (line,))
                assert (await ledger.post(tx, START, [gift]))[0].posted
        yield made


def outcomes(answers: Sequence[list[Answer]]) -> Counter[LedgerRefusal | None]:
    return Counter(answer.refusal for (answer,) in answers)


@pytest.mark.parametrize("commits", [True, False])
async def test_the_second_session_waits_and_is_decided_by_what_became_of_the_first(bench: Bench, commits: bool) -> None:
    """Both orders: the first one's money is gone if it commits, and there again if it does not."""
    second = None
    try:
        async with bench.database.transaction() as tx:
            assert (await bench.ledger.post(tx, START, [bench.spend(100)]))[0].posted
            second = asyncio.create_task(bench.post(bench.spend(100)))
            await others_wait(tx)
            assert not second.done()
            if not commits:
                raise KeyError
    except KeyError:
        pass
    assert second is not None
    (answer,) = await second
    assert answer.refusal is (LedgerRefusal.EXCEEDS_LIMIT if commits else None)
    assert await bench.left() == 0


@pytest.mark.parametrize("commits", [True, False])
@pytest.mark.parametrize("same", [True, False])
async def test_a_key_in_two_sessions_is_answered_by_what_became_of_the_first(bench: Bench, commits: bool, same: bool) -> None:
    second = None
    try:
        async with bench.database.transaction() as tx:
            first = await bench.ledger.post(tx, START, [bench.spend(30, name="key")])
            second = asyncio.create_task(bench.post(bench.spend(30 if same else 31, name="key")))
            await others_wait(tx)
            if not commits:
                raise KeyError
    except KeyError:
        pass
    assert second is not None
    (answer,) = await second
    if commits and same:
        assert answer == first[0]._replace(replay=True)
    elif commits:
        assert answer.refusal is LedgerRefusal.KEY_REUSED
    else:
        assert (answer.posted, answer.replay) == (True, False)
    assert await bench.left() == (70 if commits or same else 69)


async def test_another_book_does_not_wait(bench: Bench) -> None:
    async with bench.database.transaction() as tx:
        await bench.ledger.post(tx, START, [bench.spend(100)])
        assert (await bench.post(bench.spend(100, book=2)))[0].posted
    assert [await bench.left(book) for book in (1, 2)] == [0, 0]


@pytest.mark.parametrize("op", [Op.POST, Op.HOLD])
async def test_the_last_money_is_spent_once(bench: Bench, op: Op) -> None:
    answers = await asyncio.gather(*(bench.post(bench.spend(100, op=op)) for _ in range(10)))
    assert outcomes(answers) == {None: 1, LedgerRefusal.EXCEEDS_LIMIT: 9}
    assert await bench.left() == 0


async def test_one_key_at_once_is_one_entry(bench: Bench) -> None:
    answers = [answer for (answer,) in await asyncio.gather(*(bench.post(bench.spend(30, name="key")) for _ in range(10)))]
    assert sorted(answer.replay for answer in answers) == [False, *[True] * 9]
    assert len({answer._replace(replay=False) for answer in answers}) == 1
    assert await bench.left() == 70


async def test_one_key_at_once_with_other_content_is_one_entry_and_refusals(bench: Bench) -> None:
    answers = await asyncio.gather(*(bench.post(bench.spend(amount, name="key")) for amount in range(1, 11)))
    assert outcomes(answers) == {None: 1, LedgerRefusal.KEY_REUSED: 9}
    assert await bench.left() == 100 - next(number for number, (answer,) in enumerate(answers, 1) if answer.posted)


async def test_a_hold_ends_once(bench: Bench) -> None:
    """Captured, released: whoever comes first."""
    for turn in range(6):
        before = await bench.left()
        held = bench.spend(10, op=Op.HOLD)
        await bench.post(held)
        ends = [bench.end(held, op) for op in (Op.CAPTURE, Op.RELEASE, Op.CAPTURE, Op.RELEASE)]
        Random(turn).shuffle(ends)
        answers = await asyncio.gather(*map(bench.post, ends))
        assert outcomes(answers) == {None: 1, LedgerRefusal.HOLD_CLOSED: 3}
        (won,) = [end.lines[0].op for end, (answer,) in zip(ends, answers, strict=True) if answer.posted]
        assert await bench.left() == before - (10 if won is Op.CAPTURE else 0)


async def test_lists_over_two_books_in_any_order_do_not_stand_in_each_others_way(bench: Bench) -> None:
    """Each list locks its books in one order, so that none waits for one that waits for it."""
    lists = [[bench.spend(1, book) for book in ((1, 2), (2, 1))[number % 2]] for number in range(30)]
    answers = await asyncio.gather(*(bench.post(*entries) for entries in lists))
    assert all(answer.posted for some in answers for answer in some)
    assert [await bench.left(book) for book in (1, 2)] == [70, 70]
    instants = [answer.recorded_at for some in answers for answer in some]
    assert len(set(instants)) == 30, "each book's instants are its own and rise strictly"


async def test_a_hold_is_found_by_its_id_however_many_there_are(bench: Bench) -> None:
    """Counted in rows that the index of holds gave: posting looked through all of them, since that was cheaper for a list of a thousand."""
    line = Line(Op.POST, house_account(1, Kind.SUSPENSE, CNY), bench.wallets[1], CNY, 100_000)
    await bench.post(JournalEntry(1, named(START, 1, "more"), 1, FIRST_DAY, 1, None, (line,)))
    held = [bench.spend(1, op=Op.HOLD) for _ in range(5_000)]
    await bench.post(*held)
    async with bench.database.transaction() as tx:
        await know_sizes(tx, "hold")
    before = await rows_of_holds_read(bench)
    async with bench.database.transaction() as tx:
        assert all(answer.posted for answer in await bench.ledger.post(tx, START, [bench.spend(1, op=Op.HOLD)]))
        assert all(answer.posted for answer in await bench.ledger.post(tx, START, [bench.end(held[0], Op.CAPTURE)]))
    assert await rows_of_holds_read(bench) - before < 20


async def rows_of_holds_read(bench: Bench) -> int:
    """By every session that is idle now: each tells its counts when it next commits."""
    async with bench.database.transaction() as tx:
        await tx.execute("select pg_stat_force_next_flush()")
    async with bench.database.transaction() as tx:
        rows: int = await tx.fetchval("select idx_tup_read from pg_stat_user_indexes where indexrelname = 'hold_pkey'")
    return rows
