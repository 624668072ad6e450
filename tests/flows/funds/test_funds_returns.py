"""What a holder sees of a holding: cost, gain, return and curve, held against the ledger and the registrar's answers."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, Person
from fund_town import FUND, FundTown
from httpx import ASGITransport, AsyncClient
from nav_town import NAV_FUND, quote, shelve_nav_fund
from starlette.applications import Starlette

from tapwealth.customers import store as customers
from tapwealth.flows import reports
from tapwealth.flows.funds import redemption
from tapwealth.flows.funds.purchase import PurchasePlaced
from tapwealth.flows.funds.redemption import RedeemFund, RedemptionPlaced
from tapwealth.flows.funds.shown import shown_findings
from tapwealth.flows.reports.customers import CustomerView, customer_view, customer_views
from tapwealth.flows.reports.returns import GrowthPoint, HeldDay, ReturnShown
from tapwealth.funds import lots_store, quotation_store
from tapwealth.funds.lots_store import LotRow
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.archives import Archives
from tapwealth.web.pages import pages

TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (MONDAY + timedelta(days=number) for number in range(1, 5))
MORNING = shanghai(THURSDAY, 9)
PAID = 10_000_00


async def seen(place: FundTown, person: Person) -> CustomerView:
    async with place.house.database.read() as tx:
        row = (await customers.persons(tx, [(person.book, person.id)]))[person.id]
        return await customer_view(place.house, tx, row, 1)


async def holder(place: FundTown) -> Person:
    """10,000.00 of Monday are 7,486.70 units at 1.3337, after a fee of 14.98."""
    await shelve_nav_fund(place)
    wang = await place.person("Wang", 60_000_00)
    (placed,) = await place.buy(place.order(wang, PAID, fund=NAV_FUND))
    assert isinstance(placed, PurchasePlaced), placed
    quote(place, MONDAY, 1_3337)
    await place.next_day(MONDAY)
    return wang


async def dealt(place: FundTown, wang: Person, prices: dict[date, int]) -> None:
    for day, nav in prices.items():
        quote(place, day, nav)
        await place.next_day(day)


async def test_units_bought_today_have_cost_their_fee(place: FundTown) -> None:
    """7,486.70 at 1.3337 are 9,985.01: 14.98 of fee and a fen that was cut off."""
    wang = await holder(place)
    assert (await seen(place, wang)).returns == [ReturnShown(NAV_FUND, PAID, -14_99, None, 0, -150, [])]


async def test_a_gain_follows_price_and_what_came_back(place: FundTown) -> None:
    """Wednesday's redemption of 3,600.00 at 1.3000 pays 1.5 % of its 4,680.00: 4,609.80 come back."""
    wang = await holder(place)
    await dealt(place, wang, {TUESDAY: 1_4000})
    placed = await redemption.redeem(place.house, place.envelope(wang), RedeemFund(NAV_FUND, 3_600_00))
    assert isinstance(placed, RedemptionPlaced), placed
    await dealt(place, wang, {WEDNESDAY: 1_3000, THURSDAY: 1_4200})
    left = 3_886_70 * 14_200 // 10_000
    gained = left + 4_609_80 - PAID
    curve = [GrowthPoint(TUESDAY, 10_481_38, 481_38), GrowthPoint(WEDNESDAY, 9_732_71, -267_29), GrowthPoint(THURSDAY, left, gained)]
    (shown,) = (await seen(place, wang)).returns
    assert shown == ReturnShown(NAV_FUND, PAID - 4_609_80, gained, THURSDAY, gained + 267_29, 1_289, curve)


async def test_the_curve_ends_where_the_ledger_stands(place: FundTown) -> None:
    """The one is counted from lots, the other from the units in the ledger."""
    wang = await holder(place)
    await dealt(place, wang, {TUESDAY: 1_4000, WEDNESDAY: 1_3999})
    view = await seen(place, wang)
    (brought,), (held,) = view.returns, view.funds
    assert brought.curve[-1] == GrowthPoint(WEDNESDAY, held.worth, brought.gain)


async def test_a_holdings_days_are_found_by_its_holder_and_end_where_the_phone_does(place: FundTown) -> None:
    wang = await holder(place)
    await dealt(place, wang, {TUESDAY: 1_4000, WEDNESDAY: 1_3000})
    days = await reports.holding_days(place.house, f"cus_{wang.id.hex}", NAV_FUND)
    assert days == [HeldDay(TUESDAY, 481_38, 481_38, 10_481_38), HeldDay(WEDNESDAY, -748_67, -267_29, 9_732_71)]
    (brought,) = (await seen(place, wang)).returns
    assert [(one.date, one.total_gain) for one in days] == [(one.date, one.gain) for one in brought.curve]
    assert await reports.holding_days(place.house, "1", FUND) == []
    for named, fund in (("99", FUND), ("1", "999999")):
        refused = await reports.holding_days(place.house, named, fund)
        assert isinstance(refused, Refusal), refused


async def lot_without_a_unit(tx: Any, who: Person) -> None:
    await lots_store.add_lots(tx, [LotRow(who.book, UUID(int=7), who.id, NAV_FUND, TUESDAY, 9, 10_00, UUID(int=8), TUESDAY)])


async def price_without_its_point(tx: Any, _who: Person) -> None:
    (one,) = await quotation_store.quotations(tx, NAV_FUND, TUESDAY, TUESDAY)
    await quotation_store.add_quotations(tx, [one._replace(nav=one.nav * 10)], MORNING)


async def amount_that_was_not_paid(tx: Any, who: Person) -> None:
    await tx.execute("update fund_order set confirmed_amount = confirmed_amount - 1 where fund_account = $1", who.id)


@pytest.mark.parametrize(
    ("plant", "differs"), [(lot_without_a_unit, True), (price_without_its_point, False), (amount_that_was_not_paid, False)]
)
async def test_a_planted_defect_shows(place: FundTown, plant: Callable[[Any, Person], Awaitable[None]], differs: bool) -> None:
    """What lies behind the figures is changed in one place: they change, and lots that are not the ledger's units part the two ways."""
    wang = await holder(place)
    await dealt(place, wang, {TUESDAY: 1_4000, WEDNESDAY: 1_3999})
    (before,) = (await seen(place, wang)).returns
    async with place.house.database.transaction() as tx:
        await plant(tx, wang)
    (after,) = (await seen(place, wang)).returns
    assert after.curve != before.curve
    assert (after.curve[-1].gain != after.gain) is differs
    async with place.house.database.transaction() as tx:
        wrong = await shown_findings(tx, wang.book, Archives())
        assert bool(wrong) is (plant is amount_that_was_not_paid), "an order is held against the ledger by the audit"
        if wrong:
            await tx.execute("update fund_order set confirmed_amount = confirmed_amount + 1 where fund_account = $1", wang.id)


async def test_what_was_put_into_the_first_fund_is_what_the_ledger_says_was_bought(place: FundTown) -> None:
    """Counted once from holding and income, and once from the lines of the ledger that are no income."""
    wang = await place.person("Wang", 60_000_00)
    await place.buy_one(wang, 12_345_67)
    await place.next_day(MONDAY)
    assert isinstance(await redemption.redeem(place.house, place.envelope(wang), RedeemFund(FUND, 2_345_67)), RedemptionPlaced)
    for day in (TUESDAY, WEDNESDAY):
        await place.next_day(day)
    view = await seen(place, wang)
    lines = [one for one in view.statement if one.account == "holding"]
    earned = [one.amount for one in lines if "income" in one.text_en.lower()]
    assert view.cumulative_income == sum(earned) > 0
    assert view.holding_cost == sum(one.amount for one in lines) - sum(earned) == 10_000_00


async def test_the_phone_shows_cost_gain_and_curve(place: FundTown) -> None:
    wang = await holder(place)
    await dealt(place, wang, {TUESDAY: 1_4000})
    async with place.house.database.read() as tx:
        (number,) = [one.person for one in await customer_views(place.house, tx) if one.funds]
    async with AsyncClient(transport=ASGITransport(Starlette(routes=pages(place.house))), base_url="http://tapwealth") as browser:
        page, in_english = [unescape((await browser.get(f"{path}?customer={number}")).text) for path in ("/", "/en")]
    assert all(
        one in page for one in ("持有成本 ¥10,000.00", "持有收益 +481.38 (4.814%)", "最近一日 +481.38", "累计持有收益: 02-25 481.38")
    )
    assert all(one in in_english for one in ("Cost ¥10,000.00", "Gain +481.38 (4.814%)", "Gain so far: 02-25 481.38"))
    assert "不预示未来表现" in page
