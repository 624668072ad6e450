"""Taps, reversals and uploads go through the batcher, and a batch of a thousand takes no more statements than one of ten."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bill_town import MONDAY, town
from card_town import CardTown, Phone, card_town

from tapwealth.flows import clearing, tap, tap_later
from tapwealth.flows.tap import HELD_FOR
from tapwealth.storage.database import Connection, Database
from tapwealth.storage.group_commit import Batcher

FEW, MANY = 10, 1006
BATCHES = 2
"""One of each writer: what is handed in at once is decided at once."""


class CountingDatabase(Database):
    """Counts whatever its connections send: BEGIN, the locks and COMMIT as well."""

    statements = 0

    async def connect(self) -> Connection:
        connection = await super().connect()
        connection.add_query_logger(self._count)
        return connection

    def _count(self, _record: Any) -> None:
        self.statements += 1

    def since_last(self) -> int:
        number, self.statements = self.statements, 0
        return number


@pytest.fixture
async def host(new_database: Callable[[], str], tmp_path: Path) -> AsyncIterator[tuple[CardTown, CountingDatabase]]:
    url = new_database()
    async with town(url, tmp_path) as place, CountingDatabase(url, size=2) as counted:
        yield await card_town(place), counted


async def through_the_batcher(host: CardTown, counted: CountingDatabase, name: str, requests: Sequence[Any]) -> tuple[list[Any], int]:
    """All handed in before the writers look; the answers, and the statements of it."""
    flow = {"authorise": tap.authorise, "reverse": tap_later.reverse, "batch": tap.take_batch}[name]
    flows = {name: lambda tx, commands: flow(host.cards, tx, commands)}
    routed = [host.routed(one) for one in requests]
    counted.since_last()
    async with Batcher(counted, flows, writers=BATCHES) as batcher:
        answers = await asyncio.gather(*(batcher.submit(name, one.book, one) for one in routed))
    return answers, counted.since_last()


async def phones(host: CardTown, count: int) -> list[Phone]:
    """Of people in all books, each with a wallet that pays half a tap and a holding that pays the rest."""
    made = []
    for number in range(count):
        person = await host.place.person(f"tapper {count} {number}", 50)
        await host.give_units(person, 10_000)
        made.append(await host.phone(person))
    return made


async def test_statements_do_not_grow_with_the_batch(host: tuple[CardTown, CountingDatabase]) -> None:
    shop, counted = host
    await shop.open_line(10_000_00)
    house = replace(shop.place.house, database=counted)
    taken: dict[str, dict[int, int]] = {name: {} for name in ("authorise", "again", "batch", "reverse", "clear")}
    cleared = 0
    for count in (FEW, MANY):
        tappers = await phones(shop, min(count, 60))
        sales = [shop.sale(tappers[number % len(tappers)], 100) for number in range(count)]
        for name in ("authorise", "again"):
            answers, taken[name][count] = await through_the_batcher(shop, counted, "authorise", sales)
            assert {one.response_code for one in answers} == {"00"}
        paid, undone, left = sales[: count // 2], sales[count // 2 : -2], sales[-2:]
        answers, taken["batch"][count] = await through_the_batcher(shop, counted, "batch", [shop.claim(one) for one in paid])
        assert {one.response_code for one in answers} == {"00"}
        answers, taken["reverse"][count] = await through_the_batcher(shop, counted, "reverse", [shop.reversal(one) for one in undone])
        assert {one.response_code for one in answers} == {"00"}
        cleared += len(paid)
        counted.since_last()
        assert (await clearing.clear_cards(house, MONDAY)).figures["sales"] == cleared
        taken["clear"][count] = counted.since_last()
        assert {(await shop.row(one)).state for one in left} == {"approved"}
    most = {"authorise": 30 * BATCHES, "again": 25 * BATCHES, "batch": 12 * BATCHES, "reverse": 24 * BATCHES, "clear": 42}
    for name, of in taken.items():
        assert of[MANY] <= of[FEW] <= most[name], (name, of)


async def test_expiry_takes_no_more_for_a_thousand(host: tuple[CardTown, CountingDatabase]) -> None:
    shop, counted = host
    house, taken = replace(shop.place.house, database=counted), {}
    for count in (FEW, MANY):
        person = await shop.place.person(f"tapper {count}", 100 * count)
        phone = await shop.phone(person)
        answers = await shop.authorise(*(shop.sale(phone, 100) for _ in range(count)))
        assert {one.response_code for one in answers} == {"00"}
        await shop.after(days=HELD_FOR.days)
        counted.since_last()
        assert (await clearing.expire_holds(house, MONDAY)).figures == {"expired": count}
        taken[count] = counted.since_last()
    assert taken[MANY] <= taken[FEW] <= 30


async def test_the_counter_counts(host: tuple[CardTown, CountingDatabase]) -> None:
    """What it must catch: a flow that asks for each command by itself."""
    _, counted = host

    async def one_by_one(tx: Any, commands: Sequence[Any]) -> list[Any]:
        return [await tx.fetchval("select $1::int", number) for number, _ in enumerate(commands)]

    async with Batcher(counted, {"slow": one_by_one}, writers=1) as batcher:
        await asyncio.gather(*(batcher.submit("slow", 1, one) for one in range(MANY)))
    assert counted.since_last() > MANY
