"""Quotations: the price of a day is kept with both clocks, what corrects it counts from then on, and what was known before stays."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from bill_town import MONDAY
from fund_town import CHANNELS, FUND, OTHER, OWN, REGISTRAR, FundTown, Values, operator, set_in

from tapwealth.bank import store as bank
from tapwealth.flows import setup
from tapwealth.flows.fund_conditions import ProposeFundConditions
from tapwealth.funds import quotation_store
from tapwealth.funds.conditions import FundKind
from tapwealth.funds.quotation_store import nav_of
from tapwealth.kernel.refusal import Refusal
from tapwealth.sandbox.registrar.rates import rates

TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (MONDAY + timedelta(days=number) for number in range(1, 5))
SATURDAY = FRIDAY + timedelta(days=1)
PRICED = "110022"


async def agreed(place: FundTown, proposal: Any) -> None:
    """Proposed by one, approved by the other."""
    name = f"{type(proposal).__name__} {place.biller.now}"
    proposed = await setup.propose(place.house, operator(place, "pm.zhou", f"propose {name}"), proposal)
    assert isinstance(proposed, setup.Proposed), proposed
    approved = await setup.approve(place.house, operator(place, "ops.chen", f"approve {name}"), setup.Approve(proposed.proposal))
    assert not isinstance(approved, Refusal), approved


async def priced_fund(place: FundTown, **conditions: Any) -> None:
    """A second fund, with a price of its own."""
    fund = setup.ProposeFund(PRICED, 9, "消费行业股票", "Consumer stocks", REGISTRAR, 4, "0200000009", CHANNELS)
    await agreed(place, fund)
    await agreed(place, ProposeFundConditions(fund=PRICED, kind=FundKind.NAV, **conditions))


def priced(day: date, nav: int, **more: Any) -> Callable[[list[Values]], list[Values]]:
    """What quotes the priced fund too."""
    zero = {"FundIncome": 0, "Yield": 0, "FundDayIncome": 0, "TotalFundVol": 0}
    own = {"FundCode": PRICED, "UpdateDate": f"{day:%Y%m%d}", "NAV": nav, **zero, **more}
    return lambda records: [*records, {**records[0], **own}]


async def morning(place: FundTown, day: date, *changes: Callable[[list[Values]], Any]) -> None:
    """The registrar's files of that morning, both channels' 07 changed alike, are taken."""
    await place.end(day - timedelta(days=1))
    await place.registrar_works(day)
    for channel in (OWN, OTHER):
        for change in changes:
            place.registrar.rewrite(day, "07", change, channel)
    await place.take()


async def nav(place: FundTown, day: date, **more: Any) -> int | None:
    async with place.house.database.read() as tx:
        return await nav_of(tx, PRICED, day, **more)


async def broken(place: FundTown, day: date) -> list[tuple[str, str, bool]]:
    async with place.house.database.read() as tx:
        return [(one.kind, one.item, one.accounted) for one in await bank.breaks(tx, day)]


async def test_a_price_is_kept_for_its_day(place: FundTown) -> None:
    await priced_fund(place)
    await morning(place, TUESDAY, priced(MONDAY, 10_432))
    await morning(place, WEDNESDAY, priced(TUESDAY, 10_501))
    assert [await nav(place, day) for day in (MONDAY, TUESDAY, WEDNESDAY)] == [10_432, 10_501, None]
    assert await place.said(TUESDAY) == await place.said(WEDNESDAY) == []


async def test_a_correction_counts_from_when_it_came_and_what_was_known_before_stays(place: FundTown) -> None:
    await priced_fund(place)
    await morning(place, TUESDAY, priced(MONDAY, 10_432))
    before = place.biller.now
    await morning(place, WEDNESDAY, priced(MONDAY, 10_423), priced(TUESDAY, 10_501))
    assert (await nav(place, MONDAY), await nav(place, MONDAY, known_at=before)) == (10_423, 10_432)
    assert await broken(place, WEDNESDAY) == [("quotation_corrected", f"{PRICED} {MONDAY}", True)]
    async with place.house.database.read() as tx:
        (said,) = [one.text for one in await bank.breaks(tx, WEDNESDAY)]
    assert said.endswith(f"corrects {PRICED} of {MONDAY}: NAV 1.0432 is 1.0423; what was posted before stays as it is")


async def test_a_correction_of_a_money_funds_day_is_what_yields_are_counted_by(place: FundTown) -> None:
    """It is the newest rate that stands, and the other channel says the same once."""
    await morning(place, TUESDAY)
    rate = rates()[MONDAY].income_per_10k
    again = {"UpdateDate": f"{MONDAY:%Y%m%d}", "FundIncome": (rate + 3) * 10}
    await morning(place, WEDNESDAY, lambda records: [*records, {**records[0], **again}])
    async with place.house.database.read() as tx:
        assert (await quotation_store.incomes_between(tx, MONDAY, MONDAY))[FUND] == {MONDAY: rate + 3}
        assert len(await tx.fetch("select from fund_quotation where fund = $1 and day = $2", FUND, MONDAY)) == 2
    kinds = [kind for kind, item, _ in await broken(place, WEDNESDAY) if item == f"{FUND} {MONDAY}"]
    assert kinds == ["quotation_corrected"]


async def test_a_weekend_says_fridays_price_again_and_needs_none(place: FundTown) -> None:
    await priced_fund(place)
    await morning(place, TUESDAY, priced(MONDAY, 10_432))
    for day in (WEDNESDAY, THURSDAY, FRIDAY):
        await morning(place, day, priced(day - timedelta(days=1), 10_432))
    await morning(place, SATURDAY, priced(FRIDAY, 10_500))
    await morning(place, SATURDAY + timedelta(days=1), priced(FRIDAY, 10_500))
    await morning(place, SATURDAY + timedelta(days=2))
    assert (await nav(place, FRIDAY), await nav(place, SATURDAY)) == (10_500, None)
    assert [await broken(place, SATURDAY + timedelta(days=number)) for number in range(3)] == [[], [], []]


async def test_a_dealing_day_without_a_price_is_named(place: FundTown) -> None:
    await priced_fund(place)
    await morning(place, TUESDAY)
    assert [kind for kind, _, _ in await broken(place, TUESDAY)] == ["no_quotation", "no_quotation"], "by both channels"


@pytest.mark.parametrize("day", [MONDAY - timedelta(days=3), TUESDAY])
async def test_a_price_of_another_day_that_was_never_quoted_refuses_the_file(place: FundTown, day: date) -> None:
    await priced_fund(place)
    await morning(place, TUESDAY, priced(day, 10_432))
    assert await nav(place, day) is None
    assert all(f"{PRICED} is dated {day}, it should be {MONDAY}" in one for one in await place.said(TUESDAY))


async def test_a_money_fund_at_another_price_is_named(place: FundTown) -> None:
    await morning(place, TUESDAY, set_in(0, NAV=10_001))
    assert await broken(place, TUESDAY) == [("nav_differs", f"{FUND} {MONDAY}", False)]
