"""Policies on a customer's pages: bought, paid, reinstated and cancelled, each once and as it was shown."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from apart import run_apart
from bill_town import MONDAY, Town, town
from four_eyes import operator
from identities import identity_of
from insurance_desk import Desk, Seen, before_the_pages, keep
from policy_files import ACCIDENT_FILE, QUESTIONS, SCREEN_FILE, TERM_LIFE_FILE, sell_policies

from tapwealth.flows.insurance import claim_notification, insurers, policies, premium_days
from tapwealth.flows.insurance.policies import BuyPolicy
from tapwealth.insurance import application_store, insured_store, premium_store, store
from tapwealth.insurance.application_store import ApplicationState
from tapwealth.insurance.policy import anniversary
from tapwealth.insurance.premium_store import Mandate
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import Outage
from tapwealth.web.visit import Visit

DAY = timedelta(days=1)
LENIENT = TERM_LIFE_FILE.replace("  loading: 25", "  loading: 25\n  arrears_interest: 5\n  cash_value: 20")
SMALL = TERM_LIFE_FILE.replace("product: TL20", "product: TLM").replace(
    "100000.00\n  loading: 25", "40000.00\n  loading: 25\n  every: month"
)
ASKING = TERM_LIFE_FILE.replace("product: TL20", "product: TLASK").replace("channels:", f"{QUESTIONS}channels:")


@pytest.fixture(scope="module")
def house(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A house that sells five policies."""
    folder = tmp_path_factory.mktemp("policies")
    run_apart(_furnish(database_url, folder))
    return folder


async def _furnish(database_url: str, folder: Path) -> None:
    async with town(database_url, folder) as place:
        await sell_policies(place.house, ACCIDENT_FILE, LENIENT, SCREEN_FILE, ASKING, SMALL)


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
        assert ("犹豫期至 2014-03-11 （含当日）" in page.text, "保险公司 太平洋保险" in page.text) == (True, True), page.text
        english = keep(await desk.get(f"/en{here}"), "policy_en")
        assert "The free look lasts until 2014-03-11" in english.text
        for said, name in (
            (page, "太平洋保险"),
            (english, "Pacific Insurance"),
            (await desk.get("/en/policies/new/ACC1"), "Pacific Insurance"),
        ):
            assert (name in said.text, "TPINS" in said.text) == (True, False), said.text

        asked = keep(await desk.send(f"{here}/cancel", page, "/cancel", do="ask"), "cancel")
        assert "今日退保可退还 ¥215.00" in asked.text
        other = await desk.send(f"{here}/cancel", asked, "/cancel", do="cancel", refund="22500")
        assert (other.status, "现在退保可退还 215.00 元" in other.text, "今日退保可退还 ¥215.00" in other.text) == (422, True, True)
        asked = other
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
            died = claim_notification.NotifyDeath(UUID(here.rpartition("/")[2]), due - 3 * DAY, "a fall")
            await claim_notification.notify_death(place.house, await operator(place, "ops.chen"), died)
            no = await desk.send(f"{here}/pay", wrong, "/pay", amount="22500")
            page = keep(await desk.get(here), "claimed")
            assert (no.status, "现在无需缴费；如未赔付，之后至少还有 30 天可以缴费" in no.text) == (422, True), no.text
            assert ("处理期间无需缴费" in page.text, "/pay" in page.source) == (True, False)
            async with place.house.database.transaction() as tx:
                await tx.execute("update claim set state = 'refused', refused_on = $1, told_on = $1", due - 3 * DAY)
            page = await desk.get(here)
            for form in (page, page):
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


async def test_a_phone_is_insured_once_for_the_premium_that_was_shown(place: Town) -> None:
    async with before_the_pages(place, "Phoner", 300_00) as desk:
        listed = keep(await desk.get("/policies"), "shelf")
        assert 'href="/policies/new/SCREEN"' in listed.source
        new = "/policies/new/SCREEN"
        page = keep(await desk.get(new), "sheet_screen")
        assert all(part in page.text for part in ("自承保之日起7天内发生的损失不予赔付", "保费 一次缴清")), page.text
        given = {"imei": "490154203237519", "bought_on": "2014-02-20", "from_day": "2014-02-25"}
        for change, wrong in (
            ({}, "号码校验不符；请重新填写"),
            ({"imei": ""}, "请填写 IMEI"),
            ({"imei": "490154203237518", "bought_on": "2014-2-20"}, "请填写日期，如 2014-03-03"),
            ({"imei": "490154203237518", "bought_on": "2014-03-20"}, "2014-03-20 还没有到；请按发票填写"),
            ({"imei": "490154203237518", "bought_on": "2013-03-20"}, "须在 60 天内投保；请选择其他保障"),
            ({"imei": "490154203237518", "from_day": "2014-02-24"}, "保障可自明日起至 2014-03-26 之间开始；请选择其中一天"),
        ):
            refused = await desk.send(new, page, do="check", **{**given, **change})
            assert (refused.status, wrong in refused.text) == (422, True), (refused.text, wrong)
            assert all(f'value="{value}"' in refused.source for value in {**given, **change}.values()), "what was typed stays"
        given["imei"] = "490154203237518"
        shown = keep(await desk.send(new, page, do="check", **given), "confirm_screen")
        assert all(part in shown.text for part in ("碎屏险 保费 ¥199.00", "同意保险条款 ", "屏幕完好（购机当日投保的免）")), shown.text
        carried = {**given, "premium": shown.hidden("premium"), "do": "buy"}
        assert (carried["premium"], await desk.wallet()) == ("19900", 300_00)
        later = "非购机当日投保的手机须先检测；请检测后勾选确认"
        for ticked, wrong in (({}, "尚未确认保险条款；请先阅读并勾选"), ({"terms": "yes"}, later)):
            shown = keep(await desk.send(new, shown, **carried, **ticked), "unticked")
            assert (shown.status, wrong in shown.text, await desk.wallet()) == (422, True, 300_00)
        ticks = {"terms": "yes", "inspection": "yes"}
        other = await desk.send(new, shown, **{**carried, **ticks, "premium": "100"})
        assert (other.status, "保费为 199.00 元；请重新核对并确认" in other.text) == (422, True)
        for _ in range(2):
            bought = await desk.send(new, other, **carried, **ticks)
            assert (bought.status, "核保中" in bought.text, await desk.wallet()) == (200, True, 101_00)
        assert 'id="collect"' not in bought.source, "it is paid, and does not go on"
        assert [(await desk.get(f"{bought.where}/change/{what}")).status for what in ("address", "beneficiaries", "occupation")] == [
            200,
            404,
            404,
        ]
        poor = await desk.send(new, page, do="check", **{**given, "imei": "352099001761481"})
        poor = await desk.send(new, poor, **{**carried, **ticks, "imei": "352099001761481"})
        assert "保费 199.00 元，可用 101.00 元；请先转入资金" in poor.text


async def test_who_would_get_nothing_back_in_the_free_look_reads_it_before_they_agree(place: Town) -> None:
    """A month's premium of 7.50 yuan, of which the product keeps 10.00."""
    async with before_the_pages(place, "Small") as desk:
        page = await desk.get("/policies/new/TLM")
        assert "已缴保费不超过10.00元的，退还0.00元" in page.text
        for root, back, why in (
            ("", "犹豫期退保可退还 ¥0.00", "犹豫期内退保，首期保费退还 0.00 元"),
            ("/en", "Comes back in the free look ¥0.00", "If you give it back in the free look, 0.00 comes back"),
        ):
            shown = keep(
                await desk.send(f"{root}/policies/new/TLM", page, do="check", who="self", from_day="2014-02-25"), f"small{root[1:]}"
            )
            assert (shown.status, "¥7.50" in shown.text, back in shown.text, why in shown.text) == (200, True, True, True), shown.text
        larger = await desk.send("/policies/new/TL20", await desk.get("/policies/new/TL20"), do="check", who="self", from_day="2014-02-25")
        assert ("犹豫期退保可退还 ¥215.00" in larger.text, "退还 0.00 元" in larger.text) == (True, False)
        here = f"/policies/{await desk.buy(BuyPolicy('TLM', ['terms']))}"
        asked = await desk.send(f"/en{here}/cancel", await desk.get(f"/en{here}"), "/cancel", do="ask")
        assert "0.00 comes back: what was paid is not above the cost that the terms name" in asked.text


async def test_answers_beneficiaries_and_another_person_are_asked_before_the_premium(place: Town) -> None:
    async with before_the_pages(place, "Asked") as desk:
        new = "/policies/new/TLASK"
        page = keep(await desk.get(new), "sheet_asking")
        given = {"who": "self", "from_day": "2014-02-25", "q-smoking": "never", "q-heart": "none"}
        unanswered = await desk.send(new, page, do="check", **{**given, "q-heart": ""})
        assert (unanswered.status, 'id="q-heart-wrong"' in unanswered.source) == (422, True)
        declined = await desk.send(new, page, do="check", **{**given, "q-heart": "severe"})
        assert "保险公司不能承保；请选择其他产品" in declined.text
        other_day = await desk.send(new, page, do="check", **{**given, "from_day": ""})
        assert other_day.hidden("from_day", "/new/") == "2014-02-25", "cover begins on the day that was shown, whenever it is bought"
        child = {"who": "child", "name": "王小芳", "number": identity_of(date(2010, 5, 1)), "birthday": "2010-05-02"}
        wrong = keep(await desk.send(new, page, do="check", **given | child), "wrong_child")
        assert "2010-05-02 与证件号码中的出生日期不一致" in wrong.text
        named = {"b0-name": "李四", "b0-number": identity_of(date(1985, 5, 1)), "b0-relation": "spouse", "b0-rank": "1", "b0-share": "60"}
        named |= {"b1-name": "王小芳", "b1-number": identity_of(date(2010, 5, 1)), "b1-relation": "child", "b1-rank": "1", "b1-share": "39"}
        more = await desk.send(new, await desk.send(new, page, do="more", **given), do="more", **given, rows="1")
        assert more.hidden("rows", "/new/") == "2"
        short = keep(await desk.send(new, more, do="check", **given, **named, rows="2"), "shares")
        assert (short.status, "第 1 顺位份额合计 99.00%" in short.text) == (422, True)
        named["b1-share"] = "40"
        shown = keep(await desk.send(new, more, do="check", **{**given, **named, "rows": "2", "q-smoking": "daily"}), "confirm_asking")
        assert all(part in shown.text for part in ("其中告知加费 25%", "王小芳 · 子女 · 40%", "您是否吸烟 每天")), shown.text
        sent = {**given, **named, "q-smoking": "daily", "rows": "2", "premium": shown.hidden("premium"), "terms": "yes", "do": "buy"}
        bought = await desk.send(new, shown, **sent)
        assert (bought.status, "李四" not in bought.text, "第 1 顺位受益人" in bought.text) == (200, True, True), bought.text
        (row,) = await _policies(desk)
        async with place.house.database.read() as tx:
            insured = (await insured_store.insured(tx, [(row.book, row.id)]))[row.book, row.id]
        assert (insured.loading_permille, row.premium) == (250, int(sent["premium"]))


async def test_an_answer_that_an_underwriter_must_see_is_applied_with_and_bought_for_what_was_decided(
    place: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with before_the_pages(place, "Referred") as desk:
        new = "/policies/new/TLASK"
        given = {"who": "self", "from_day": "2014-02-25", "q-smoking": "never", "q-heart": "treated"}
        referred = keep(await desk.send(new, await desk.get(new), do="check", **given), "referred")
        assert (referred.status, "审核前不收保费" in referred.text) == (200, True)
        with monkeypatch.context() as away:
            away.setattr(Visit, "give", _lost)
            unsure = await desk.send(new, referred, **{**given, "do": "apply"})
        assert (unsure.status, "同一表单不会做两次" in unsure.text) == (422, True)
        assert unsure.hidden("key", "/new/") == referred.hidden("key", "/new/"), "sent once more, it is the same application"
        for form in (referred, unsure):
            applied = await desk.send(new, form, **{**given, "do": "apply"})
            assert (applied.where, applied.text.count("人工核保中")) == ("/policies", 1)
        async with place.house.database.transaction() as tx:
            (row,) = await application_store.of_person(tx, desk.person.book, desk.person.id)
            await application_store.save(
                tx, replace(row, state=ApplicationState.ACCEPTED, permille=300, decided_on=MONDAY, good_until=MONDAY + 30 * DAY)
            )
        listed = keep(await desk.get("/policies"), "accepted").text
        assert "核保通过" in listed
        page = await desk.get(f"{new}?application={row.id}")
        assert "q-smoking" not in page.source
        given = {"who": "self", "from_day": "2014-02-25", "application": str(row.id)}
        shown = await desk.send(new, page, do="check", **given)
        assert "其中告知加费 30%" in shown.text
        bought = await desk.send(new, shown, **given, premium=shown.hidden("premium"), terms="yes", do="buy")
        assert (bought.status, "核保申请" in (await desk.get("/policies")).text) == (200, False), bought.text


async def _lost(*_: object) -> None:
    raise Outage("the database does not answer")


async def test_what_changes_is_priced_first_and_asked_for_once(place: Town) -> None:
    async with before_the_pages(place, "Changer") as desk:
        here = f"/policies/{await desk.buy(BuyPolicy('ACC1', ['terms']))}"
        assert "变更职业" in (await desk.get(here)).text
        page = keep(await desk.get(f"{here}/change/beneficiaries"), "beneficiaries")
        nobody = await desk.send(f"{here}/change/beneficiaries", page, rows="1", do="change")
        assert (nobody.status, "请填写受益人，或勾选不指定" in nobody.text) == (422, True)
        named = {"b0-name": "李四", "b0-number": identity_of(date(1985, 5, 1)), "b0-relation": "spouse", "b0-rank": "2", "rows": "1"}
        gap = await desk.send(f"{here}/change/beneficiaries", page, **named, do="change")
        assert (gap.status, "填写的顺位为 2；请从第一顺位开始" in gap.text, "李四" in gap.source) == (422, True, True)
        for _ in range(2):
            asked = await desk.send(f"{here}/change/beneficiaries", page, **named | {"b0-rank": "1"}, do="change")
            assert (asked.status, asked.text.count("变更受益人 等待保险公司答复")) == (200, 1), asked.text
        empty = await desk.send(f"{here}/change/address", await desk.get(f"{here}/change/address"), address=" ")
        assert (empty.status, "地址为空或超过 200 字" in empty.text) == (422, True)
        late = await desk.send(f"{here}/change/address", empty, address="北京市朝阳区 1 号")
        assert (late.status, "保单变更办理中；请等待保险公司答复" in late.text, "朝阳区 1 号" in late.source) == (422, True, True)
        await place.work("insurer", policies.deliver)
        assert "第 1 顺位受益人" in (await desk.get(here)).text
        there, before = f"{here}/change/occupation", await desk.wallet()
        page = await desk.get(there)
        same = await desk.send(there, page, occupation="1", do="check")
        assert (same.status, "保单已是职业 1 类" in same.text) == (422, True)
        for blind in ("check", "change"):
            priced = keep(await desk.send(there, page, occupation="2", do=blind), "priced")
            assert (priced.status, "补缴 ¥200.00" in priced.text, await desk.wallet()) == (200, True, before), priced.text
        other = await desk.send(there, priced, occupation="2", amount="100", do="change")
        assert (other.status, "剩余保险期间须补 200.00 元；请重新核对并确认" in other.text) == (422, True)
        for _ in range(2):
            done = await desk.send(there, other, occupation="2", amount=other.hidden("amount"), do="change")
            assert (done.status, done.where, await desk.wallet()) == (200, here, before - 200_00)
        await place.work("insurer", policies.deliver)
        ends = keep(await desk.send(there, await desk.get(there), occupation="6", do="check"), "ends")
        assert "新职业不在承保范围" in ends.text
        assert (await desk.get(f"/policies/{UUID(int=5)}/change/address")).status == (await desk.get(f"{here}/change/sum")).status == 404


async def test_premiums_are_collected_by_what_was_agreed_to_on_the_page_until_it_is_ended_there(place: Town) -> None:
    async with before_the_pages(place, "Collected") as desk:
        life = await desk.buy(BuyPolicy("TL20", ["terms"]))
        here = f"/policies/{life}"
        there, page = f"{here}/collect", keep(await desk.get(here), "uncollected")
        assert 'name="most" value="225.00"' in page.source, "what it costs now"
        for most, wrong in (("", "没有填写上限"), ("many", "金额"), ("0", "金额"), ("-1", "金额"), ("1.234", "金额")):
            refused = await desk.send(there, page, "/collect", most=most, do="check")
            assert (refused.status, wrong in beside(refused, "most"), f'value="{most}"' in refused.source) == (422, True, True), most
        english = await desk.send(f"/en{there}", page, "/collect", most="", do="check")
        assert (english.status, "nothing is filled in" in beside(english, "most")) == (422, True)
        low = keep(await desk.send(there, page, "/collect", most="224.99", do="check"), "collect_confirm")
        assert all(part in low.text for part in ("每次最多 ¥224.99", "低于现在的保费 ¥225.00", "我授权在上述条件下扣收保费")), low.text
        back = await desk.send(there, low, "/collect", most="224.99", do="back")
        assert (back.status, 'value="224.99"' in back.source, await agreed(desk)) == (200, True, {}), "not before it is confirmed"
        unknown = await desk.send(there, low, "/collect", most="300", fund="NONE", do="agree")
        assert (unknown.status, "没有这个基金" in beside(unknown, "fund")) == (422, True)
        shown = await desk.send(there, page, "/collect", most="300", do="check")
        for _ in range(2):
            done = keep(await desk.send(there, shown, "/collect", most="300", do="agree"), "collected")
            assert (done.status, done.where, "每次最多 ¥300.00" in done.text) == (200, here, True)
        first = (await agreed(desk))[life]
        changed = await desk.send(there, done, "/collect", most="400", fund="pocket", do="agree")
        assert "每次最多 ¥400.00 付款顺序 余额、各基金按支付顺序" in changed.text
        assert '<option value="pocket" selected>' in changed.source
        second = (await agreed(desk))[life]
        assert (first.most, second.most, first.id != second.id) == (300_00, 400_00, True), "one takes the other's place"
        assert "At most at a time ¥400.00" in keep(await desk.get(f"/en{here}"), "collected_en").text
        for _ in range(2):
            ended = await desk.send(f"{there}/end", changed, "/collect/end")
            assert (ended.status, ended.where, "已开通" in ended.text, await agreed(desk)) == (200, here, False, {})
        stale = await desk.send(f"{there}/end", changed, "/collect/end", key=str(uuid4()))
        assert (stale.status, "这份保单没有约定自动扣缴" in stale.text) == (422, True)


async def test_a_policy_for_a_year_goes_on_by_agreement_and_one_that_is_over_owes_nothing(place: Town) -> None:
    async with before_the_pages(place, "Renewing") as desk:
        year = await desk.buy(BuyPolicy("ACC1", ["terms"]))
        here = f"/policies/{year}"
        there, page = f"{here}/collect", keep(await desk.get(here), "renewing")
        assert "到期前按当日价格投保下一年" in page.text
        never = await desk.send(there, page, "/collect", most="760", renews="", do="agree")
        assert (never.status, "这份保单不再有应缴保费" in beside(never, "renews")) == (422, True)
        shown = await desk.send(there, page, "/collect", most="760", renews="yes", do="check")
        done = await desk.send(there, shown, "/collect", most="760", renews=shown.hidden("renews", "/collect"), do="agree")
        assert (done.status, "到期续保 自动续保下一年" in done.text, (await agreed(desk))[year].renews) == (200, True, True), done.text
        back = await desk.send(f"{here}/cancel", done, "/cancel", do="ask")
        await desk.send(f"{here}/cancel", back, "/cancel", do="cancel", refund="76000")
        await place.work("insurer", policies.deliver)
        over = await desk.get(here)
        assert ("已退保" in over.text, 'id="collect"' in over.source, await agreed(desk)) == (True, False, {})
        assert "目前没有保障中的保单" in (await desk.get("/policies")).text
        late = await desk.send(there, shown, "/collect", most="760", renews="yes", do="agree", key=str(uuid4()))
        assert (late.status, "保单已退保；不再缴费" in late.text) == (422, True), late.text
    async with before_the_pages(place, "Collector") as desk:
        page = await desk.get(f"/policies/{await desk.buy(BuyPolicy('TL20', ['terms']))}")
        assert (await desk.send(there, page, "/collect", most="760", do="agree")).status == 404, "it is another's"


def beside(page: Seen, field: str) -> str:
    """What is said to be wrong with a field."""
    return page.source.partition(f'id="{field}-wrong"')[2].partition("</span>")[0]


async def agreed(desk: Desk) -> dict[UUID, Mandate]:
    """What stands about their premiums."""
    async with desk.house.database.read() as tx:
        rows = await store.policies_of(tx, desk.person.book, desk.person.id)
        return {policy: one for (_, policy), one in (await premium_store.mandates(tx, [(row.book, row.id) for row in rows])).items()}


async def _policies(desk: Desk) -> list[PolicyRow]:
    async with desk.house.database.read() as tx:
        return await store.policies_of(tx, desk.person.book, desk.person.id)
