"""A thousand orders take no more statements than ten: through the batcher, by a channel's file, and in the registrar's answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from bill_town import MONDAY
from counting import Counting
from fund_town import FundTown, accounts, order, orders

from tapwealth.flows.funds import exchange_out, file_tables, purchase
from tapwealth.flows.funds.purchase import PurchasePlaced
from tapwealth.kernel.clock import shanghai
from tapwealth.storage.database import Database
from tapwealth.storage.group_commit import Batcher

FEW, MANY = 10, 1006
TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[Counting]:
    """The transactions of the whole house from here on, each counting its statements."""
    begun: list[Counting] = []
    transaction, read = Database.transaction, Database.read

    def counting(begin: Any) -> Any:
        @asynccontextmanager
        async def begin_counting(self: Database) -> AsyncIterator[Any]:
            async with begin(self) as tx:
                begun.append(Counting(tx))
                yield begun[-1]

        return begin_counting

    monkeypatch.setattr(Database, "transaction", counting(transaction))
    monkeypatch.setattr(Database, "read", counting(read))
    return begun


def statements(counted: list[Counting]) -> int:
    """Since the last time."""
    number = sum(one.statements for one in counted)
    counted.clear()
    return number


async def test_purchases_through_the_batcher(place: FundTown) -> None:
    """What is counted is what the flow asks for; a batch is whatever came while the one before was being committed."""
    people = [await place.person(f"buyer {number}", 100_000) for number in range(MANY)]
    await place.buy_one(await place.person("the first", 100_000), 10_000)  # for whom the process makes what all are shown
    batches: list[tuple[int, int]] = []

    async def flow(tx: Any, commands: list[Any]) -> list[Any]:
        counting = Counting(tx)
        answers = await purchase.purchase(place.house, counting, commands)
        batches.append((len(commands), counting.statements))
        return answers

    for count in (FEW, MANY):
        batches.clear()
        async with Batcher(place.house.database, {"purchase": flow}, writers=1) as batcher:
            placings = [place.order(one, 10_000) for one in people[:count]]
            asked = [batcher.submit("purchase", one.envelope.caller.book, one) for one in placings]
            answers = [await one for one in asked]
        assert all(isinstance(one, PurchasePlaced) for one in answers)
        assert sum(size for size, _ in batches) == count
        assert all(number <= 18 for _, number in batches), batches
        assert len(batches) <= 3, "a batch takes what is there"


async def test_a_channels_files(place: FundTown, counted: list[Counting]) -> None:
    taken: dict[int, tuple[int, int]] = {}
    await place.receipt(10**9)
    for number, count in enumerate((FEW, MANY)):
        day = MONDAY + timedelta(days=number)
        await place.clock(shanghai(day, 9))
        numbers = range(number * 2000, number * 2000 + count)
        statements(counted)
        assert await place.hand_in(accounts(numbers, day)) is None
        opening = statements(counted)
        assert await place.hand_in(orders([order(one, 10_000, day) for one in numbers], day)) is None
        taken[count] = opening, statements(counted)
    assert taken[MANY] <= taken[FEW]
    assert taken[FEW] <= (10, 17)


async def test_a_channels_long_file_takes_as_many_statements_however_long(
    place: FundTown, counted: list[Counting], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In sets, with its answers: what comes after it is no more for many."""
    monkeypatch.setattr(file_tables, "LEAST", 0)
    await place.receipt(10**9)
    taken: list[tuple[int, int]] = []
    for number, count in enumerate((FEW, FEW, MANY)):
        day = MONDAY + timedelta(days=number)
        await place.clock(shanghai(day, 9, 10))
        numbers = range(number * 2000, number * 2000 + count)
        assert await place.hand_in(accounts(numbers, day)) is None
        statements(counted)
        assert await place.hand_in(orders([order(one, 10_000, day) for one in numbers], day)) is None
        handing_in = statements(counted)
        await place.end(day)
        await place.registrar_works(day + timedelta(days=1))
        statements(counted)
        await place.take()
        taken.append((handing_in, statements(counted)))
    _, few, many = taken  # the first day has nothing from before
    assert many[0] <= few[0]
    assert many[1] <= few[1], taken


async def test_a_days_files_and_the_registrars_answer(place: FundTown, counted: list[Counting]) -> None:
    """Sending 01 and 03, taking 02, 04, 07, 06 and 05."""
    spent: list[tuple[int, int]] = []
    await place.receipt(10**9)
    for number, count in enumerate((FEW, FEW, MANY)):
        day = MONDAY + timedelta(days=number)
        await place.clock(shanghai(day, 9, 10))
        numbers = range(number * 2000, number * 2000 + count)
        assert await place.hand_in(accounts(numbers, day)) is None
        assert await place.hand_in(orders([order(one, 10_000, day) for one in numbers], day)) is None
        await place.clock(shanghai(day + timedelta(days=1), 0, 30))
        await place.cut(day)
        statements(counted)
        await exchange_out.send_files(place.house, day)
        sending = statements(counted)
        await place.bank_executes(day + timedelta(days=1))
        await place.registrar_works(day + timedelta(days=1))
        statements(counted)
        await place.take()
        spent.append((sending, statements(counted)))
    assert await place.said(TUESDAY) == []
    _, few, many = spent  # the first day has nothing from before
    assert many[0] <= few[0]
    assert many[1] <= few[1], spent
