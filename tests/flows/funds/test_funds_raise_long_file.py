"""A file that answers more subscriptions than are settled at once: slice by slice, a kill between two of them, and nobody paid twice."""

from typing import Any

import pytest
from bill_town import MONDAY, Person
from fund_town import FundTown
from msgspec import structs
from nav_town import NAV_FUND, holding_of
from raise_town import FRIDAY, OFFER, THURSDAY, TUESDAY, WEDNESDAY, gave, offered, people, stands, subscribe, wants

from tapwealth.bank import store as bank
from tapwealth.flows.funds import raise_ahead, raise_outcomes, raises, redemption_outcomes
from tapwealth.kernel.clock import shanghai
from tapwealth.ledger.chart import Kind

ASKED = [1_000_00, 2_000_00, 1_500_00]


class Killed(BaseException):
    """Between two slices."""


async def taken(place: FundTown, monkeypatch: pytest.MonkeyPatch, *, least: int = OFFER.least) -> list[Person]:
    """Three have subscribed on Monday, and the registrar has taken it on Tuesday morning; a slice is one answer."""
    for module in (raise_ahead, redemption_outcomes):
        monkeypatch.setattr(module, "AT_ONCE", 1)
    await offered(place, structs.replace(OFFER, least=least))
    three = await people(place, "Wang", "Zhao", "Qian")
    assert gave(await subscribe(place, *map(wants, [place] * 3, three, ASKED))) == ASKED
    await place.next_day(MONDAY)
    assert [(await place.orders_of(one))[0].state for one in three] == ["accepted"] * 3
    await place.next_day(TUESDAY)
    await place.end(WEDNESDAY)
    await place.registrar_works(THURSDAY)
    return three


def cut_off(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """After so many slices have been committed; after all of them before the raise has ended."""
    settle, done = raise_ahead._slice, list[int]()

    async def mortal(*args: Any) -> list[int]:
        if len(done) == after:
            raise Killed
        done.append(1)
        return await settle(*args)

    async def dead(*_: Any) -> None:
        raise Killed

    monkeypatch.setattr(raise_ahead, "_slice", mortal)
    monkeypatch.setattr(raise_outcomes, "end", dead)


async def breaks(place: FundTown) -> list[str]:
    async with place.house.database.read() as tx:
        return [one.text for day in (MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY) for one in await bank.breaks(tx, day)]


@pytest.mark.parametrize("after", [1, 3])
async def test_a_failed_raise_that_was_cut_off_goes_on_behind_what_was_given_back(
    place: FundTown, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    three = await taken(place, monkeypatch)
    with monkeypatch.context() as dying:
        cut_off(dying, after)
        with pytest.raises(Killed):
            await place.take()
    assert (await stands(place)).ended == ""
    assert [(await place.orders_of(one))[0].state for one in three].count("refused") == after
    assert "T01/04" in await place.take()
    assert ((await stands(place)).ended, (await stands(place)).ended_on) == ("failed", THURSDAY)
    assert await place.bank_executes(THURSDAY) == [f"RRF-T01-{NAV_FUND}-20140227-{number}" for number in (1, 2, 3)]
    assert await place.owed(*(one.wallet for one in three)) == [20_000_00] * 3
    (paid,) = place.registrar.payments()
    assert paid["amount"] == 2 + 4 + 3
    await place.clock(shanghai(FRIDAY, 10))
    await place.receipt(paid["amount"], paid["end_to_end_id"], "interest")
    assert len(await place.bank_executes(FRIDAY)) == 3
    assert await place.owed(*(one.wallet for one in three)) == [20_000_02, 20_000_04, 20_000_03]
    assert await place.total(Kind.RAISE_COLLECTED) == 0
    assert await breaks(place) == []
    assert (await raises.prove(place.house, THURSDAY)).wrong == []
    await place.all_books_balance()


async def test_a_raise_that_is_formed_pays_for_each_slice_and_what_else_a_file_says_is_heard(
    place: FundTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    three = await taken(place, monkeypatch, least=4_000_00)

    def and_more(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        first, again = records[0], {**records[0], "TASerialNO": "9" * 20}
        return [{**first, "AppSheetSerialNo": "9" * 24}, *records, again, {**first, "AppSheetSerialNo": "8" * 24, "BusinessCode": "122"}]

    place.registrar.rewrite(THURSDAY, "04", and_more)
    await place.take()
    assert [await holding_of(place, one) for one in three] == [1_000_02, 2_000_04, 1_500_03]
    names = [f"RCU-T01-{NAV_FUND}-20140227-{number}" for number in (2, 3, 4)]
    assert await place.bank_executes(THURSDAY) == names
    said = await breaks(place)
    assert len(said) == 3, said
    assert [sum(word in text for text in said) for word in ("9" * 24, "8" * 24, "twice")] == [1, 1, 1]
    assert (await stands(place)).ended == "formed"
    await place.all_books_balance()


async def test_a_file_that_is_not_whole_gives_nobody_anything_back(place: FundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    three = await taken(place, monkeypatch)
    path = place.registrar.path(THURSDAY, "04")
    content = path.read_bytes()
    path.write_bytes(content[:-40])
    assert "T01/04" not in await place.take()
    assert [(await place.orders_of(one))[0].state for one in three] == ["accepted"] * 3
    path.write_bytes(content)
    assert "T01/04" in await place.take()
