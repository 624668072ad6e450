"""A campaign's subsidy: decided by two, paid in by its sponsor, granted on units day by day, and shown apart from the fund's income."""

from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from bill_town import MONDAY, Person
from fund_town import FUND, FundTown, accounts, operator, order, orders
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette

from tapwealth.bank import store as bank
from tapwealth.bank.entries import NUMBER_OF
from tapwealth.customers import store as customers
from tapwealth.flows import setup
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.bank_messages import RECOGNISERS
from tapwealth.flows.bank.payments import Outcome
from tapwealth.flows.bank.receipts import Pushed, receive
from tapwealth.flows.funds import campaigns
from tapwealth.flows.funds.campaigns import ProposeCampaign, SubsidyShown
from tapwealth.flows.reports.customers import customer_view, customer_views
from tapwealth.flows.setup import Approve, Proposed
from tapwealth.funds import campaign_store as store
from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.web.pages import pages

TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY = (MONDAY + timedelta(days=n) for n in range(1, 6))
OWN = NUMBER_OF[Kind.OWN_MONEY]
CAMPAIGN = ProposeCampaign(
    "SPRING14", FUND, "新春加息", "Spring bonus", "手机公司", "0200000011", TUESDAY, THURSDAY, 36_500, 10_00, 100_00,
)  # fmt: skip
"""36,500 millionths a year: a fen a day on each 100 yuan."""


async def decided(place: FundTown, **change: Any) -> Refusal | None:
    """What two operators come to about the campaign."""
    draft = ProposeCampaign(**{name: change.get(name, getattr(CAMPAIGN, name)) for name in CAMPAIGN.__struct_fields__})
    made = await setup.propose(place.house, operator(place, "pm.zhou"), draft)
    if isinstance(made, Refusal):
        return made
    approved = await setup.approve(place.house, operator(place, "ops.chen"), Approve(made.proposal))
    return approved if isinstance(approved, Refusal) else None


async def pays_in(place: FundTown, amount: int, text: str = "SPRING14 budget", name: str = "B-1") -> None:
    await receive(place.house, [Pushed(name, OWN, amount, business_date_of(place.biller.now), "手**", text)], RECOGNISERS)


async def holders(place: FundTown) -> tuple[Person, Person]:
    """Wang has 12,345.67 units and Li 54.00 from Tuesday on."""
    wang, li = await place.person("Wang", 10_000_000), await place.person("Li", 10_000_000)
    await place.buy(place.order(wang, 1_234_567), place.order(li, 5_400))
    return wang, li


async def pays(place: FundTown, day: date) -> dict[str, int]:
    """What the campaigns come to at the end of a date, and do not come to again; the bank has executed nothing of it yet."""
    await place.clock(shanghai(day + timedelta(days=1), 0, 20))
    figures = (await campaigns.pay(place.house, day)).figures
    assert (await campaigns.pay(place.house, day)).figures == {"granted": 0, "given_back": 0}
    await place.all_books_balance()
    return figures


async def ends(place: FundTown, day: date) -> dict[str, int]:
    """That, and then the fund's end of the date, the bank's executing and the registrar's morning."""
    figures = await pays(place, day)
    await place.next_day(day)
    return figures


async def proved(place: FundTown, day: date) -> list[str]:
    return (await campaigns.prove(place.house, day)).wrong


async def subsidies(place: FundTown, *people: Person) -> list[int]:
    """What people were granted, as they are shown it."""
    async with place.house.database.read() as tx:
        return [sum(one.granted for one in await campaigns.granted_to(tx, person.book, person.id)) for person in people]


async def wallets(place: FundTown, *people: Person) -> list[int]:
    return [(await place.owed(person.wallet))[0] for person in people]


async def test_holders_are_granted_their_units_part_of_each_day_and_have_it_when_the_bank_has_paid(place: FundTown) -> None:
    """1.23456… yuan a day on 12,345.67 units, and half a fen on 54.00: a fen comes every second day."""
    wang, li = await holders(place)
    assert await decided(place) is None
    await pays_in(place, 50_00)
    assert await place.total(Kind.CAMPAIGN_SUBSIDY) == 50_00
    assert (await ends(place, MONDAY))["granted"] == 0, "it has not begun"
    before = await wallets(place, wang, li)
    assert (await ends(place, TUESDAY))["granted"] == 0
    assert (await pays(place, WEDNESDAY))["granted"] == 1_23, "Tuesday's, whose date is closed by then"
    assert await wallets(place, wang, li) == before, "it is on its way"
    assert await proved(place, WEDNESDAY) == []
    await place.next_day(WEDNESDAY)
    assert await wallets(place, wang, li) == [before[0] + 1_23, before[1]]
    assert (await ends(place, THURSDAY))["granted"] == 1_23 + 1
    assert await proved(place, THURSDAY) == []
    assert await subsidies(place, wang, li) == [2_46, 1]
    assert await place.total(Kind.CAMPAIGN_SUBSIDY) == 50_00 - 2_47


async def test_what_is_left_goes_back_to_the_sponsor_when_it_is_over(place: FundTown) -> None:
    await holders(place)
    assert await decided(place, last_day=TUESDAY) is None
    await pays_in(place, 50_00)
    for day in (MONDAY, TUESDAY):
        await ends(place, day)
    assert await ends(place, WEDNESDAY) == {"granted": 1_23, "given_back": 0}
    assert await pays(place, THURSDAY) == {"granted": 0, "given_back": 50_00 - 1_23}
    async with place.house.database.read() as tx:
        (back,) = (await bank.by_end_to_end(tx, ["CMR-SPRING14-20140227"])).values()
    assert (back.from_account, back.to_account, back.amount) == (OWN, "0200000011", 50_00 - 1_23)
    assert await proved(place, THURSDAY) == []
    await place.next_day(THURSDAY)
    assert await place.total(Kind.CAMPAIGN_SUBSIDY) == 0
    assert await ends(place, FRIDAY) == {"granted": 0, "given_back": 0}
    assert await proved(place, FRIDAY) == []


async def test_nobody_has_more_than_the_holders_cap_and_all_together_no_more_than_the_campaigns(place: FundTown) -> None:
    wang, li = await holders(place)
    assert await decided(place, rate=1_000_000, holder_cap=40_00, total_cap=40_10, last_day=FRIDAY) is None
    await pays_in(place, 90_00)
    for day in (MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY):
        await ends(place, day)
        assert await proved(place, day) == []
    assert sum(await subsidies(place, wang, li)) == 40_10, "33.82 on Tuesday alone"
    assert (await subsidies(place, wang, li))[0] <= 40_00
    assert await place.breaks(SATURDAY) == []


async def test_a_budget_that_does_not_reach_is_shared_out_and_named_and_made_good_when_it_is_filled(place: FundTown) -> None:
    wang, li = await holders(place)
    assert await decided(place, rate=1_000_000, holder_cap=1_000_00, total_cap=1_000_00) is None
    await pays_in(place, 10_00)
    for day in (MONDAY, TUESDAY, WEDNESDAY):
        await ends(place, day)
    assert await subsidies(place, wang, li) == [9_96, 4], "33.82 and 0.14 were due"
    assert await place.breaks(WEDNESDAY) == [("campaign", "campaign_short", True)]
    assert await proved(place, WEDNESDAY) == []
    await pays_in(place, 900_00, name="B-2")
    await ends(place, THURSDAY)
    assert (await subsidies(place, wang, li))[1] == 29, "54 yuan for two days"
    assert await proved(place, THURSDAY) == []


async def test_holders_of_another_distributor_take_no_part(place: FundTown) -> None:
    assert await place.hand_in(accounts([2])) is None
    await place.receipt(100_000_00)
    assert await place.hand_in(orders([order(2, 100_000_00)])) is None
    assert await decided(place) is None
    await pays_in(place, 50_00)
    for day in (MONDAY, TUESDAY):
        await ends(place, day)
    assert await place.total_units(Kind.HOLDING) > 100_000_00
    assert (await pays(place, WEDNESDAY))["granted"] == 0


async def test_what_the_bank_rejects_is_instructed_again(place: FundTown) -> None:
    wang, _ = await holders(place)
    assert await decided(place) is None
    await pays_in(place, 50_00)
    for day in (MONDAY, TUESDAY):
        await ends(place, day)
    await pays(place, WEDNESDAY)
    before = await wallets(place, wang)
    await payments.hear(place.house, [Outcome("CMP-SPRING14-20140225", False, WEDNESDAY, "AM04")])
    assert await place.total(Kind.CAMPAIGN_SUBSIDY) == 50_00
    assert await proved(place, WEDNESDAY) == []
    await payments.instruct_again(place.house, WEDNESDAY)
    await place.bank_executes(THURSDAY)
    assert await wallets(place, wang) == [before[0] + 1_23]
    assert await proved(place, THURSDAY) == []


async def test_the_subsidy_is_shown_apart_from_what_the_fund_earned(place: FundTown) -> None:
    wang, _ = await holders(place)
    assert await decided(place) is None
    await pays_in(place, 50_00)
    for day in (MONDAY, TUESDAY, WEDNESDAY):
        await ends(place, day)
    async with place.house.database.read() as tx:
        row = (await customers.persons(tx, [(wang.book, wang.id)]))[wang.id]
        view = await customer_view(place.house, tx, row, 1)
        (number,) = [one.person for one in await customer_views(place.house, tx) if one.subsidies]
        (shown,) = await campaigns.shown(place.house, tx)
    assert view.subsidies == [SubsidyShown("SPRING14", "新春加息", "Spring bonus", FUND, "手机公司", THURSDAY, 1_23)]
    assert view.cumulative_income == sum(point.amount for point in view.income_curve), "the fund's alone"
    assert view.holding == 1_234_567 + view.cumulative_income
    said = [(line.account, line.text_zh, line.amount) for line in view.statement if line.amount == 1_23]
    assert said == [("wallet", "活动补贴（非基金收益）", 1_23)]
    assert (shown.paid_in, shown.granted, shown.left) == (50_00, 1_23, 48_77)
    async with AsyncClient(transport=ASGITransport(Starlette(routes=pages(place.house))), base_url="http://tapwealth") as browser:
        page, in_english = [unescape((await browser.get(f"{path}?customer={number}")).text) for path in ("/", "/en")]
    assert "由手机公司出资，不是基金收益" in page
    assert "手机公司's money, no income of the fund" in in_english


async def test_money_of_no_campaign_is_none_of_a_campaigns(place: FundTown) -> None:
    assert await decided(place) is None
    await pays_in(place, 1_00, text="SPRING15 budget")
    await receive(place.house, [Pushed("B-2", "0100000001", 1_00, MONDAY, "手**", "SPRING14 budget")], RECOGNISERS)
    assert await place.total(Kind.CAMPAIGN_SUBSIDY) == 0


# ---- four eyes, and what cannot be


async def test_the_one_who_proposes_a_campaign_does_not_approve_it(place: FundTown) -> None:
    made = await setup.propose(place.house, operator(place, "pm.zhou"), CAMPAIGN)
    assert isinstance(made, Proposed)
    own = await setup.approve(place.house, operator(place, "pm.zhou"), Approve(made.proposal))
    assert isinstance(own, Refusal)
    async with place.house.database.read() as tx:
        assert await campaigns.shown(place.house, tx) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [({"fund": "000999"}, "UNKNOWN_FUND"), ({"first_day": MONDAY}, "HAS_BEGUN")],
)
async def test_what_cannot_be_a_campaign_is_refused(place: FundTown, change: dict[str, Any], code: str) -> None:
    refused = await decided(place, **change)
    assert refused is not None
    assert refused.code.name == code


async def test_a_code_names_one_campaign_and_a_window_that_has_passed_is_approved_no_more(place: FundTown) -> None:
    late = await setup.propose(place.house, operator(place, "pm.zhou"), CAMPAIGN)
    assert isinstance(late, Proposed)
    assert await decided(place) is None
    again = await decided(place)
    assert again is not None
    assert again.code.name == "CAMPAIGN_EXISTS"
    approved = await setup.approve(place.house, operator(place, "ops.chen"), Approve(late.proposal))
    assert isinstance(approved, Refusal)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"code": "ab"}, "code"), ({"name_en": " "}, "name_en"), ({"sponsor_account": "7"}, "sponsor_account"),
        ({"last_day": MONDAY}, "last_day"), ({"last_day": date(2016, 1, 1)}, "last_day"), ({"rate": 0}, "rate"),
        ({"rate": 1_000_001}, "rate"), ({"holder_cap": 0}, "holder_cap"), ({"total_cap": 9_99}, "total_cap"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_as_a_campaign_is_bad_input(change: dict[str, Any], where: str) -> None:
    fields = {name: change.get(name, getattr(CAMPAIGN, name)) for name in CAMPAIGN.__struct_fields__}
    with pytest.raises(BadInput) as error:
        campaigns.check(ProposeCampaign(**fields))
    assert where in error.value.where


# ---- the proof finds what was altered


ALTERED = {
    "update campaign_grant set amount = amount - 1, granted = granted - 1 where amount > 1": "does not follow from its units",
    "delete from campaign_grant where amount = 0": "does not follow from its units",
    "update campaign_day set granted = granted - 1 where granted > 0": "are not the 1.22 yuan that were paid",
    "update campaign set total_cap = 100, holder_cap = 100": "has granted more than its 1.00 yuan",
    "update bank_receipt set amount = amount + 1 where destination like 'campaign:%'": "50.01 yuan were paid in and 1.23 paid out",
    "update payment_instruction set amount = amount + 1 where purpose = 'campaign_subsidy'": "1.24 paid out",
}


async def test_each_thing_that_is_altered_is_named_by_the_proof(place: FundTown) -> None:
    """As the owner of the database, whom nothing is withheld from."""
    await holders(place)
    assert await decided(place) is None
    await pays_in(place, 50_00)
    for day in (MONDAY, TUESDAY, WEDNESDAY):
        await ends(place, day)
    async with place.house.database.transaction() as tx:
        for statement, words in ALTERED.items():
            altered = tx.transaction()
            await altered.start()
            await tx.execute("set local role none")
            await tx.execute(statement)
            wrong = await campaigns.unproved(place.house, tx, WEDNESDAY, await store.campaigns(tx))
            await altered.rollback()
            assert any(words in line for line in wrong), (statement, wrong)
        assert await campaigns.unproved(place.house, tx, WEDNESDAY, await store.campaigns(tx)) == []
