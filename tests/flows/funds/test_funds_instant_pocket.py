"""Units of several funds into money at once, in their customer's order: each by its own cap, all by one line, all or nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest
from bill_town import MONDAY, Person
from fund_town import FUND, FundTown, bought
from shelf import MONEY_FUND, give_units, put_on_the_shelf

from tapwealth.bank import store as bank
from tapwealth.flows.funds import instant_redemption, pocket
from tapwealth.flows.funds.fund_pockets import POCKET
from tapwealth.flows.funds.instant_redemption import InstantlyRedeemed, RedeemInstantly
from tapwealth.flows.funds.pocket import OrderPockets, PocketsView
from tapwealth.funds import conditions_store
from tapwealth.funds.conditions import FundStatus
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind

TUESDAY = MONDAY + timedelta(days=1)
SECOND, SECOND_UNITS = "000343", Asset(7)


async def holder(place: FundTown, *order: str, line: int = 90_000_00) -> Person:
    """Wang with 20,000.00 units of the first fund and 12,000.00 of a second, in that order; on Tuesday."""
    wang = await bought(place, 20_000_00, line=line)
    await place.take()
    async with place.house.database.transaction() as tx:
        await put_on_the_shelf(place.house, tx, replace(MONEY_FUND, code=SECOND, asset=SECOND_UNITS))
    await give_units(place.house, wang.book, wang.id, 12_000_00, SECOND_UNITS, "Wang")
    chosen = await pocket.order(place.house, place.envelope(wang), OrderPockets(list(order)))
    assert isinstance(chosen, PocketsView)
    return wang


async def redeem(place: FundTown, person: Person, asked: int) -> InstantlyRedeemed | Refusal:
    return await instant_redemption.redeem(place.house, place.envelope(person), RedeemInstantly(POCKET, asked))


async def transfers(place: FundTown, person: Person) -> list[str]:
    return sorted(f"{one.fund}:{one.units}" for one in await place.orders_of(person) if one.business_code == "098")


@pytest.mark.parametrize(
    ("order", "asked", "given"),
    [
        ((SECOND, FUND), 6_000_00, [f"{SECOND}:600000"]),
        ((SECOND, FUND), 15_000_00, [f"{SECOND}:1000000", f"{FUND}:500000"]),
        ((FUND, SECOND), 15_000_00, [f"{FUND}:1000000", f"{SECOND}:500000"]),
        ((FUND,), 9_000_00, [f"{FUND}:900000"]),
    ],
)
async def test_the_first_fund_that_may_give_it_gives_it_else_several_in_order(
    place: FundTown, order: tuple[str, ...], asked: int, given: list[str]
) -> None:
    """10,000.00 a day may go at once of each."""
    wang = await holder(place, *order)
    (wallet,), line = await place.owed(wang.wallet), await place.total(Kind.ADVANCE_PAYABLE)
    answer = await redeem(place, wang, asked)
    assert isinstance(answer, InstantlyRedeemed)
    assert [f"{one.fund}:{one.units}" for one in answer.parts] == given
    assert (answer.units, answer.amount, answer.order) == (asked, asked, answer.parts[0].order)
    assert answer.left_today == 10_000_00 * len(order) - asked
    assert await place.owed(wang.wallet) == [wallet + asked]
    assert await transfers(place, wang) == sorted(given)
    assert await place.total(Kind.ADVANCE_PAYABLE) == line - asked
    async with place.house.database.read() as tx:
        draws = [one.amount for one in await bank.open_instructions(tx) if one.purpose == "advance_draw"]
    assert sorted(draws) == sorted(int(one.split(":")[1]) for one in given)
    await place.all_books_balance()


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        (32_000_01, "NOT_ENOUGH_UNITS", "32,000.00 can be redeemed"),
        (20_000_01, "ABOVE_INSTANT_CAP", "at most 20,000.00 yuan more can go at once today"),
        (15_000_00, "LINE_USED_UP", "the bank cannot advance 15,000.00 yuan now"),
    ],
)
async def test_what_all_of_them_cannot_give_none_gives(place: FundTown, asked: int, code: str, words: str) -> None:
    wang = await holder(place, SECOND, FUND, line=12_000_00)
    before = (await place.units(wang), await place.owed(wang.wallet), await place.total(Kind.ADVANCE_PAYABLE))
    refused = await redeem(place, wang, asked)
    assert isinstance(refused, Refusal)
    assert refused.code.name == code
    assert words in refused.text
    assert (await place.units(wang), await place.owed(wang.wallet), await place.total(Kind.ADVANCE_PAYABLE)) == before
    assert await transfers(place, wang) == []


async def test_a_cap_that_is_used_up_passes_the_fund_by_and_a_repetition_gives_nothing_more(place: FundTown) -> None:
    wang = await holder(place, SECOND, FUND)
    await redeem(place, wang, 10_000_00)
    envelope = place.envelope(wang)
    first, again = [await instant_redemption.redeem(place.house, envelope, RedeemInstantly(POCKET, 1_000_00)) for _ in range(2)]
    assert first == again
    assert await transfers(place, wang) == [f"{FUND}:100000", f"{SECOND}:1000000"]


async def test_a_fund_that_its_registrar_does_not_redeem_is_passed_over(place: FundTown) -> None:
    wang = await holder(place, SECOND, FUND)
    async with place.house.database.transaction() as tx:
        await conditions_store.add_statuses(tx, TUESDAY, {SECOND: FundStatus.STOPPED}, place.biller.now)
    answer = await redeem(place, wang, 6_000_00)
    assert isinstance(answer, InstantlyRedeemed)
    assert [one.fund for one in answer.parts] == [FUND]


async def test_a_pocket_without_any_fund_gives_nothing(place: FundTown) -> None:
    refused = await redeem(place, await holder(place), 1_00)
    assert isinstance(refused, Refusal)
    assert refused.code.name == "NOT_ENOUGH_UNITS"
