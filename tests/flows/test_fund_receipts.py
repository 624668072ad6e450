"""The registrar's payments for redeemed units: right, wrong by a fen, twice, or not at all."""

from collections.abc import AsyncIterator, Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from bill_town import MONDAY, Town, town

from tapwealth.bank import store as bank
from tapwealth.flows import proof
from tapwealth.flows.bank import receipts
from tapwealth.flows.bank.receipts import Pushed
from tapwealth.flows.frame import HOUSE_BOOK
from tapwealth.flows.funds import advance_outcomes
from tapwealth.funds import advance_store
from tapwealth.funds.advance_store import AdvanceDue, Redemption
from tapwealth.funds.order_state import OrderState
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account

ADVANCE = "0100000005"
TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)


@pytest.fixture
async def place(new_database: Callable[[], str], tmp_path: Path) -> AsyncIterator[Town]:
    """Two redemptions of the advancer's: 88.00 confirmed on Monday, 12.00 on Tuesday."""
    async with town(new_database(), tmp_path) as made:
        async with made.house.database.transaction() as tx:
            for serial, units, day in (("R1", 88_00, MONDAY), ("R2", 12_00, TUESDAY)):
                await advance_store.add_redemptions(tx, [Redemption(serial, "000198", day, units, "sent", None, None)])
                await advance_store.add_redemption_parts(tx, {serial: {1: units}})
                await advance_store.add_dues(tx, [AdvanceDue(1, serial, day, advance_outcomes.payment_name(day), units, day, None)])
                await advance_store.move_redemptions(tx, [serial], OrderState.CONFIRMED, day)
        yield made


async def pays(place: Town, name: str, amount: int, day: date = TUESDAY) -> None:
    await receipts.receive(place.house, [Pushed(name, ADVANCE, amount, day, "custody", "redemption 000198")], (advance_outcomes.recognise,))


async def states(place: Town) -> dict[str, str]:
    async with place.house.database.read() as tx:
        return {one.serial: one.state for one in await advance_store.redemptions(tx)}


async def named_on(place: Town, day: date) -> list[tuple[str, str, int, bool]]:
    """What the day's end lists."""
    await proof.name_open_items(place.house, day)
    async with place.house.database.read() as tx:
        return sorted((one.kind, one.item, one.amount, one.accounted) for one in await bank.breaks(tx, day))


async def owed_to_the_bank(place: Town) -> int:
    accounts = [house_account(book, Kind.ADVANCE_PAYABLE, Asset.CNY) for book in (HOUSE_BOOK, *place.house.all_books)]
    async with place.house.database.read() as tx:
        return sum(one.totals.owed for one in (await place.house.ledger.balances(tx, accounts)).values())


async def apart(place: Town) -> int:
    """The registrar's money in the advance account that is no part of the line."""
    return await place.total(Kind.ADVANCE_PAYABLE) - await owed_to_the_bank(place)


async def test_each_payment_pays_what_was_confirmed_on_its_date(place: Town) -> None:
    await pays(place, f"RED-T01-{TUESDAY:%Y%m%d}", 12_00, WEDNESDAY)
    assert await states(place) == {"R1": "confirmed", "R2": "paid"}
    await pays(place, f"RED-T01-{MONDAY:%Y%m%d}", 88_00)
    assert await states(place) == {"R1": "paid", "R2": "paid"}
    assert await named_on(place, WEDNESDAY) == []


async def test_a_payment_on_the_day_of_its_confirmation_is_early(place: Town) -> None:
    await pays(place, f"RED-T01-{TUESDAY:%Y%m%d}", 12_00)
    await pays(place, f"RED-T01-{MONDAY:%Y%m%d}", 88_00)
    assert await named_on(place, TUESDAY) == [("redemption_early", f"RED-T01-{TUESDAY:%Y%m%d}", 12_00, True)]


async def test_a_fen_too_much_is_named_and_kept(place: Town) -> None:
    """What is due is paid; the fen stands apart from the line."""
    before, name = await owed_to_the_bank(place), f"RED-T01-{MONDAY:%Y%m%d}"
    await pays(place, name, 88_01)
    assert await states(place) == {"R1": "paid", "R2": "confirmed"}
    assert (await owed_to_the_bank(place) - before, await apart(place)) == (88_00, 1)
    assert await named_on(place, TUESDAY) == [("redemption_differs", name, 1, False)]


async def test_what_completes_a_short_payment_makes_the_line_whole_and_the_break_is_withdrawn(place: Town) -> None:
    before, name = await owed_to_the_bank(place), f"RED-T01-{MONDAY:%Y%m%d}"
    await pays(place, name, 30_00)
    assert (await owed_to_the_bank(place) - before, await apart(place)) == (0, 30_00)
    assert ("redemption_differs", name, -58_00, False) in await named_on(place, TUESDAY)
    await pays(place, f"{name}-2", 50_00)
    assert (await states(place), await apart(place)) == ({"R1": "confirmed", "R2": "confirmed"}, 80_00)
    assert ("redemption_differs", f"{name}-2", -8_00, False) in await named_on(place, TUESDAY)
    await pays(place, f"{name}-3", 8_00)
    assert await states(place) == {"R1": "paid", "R2": "confirmed"}
    assert (await owed_to_the_bank(place) - before, await apart(place)) == (88_00, 0)
    assert await named_on(place, TUESDAY) == []
    await place.all_books_balance()


async def test_money_of_one_date_never_pays_for_another(place: Town) -> None:
    await pays(place, f"RED-T01-{MONDAY:%Y%m%d}", 80_00)
    await pays(place, f"RED-T01-{TUESDAY:%Y%m%d}", 11_99, WEDNESDAY)
    assert (await states(place), await apart(place)) == ({"R1": "confirmed", "R2": "confirmed"}, 91_99)


async def test_a_second_payment_of_the_same_is_named(place: Town) -> None:
    await pays(place, f"RED-T01-{MONDAY:%Y%m%d}", 88_00)
    await pays(place, f"RED-T01-{MONDAY:%Y%m%d}-2", 88_00)
    assert await named_on(place, TUESDAY) == [("redemption_differs", f"RED-T01-{MONDAY:%Y%m%d}-2", 88_00, False)]


async def test_what_is_not_paid_the_day_after_is_named_until_it_is(place: Town) -> None:
    assert await named_on(place, MONDAY) == []
    assert await named_on(place, TUESDAY) == [("redemption_unpaid", "R1", 88_00, True)]
    assert len(await named_on(place, WEDNESDAY)) == 2
    await pays(place, f"RED-T01-{MONDAY:%Y%m%d}", 88_00)
    await pays(place, f"RED-T01-{TUESDAY:%Y%m%d}", 12_00)
    assert await named_on(place, WEDNESDAY) == []
