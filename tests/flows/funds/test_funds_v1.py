"""Over /v1: what a holding brought day by day, how its dividends are paid, and which funds pay first, as the phone has it."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from bill_town import MONDAY
from fund_town import FUND, FundTown
from nav_town import NAV_FUND, quote, shelve_nav_fund
from v1_town import at_v1

from tapwealth.customers import store as customers
from tapwealth.flows.funds.purchase import PurchasePlaced
from tapwealth.flows.reports.customers import customer_view

TUESDAY, WEDNESDAY, THURSDAY = (MONDAY + timedelta(days=number) for number in range(1, 4))


def fen(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "CNY"}


async def test_a_holding_with_a_price_shows_its_days_its_quotations_and_how_its_dividends_are_paid(place: FundTown) -> None:
    """10,000.00 of Monday are 7,486.70 units at 1.3337, after a fee of 14.98."""
    await shelve_nav_fund(place)
    wang = await place.person("Wang", 60_000_00)
    (placed,) = await place.buy(place.order(wang, 10_000_00, fund=NAV_FUND))
    assert isinstance(placed, PurchasePlaced), placed
    for day, nav in ((MONDAY, 1_3337), (TUESDAY, 1_4000), (WEDNESDAY, 1_3000)):
        quote(place, day, nav)
        await place.next_day(day)
    async with at_v1(place, wang) as (client, account):
        days = (await client.get(f"{account}/holdings/{NAV_FUND}/days")).json()["data"]
        assert days == [
            {"date": "2014-02-26", "gain": fen(-748_67), "total_gain": fen(-267_29), "worth": fen(9_732_71)},
            {"date": "2014-02-25", "gain": fen(481_38), "total_gain": fen(481_38), "worth": fen(10_481_38)},
        ]  # fmt: skip
        async with place.house.database.read() as tx:
            row = (await customers.persons(tx, [(wang.book, wang.id)]))[wang.id]
            (brought,) = (await customer_view(place.house, tx, row, 1)).returns
        assert [(one["date"], one["total_gain"]["amount"]) for one in days[::-1]] == [(str(one.date), one.gain) for one in brought.curve]
        quoted = (await client.get(f"/v1/funds/{NAV_FUND}/quotations")).json()["data"]
        assert quoted[0] == {"date": "2014-02-26", "income_per_10k": None, "seven_day_yield": None, "nav": "1.3000"}
        assert (await client.get(f"/v1/funds/{NAV_FUND}")).json()["latest"] == quoted[0]
        assert (await client.get(f"/v1/funds/{NAV_FUND}/yields")).json()["code"] == "not_found"

        async def method() -> Any:
            return [one["dividend_method"] for one in (await client.get(account)).json()["holdings"] if one["fund"] == NAV_FUND]

        assert await method() == ["reinvest"], "by the fund's conditions"
        asked, key = {"type": "dividend_method", "fund": NAV_FUND, "dividend_method": "cash"}, str(uuid4())
        made = await client.post(f"{account}/orders", asked, key)
        assert made.status_code == 201, made.text
        assert {name: made.json()[name] for name in asked} == asked
        assert (made.json()["state"], made.json()["dealing_date"], made.json()["units"]) == ("processing", "2014-02-27", None)
        assert (await client.get(made.headers["location"])).json() == made.json()
        again = await client.post(f"{account}/orders", asked, key)
        assert (again.json(), again.headers["idempotent-replayed"]) == (made.json(), "true")
        refused = await client.post(f"{account}/orders", asked)
        assert (refused.status_code, refused.json()["code"]) == (422, "under_way")
        assert await method() == ["reinvest"], "the registrar has not said yes"
        back = await client.post(f"{made.headers['location']}/cancel", {})
        assert (back.status_code, back.json()["code"]) == (422, "not_taken_back")
        quote(place, THURSDAY, 1_3000)
        await place.next_day(THURSDAY)
        await client.sign_in()
        said = (await client.get(made.headers["location"])).json()
        assert (said["state"], said["dividend_method"]) == ("confirmed", "cash")
        assert await method() == ["cash"]
        refused = await client.post(f"{account}/orders", asked)
        assert (refused.status_code, refused.json()["code"]) == (422, "as_it_is")
        money = await client.post(f"{account}/orders", asked | {"fund": FUND})
        assert (money.status_code, money.json()["code"]) == (422, "no_choice")


async def test_the_order_in_which_funds_pay_is_read_and_changed(place: FundTown) -> None:
    await shelve_nav_fund(place)
    wang = await place.person("Wang", 60_000_00)
    async with at_v1(place, wang) as (client, account):
        first = {"place": 1, "fund": FUND, "units": "0.00", "pays": True}
        assert (await client.get(f"{account}/pocket")).json() == {"chosen": False, "funds": [first]}
        key = str(uuid4())
        made = await client.post(f"{account}/pocket", {"funds": []}, key)
        assert (made.status_code, made.json(), "location" in made.headers) == (200, {"chosen": True, "funds": []}, False)
        assert (await client.post(f"{account}/pocket", {"funds": []}, key)).headers["idempotent-replayed"] == "true"
        assert (await client.get(f"{account}/pocket")).json() == made.json()
        for funds, code in (([NAV_FUND], "not_a_money_fund"), (["999999"], "unknown_fund")):
            refused = await client.post(f"{account}/pocket", {"funds": funds})
            assert (refused.status_code, refused.json()["code"]) == (422, code)
        twice = await client.post(f"{account}/pocket", {"funds": [FUND, FUND]})
        assert (twice.status_code, twice.json()["errors"]) == (400, [{"pointer": "/funds", "code": "invalid_value"}])
        assert (await client.get(f"{account}/pocket")).json() == made.json(), "a no changes nothing"
        assert (await client.post(f"{account}/pocket", {"funds": [FUND]})).json() == {"chosen": True, "funds": [first]}
