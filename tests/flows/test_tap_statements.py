"""Taps, reversals and uploads go through the batcher, and a batch of a thousand takes no more statements than one of ten."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from bill_town import MONDAY, town
from card_town import CardTown, Phone, card_town
from clearing_network import clear

from tapwealth.flows.acquiring import batch_settlement
from tapwealth.flows.clearing import captures as clearing
from tapwealth.flows.funds.pocket import pocket_of
from tapwealth.flows.issuing import tap, tap_later
from tapwealth.flows.issuing.tap import HELD_FOR, velocity_of
from tapwealth.issuing.velocity import Velocity
from tapwealth.kernel.money import MAX_AMOUNT
from tapwealth.storage.database import Connection, Database
from tapwealth.storage.group_commit import Batcher
from tapwealth.wire.iso8583.requests import AuthorisationRequest, Reconciliation, Totals, TransactionKind

K = TransactionKind
FEW, MANY = 10, 1006
TAPPERS = 40
DRIVERS_OWN = ("WITH RECURSIVE typeinfo_tree", "SELECT current_setting('jit')")
BATCHES = 2
"""One of each writer: what is handed in at once is decided at once."""


ROOMY = Velocity(tuple(rule._replace(most=MAX_AMOUNT) for rule in velocity_of("current").rules))
"""The rules that there are: they are asked, and nobody breaks them."""


class CountingDatabase(Database):
    """Counts what its connections send, BEGIN, the locks and COMMIT as well; not what the driver asks once of each type that it meets."""

    statements = 0

    async def connect(self) -> Connection:
        connection = await super().connect()
        connection.add_query_logger(self._count)
        return connection

    def _count(self, sent: Any) -> None:
        self.statements += not " ".join(sent.query.split()).startswith(DRIVERS_OWN)

    def since_last(self) -> int:
        number, self.statements = self.statements, 0
        return number


@pytest.fixture
async def host(new_database: Callable[[], str], tmp_path: Path) -> AsyncIterator[tuple[CardTown, CountingDatabase]]:
    url = new_database()
    async with town(url, tmp_path) as place, CountingDatabase(url, size=2) as counted:
        made = await card_town(place)
        made.cards = replace(made.cards, velocity=ROOMY)
        yield made, counted


FLOWS: dict[str, Any] = {
    "authorise": tap.authorise,
    "follow up": tap_later.follow_up,
    "reverse": tap_later.reverse,
    "upload": tap.take_batch,
}


@dataclass
class Taken:
    """How many statements each kind of batch took of late, by its name."""

    host: CardTown
    counted: CountingDatabase
    by_name: dict[str, int] = field(default_factory=dict)

    async def batch(self, name: str, flow: str, requests: Sequence[Any]) -> list[Any]:
        """All handed in before the writers look; the answers, which are all approvals."""
        flows = {flow: lambda tx, commands: FLOWS[flow](self.host.cards, tx, commands)}
        routed = [self.host.routed(one) for one in requests]
        async with self.count(name), Batcher(self.counted, flows, writers=BATCHES) as batcher:
            answers = await asyncio.gather(*(batcher.submit(flow, one.book, one) for one in routed))
        assert {one.response_code for one in answers} == {"00"}, name
        return answers

    @asynccontextmanager
    async def count(self, name: str) -> AsyncIterator[None]:
        self.counted.since_last()
        yield
        self.by_name[name] = self.counted.since_last()


async def phones(host: CardTown, count: int) -> list[Phone]:
    """Of people in all books, each with a wallet that pays half a tap and a holding that pays the rest."""
    made = []
    for number in range(count):
        person = await host.place.person(f"tapper {count} {number}", 50)
        await host.give_units(person, 10_000)
        made.append(await host.phone(person))
    return made


async def sales_of(host: CardTown, count: int, **changes: Any) -> list[AuthorisationRequest]:
    """By phones whose limited-use keys last for no more than thirty taps."""
    tappers = await phones(host, min(count, TAPPERS))
    return [host.sale(tappers[number % len(tappers)], 100, **changes) for number in range(count)]


async def a_day(host: CardTown, counted: CountingDatabase, count: int) -> dict[str, int]:
    """Everything that can come of so many taps: voided, reversed, uploaded, settled, cleared, given back; and two that are left."""
    house, taken, batch = replace(host.place.house, database=counted), Taken(host, counted), f"{count:06d}"
    *sales, one, other = await sales_of(host, count + 2, batch=batch)
    left = [replace(one, batch="999999"), replace(other, batch="999999")]
    answers = await taken.batch("authorise", "authorise", [*sales, *left])
    assert await taken.batch("authorise again", "authorise", [*sales, *left]) == answers
    rrns = {sale.key: answer.rrn for sale, answer in zip(sales, answers, strict=False)}
    third = count // 3
    voided, undone, paid = sales[:third], sales[third : 2 * third], sales[2 * third :]
    await taken.batch("void", "follow up", [host.follow_up(K.VOID, sale, rrns[sale.key], batch=batch) for sale in voided])
    await taken.batch("reverse", "reverse", [host.reversal(sale) for sale in undone])
    await taken.batch("upload", "upload", [host.claim(sale) for sale in paid[::2]])
    async with taken.count("settle"):
        settled = await batch_settlement.settle(house, host.settlement(batch, Totals(debit_amount=100 * len(paid), debit_count=len(paid))))
    assert settled.reconciliation is Reconciliation.EQUAL
    async with taken.count("clear"):
        await clear(house, MONDAY)
    await taken.batch("refund", "follow up", [host.follow_up(K.REFUND, sale, rrns[sale.key], 40, batch=batch) for sale in paid])
    async with taken.count("give back"):
        await clear(house, MONDAY)
    states = {
        name: {(await host.row(sale)).state for sale in of[:2]} for name, of in (("void", voided), ("undone", undone), ("paid", paid))
    }
    assert states == {"void": {"voided"}, "undone": {"reversed"}, "paid": {"captured"}}
    assert {(await host.row(sale)).state for sale in left} == {"approved"}
    assert (await clear(host.place.house, MONDAY)).figures["refunds"] % 40 == 0
    return taken.by_name


async def test_statements_do_not_grow_with_the_batch(host: tuple[CardTown, CountingDatabase]) -> None:
    shop, counted = host
    await shop.open_line(10_000_00)
    async with counted.read() as tx:
        await pocket_of(shop.cards.house, tx)  # once for all batches
    few, many = [await a_day(shop, counted, count) for count in (FEW, MANY)]
    most_of = {
        "authorise": 20 * BATCHES, "authorise again": 5 * BATCHES, "void": 15 * BATCHES, "reverse": 12 * BATCHES, "upload": 7 * BATCHES,
        "settle": 7, "clear": 72, "refund": 15 * BATCHES, "give back": 82,
    }  # fmt: skip
    assert few.keys() == many.keys() == most_of.keys()
    for name, most in most_of.items():
        assert many[name] <= few[name] <= most, (name, few[name], many[name])


async def test_expiry_takes_no_more_for_a_thousand(host: tuple[CardTown, CountingDatabase]) -> None:
    shop, counted = host
    await shop.open_line(10_000_00)
    house, taken = replace(shop.place.house, database=counted), {}
    for count in (FEW, MANY):
        answers = await shop.authorise(*await sales_of(shop, count))
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
