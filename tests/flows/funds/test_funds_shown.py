"""The audit of what holders are shown: each planted change of an order, a day of income or a dividend is named."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from bill_town import MONDAY
from fund_town import FundTown, accounts, order, orders

from tapwealth.flows.funds import redemption
from tapwealth.flows.funds.redemption import RedeemFund, RedemptionPlaced
from tapwealth.flows.funds.shown import shown_findings
from tapwealth.ledger.archives import Archives

PLANTED = {
    "an own order's units": "update fund_order set confirmed_units = confirmed_units + 1 where channel = 'T01' and business_code = '022'",
    "an own order's money": "update fund_order set confirmed_amount = confirmed_amount - 1 where channel = 'T01' and business_code = '022'",
    "another channel's units": "update fund_order set confirmed_units = confirmed_units + 1 where channel = '996'",
    "units redeemed": "update fund_order set confirmed_units = confirmed_units - 1 where business_code = '024'",
    "money of a redemption": "update fund_order set confirmed_amount = confirmed_amount + 1 where business_code = '024'",
    "an order taken out": "delete from fund_order where business_code = '024'",
    "a day of income taken out": "delete from fund_income_spread where no = (select min(no) from fund_income_spread)",
    "a day of income twice": "insert into fund_income_spread select book, fund, income_date - 9, no, asset, business_date, holders, amount,"
    " computed from fund_income_spread limit 1",
    "a month's growth": "update fund_growth set worth = worth + 1",
    "a day's sum": "update fund_income_spread set amount = amount + 1",
    "income that nobody posted": "insert into fund_income_posted select book, fund_account, fund, dealing_date, 1, 1, dealing_date"
    " from fund_order where channel = 'T01' limit 1",
}


async def wrong(tx: Any, books: int) -> list[str]:
    return [one.detail for book in range(books + 1) for one in await shown_findings(tx, book, Archives())]


@pytest.fixture
async def changed(place: FundTown) -> Callable[[str], Awaitable[list[str]]]:
    """Own customers and another channel's have bought, one has redeemed, and there were days of income; then the owner of the database does
    what it is told, and it is taken back."""
    wang = await place.person("Wang", 10_000_000)
    await place.buy(place.order(wang, 1_234_567))
    assert await place.hand_in(accounts([1, 2])) is None
    await place.receipt(300_000)
    assert await place.hand_in(orders([order(1, 100_000), order(2, 200_000)])) is None
    await place.next_day(MONDAY)
    assert isinstance(await redemption.redeem(place.house, place.envelope(wang), RedeemFund("000198", 34_567)), RedemptionPlaced)
    for offset in (1, 2):
        await place.next_day(MONDAY + timedelta(days=offset))

    async def change(statement: str) -> list[str]:
        connection = await asyncpg.connect(place.house.database._dsn, server_settings={"search_path": "tapwealth"})
        planted = connection.transaction()
        await planted.start()
        assert await wrong(connection, place.house.books) == []
        assert int((await connection.execute(statement)).split()[-1]) > 0
        found = await wrong(connection, place.house.books)
        await planted.rollback()
        await connection.close()
        return found

    return change


async def test_whatever_is_changed_behind_the_figures_is_named(changed: Callable[[str], Awaitable[list[str]]]) -> None:
    for what, statement in PLANTED.items():
        assert await changed(statement), f"{what} was not found"
