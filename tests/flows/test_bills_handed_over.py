"""Payments that are handed to the lanes by the process that places them: sent once, and never lost or sent if their transaction is not."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from bill_town import Person, Town
from lanes_work import Held, at_work, count_calls, has, is_so, place_many, second_biller, states, until

from tapwealth.flows.bills import bill_lanes
from tapwealth.flows.bills import paying as bills
from tapwealth.flows.bills.paying import PayBill, Placing
from tapwealth.worker import biller_lanes


async def test_what_is_placed_here_is_on_its_way_without_being_taken(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = count_calls(monkeypatch, "next_due", "take")
    wang = await place.person("Wang", 10_000)
    async with at_work(place):
        await until(lambda: is_so(counts["next_due"] == 1))
        await place_many(place, wang, "BJPOWER", place.biller, 20)
        await until(lambda: has(place, "BJPOWER", {"paid": 20}))
    assert counts["take"] == 0
    assert len(place.biller.asked) == len(set(place.biller.asked)) == 20
    assert place.house.bill_senders == []


async def test_no_more_is_handed_over_than_there_is_room_for_and_the_rest_follows(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(biller_lanes, "PAYMENTS_AT_ONCE", 4)
    water = Held()
    await second_biller(place, water)
    wang = await place.person("Wang", 10_000)
    async with at_work(place):
        await until(lambda: is_so(bool(place.house.bill_senders)))
        await place_many(place, wang, "BJWATER", water, 3)
        await place_many(place, wang, "BJWATER", water, 7)
        assert await states(place, "BJWATER") == {"prepared": 6, "sent": 4}
        await until(lambda: is_so(water.holds == 4))
        water.go.set()
        await until(lambda: has(place, "BJWATER", {"paid": 10}))
    assert len(water.asked) == len(set(water.asked)) == 10


async def test_what_is_rolled_back_is_not_sent(place: Town) -> None:
    wang = await place.person("Wang", 10_000)
    bill = await place.bill(wang, "0000000001", "B1", 100)
    async with at_work(place):
        await until(lambda: is_so(bool(place.house.bill_senders)))
        with pytest.raises(ValueError, match="rolled back"):
            await _rolled_back(place, wang, bill)
        await place_many(place, wang, "BJPOWER", place.biller, 1)
        await until(lambda: is_so(len(place.biller.asked) > 0))
    assert {number for number, *_ in place.biller.paid.values()} == {"BJPOWER0"}


async def _rolled_back(place: Town, person: Person, bill: UUID) -> None:
    async with place.house.database.transaction() as tx:
        await place.house.ledger.lock_books(tx, [person.book])
        await bills.pay(place.house, tx, [Placing(place.envelope(person), PayBill(bill, 100))])
        raise ValueError("rolled back")


async def test_who_dies_before_sending_leaves_it_to_its_lease(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    class Dead:
        def room(self, biller: UUID) -> int:
            return 10

        def hand(self, errands: Any) -> None:
            pass

    monkeypatch.setattr(bill_lanes, "LEASE", timedelta(milliseconds=300))
    place.house.bill_senders.append(Dead())
    wang = await place.person("Wang", 10_000)
    await place_many(place, wang, "BJPOWER", place.biller, 1)
    place.house.bill_senders.clear()
    assert await states(place, "BJPOWER") == {"sent": 1}
    async with at_work(place):
        await until(lambda: has(place, "BJPOWER", {"paid": 1}))
    async with place.house.database.read() as tx:
        assert await tx.fetchval("select asked from bill_payment") == 2


async def test_what_is_handed_to_lanes_that_have_ended_is_left_to_its_lease(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """They end while the transaction is open: it is committed all the same, and nobody who pays hears of it."""
    monkeypatch.setattr(bill_lanes, "LEASE", timedelta(milliseconds=300))
    wang = await place.person("Wang", 10_000)
    bill = await place.bill(wang, "0000000001", "B1", 100)
    async with place.house.database.transaction() as tx:
        await place.house.ledger.lock_books(tx, [wang.book])
        async with at_work(place):
            await until(lambda: is_so(bool(place.house.bill_senders)))
            await bills.pay(place.house, tx, [Placing(place.envelope(wang), PayBill(bill, 100))])
    assert await states(place, "BJPOWER") == {"sent": 1}
    async with at_work(place):
        await until(lambda: has(place, "BJPOWER", {"paid": 1}))
    assert len(place.biller.asked) == 1
