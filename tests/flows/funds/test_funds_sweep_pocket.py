"""A sweep into several funds behind one pocket: in their order, each as far as its caps reach; a stopped one is passed over."""

from dataclasses import replace
from datetime import date, time, timedelta
from html import unescape
from typing import Any

import pytest
from bill_town import MONDAY, Person
from fund_town import FUND, OWN, FundTown
from httpx import ASGITransport, AsyncClient
from shelf import MONEY_FUND, shelve
from starlette.applications import Starlette

from tapwealth.bank import entries as bank_entries
from tapwealth.flows.frame import moment, must_post
from tapwealth.flows.funds import pocket, sweeps
from tapwealth.flows.funds.pocket import OrderPockets, PocketsView
from tapwealth.flows.funds.sweeps import AgreeSweep, SweepView
from tapwealth.funds import conditions_store
from tapwealth.funds.conditions import FundStatus
from tapwealth.funds.store import SalesChannel
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.install import house_accounts
from tapwealth.web.pages import pages

SECOND, THIRD = "000343", "000509"
TUESDAY = MONDAY + timedelta(days=1)
CAP = 2_000_50
"""What of the second may be bought in a dealing day, and of the third held; of the first 20,000.00 may be bought."""


async def saver(place: FundTown, wallet: int, *order: str) -> Person:
    """Wang with so much in the wallet and three funds on the shelf, in that order."""
    async with place.house.database.transaction() as tx:
        for code, asset, caps in ((SECOND, Asset(7), (CAP, 0)), (THIRD, Asset(8), (0, CAP))):
            await shelve(tx, replace(MONEY_FUND, code=code, asset=asset), [SalesChannel(OWN, code, True, 100_00, *caps)])
            await place.house.ledger.open_accounts(tx, house_accounts(place.house.books, asset))
    wang = await place.person("Wang", wallet)
    chosen = await pocket.order(place.house, place.envelope(wang), OrderPockets(list(order)))
    assert isinstance(chosen, PocketsView)
    return wang


async def agree(place: FundTown, person: Person, **change: Any) -> SweepView | Refusal:
    terms = {"fund": "pocket", "keep_balance": 0, "minimum_lot": 100_00, "daily_cap": 50_000_00, "run_before": time(14, 30)}
    return await sweeps.agree(place.house, place.envelope(person), AgreeSweep(**{**terms, **change}))


async def at(place: FundTown, day: date, hour: int) -> list[str]:
    await place.clock(shanghai(day, hour))
    return await sweeps.run_due(place.house)


async def moved_in(place: FundTown, person: Person, amount: int) -> None:
    """The bank has booked it for the wallet."""
    entry = bank_entries.received(person.book, derived(person.id, "in"), "0100000001", person.wallet, amount, MONDAY, 1, known=True)
    async with place.house.database.transaction() as tx:
        await place.house.ledger.lock_books(tx, [person.book])
        await must_post(place.house, tx, await moment(tx), [entry])


async def bought(place: FundTown, person: Person) -> list[tuple[str, int]]:
    return sorted((one.fund, one.amount) for one in await place.orders_of(person))


@pytest.mark.parametrize(
    ("wallet", "order", "wanted", "left"),
    [
        (1_500_00, (SECOND, FUND), [(SECOND, 1_500_00)], 0),
        (3_550_00, (SECOND, FUND), [(FUND, 1_500_00), (SECOND, 2_000_00)], 50_00),
        (5_000_00, (SECOND, THIRD), [(SECOND, 2_000_00), (THIRD, 2_000_00)], 1_000_00),
        (5_000_00, (THIRD, FUND, SECOND), [(FUND, 3_000_00), (THIRD, 2_000_00)], 0),
    ],
)
async def test_funds_are_filled_in_order_as_far_as_their_caps_reach(
    place: FundTown, wallet: int, order: tuple[str, ...], wanted: list[tuple[str, int]], left: int
) -> None:
    """In whole lots; what no fund takes stays in the wallet."""
    wang = await saver(place, wallet, *order)
    made = await agree(place, wang)
    assert isinstance(made, SweepView)
    assert await at(place, MONDAY, 14) == ["placed"]
    assert await bought(place, wang) == wanted
    assert await place.owed(wang.wallet) == [left]
    async with place.house.database.read() as tx:
        (run,) = (await sweeps.held(tx, wang.book, wang.id))[0].runs
    assert (run.amount, run.state) == (wallet - left, "placed")
    assert await at(place, MONDAY, 14) == [], "once a day"
    await place.all_books_balance()


async def test_a_fund_that_its_registrar_does_not_sell_is_passed_over_and_the_order_that_stands_then_counts(place: FundTown) -> None:
    wang = await saver(place, 1_500_00, SECOND, FUND)
    await agree(place, wang)
    async with place.house.database.transaction() as tx:
        await conditions_store.add_statuses(tx, MONDAY, {SECOND: FundStatus.NO_PURCHASE}, place.biller.now)
    assert await at(place, MONDAY, 14) == ["placed"]
    assert await bought(place, wang) == [(FUND, 1_500_00)]
    await pocket.order(place.house, place.envelope(wang), OrderPockets([THIRD]))
    await moved_in(place, wang, 700_00)
    await place.cut(MONDAY)
    assert await at(place, TUESDAY, 14) == ["placed"]
    assert await bought(place, wang) == [(FUND, 1_500_00), (THIRD, 700_00)]


async def test_where_no_fund_takes_anything_the_money_stays_and_the_customer_is_told(place: FundTown) -> None:
    wang = await saver(place, 1_500_00, SECOND)
    await agree(place, wang)
    async with place.house.database.transaction() as tx:
        await conditions_store.add_statuses(tx, MONDAY, {SECOND: FundStatus.STOPPED}, place.biller.now)
    assert await at(place, MONDAY, 14) == ["refused"]
    assert (await bought(place, wang), await place.owed(wang.wallet)) == ([], [1_500_00])
    assert await place.told(wang) == ["今日自动转入 1,500.00 元未成功，资金未动用。"]


async def test_what_no_sweep_into_a_pocket_can_be_is_refused(place: FundTown) -> None:
    wang = await saver(place, 1_500_00)
    nothing_behind = await agree(place, wang)
    await pocket.order(place.house, place.envelope(wang), OrderPockets([FUND, SECOND]))
    small = await agree(place, wang, minimum_lot=99_99)
    late = await agree(place, wang, run_before=time(15, 0, 1))
    assert isinstance(nothing_behind, Refusal)
    assert nothing_behind.text == "no fund stands behind your pocket; give its funds an order first"
    codes = [one.code.name for one in (nothing_behind, small, late) if isinstance(one, Refusal)]
    assert codes == ["UNKNOWN_FUND", "LOT_TOO_SMALL", "AFTER_THE_CUT_OFF"]


async def test_the_phone_shows_where_a_sweep_goes(place: FundTown) -> None:
    wang = await saver(place, 10_000_00, SECOND, FUND)
    await agree(place, wang)
    async with AsyncClient(transport=ASGITransport(Starlette(routes=pages(place.house))), base_url="http://tapwealth") as browser:
        page, in_english = [unescape((await browser.get(path)).text) for path in ("/", "/en")]
    assert "余额 → 零钱基金（按支付顺序）</b><small>留存 ¥0.00 · 每日 14:30 前，最多 ¥50,000.00" in page
    assert "Balance → the funds that pay, in their order</b><small>keeps ¥0.00 · by 14:30 each day, at most ¥50,000.00" in in_english
