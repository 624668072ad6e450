"""A spread: everybody has their share at once, it can be taken to the last unit, and what does not fit a spread is written nowhere."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import asyncpg
import numpy as np
import pytest
from ledger_histories import FIRST_DAY, START, UNITS, people_accounts
from rows_read import Explained

from tapwealth.kernel.ids import named
from tapwealth.ledger.chart import POOL, Kind, house_account
from tapwealth.ledger.columns import owed_dated
from tapwealth.ledger.install import house_accounts
from tapwealth.ledger.port import JournalEntry, LedgerRefusal, Line, Op, Shares, Spread
from tapwealth.ledger.postgres import PostgresLedger

BOOKS, PEOPLE = 2, 6
LEDGER = PostgresLedger(BOOKS)


@pytest.fixture
async def tx(database_url: str) -> AsyncIterator[Any]:
    """A ledger with holdings, in a transaction that is taken back."""
    connection = await asyncpg.connect(database_url, server_settings={"search_path": "tapwealth"})
    change = connection.transaction()
    await change.start()
    await LEDGER.install(connection)
    await LEDGER.open_accounts(connection, house_accounts(BOOKS, UNITS))
    yield connection
    await change.rollback()
    await connection.close()


async def holdings(tx: Any) -> list[int]:
    wanted = [one for one in people_accounts(PEOPLE, BOOKS) if one.kind == Kind.HOLDING]
    return sorted(await LEDGER.open_accounts(tx, wanted))


def spread_of(days: int) -> Spread:
    keys = {book: named(START, book, f"spread {days}") for book in range(1, BOOKS + 1)}
    return Spread(keys, 404, FIRST_DAY + timedelta(days=days), 1, UNITS, Kind.REGISTRAR_MIRROR)


def taking(account: int, amount: int, name: str, day: date = FIRST_DAY + timedelta(days=5)) -> JournalEntry:
    book = account >> 48
    line = Line(Op.POST, account, house_account(book, Kind.REGISTRAR_MIRROR, UNITS), UNITS, amount)
    return JournalEntry(book, named(START, book, name), 1, day, 1, None, (line,))


async def test_shares_are_shown_and_can_be_taken_to_the_last_unit(tx: Any) -> None:
    accounts = await holdings(tx)
    for days in (0, 1):
        await LEDGER.spread(tx, START, spread_of(days), Shares.of([(account, 10 + place) for place, account in enumerate(accounts)]))
    assert [one.available for one in (await LEDGER.balances(tx, accounts)).values()] == [20 + 2 * place for place in range(PEOPLE)]
    pools = [house_account(book, POOL, UNITS) for book in range(1, BOOKS + 1)]
    assert all(one.totals == (0, 0) for one in (await LEDGER.balances(tx, pools)).values())
    first = (await LEDGER.totals_dated(tx, accounts[:1], FIRST_DAY))[accounts[0]]
    assert first.owed == 10
    (answer,) = await LEDGER.post(tx, START, [taking(accounts[0], 21, "too much")])
    assert answer.refusal is LedgerRefusal.EXCEEDS_LIMIT
    (answer,) = await LEDGER.post(tx, START, [taking(accounts[0], 20, "all of it")])
    assert answer.posted
    page = await LEDGER.account_history(tx, accounts[0])
    assert [(line.moved, line.totals.owed) for line in page.lines] == [(-20, 0), (10, 20), (10, 10)]
    assert (await LEDGER.totals_dated(tx, accounts[:1], FIRST_DAY))[accounts[0]] == first


@pytest.mark.parametrize(
    ("shares", "days"),
    [([(0, 5), (0, 5)], 2), ([(0, 5), (1, -1)], 2), ([(0, 5)], 0)],
    ids=["twice of an account", "below zero", "a date before one that was spread"],
)
async def test_what_does_not_fit_a_spread_is_an_error(tx: Any, shares: list[tuple[int, int]], days: int) -> None:
    accounts = await holdings(tx)
    await LEDGER.spread(tx, START, spread_of(1), Shares.of([(account, 7) for account in accounts]))
    with pytest.raises(AssertionError):
        async with tx.transaction():
            await LEDGER.spread(tx, START, spread_of(days), Shares.of([(accounts[place], amount) for place, amount in shares]))
    assert {one.available for one in (await LEDGER.balances(tx, accounts)).values()} == {7}


async def rows_read(tx: Any, table: str, accounts: list[int], day: date) -> int:
    """Of a table, to say what these accounts were owed by a date."""
    await LEDGER.totals_dated(counted := Explained(tx), accounts, day)
    return counted.rows[table]


async def test_what_was_owed_by_a_date_is_read_once_for_all_and_skips_what_came_later(tx: Any) -> None:
    """Lines of later dates are read as often for many accounts as for one; of the shares, one row for each."""
    accounts = [one for one in await holdings(tx) if one >> 48 == 1]
    for days in range(8):
        await LEDGER.spread(tx, START, spread_of(days), Shares.of([(account, 10) for account in accounts]))
    await LEDGER.post(tx, START, [taking(accounts[0], 1, f"line {number}") for number in range(40)])
    assert await rows_read(tx, "transfer", accounts, FIRST_DAY) == await rows_read(tx, "transfer", accounts[:1], FIRST_DAY) > 40
    assert await rows_read(tx, "spread_share", accounts, FIRST_DAY) == len(accounts)
    dated = await LEDGER.totals_dated(tx, accounts, FIRST_DAY)
    assert [one.owed for one in dated.values()] == [10] * len(accounts)


async def test_a_book_whose_shares_come_to_nothing_has_no_line(tx: Any) -> None:
    accounts = await holdings(tx)
    answers = await LEDGER.spread(tx, START, spread_of(0), Shares.of([(account, int(account >> 48 == 1)) for account in accounts]))
    assert list(answers) == [1]


OLD = 32


async def test_an_old_account_costs_what_a_young_one_does(tx: Any) -> None:
    """Each day gives it something, and it takes of that: on the day, and of the day that is closed next, after the next one has begun."""
    await tx.execute("set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off")
    account = (await holdings(tx))[0]
    book, owed, moves = account >> 48, 0, list[tuple[int, int]]()
    for days in range(OLD):
        now, day = START + timedelta(days=days), FIRST_DAY + timedelta(days=days)
        await LEDGER.spread(tx, now, spread_of(days), Shares.of([(account, 10)]))
        for name, dated in (("own", day), ("late", max(FIRST_DAY, day - timedelta(days=1)))):
            (answer,) = await LEDGER.post(tx, now, [taking(account, 3, f"{name} {days}", dated)])
            assert answer.posted
        if days:
            assert await LEDGER.close_date(tx, now, book, day - timedelta(days=1))
        moves += [(10, owed + 10), (-3, owed + 7), (-3, owed + 4)]
        owed += 4
    await tx.execute("analyze")  # or else it depends on whether the server has looked at the tables while they were empty
    cursor, found, costs = None, list[tuple[int, int]](), list[int]()
    while True:
        page = await LEDGER.account_history(counted := Explained(tx), account, cursor, 4)
        found, costs = [*found, *((line.moved, line.totals.owed) for line in page.lines)], [*costs, sum(counted.rows.values())]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == moves[::-1]
    assert len(costs) == OLD * 3 // 4
    assert max(costs) <= min(costs[:3]) + 20, costs
    by_date = [(await LEDGER.totals_dated(tx, [account], FIRST_DAY + timedelta(days=days)))[account].owed for days in range(OLD)]
    assert by_date == [*range(1, 4 * OLD - 4, 4), 4 * OLD]
    assert [await rows_read(tx, "spread_fold", [account], FIRST_DAY + timedelta(days=days)) for days in (2, OLD // 2, OLD - 3)] == [2] * 3


async def test_what_is_owed_in_columns_reads_no_fold(tx: Any) -> None:
    """Whoever reads a whole register finds what was folded in the accounts' rows, whatever was folded since the date."""
    accounts = [one for one in await holdings(tx) if one >> 48 == 1]
    for days in range(4):
        await LEDGER.spread(tx, START, spread_of(days), Shares.of([(account, 10 + place) for place, account in enumerate(accounts)]))
        await LEDGER.post(tx, START, [taking(accounts[0], 3, f"take {days}", FIRST_DAY + timedelta(days=days))])
    running = np.array(await tx.fetchval(
        "select array_agg(credits_posted - debits_posted - folded order by id) from account where id = any($1)", accounts
    ))  # fmt: skip
    for days in range(-1, 5):
        day = FIRST_DAY + timedelta(days=days)
        owed = await owed_dated(counted := Explained(tx), [1], UNITS, np.array(accounts), running, day)
        dated = await LEDGER.totals_dated(tx, accounts, day)
        assert owed.tolist() == [dated[account].owed for account in accounts], day
        assert "spread_fold" not in counted.rows
