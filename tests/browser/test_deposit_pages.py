"""A customer's deposits and wealth products in a real browser: what can be had, what they have, what is covered; and who is not let in."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import browsing
import httpx
import pytest
from apart import run_apart
from bill_town import NINE, Person, Town, town
from browsing import chromium, needs_browser, profile
from deposit_files import DEMAND_FILE, FIXED_FILE, NOTICE_FILE, certificate_file
from insurance_desk import signed_in
from playwright.async_api import Page
from policy_files import sell_policies
from served_house import open_doors
from starlette.routing import Route
from wealth_town import OPENS, WEALTH_FILE

from tapwealth.customers import store as customers
from tapwealth.deposits.deposit import AtMaturity
from tapwealth.deposits.product import Term
from tapwealth.flows.customers.people import device_lookup
from tapwealth.flows.deposits import opening
from tapwealth.flows.deposits.opening import DepositOpened, OpenDeposit
from tapwealth.web.customer_pages import customer_pages

RICH = 2_000_000_00
_BEYOND = """width => [...document.querySelectorAll('main *')].map(one => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
    .filter(([_, box]) => box.left < -0.5 || box.right > width + 0.5).map(([text]) => text)"""
_BROKEN = """all => all.filter(one => {
  const words = document.createRange(); words.selectNodeContents(one);
  return one.textContent.length < 5 && words.getBoundingClientRect().height > 26;
}).map(one => one.textContent)"""
_UNNAMED = """() => [...document.querySelectorAll('main input:not([type=hidden]), main select')]
    .filter(one => one.labels.length !== 1).map(one => one.outerHTML)"""


@dataclass
class Counter:
    """The platform as it is served to customers whose phones are known."""

    place: Town
    address: str

    async def customer(self, name: str) -> tuple[Person, str]:
        """With two million yuan, and their phone's secret."""
        person, secret = await self.place.person(name, RICH), f"what this phone drew when it began, {name}"
        async with self.place.house.database.transaction() as tx:
            device = device_lookup(self.place.house, secret)
            assert await customers.enroll_device(tx, device, person.book, person.id, NINE)
        return person, secret

    async def sign_in(self, page: Page, path: str, secret: str) -> None:
        """By the form, which then goes on to that path."""
        await page.goto(f"{self.address}{path}")
        assert "/customer/sign-in?next=" in page.url
        await page.locator("#secret").fill(secret)
        await page.locator("form button.main").click()
        assert page.url == f"{self.address}{path}"

    async def open(self, person: Person, command: OpenDeposit) -> UUID:
        made = await opening.open_(self.place.house, self.place.envelope(person, key=uuid4()), command)
        assert isinstance(made, DepositOpened), made
        return UUID(made.deposit)

    async def wallet(self, person: Person) -> int:
        async with self.place.house.database.read() as tx:
            return (await self.place.house.ledger.balances(tx, [person.wallet]))[person.wallet].available


@pytest.fixture(scope="module")
def house(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bank with a deposit of each form."""
    folder = tmp_path_factory.mktemp("deposits")
    run_apart(_furnish(database_url, folder))
    return folder


async def _furnish(database_url: str, folder: Path) -> None:
    async with town(database_url, folder) as place:
        await sell_policies(place.house, DEMAND_FILE, FIXED_FILE, certificate_file(), NOTICE_FILE, WEALTH_FILE)


@pytest.fixture
async def counter(database_url: str, house: Path) -> AsyncIterator[Counter]:
    async with town(database_url, house) as place, open_doors(place) as doors:
        yield Counter(place, str(doors.http.base_url).rstrip("/"))


async def texts(page: Page, selector: str) -> list[str]:
    return [" ".join(one.split()) for one in await browsing.texts(page, selector)]


async def fits(page: Page, shot: Path) -> None:
    """Nothing goes beyond the screen, and each field has a label."""
    await page.screenshot(path=shot, full_page=True)
    assert await page.evaluate(_BEYOND, 420) == []
    assert await page.evaluate(_UNNAMED) == []


@needs_browser
async def test_what_one_has_is_covered_and_can_open_stands_on_the_page(counter: Counter, tmp_path: Path) -> None:
    person, secret = await counter.customer("Lister")
    await counter.open(person, OpenDeposit("FIXED", 600_000_00, ["terms"], Term.YEAR, AtMaturity.RENEW))
    await counter.open(person, OpenDeposit("DEMAND", 10_00, ["terms"]))
    async with chromium() as browser:
        page = await profile(browser, 420)
        await counter.sign_in(page, "/deposits", secret)
        assert sorted(await texts(page, ".deposit h2 b")) == ["¥10.00", "¥600,000.00"]
        today = sorted(await texts(page, ".deposit .sum dd"))
        assert today == ["¥10.00 其中利息 ¥0.00", "¥600,000.00 其中利息 ¥0.00（提前支取，按活期利率）"]
        shown = next(one for one in await texts(page, ".deposit") if "600,000" in one)
        assert all(part in shown for part in ("年利率 3.25%", "到期日 2015-02-24", "到期利息 ¥19,500.00", "到期时 自动转存"))
        covered = await texts(page, "section[aria-labelledby=insurance] dd")
        assert covered == ["本息 ¥600,010.00，已保障 ¥500,000.00，超出限额 ¥100,010.00"]
        assert await texts(page, "section[aria-labelledby=o-FIXED] tbody tr") == ["三个月 ¥50.00 起 2.85%", "一年 ¥50.00 起 3.25%"]
        await fits(page, tmp_path / "deposits.png")
        await page.goto(f"{counter.address}/en/deposits")
        assert "up to ¥500,000.00 is paid." in (await texts(page, "section[aria-labelledby=insurance]"))[0]
        await fits(page, tmp_path / "deposits_en.png")


@needs_browser
async def test_a_deposit_is_opened_once_at_the_rate_that_was_shown(counter: Counter, tmp_path: Path) -> None:
    person, secret = await counter.customer("Opener")
    async with chromium() as browser:
        page = await profile(browser, 420)
        await counter.sign_in(page, "/deposits/new/FIXED", secret)
        for text, wrong in (("", "没有填写金额"), ("49.99", "起存 50.00 元；请填写更大的金额"), ("2000000.01", None)):
            await page.get_by_label("金额").fill(text)
            await page.get_by_role("button", name="下一步").click()
            assert await texts(page, ".wrong") == [wrong or "需要 2,000,000.01 元，可用 2,000,000.00 元；请先转入资金"]
        assert await texts(page, "h1") == ["整存整取"], "its kind is its name"
        await fits(page, tmp_path / "wrong.png")
        await page.get_by_label("金额").fill("10000")
        await page.get_by_label("存期").select_option("1y")
        await page.get_by_label("自动转存").check()
        await page.get_by_role("button", name="下一步").click()
        shown = (await texts(page, "main"))[0]
        assert all(
            part in shown
            for part in ("年利率 3.25%", "到期日 2015-02-24", "到期利息 ¥325.00", "到期时 自动转存", "我已阅读并同意存款协议。")
        )
        assert "开户银行（联行号） 北京银行 313100000013" in shown
        assert await page.locator(".facts dt").evaluate_all(_BROKEN) == [], "no short word breaks"
        await fits(page, tmp_path / "agree.png")
        assert await counter.wallet(person) == RICH
        sent = await page.evaluate("() => Object.fromEntries(new FormData(document.querySelector('main form')))")
        await page.get_by_role("button", name="同意并存入 ¥10,000.00").click()
        assert await counter.wallet(person) == RICH - 10_000_00
        again = await page.request.post(f"{counter.address}/deposits/new/FIXED", form={**sent, "do": "agree"}, max_redirects=0)
        assert (again.status, await counter.wallet(person)) == (303, RICH - 10_000_00), "the form sent twice opens one"
        stale = {**sent, "do": "agree", "rate": "99000", "key": sent["key"][:-4] + "abcd"}
        refused = await page.request.post(f"{counter.address}/deposits/new/FIXED", form=stale)
        assert (refused.status, "年利率现为 3.25%" in await refused.text()) == (422, True)
        assert await counter.wallet(person) == RICH - 10_000_00


@needs_browser
async def test_a_wish_is_changed_and_all_is_taken_out_once_shown_by_nobody_else(counter: Counter, tmp_path: Path) -> None:
    person, secret = await counter.customer("Taker")
    made = await counter.open(person, OpenDeposit("FIXED", 10_000_00, ["terms"], Term.YEAR))
    async with chromium() as browser:
        page = await profile(browser, 420)
        await counter.sign_in(page, f"/deposits/{made}", secret)
        await page.get_by_label("自动转存").check()
        await page.get_by_role("button", name="保存更改").click()
        assert "到期时 自动转存" in (await texts(page, ".deposit"))[0]
        await page.get_by_label("金额").fill("2,500")
        await page.get_by_role("button", name="看看可得多少").click()
        shown = (await texts(page, "section[aria-labelledby=take]"))[0]
        assert all(part in shown for part in ("利息 ¥0.00（提前支取，按活期利率）", "比存到期少得 ¥81.25", "支取后剩余 ¥7,500.00"))
        assert await counter.wallet(person) == RICH - 10_000_00
        await fits(page, tmp_path / "take.png")
        english = await profile(browser, 420)
        await counter.sign_in(english, f"/en/deposits/{made}", secret)
        assert await texts(english, "#title small") == ["fixed-term deposit · 1 year · open"]
        wishes = await texts(english, "section[aria-labelledby=wish] label")
        assert wishes == ["paid to the wallet", "renewed for the same term", "kept, at the demand rate"]
        assert "When it is due renewed for the same term" in (await texts(english, ".deposit"))[0]
        await fits(english, tmp_path / "one_en.png")
        sent = await page.evaluate("() => Object.fromEntries(new FormData(document.querySelector('#take ~ form')))")
        stale = {**sent, "do": "take", "interest": "9900", "key": sent["key"][:-4] + "abcd"}
        refused = await page.request.post(f"{counter.address}/deposits/{made}/withdraw", form=stale)
        assert (refused.status, "利息现为 0.00 元；请重新查看并确认" in await refused.text()) == (422, True)
        await page.get_by_role("button", name="确认支取 ¥2,500.00").click()
        assert await counter.wallet(person) == RICH - 7_500_00
        await page.get_by_role("button", name="看看可得多少").click()
        await page.get_by_role("button", name="返回").click()
        await page.get_by_role("button", name="看看可得多少").click()
        await page.get_by_role("button", name="确认支取 ¥7,500.00").click()
        assert await counter.wallet(person) == RICH
        assert [one.split()[0] for one in await texts(page, ".lines li")] == ["存入", "支取", "支取"]
        other = await profile(browser, 420)
        await counter.sign_in(other, "/deposits", (await counter.customer("Other"))[1])
        answer = await other.goto(f"{counter.address}/deposits/{made}")
        assert answer is not None
        assert answer.status == 404


@needs_browser
async def test_more_is_paid_in_and_notices_are_given_and_taken_back(counter: Counter, tmp_path: Path) -> None:
    person, secret = await counter.customer("Noticer")
    demand = await counter.open(person, OpenDeposit("DEMAND", 10_00, ["terms"]))
    noticed = await counter.open(person, OpenDeposit("NOTICE7", 160_000_00, ["terms"]))
    async with chromium() as browser:
        page = await profile(browser, 420)
        await counter.sign_in(page, f"/deposits/{demand}", secret)
        for text, wrong in (("", "没有填写金额"), ("5,000,000", "余额不足；请先转入资金")):
            await page.locator("#pay-amount").fill(text)
            await page.get_by_role("button", name="存入").click()
            assert (await texts(page, ".wrong"), await page.locator("#pay-amount").input_value()) == ([wrong], text)
        await page.locator("#pay-amount").fill("90.5")
        await page.get_by_role("button", name="存入").click()
        assert (await counter.wallet(person), (await texts(page, "dl .sum dd"))[0]) == (RICH - 160_100_50, "¥100.50")
        await page.goto(f"{counter.address}/deposits/{noticed}")
        await page.locator("#notify-amount").fill("120000")
        await page.get_by_role("button", name="发出通知").click()
        assert await texts(page, ".wrong") == ["将剩 40,000.00 元，最低留存 50,000.00 元；请填写更小的金额，或全部支取"]
        await page.locator("#notify-amount").fill("60000")
        await fits(page, tmp_path / "notify.png")
        await page.get_by_role("button", name="发出通知").click()
        (given,) = await texts(page, "section[aria-labelledby=notify] li")
        assert given.startswith("¥60,000.00 取消通知")
        assert "可于 2014-03-03 支取" in given
        await fits(page, tmp_path / "noticed.png")
        await page.locator("#take-amount").fill("60000")
        await page.get_by_role("button", name="看看可得多少").click()
        await fits(page, tmp_path / "without.png")
        await page.get_by_role("button", name="返回").click()
        await page.get_by_role("button", name="取消通知").click()
        assert await texts(page, "section[aria-labelledby=notify] li") == []
        assert [one.split()[0] for one in await texts(page, "section[aria-labelledby=history] li")] == ["存入", "通知", "取消通知"]


@needs_browser
async def test_signing_out_and_an_ended_session_lead_back_to_deposits(counter: Counter) -> None:
    person, secret = await counter.customer("Leaver")
    made = await counter.open(person, OpenDeposit("DEMAND", 10_00, ["terms"]))
    door = f"{counter.address}/en/customer/sign-in?next=/en/deposits"
    async with chromium() as browser:
        page = await profile(browser, 420)
        await counter.sign_in(page, f"/en/deposits/{made}", secret)
        await page.get_by_role("button", name="See what comes out").click()
        assert await page.locator("a.language").get_attribute("href") == "/deposits"
        await page.get_by_role("button", name="Sign out").click()
        assert page.url == door
        await counter.sign_in(page, f"/en/deposits/{made}", secret)
        await page.context.clear_cookies()
        await page.get_by_role("button", name="See what comes out").click()
        assert await texts(page, ".said .headline") == ["Sign in first"]
        assert await page.locator("main input[name=next]").get_attribute("value") == "/en/deposits"


@needs_browser
async def test_a_raise_is_subscribed_to_once_and_taken_back_until_it_is_full(counter: Counter, tmp_path: Path) -> None:
    person, secret = await counter.customer("Raiser")
    _, other = await counter.customer("Second")
    await counter.place.clock(OPENS)
    async with chromium() as browser:
        page = await profile(browser, 420)
        await counter.sign_in(page, "/wealth", secret)
        assert await texts(page, ".yield b") == ["3.96%"]
        await fits(page, tmp_path / "wealth.png")
        await page.get_by_role("link", name="认购 六十二天理财").click()
        for text, wrong in (
            ("", "没有填写金额"), ("4,000", "4,000.00 元低于最低认购金额 50,000.00 元；请填写更大的金额"),
            ("55,000", "超过 50,000.00 元的部分须为 10,000.00 元的整数倍；请按整数倍填写"),
        ):  # fmt: skip
            await page.get_by_label("金额").fill(text)
            await page.get_by_role("button", name="下一步").click()
            assert await texts(page, ".wrong") == [wrong]
        await fits(page, tmp_path / "wealth_wrong.png")
        await page.get_by_label("金额").fill("100,000")
        await page.get_by_role("button", name="下一步").click()
        agreed = (await texts(page, "main"))[0]
        assert all(part in agreed for part in ("预期收益（非承诺） ¥672.66 3.96% · 62 天", "不受存款保险保障", "募集期最后一日不可撤销。"))
        await fits(page, tmp_path / "wealth_agree.png")
        sent = await page.evaluate("() => Object.fromEntries(new FormData(document.querySelector('main form')))")
        blind = {**sent, "do": "agree", "given": ""}
        shown = await (await page.request.post(f"{counter.address}/wealth/new/W62", form=blind)).text()
        assert ("同意并认购 ¥100,000.00" in shown, await counter.wallet(person)) == (True, RICH), "nothing is done but what was shown"
        await page.get_by_role("button", name="同意并认购 ¥100,000.00").click()
        again = await page.request.post(f"{counter.address}/wealth/new/W62", form={**sent, "do": "agree"}, max_redirects=0)
        assert (again.status, await counter.wallet(person)) == (303, RICH - 100_000_00), "the form sent twice subscribes once"
        await page.get_by_text("撤销认购").click()
        await page.get_by_role("button", name="确认撤销 ¥100,000.00").click()
        assert (await counter.wallet(person), "已撤销" in (await texts(page, ".deposit"))[0]) == (RICH, True)
        await page.goto(f"{counter.address}/wealth/new/W62")
        await page.get_by_label("金额").fill("200000")
        await page.get_by_role("button", name="下一步").click()
        await page.get_by_role("button", name="同意并认购").click()
        filler = await profile(browser, 420)
        await counter.sign_in(filler, "/en/wealth/new/W62", other)
        await filler.get_by_label("Amount").fill("90000")
        await filler.get_by_role("button", name="Next").click()
        assert "From the wallet ¥50,000.00 asked ¥90,000.00, no more is left" in (await texts(filler, "main"))[0]
        sent = await filler.evaluate("() => Object.fromEntries(new FormData(document.querySelector('main form')))")
        stale = {**sent, "do": "agree", "given": "4000000", "key": sent["key"][:-4] + "abcd"}
        refused = await filler.request.post(f"{counter.address}/en/wealth/new/W62", form=stale)
        assert (refused.status, "50,000.00 yuan would be taken now" in await refused.text()) == (422, True)
        await filler.get_by_role("button", name="I agree: subscribe ¥50,000.00").click()
        assert "¥50,000.00 asked ¥90,000.00" in (await texts(filler, ".deposit"))[0]
        await fits(filler, tmp_path / "wealth_en.png")
        await page.get_by_text("撤销认购").click()
        await page.get_by_role("button", name="确认撤销 ¥200,000.00").click()
        assert await texts(page, ".said p") == ["没有办成", "W62 募集已结束，不能再撤销"]
        await fits(page, tmp_path / "wealth_full.png")


async def test_nothing_is_done_but_what_was_shown(counter: Counter) -> None:
    """All of a deposit into which somebody has paid meanwhile; and what a page of ours has shown nothing of."""
    async with httpx.AsyncClient(base_url=counter.address) as http:
        desk = await signed_in(counter.place, http, "Sure")
        here = f"/deposits/{await counter.open(desk.person, OpenDeposit('DEMAND', 10_00, ['terms']))}"
        asked = await desk.send(f"{here}/withdraw", await desk.get(here), "/withdraw", do="ask")
        shown = {name: asked.hidden(name, "/withdraw") for name in ("take-amount", "principal", "interest")}
        assert shown == {"take-amount": "", "principal": "1000", "interest": "0"}
        await desk.send(f"{here}/pay-in", asked, "/pay-in", **{"pay-amount": "5"})
        for principal in ("", "0", "-1", "9" * 15):
            refused = await desk.send(f"{here}/withdraw", await desk.get(here), "/withdraw", do="take", **shown | {"principal": principal})
            assert (refused.status, await desk.wallet()) == (422, 99_985_00), principal
        for _ in range(2):
            taken = await desk.send(f"{here}/withdraw", asked, "/withdraw", do="take", **shown)
            assert (taken.status, await desk.wallet()) == (200, 99_995_00), taken.text
        new = "/deposits/new/DEMAND"
        blind = await desk.send(new, await desk.get(new), do="agree", amount="500")
        assert (blind.status, "同意并存入 ¥500.00" in blind.text, await desk.wallet()) == (200, True, 99_995_00), blind.text


async def test_what_no_database_can_hold_is_refused_in_words(counter: Counter) -> None:
    async with httpx.AsyncClient(base_url=counter.address) as http:
        desk = await signed_in(counter.place, http, "Odd")
        page = await desk.get("/deposits/new/DEMAND")
        for path in ("/deposits/new/%00", "/wealth/new/%00", "/policies/new/%00", "/en/policies/new/a%00b"):
            assert ((await desk.get(path)).status, (await desk.send(path, page)).status) == (404, 404), path
        for path, back in (
            ("/wealth/nothing", "返回银行理财"),
            ("/deposits/x/withdraw", "返回存款"),
            ("/en/claims/x/appeal", "Back to Claims"),
        ):
            lost = await desk.get(path)
            assert (lost.status, back in lost.text) == (404, True), lost.text
        refused = await desk.send("/deposits/new/DEMAND", page, amount="5\0")
        assert (refused.status, "有无法保存的字符；请从页面重新提交" in refused.text) == (400, True)
        lone = {"Content-Type": "multipart/form-data; boundary=b; charset=utf-7"}
        body = b'--b\r\nContent-Disposition: form-data; name="secret"\r\n\r\n+2AA-\r\n--b--\r\n'
        assert (await http.post("/customer/sign-in", content=body, headers=lone)).status_code == 400


async def test_no_page_of_a_customer_is_open_to_a_stranger(counter: Counter) -> None:
    """But for what everybody may see: whom one can pay, and the door. Of a biller that is none there is no page."""
    seen: dict[int, set[str]] = {}
    async with httpx.AsyncClient(base_url=counter.address) as stranger:
        for route in customer_pages(counter.place.house, {}, lambda _: ""):
            assert isinstance(route, Route)
            method = "POST" if "POST" in (route.methods or ()) else "GET"
            answer = await stranger.request(method, re.sub(r"{\w+}", str(UUID(int=0)), route.path))
            assert answer.status_code != 303 or "/customer/sign-in?next=" in answer.headers["location"]
            seen.setdefault(answer.status_code, set()).add(f"{method} {route.path.removeprefix('/en')}")
    assert seen.keys() == {200, 303, 401, 404}
    assert seen[200] == {"GET /bills", "GET /customer/sign-in"}
    assert seen[404] == {"GET /bills/{rest:path}", "GET /bills/{biller}/{item}", "GET /autopays/new/{biller}/{item}"}
    assert {one.split()[0] for one in seen[303]} == {"GET"}
    assert {one.split()[0] for one in seen[401]} == {"POST"}
