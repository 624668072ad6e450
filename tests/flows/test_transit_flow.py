"""Money between books, on a real database: exactly once under any repetition, stop or crowd, and drained before a date is proved."""

import asyncio
from datetime import date, timedelta
from random import Random

import pytest
from bill_town import MONDAY, NINE, Person, Town

from tapwealth.bank import entries, store
from tapwealth.bank.store import BookTransfer
from tapwealth.flows.bank import transit
from tapwealth.flows.frame import moment, must_post
from tapwealth.kernel.ids import named
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account

TUESDAY = MONDAY + timedelta(days=1)
NAMES = ("Wang", "Wu", "Zz")


async def people(place: Town) -> list[Person]:
    made = [await place.person(name, 1_000_00) for name in NAMES]
    assert {one.book for one in made} == {1, 2, 3}
    return made


async def send(place: Town, payer: Person, payee: Person, amount: int, name: str, day: date = MONDAY) -> None:
    """The sender's half: what `people.send` does between two books."""
    key = named(NINE, payer.book, name)
    async with place.house.database.transaction() as tx:
        await place.house.ledger.lock_books(tx, [payer.book])
        entry = entries.sent_to_book(payer.book, payer.wallet, amount, key, day, 1)
        await must_post(place.house, tx, await moment(tx), [entry])
        row = BookTransfer(payer.book, key, payer.id, payee.book, payee.id, payee.wallet, amount, day)
        await store.add_book_transfers(tx, [row])


async def in_transit(place: Town, day: date | None = None) -> list[int]:
    """What lies on the transit account of each book, now or as of a date."""
    accounts = [house_account(book, Kind.BOOK_TRANSIT, Asset.CNY) for book in place.house.all_books]
    async with place.house.database.read() as tx:
        if day is not None:
            return [total.owed for total in (await place.house.ledger.totals_dated(tx, accounts, day)).values()]
        return [one.totals.owed for one in (await place.house.ledger.balances(tx, accounts)).values()]


async def test_what_is_sent_is_on_its_way_and_then_arrives(place: Town) -> None:
    first, second, _ = await people(place)
    await send(place, first, second, 100_00, "a")
    assert await place.owed(first.wallet, second.wallet) == [900_00, 1_000_00]
    assert sum(await in_transit(place)) == 100_00
    assert [await transit.deliver(place.house) for _ in range(3)] == [1, 0, 0]
    assert await place.owed(first.wallet, second.wallet) == [900_00, 1_100_00]
    assert sum(await in_transit(place)) == 0
    await place.all_books_balance()


async def test_many_deliverers_at_once_deliver_once(place: Town) -> None:
    first, second, third = await people(place)
    for number in range(20):
        await send(place, first, (second, third)[number % 2], 1_00, f"a {number}")
    await asyncio.gather(*(transit.deliver(place.house) for _ in range(5)))
    assert await place.owed(first.wallet, second.wallet, third.wallet) == [980_00, 1_010_00, 1_010_00]
    assert await transit.deliver(place.house) == 0


@pytest.mark.parametrize("broken", ["must_post", "store.mark_delivered"])
async def test_a_stop_in_the_middle_of_a_delivery_is_as_if_it_had_not_begun(
    place: Town, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    first, second, _ = await people(place)
    await send(place, first, second, 100_00, "a")

    async def stop(*_: object) -> None:
        raise ConnectionError("stopped")

    with monkeypatch.context() as patched:
        patched.setattr(f"tapwealth.flows.bank.transit.{broken}", stop)
        with pytest.raises(Exception, match="stopped"):
            await transit.deliver(place.house)
    assert await place.owed(second.wallet) == [1_000_00]
    assert await transit.deliver(place.house) == 1
    assert await place.owed(second.wallet) == [1_100_00]


async def test_a_delivery_that_was_not_noted_is_repeated_and_credits_nothing_more(place: Town) -> None:
    """As after a restore of the flag alone, or by a second program that read before the first one noted."""
    first, second, _ = await people(place)
    await send(place, first, second, 100_00, "a")
    for _ in range(3):
        assert await transit.deliver(place.house) == 1
        async with place.house.database.transaction() as tx:
            await tx.execute("update book_transfer set delivered_at = null")
    assert await place.owed(second.wallet) == [1_100_00]


async def test_a_date_s_transit_is_drained_to_nothing_in_every_book(place: Town) -> None:
    first, second, third = await people(place)
    for number, (payer, payee, amount) in enumerate(((first, second, 30_00), (second, third, 50_00), (third, first, 5_00))):
        await send(place, payer, payee, amount, f"a {number}")
    await place.cut(MONDAY)
    await send(place, first, third, 7_00, "of the next day", TUESDAY)
    report = await transit.drain_step(place.house, MONDAY)
    assert report.figures == {"evened": 3}
    assert await in_transit(place, MONDAY) == [0, 0, 0]
    assert (await transit.drain_step(place.house, MONDAY)).figures == {"evened": 0}
    assert await place.owed(first.wallet, second.wallet, third.wallet) == [968_00, 980_00, 1_052_00]
    assert sum(await in_transit(place)) == 0
    reserves = [house_account(book, Kind.CUSTOMER_RESERVE, Asset.CNY) for book in place.house.all_books]
    async with place.house.database.read() as tx:
        held = {account: total.held for account, total in (await place.house.ledger.totals_dated(tx, reserves, MONDAY)).items()}
    assert sum(held.values()) == 3_000_00
    for person, left in ((first, 975_00), (second, 980_00), (third, 1_045_00)):
        assert held[house_account(person.book, Kind.CUSTOMER_RESERVE, Asset.CNY)] == left
    await place.all_books_balance()


@pytest.mark.parametrize("broken", ["deliver", "must_post"])
async def test_a_drain_that_stops_is_finished_by_the_next_one(place: Town, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """After the delivery and before the evening out, and before either."""
    first, second, _ = await people(place)
    await send(place, first, second, 100_00, "a")
    if broken == "must_post":
        await transit.deliver(place.house)

    async def stop(*_: object) -> None:
        raise ConnectionError("stopped")

    with monkeypatch.context() as patched:
        patched.setattr(f"tapwealth.flows.bank.transit.{broken}", stop)
        with pytest.raises(Exception, match="stopped"):
            await transit.drain(place.house, MONDAY)
    assert await transit.drain(place.house, MONDAY) == 2
    assert await in_transit(place) == [0, 0, 0]
    assert await place.owed(first.wallet, second.wallet) == [900_00, 1_100_00]


@pytest.mark.parametrize("seed", range(3))
async def test_any_history_of_sending_and_delivering_keeps_every_fen(place: Town, seed: int) -> None:
    random = Random(seed)
    town_people = await people(place)
    expected = {one.wallet: 1_000_00 for one in town_people}
    for number in range(40):
        payer, payee = random.sample(town_people, 2)
        amount = random.randint(1, 9_00)
        await send(place, payer, payee, amount, f"{seed} {number}")
        expected[payer.wallet] -= amount
        expected[payee.wallet] += amount
        if random.random() < 0.4:
            await asyncio.gather(*(transit.deliver(place.house) for _ in range(random.randint(1, 3))))
        if random.random() < 0.1:
            await transit.drain(place.house, MONDAY + timedelta(days=number))
    await transit.drain(place.house, MONDAY + timedelta(days=99))
    assert await place.owed(*expected) == list(expected.values())
    assert await in_transit(place) == [0, 0, 0]
    await place.all_books_balance()
