"""Screen cover is bound to one phone: what it takes to buy it, one contract at a time whoever asks, and what is kept of the number."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, Person, Town
from policy_files import SCREEN_FILE, sell_policies

from tapwealth.flows.catalogue import sales
from tapwealth.flows.insurance import policies
from tapwealth.flows.insurance.policies import BuyPolicy, CancelPolicy, InsuredPhone, PolicyCancelling, PolicyTaken
from tapwealth.insurance import insured_store
from tapwealth.insurance.insured_store import InsuredRow
from tapwealth.insurance.insurer import Rejected
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import BadInput, Refusal

IMEI, OTHER = "490154203237518", "352099001761481"


@pytest.fixture(autouse=True)
async def shelf(place: Town) -> AsyncIterator[None]:
    await sell_policies(place.house, SCREEN_FILE)
    yield
    await place.all_books_balance()


async def buy(place: Town, person: Person, imei: str | None = IMEI, bought_on: date = MONDAY, *confirmed: str) -> Any:
    phone = None if imei is None else InsuredPhone(imei, bought_on)
    return await policies.buy(place.house, place.envelope(person), BuyPolicy("SCREEN", ["terms", *confirmed], phone=phone))


async def kept(place: Town, person: Person, taken: PolicyTaken) -> InsuredRow:
    key = (person.book, UUID(taken.policy))
    async with place.house.database.read() as tx:
        return (await insured_store.insured(tx, [key]))[key]


async def bound(place: Town) -> list[tuple[int, date]]:
    async with place.house.database.read() as tx:
        return [tuple(row) for row in await tx.fetch("select book, until from insured_phone order by imei_lookup")]


def code(answer: Any) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code.name


async def test_a_phone_s_screen_is_insured_for_the_table_s_price(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    taken = await buy(place, wang)
    assert isinstance(taken, PolicyTaken), taken
    assert (taken.premium, await place.owed(wang.wallet)) == (19_900, [80_100])
    row = await kept(place, wang, taken)
    assert (row.imei_last4, row.imei_lookup) == ("7518", place.house.keys.lookup_hash("imei", IMEI))
    assert await place.work("insurer", policies.deliver) == []
    (order,) = place.insurer.orders
    assert (order.phone.last4, order.phone.fingerprint) == ("7518", place.house.keys.lookup_hash("imei", IMEI).hex())
    async with place.house.database.read() as tx:
        sold = await sales.shown(place.house, tx, place.house.all_books, UUID(taken.policy))
        assert not isinstance(sold, Refusal)
        assert (sold.record["terms"]["phone"], sold.record["terms"]["phone_bought_on"]) == ("7518", "2014-02-24")
        everything = await tx.fetch("select record from sale union all select payload::text from outbox")
    assert not [row for row in everything if IMEI in row[0]]


async def test_what_is_refused_takes_no_money_and_binds_nothing(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    assert code(await buy(place, wang, None)) == "PHONE_MISSING"
    assert code(await buy(place, wang, IMEI, MONDAY - timedelta(days=61), "inspection")) == "PHONE_TOO_OLD"
    assert code(await buy(place, wang, IMEI, MONDAY - timedelta(days=1))) == "NOT_INSPECTED"
    for imei, bought_on in (("490154203237517", MONDAY), (IMEI, MONDAY + timedelta(days=1))):
        with pytest.raises(BadInput, match="phone"):
            await buy(place, wang, imei, bought_on)
    assert (await bound(place), await place.owed(wang.wallet)) == ([], [100_000])
    assert isinstance(await buy(place, wang, IMEI, MONDAY - timedelta(days=60), "inspection"), PolicyTaken)


async def test_two_sessions_at_once_insure_a_phone_once(place: Town) -> None:
    """Their people lie in different books, so that no lock of a book keeps them apart."""
    people = [await place.person(name, 100_000) for name in ("Wang", "Li", "Zhao", "Sun")]
    assert len({one.book for one in people}) > 1
    answers = await asyncio.gather(*(buy(place, one) for one in people))
    taken = [one for one in answers if isinstance(one, PolicyTaken)]
    assert (len(taken), [code(one) for one in answers if isinstance(one, Refusal)]) == (1, ["PHONE_INSURED"] * 3)
    assert sum(await place.owed(*(one.wallet for one in people))) == 400_000 - 19_900
    assert len(await bound(place)) == 1
    assert isinstance(await buy(place, people[0], OTHER), PolicyTaken), "another phone is another contract"


async def test_a_phone_is_free_again_when_its_contract_ends(place: Town) -> None:
    """By itself, by the buyer's wish, or because the insurer never took it."""
    wang, li = await place.person("Wang", 100_000), await place.person("Li", 100_000)
    place.insurer.script.append(Rejected("declined"))
    await buy(place, wang)
    await place.work("insurer", policies.deliver)
    taken = await buy(place, li)
    assert isinstance(taken, PolicyTaken), taken
    assert code(await buy(place, wang)) == "PHONE_INSURED"
    await place.work("insurer", policies.deliver)
    asked = await policies.cancel(place.house, place.envelope(li), CancelPolicy(UUID(taken.policy)))
    assert isinstance(asked, PolicyCancelling), asked
    assert code(await buy(place, wang)) == "PHONE_INSURED", "the insurer has not cancelled it yet"
    await place.work("insurer", policies.deliver)
    assert isinstance(await buy(place, wang), PolicyTaken)
    ends = MONDAY + timedelta(days=1 + 365)
    assert await bound(place) == [(wang.book, ends)]
    await place.clock(shanghai(ends - timedelta(days=2), 9))
    assert code(await buy(place, li, IMEI, ends - timedelta(days=2))) == "PHONE_INSURED"
    await place.clock(shanghai(ends - timedelta(days=1), 9))
    assert isinstance(await buy(place, li, IMEI, ends - timedelta(days=1)), PolicyTaken), "cover begins on the day on which the other ends"
