"""Policies on a customer's pages: what one has and what it costs, paid, reinstated and cancelled, each once and as it was shown."""

from collections.abc import AsyncIterator, Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from apart import run_apart
from bill_town import MONDAY, Town, town
from insurance_desk import before_the_pages, keep
from policy_files import ACCIDENT_FILE, SCREEN_FILE, TERM_LIFE_FILE, sell_policies

from tapwealth.flows.insurance import insurers, policies, premium_days
from tapwealth.flows.insurance.policies import BuyPolicy
from tapwealth.insurance.policy import anniversary
from tapwealth.kernel.clock import shanghai

DAY = timedelta(days=1)
LENIENT = TERM_LIFE_FILE.replace("  loading: 25", "  loading: 25\n  arrears_interest: 5\n  cash_value: 20")


@pytest.fixture(scope="module")
def house(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A house that sells three policies."""
    folder = tmp_path_factory.mktemp("policies")
    run_apart(_furnish(database_url, folder))
    return folder


async def _furnish(database_url: str, folder: Path) -> None:
    async with town(database_url, folder) as place:
        await sell_policies(place.house, ACCIDENT_FILE, LENIENT, SCREEN_FILE)


@pytest.fixture
async def place(database_url: str, house: Path) -> AsyncIterator[Town]:
    async with town(database_url, house) as made:
        yield made


async def test_a_policy_is_shown_whole_and_given_back_for_what_was_shown_once(place: Town) -> None:
    async with before_the_pages(place, "Lin") as desk:
        assert "您还没有保单" in (await desk.get("/policies")).text
        policy = await desk.buy(BuyPolicy("TL20", ["terms"]), issued=False)
        here = f"/policies/{policy}"
        assert "等待保险公司承保" in keep(await desk.get(here), "quoted").text
        await place.work("insurer", policies.deliver)
        listed = keep(await desk.get("/policies"), "policies").text
        assert all(part in listed for part in ("已承保，待生效", "¥100,000.00", "2014-02-25 至 2034-02-24", "¥225.00 · 2015-02-25")), listed
        page = keep(await desk.get(here), "policy")
        parts = ("保单号 PL", "下期应缴日 2015-02-25", "2014-02-25 至 2015-02-24 ¥225.00 投保时已缴", "未指定（法定继承）", "以后各期 · 18")
        assert all(part in page.text for part in parts), page.text
        assert "犹豫期至 2014-03-11 （含当日）" in page.text
        english = keep(await desk.get(f"/en{here}"), "policy_en")
        assert "The free look lasts until 2014-03-11" in english.text

        asked = keep(await desk.send(f"{here}/cancel", page, "/cancel", do="ask"), "cancel")
        assert "今日退保可退还 ¥215.00" in asked.text
        other = await desk.send(f"{here}/cancel", asked, "/cancel", do="cancel", refund="22500")
        assert (other.status, "退还金额已变" in other.text) == (422, True)
        long = await desk.send(f"{here}/cancel", asked, "/cancel", do="cancel", refund="21500", reason="x" * 201)
        assert (long.status, "原因为空或超过 200 字" in long.text) == (422, True)
        done = await desk.send(f"{here}/cancel", asked, "/cancel", do="cancel", refund="21500", reason="太贵")
        assert (done.status, done.where, "已申请退保" in done.text) == (200, here, True)
        again = await desk.send(f"{here}/cancel", asked, "/cancel", do="cancel", refund="21500", reason="太贵")
        assert (again.status, again.where) == (200, here)
        assert len(place.insurer.cancelled_as_of) == 0
        await place.work("insurer", policies.deliver)
        assert len(place.insurer.cancelled_as_of) == 1
        assert "已结束 · 1" in (await desk.get("/policies")).text
    async with before_the_pages(place, "Stranger") as desk:
        assert (await desk.get(here)).status == 404
        refused = await desk.http.post(f"{here}/cancel", data={"proof": "x", "key": asked.key, "do": "cancel"})
        assert refused.status_code == 403


async def test_what_is_due_is_paid_as_shown_and_a_suspended_policy_comes_back(new_database: Callable[[], str], tmp_path: Path) -> None:
    async with town(new_database(), tmp_path) as place:
        await sell_policies(place.house, LENIENT)
        async with before_the_pages(place, "Payer", 300_00) as desk:
            here = f"/policies/{await desk.buy(BuyPolicy('TL20', ['terms']))}"
            due = anniversary(MONDAY + DAY, 1)
            assert "/pay" not in (await desk.get(here)).source
            await place.clock(shanghai(due - 3 * DAY, 10))
            page = keep(await desk.get(here), "due")
            refused = keep(await desk.send(f"{here}/pay", page, "/pay", amount="22500"), "poor")
            assert (refused.status, "应缴 225.00 元，可用 75.00 元；请先转入资金" in refused.text) == (422, True)
            await place.moved_in(desk.person, 1_000_00, due - 3 * DAY)
            wrong = await desk.send(f"{here}/pay", refused, "/pay", amount="22400")
            assert (wrong.status, "应缴 225.00 元；请重新核对并确认" in wrong.text) == (422, True)
            for form in (wrong, wrong):
                paid = await desk.send(f"{here}/pay", form, "/pay", amount="22500")
                assert (paid.status, paid.where) == (200, here)
            assert (await desk.wallet(), "已收，待保险公司入账" in paid.text) == (850_00, True)
            await place.work("insurer", policies.deliver)
            await _unpaid(place, anniversary(due, 1))
            page = keep(await desk.get(here), "suspended")
            assert "保障已中止" in page.text
            owed = page.hidden("amount", "/reinstate")
            back = await desk.send(f"{here}/reinstate", page, "/reinstate", amount=owed)
            assert (back.status, await desk.wallet()) == (200, 850_00 - int(owed))
            await place.work("insurer", policies.deliver)
            assert "保障中" in keep(await desk.get(here), "reinstated").text


async def _unpaid(place: Town, due: date) -> None:
    """The end of the last date of grace."""
    last = due + 60 * DAY
    await place.clock(shanghai(last, 24))
    await place.cut(last)
    for step in (insurers.begin_cover, premium_days.suspend_and_lapse):
        await step(place.house, last)
    await place.work("insurer", policies.deliver)
