"""Periodic plans: each week or month a fund is bought on its day, by nobody's hand, once, and as any purchase would be."""

import asyncio
import doctest
from datetime import date, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, Person
from fund_files import decide
from fund_town import DAY_CAP, FUND, OWN, FundTown, operator, set_in
from httpx import ASGITransport, AsyncClient
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from nav_town import CONDITIONS, NAV_FUND, holding_of, lots_of, quote, shelve_nav_fund
from starlette.applications import Starlette

from tapwealth.flows.funds import plans, redemption
from tapwealth.flows.funds.plans import AgreePlan, EndPlan, PausePlan, PlanView, ResumePlan
from tapwealth.flows.funds.redemption import CancelOrder
from tapwealth.funds import plan as rules
from tapwealth.funds.conditions import Conditions
from tapwealth.funds.plan import MOST_PLANS, Every, PeriodicPlan, PlanState, Rhythm
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.web.pages import pages
from tapwealth.wire.ofd import read_data_file

TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (MONDAY + timedelta(days=n) for n in range(1, 5))
WEEK = timedelta(days=7)


async def agree(place: FundTown, person: Person, at: datetime | None = None, **change: Any) -> PlanView | Refusal:
    """By default every Tuesday for 500.00 of the money fund."""
    terms = {"fund": FUND, "amount": 500_00, "every": Every.WEEK, "day": 2, **change}
    return await plans.agree(place.house, place.envelope(person, at), AgreePlan(**terms))


async def made(place: FundTown, person: Person, at: datetime | None = None, **change: Any) -> PlanView:
    answer = await agree(place, person, at, **change)
    assert isinstance(answer, PlanView), answer
    return answer


async def at(place: FundTown, day: date, hour: int, minute: int = 0) -> list[str]:
    """The worker's look at that time."""
    await place.clock(shanghai(day, hour, minute))
    return await plans.run_due(place.house)


async def seen(place: FundTown, person: Person) -> PlanView:
    async with place.house.database.read() as tx:
        return (await plans.held(place.house, tx, person.book, person.id))[-1]


# ---- a period


async def test_a_plan_buys_on_its_day_and_the_customer_sees_it(place: FundTown) -> None:
    wang = await place.person("Wang", 1_250_00)
    plan = await made(place, wang)
    assert (plan.state, plan.state_zh, plan.next_on, plan.deals_on) == ("active", "进行中", TUESDAY, TUESDAY)
    assert await at(place, MONDAY, 14) == []
    assert await at(place, TUESDAY, 8, 59) == [], "its time has not come"
    assert await at(place, TUESDAY, 9) == ["placed"]
    assert await place.owed(wang.wallet) == [750_00]
    (order,) = await place.orders_of(wang)
    assert (order.business_code, order.amount, order.dealing_date, order.state) == ("022", 500_00, TUESDAY, "placed")
    now = await seen(place, wang)
    assert (now.next_on, now.failures) == (TUESDAY + WEEK, 0)
    (run,) = now.runs
    assert (run.period, run.day, run.state, run.state_zh, run.order) == (TUESDAY, TUESDAY, "placed", "已买入", f"ord_{order.id.hex}")
    assert (await place.told(wang), await place.must_know(wang)) == (["定投已买入 000198 500.00 元。"], [])
    assert await at(place, TUESDAY, 14) == []
    await place.next_day(MONDAY)
    await place.next_day(TUESDAY)
    assert await place.units(wang) == [500_00]
    assert await at(place, TUESDAY + WEEK, 9) == ["placed"]


async def test_a_period_is_bought_once_however_often_and_by_whomever_it_is_run(place: FundTown) -> None:
    wang = await place.person("Wang", 1_250_00)
    await made(place, wang)
    await place.clock(shanghai(TUESDAY, 9))
    done = await asyncio.gather(*(plans.run_due(place.house) for _ in range(4)))
    assert [one for of in done for one in of] == ["placed"]
    assert len(await place.orders_of(wang)) == 1


async def test_all_that_is_due_is_bought_however_many_at_once(place: FundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "_AT_ONCE", 2)
    wang = await place.person("Wang", 1_250_00)
    for _ in range(5):
        await made(place, wang, amount=100_00)
    assert await at(place, TUESDAY, 9) == ["placed"] * 5
    assert await place.owed(wang.wallet) == [750_00]


async def test_each_periods_key_is_that_of_plan_and_period(place: FundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted defect: what came of the period is forgotten, as if two workers did not see each other. The key still holds."""
    wang = await place.person("Wang", 10_000_00)
    await made(place, wang)

    async def forgotten(*_args: Any) -> None:
        return None

    monkeypatch.setattr(plans.plan_store, "keep_runs", forgotten)
    monkeypatch.setattr(plans.plan_store, "keep", forgotten)
    assert await at(place, TUESDAY, 9) == ["placed"]
    assert await at(place, TUESDAY, 9, 1) == ["placed"], "it is decided anew and answered as before"
    assert len(await place.orders_of(wang)) == 1


async def test_a_run_that_is_cut_off_leaves_nothing_and_the_next_one_buys_once(place: FundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    wang = await place.person("Wang", 1_250_00)
    await made(place, wang)

    async def dies(*_args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(plans.notices, "tell", dies)
        with pytest.raises(KeyboardInterrupt):
            await at(place, TUESDAY, 9)
    assert (await place.orders_of(wang), await place.owed(wang.wallet), (await seen(place, wang)).runs) == ([], [1_250_00], [])
    assert await at(place, TUESDAY, 9, 1) == ["placed"]
    assert (len(await place.orders_of(wang)), await place.owed(wang.wallet)) == (1, [750_00])


async def test_where_funds_do_not_deal_the_next_dealing_day_buys(place: FundTown) -> None:
    """The fifth of April 2014 is a Saturday, and the seventh a holiday."""
    wang = await place.person("Wang", 1_250_00)
    plan = await made(place, wang, every=Every.MONTH, day=5)
    assert (plan.next_on, plan.deals_on) == (date(2014, 3, 5), date(2014, 3, 5))
    assert await at(place, date(2014, 3, 5), 9) == ["placed"]
    assert (await seen(place, wang)).deals_on == date(2014, 4, 8)
    for day in (5, 6, 7):
        assert await at(place, date(2014, 4, day), 14) == []
    assert await at(place, date(2014, 4, 8), 9) == ["placed"]
    assert [(one.period, one.day) for one in (await seen(place, wang)).runs] == [
        (date(2014, 4, 5), date(2014, 4, 8)),
        (date(2014, 3, 5), date(2014, 3, 5)),
    ]


async def test_periods_that_come_together_after_a_holiday_are_bought_once(place: FundTown) -> None:
    """National Day 2014 is the 1st to the 7th of October: two Wednesdays fall to the 8th."""
    wang = await place.person("Wang", 5_000_00)
    await place.clock(shanghai(date(2014, 9, 26), 9))
    plan = await made(place, wang, shanghai(date(2014, 9, 26), 9), day=3)
    assert (plan.next_on, plan.deals_on) == (date(2014, 10, 1), date(2014, 10, 8))
    assert await at(place, date(2014, 10, 8), 9) == ["placed"]
    assert [(one.period.day, one.state) for one in (await seen(place, wang)).runs] == [(8, "placed"), (1, "passed")]
    assert await place.owed(wang.wallet) == [4_500_00]


async def test_a_platform_that_was_away_buys_on_the_next_dealing_day_and_that_is_no_failure(place: FundTown) -> None:
    wang = await place.person("Wang", 1_250_00)
    await made(place, wang)
    assert await at(place, TUESDAY, 15) == [], "the cut-off is over"
    assert await at(place, WEDNESDAY, 9) == ["placed"]
    now = await seen(place, wang)
    assert ([(one.period, one.day) for one in now.runs], now.failures, now.next_on) == ([(TUESDAY, WEDNESDAY)], 0, TUESDAY + WEEK)


async def test_the_phone_shows_a_plan_in_both_languages_until_it_is_ended(place: FundTown) -> None:
    wang = await place.person("Wang", 499_99)
    plan = await made(place, wang)
    other = await made(place, wang, every=Every.MONTH, day=31)
    await at(place, TUESDAY, 9)
    for language, words in (
        (
            "/",
            (
                "天弘余额宝货币</b><small>每周二 ¥500.00",
                "每月31日",
                "下次买入 02-25",
                "下次买入 02-28",
                "02-25 暂未买入，将再试一次",
                "进行中",
            ),
        ),
        ("/en", ("Tianhong Yu'E Bao</b><small>every Tuesday ¥500.00", "every month on day 31", "buys next on 02-25", "not bought yet")),
    ):
        page = await phone(place, language)
        assert [one for one in words if one not in page] == []
    for one in (plan, other):
        await plans.end(place.house, place.envelope(wang), EndPlan(UUID(one.plan)))
    assert "定投</h3>" not in await phone(place, "/"), "its inbox goes on telling of it"


async def phone(place: FundTown, path: str) -> str:
    async with AsyncClient(transport=ASGITransport(Starlette(routes=pages(place.house))), base_url="http://tapwealth") as browser:
        return unescape((await browser.get(f"{path}?customer=1")).text)


# ---- what cannot be bought


async def test_what_cannot_be_bought_is_tried_once_more_in_the_last_hour(place: FundTown) -> None:
    wang = await place.person("Wang", 499_99)
    await made(place, wang)
    assert await at(place, TUESDAY, 9) == ["waiting"]
    assert "截止前一小时再试一次" in (await place.told(wang))[0]
    assert await place.must_know(wang) == []
    assert await at(place, TUESDAY, 13, 59) == []
    await place.moved_in(wang, 1)
    assert await at(place, TUESDAY, 14) == ["placed"]
    assert await place.owed(wang.wallet) == [0]
    (run,) = (await seen(place, wang)).runs
    assert (run.state, run.reason) == ("placed", "")


async def test_a_period_that_waits_when_the_platform_goes_away_is_tried_on_the_next_dealing_day(place: FundTown) -> None:
    wang = await place.person("Wang", 499_99)
    await made(place, wang)
    assert await at(place, TUESDAY, 9) == ["waiting"]
    assert await at(place, WEDNESDAY, 9) == ["failed"], "for the last time"
    assert (await seen(place, wang)).next_on == TUESDAY + WEEK


async def test_three_periods_in_a_row_stop_the_plan_and_its_customer_may_resume_it(place: FundTown) -> None:
    wang = await place.person("Wang", 0)
    plan = await made(place, wang)
    for week in range(3):
        assert (await seen(place, wang)).failures == week
        assert await at(place, TUESDAY + week * WEEK, 9) == ["waiting"]
        assert await at(place, TUESDAY + week * WEEK, 14) == ["failed"]
    now = await seen(place, wang)
    assert (now.state, now.next_on, now.deals_on, [one.state for one in now.runs]) == ("stopped", None, None, ["failed"] * 3)
    assert "move money in first" in now.runs[0].reason
    assert (await place.must_know(wang))[0] == "定投 000198 连续 3 期未能买入，已停止，资金未动用。您可以随时恢复。"
    assert await at(place, TUESDAY + 3 * WEEK, 14) == []
    at_once = shanghai(TUESDAY + 3 * WEEK, 14, 30)
    await place.clock(at_once)
    resumed = await plans.resume(place.house, place.envelope(wang, at_once), ResumePlan(UUID(plan.plan)))
    assert isinstance(resumed, PlanView)
    assert (resumed.state, resumed.failures, resumed.next_on) == ("active", 0, TUESDAY + 4 * WEEK)


async def test_a_period_that_is_bought_ends_the_row_of_failures(place: FundTown) -> None:
    wang = await place.person("Wang", 0)
    await made(place, wang)
    for week in range(2):
        assert await at(place, TUESDAY + week * WEEK, 14) == ["failed"], "in the last hour, at once"
    await place.moved_in(wang, 500_00)
    assert await at(place, TUESDAY + 2 * WEEK, 9) == ["placed"]
    assert await at(place, TUESDAY + 3 * WEEK, 14) == ["failed"]
    now = await seen(place, wang)
    assert (now.state, now.failures) == ("active", 1)


async def test_the_caps_are_those_of_any_purchase_and_each_counts_the_other(place: FundTown) -> None:
    await conditions(place, registrar_plans=True)
    wang = await place.person("Wang", 50_000_00)
    await made(place, wang)
    assert not isinstance(await place.buy_one(wang, DAY_CAP - 499_99, shanghai(TUESDAY, 8)), Refusal)
    assert await at(place, TUESDAY, 14) == ["failed"]
    assert "at most 20,000.00 is possible" in (await seen(place, wang)).runs[0].reason
    assert await at(place, TUESDAY + WEEK, 9) == ["placed"]
    refused = await place.buy_one(wang, DAY_CAP - 499_99, shanghai(TUESDAY + WEEK, 10))
    assert isinstance(refused, Refusal)
    assert refused.code.name == "ABOVE_DAY_CAP"


# ---- the customer's word


async def test_a_paused_plan_buys_nothing_and_goes_on_after_the_day_it_is_resumed(place: FundTown) -> None:
    wang = await place.person("Wang", 5_000_00)
    plan = await made(place, wang)
    paused = await plans.pause(place.house, place.envelope(wang), PausePlan(UUID(plan.plan)))
    assert isinstance(paused, PlanView)
    assert (paused.state, paused.next_on) == ("paused", None)
    assert await at(place, TUESDAY, 9) == []
    early = shanghai(TUESDAY, 9, 30)
    resumed = await plans.resume(place.house, place.envelope(wang, early), ResumePlan(UUID(plan.plan)))
    assert isinstance(resumed, PlanView)
    assert resumed.next_on == TUESDAY + WEEK
    assert await at(place, TUESDAY, 14) == []
    assert await at(place, TUESDAY + WEEK, 9) == ["placed"]


async def test_what_waits_when_a_plan_is_paused_or_ended_comes_to_nothing(place: FundTown) -> None:
    wang = await place.person("Wang", 0)
    plan = await made(place, wang)
    assert await at(place, TUESDAY, 9) == ["waiting"]
    paused = await plans.pause(place.house, place.envelope(wang, shanghai(TUESDAY, 10)), PausePlan(UUID(plan.plan)))
    assert isinstance(paused, PlanView)
    assert [(one.state, one.reason) for one in paused.runs] == [("failed", "it was paused before it was bought")]
    assert paused.failures == 0
    assert await at(place, TUESDAY, 14) == []


async def test_an_ended_plan_is_over_for_good(place: FundTown) -> None:
    wang = await place.person("Wang", 5_000_00)
    plan = await made(place, wang)
    ended = await plans.end(place.house, place.envelope(wang), EndPlan(UUID(plan.plan)))
    assert isinstance(ended, PlanView)
    assert (ended.state, ended.state_zh) == ("ended", "已终止")
    assert await at(place, TUESDAY, 9) == []
    for flow, command in ((plans.end, EndPlan), (plans.resume, ResumePlan), (plans.pause, PausePlan)):
        again = await flow(place.house, place.envelope(wang), command(UUID(plan.plan)))
        assert isinstance(again, Refusal)
        assert again.code.name == "UNKNOWN_PLAN"


async def test_a_plan_is_its_customers_alone_and_in_the_right_state(place: FundTown) -> None:
    wang, li = await place.person("Wang", 1_250_00), await place.person("Li", 0, identity="110105195203079877")
    plan = await made(place, wang)
    foreign = await plans.end(place.house, place.envelope(li), EndPlan(UUID(plan.plan)))
    resumed = await plans.resume(place.house, place.envelope(wang), ResumePlan(UUID(plan.plan)))
    assert isinstance(foreign, Refusal)
    assert isinstance(resumed, Refusal)
    assert (foreign.code.name, resumed.code.name) == ("UNKNOWN_PLAN", "IN_FORCE")
    await plans.pause(place.house, place.envelope(wang), PausePlan(UUID(plan.plan)))
    again = await plans.pause(place.house, place.envelope(wang), PausePlan(UUID(plan.plan)))
    assert isinstance(again, Refusal)
    assert (again.code.name, (await seen(place, wang)).state) == ("NOT_IN_FORCE", "paused")


async def test_what_a_purchase_would_be_refused_for_is_no_plan(place: FundTown) -> None:
    wang = await place.person("Wang", 0)
    refused = [await agree(place, wang, **change) for change in ({"fund": "000999"}, {"amount": 99}, {"amount": DAY_CAP + 1})]
    codes = [one.code.name for one in refused if isinstance(one, Refusal)]
    assert codes == ["UNKNOWN_FUND", "BELOW_MINIMUM", "ABOVE_DAY_CAP"]


async def test_only_who_may_buy_agrees_and_not_without_end(place: FundTown) -> None:
    refused = await agree(place, await place.person("Poor", 0, level=2))
    assert isinstance(refused, Refusal)
    assert refused.code.name == "NOT_VERIFIED"
    wang = await place.person("Wang", 0, identity="110105195203079877")
    for _ in range(MOST_PLANS):
        await made(place, wang)
    refused = await agree(place, wang)
    assert isinstance(refused, Refusal)
    assert refused.code.name == "TOO_MANY_PLANS"
    await plans.end(place.house, place.envelope(wang), EndPlan(UUID((await seen(place, wang)).plan)))
    await made(place, wang)


async def test_a_day_that_no_week_or_month_has_is_bad_input(place: FundTown) -> None:
    wang = await place.person("Wang", 0)
    for every, day in ((Every.WEEK, 0), (Every.WEEK, 8), (Every.MONTH, 0), (Every.MONTH, 32)):
        with pytest.raises(BadInput, match=f"day: a {every} has no day {day}"):
            await agree(place, wang, every=every, day=day)


# ---- where the registrar keeps plans


async def conditions(place: FundTown, **change: Any) -> None:
    """Of the money fund."""
    assert await decide(place.house, lambda login: operator(place, login), FUND, Conditions(**change)) is None


def orders_sent(place: FundTown, day: date) -> list[dict[str, Any]]:
    """The records of our 03."""
    name = f"OFD_{OWN}_H0_{day:%Y%m%d}_03.TXT"
    return [dict(record) for record in read_data_file(place.registrar.sent(day, "03"), name)[1]]


async def test_where_the_registrar_keeps_plans_they_go_out_under_their_number_and_come_back_as_units(place: FundTown) -> None:
    await conditions(place, registrar_plans=True)
    wang = await place.person("Wang", 1_250_00)
    await made(place, wang)
    await place.buy_one(wang, 100_00, shanghai(TUESDAY, 8))
    assert await at(place, TUESDAY, 9) == ["placed"]
    await place.end(MONDAY)
    await place.end(TUESDAY)
    sent = {one["BusinessCode"]: one for one in orders_sent(place, TUESDAY)}
    assert (sent["022"]["RationProtocolNo"], sent["039"]["ApplicationAmount"]) == ("", 500_00)
    assert len(sent["039"]["RationProtocolNo"]) == 20
    assert (await place.total(Kind.FUND_PURCHASE_IN_TRANSIT), await place.total(Kind.FUND_PURCHASE_COLLECTED)) == (0, 600_00)
    await place.morning(WEDNESDAY)
    assert sorted(one["BusinessCode"] for one in place.registrar.values(WEDNESDAY, "04")) == ["122", "139"]
    assert await place.said(WEDNESDAY) == []
    assert await place.units(wang) == [600_00]
    assert sorted((one.business_code, one.state) for one in await place.orders_of(wang)) == [("022", "confirmed"), ("039", "confirmed")]
    assert await place.total_units(Kind.HOLDING) == 600_00
    assert await place.total(Kind.FUND_PURCHASE_COLLECTED) == 0
    await place.all_books_balance()


async def refused_by_the_registrar(place: FundTown, tuesday: date) -> None:
    """The period of that Tuesday is bought, goes out, and comes back refused."""
    await place.clock(shanghai(tuesday, 9))
    assert await plans.run_due(place.house) == ["placed"]
    for gone in range((tuesday - MONDAY).days + 1):
        await place.end(MONDAY + timedelta(days=gone))
    after = tuesday + timedelta(days=1)
    await place.registrar_works(after)
    place.registrar.rewrite(after, "04", set_in(0, ReturnCode="9010", ConfirmedVol=0, ConfirmedAmount=0, ErrorDetail="no plan"))
    await place.take()
    await place.bank_executes(after)


@pytest.mark.parametrize("registrar_plans", [True, False])
async def test_what_the_registrar_refuses_was_not_bought_and_the_money_is_back(place: FundTown, registrar_plans: bool) -> None:
    if registrar_plans:
        await conditions(place, registrar_plans=True)
    wang = await place.person("Wang", 1_250_00)
    await made(place, wang)
    await refused_by_the_registrar(place, TUESDAY)
    assert (await place.owed(wang.wallet), await place.units(wang)) == ([1_250_00], [0])
    assert (await place.orders_of(wang))[0].state == "refused"
    now = await seen(place, wang)
    assert (now.state, now.failures, now.next_on) == ("active", 1, TUESDAY + WEEK)
    assert [(one.state, one.reason) for one in now.runs] == [("failed", "the registrar did not take it (9010); the money is back")]
    assert (await place.told(wang))[0] == "登记机构未受理定投买入 000198 500.00 元（9010），款项退回您的钱包。"
    await place.all_books_balance()


async def test_a_refused_period_counts_with_those_that_could_not_be_bought(place: FundTown) -> None:
    wang = await place.person("Wang", 0)
    await made(place, wang)
    for week in range(2):
        assert await at(place, TUESDAY + week * WEEK, 14) == ["failed"]
    await place.moved_in(wang, 500_00)
    await refused_by_the_registrar(place, TUESDAY + 2 * WEEK)
    now = await seen(place, wang)
    assert (now.state, now.failures, [one.state for one in now.runs]) == ("stopped", 3, ["failed"] * 3)
    assert (await place.told(wang))[0] == (
        "登记机构未受理定投买入 000198 500.00 元（9010），款项退回您的钱包。连续 3 期未能买入，定投已停止，您可以随时恢复。"
    )


async def test_a_single_purchase_that_the_registrar_refuses_is_told(place: FundTown) -> None:
    wang = await place.person("Wang", 500_00)
    await place.buy_one(wang, 500_00, shanghai(MONDAY, 10))
    await place.end(MONDAY)
    await place.registrar_works(TUESDAY)
    place.registrar.rewrite(TUESDAY, "04", set_in(0, ReturnCode="9010", ConfirmedVol=0, ConfirmedAmount=0, ErrorDetail="no"))
    await place.take()
    assert await place.must_know(wang) == ["登记机构未受理申购 000198 500.00 元（9010），款项退回您的钱包。"]
    await place.take()
    assert len(await place.told(wang)) == 1


async def test_the_registrar_takes_no_plan_without_its_number(place: FundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tapwealth.flows.funds.exchange_out.plan_number", lambda _plan: "")
    await conditions(place, registrar_plans=True)
    wang = await place.person("Wang", 1_250_00)
    await made(place, wang)
    await at(place, TUESDAY, 9)
    await place.end(MONDAY)
    await place.next_day(TUESDAY)
    assert [one["ReturnCode"] for one in place.registrar.values(WEDNESDAY, "04")] == ["9010"]


async def test_a_fund_with_a_price_of_its_own_is_bought_by_plan_at_the_price_of_its_day(place: FundTown) -> None:
    await shelve_nav_fund(place, structs.replace(CONDITIONS, registrar_plans=True))
    wang = await place.person("Wang", 1_250_00)
    await made(place, wang, fund=NAV_FUND, amount=1_000_00)
    await at(place, TUESDAY, 9)
    await place.end(MONDAY)
    quote(place, MONDAY, 1_0000)
    quote(place, TUESDAY, 1_2500)
    await place.next_day(TUESDAY)
    assert await place.said(WEDNESDAY) == []
    (order,) = await place.orders_of(wang)
    assert (order.business_code, order.state, order.nav, order.charge) == ("039", "confirmed", 1_2500, 1_50)
    assert await holding_of(place, wang) == order.confirmed_units == 798_80
    assert await lots_of(place, wang) == [(WEDNESDAY, 798_80)]


async def test_an_order_of_a_plan_can_be_taken_back_before_its_cut_off(place: FundTown) -> None:
    await conditions(place, registrar_plans=True)
    wang = await place.person("Wang", 1_250_00)
    await made(place, wang)
    await at(place, TUESDAY, 9)
    (order,) = await place.orders_of(wang)
    await place.clock(shanghai(TUESDAY, 14))
    done = await redemption.cancel(place.house, place.envelope(wang, shanghai(TUESDAY, 14)), CancelOrder(order.id))
    assert not isinstance(done, Refusal)
    assert await place.owed(wang.wallet) == [1_250_00]
    assert await at(place, TUESDAY, 14, 30) == [], "the period had its purchase"


# ---- the rule alone


DATES = st.dates(date(2000, 1, 1), date(2099, 12, 31))
RHYTHMS = st.one_of(st.builds(Rhythm, st.just(Every.WEEK), st.integers(1, 7)), st.builds(Rhythm, st.just(Every.MONTH), st.integers(1, 31)))


def is_planned(rhythm: Rhythm, day: date) -> bool:
    """Said day by day, as a calendar on the wall would."""
    if rhythm.every is Every.WEEK:
        return day.isoweekday() == rhythm.day
    last_of_month = (day + timedelta(days=1)).day == 1
    return day.day == rhythm.day or (last_of_month and rhythm.day > day.day)


@given(RHYTHMS, DATES)
def test_the_next_planned_day_is_the_first_that_the_calendar_on_the_wall_has(rhythm: Rhythm, day: date) -> None:
    wanted = next(later for n in range(1, 32) if is_planned(rhythm, later := day + timedelta(days=n)))
    assert rhythm.after(day) == wanted


@given(st.integers(1, 31), st.integers(2000, 2099))
def test_every_month_of_a_year_has_one_planned_day(day: int, year: int) -> None:
    planned, found = date(year - 1, 12, 31), []
    while (planned := Rhythm(Every.MONTH, day).after(planned)).year == year:
        found.append(planned.month)
    assert found == list(range(1, 13))


def test_the_keys_of_a_plan_do_not_hang_on_the_number_of_books() -> None:
    at, day = shanghai(MONDAY), MONDAY
    one, other = (
        PeriodicPlan(book, named(at, book, "plan"), UUID(int=1), FUND, 1, Every.WEEK, 1, PlanState.ACTIVE, day, 0, at) for book in (1, 2)
    )
    assert one.id != other.id
    assert one.key(day, again=False) == other.key(day, again=False)
    assert len({one.key(on, again=again) for on in (day, day + WEEK) for again in (True, False)}) == 4


def test_the_doctest() -> None:
    assert doctest.testmod(rules).failed == 0
