"""A customer's bills in a real browser: found, asked about, paid, in doubt and resolved, paid by themselves; and who is not let in."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
from apart import run_apart
from bill_town import BJPOWER, NINE, Person, Town, town
from biller_files import put_in_directory
from browsing import chromium, needs_browser, profile, texts
from fund_town import fund_town
from playwright.async_api import Page
from served_house import open_doors

from tapwealth.bills.biller import AmountMode, AmountTerms, Category, Inquiry, Paid, Unknown
from tapwealth.bills.inputs import InputField, InputSchema, Spoken
from tapwealth.customers import store as customers
from tapwealth.customers.store import BankCardRow
from tapwealth.flows.bills import paying
from tapwealth.flows.customers.people import device_lookup
from tapwealth.kernel.ids import derived

ACCOUNT = "1234567890"
BRANCH = InputField("branch", Spoken("分公司", "Branch"), Spoken("两位数字", "two digits"), InputSchema("^[0-9]{2}$"), -1)
BILLERS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("SHGAS", "上海燃气", "Shanghai Gas", {"category": Category.GAS, "amount": AmountTerms(1_000_000, AmountMode.UP_TO, 500)}),
    ("WATER", "北京水务", "Beijing Water", {"category": Category.WATER, "amount": AmountTerms(1_000_000, AmountMode.ALL_ARREARS)}),
    ("CARD", "信用卡中心", "Card Centre", {"category": Category.CREDIT_CARD, "amount": AmountTerms(1_000_000, AmountMode.FROM, 1_000)}),
    (
        "MOBILE", "移动充值", "Mobile",
        {
            "category": Category.TOP_UP, "amount": AmountTerms(30_000, AmountMode.PRESETS, 1, [1_000, 5_000]), "payer_fee": 50,
            "inquiry": Inquiry.NONE,
        },
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def house(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five billers, one of each amount mode, and the money fund."""
    folder = tmp_path_factory.mktemp("bills")
    run_apart(_furnish(database_url, folder))
    return folder


async def _furnish(database_url: str, folder: Path) -> None:
    async with fund_town(database_url, folder) as place:
        for code, zh, en, change in BILLERS:
            region = "310000" if code == "SHGAS" else "11"
            plain = msgspec.structs.replace(BJPOWER, code=code, name=zh, name_en=en, connection="BJPOWER", region=region).definition
            item = msgspec.structs.replace(plain.parameters.items[0], code="all", **change)
            fields = [BRANCH, *item.fields] if code == "SHGAS" else item.fields
            items = [msgspec.structs.replace(item, fields=fields)]
            parameters = msgspec.structs.replace(plain.parameters, items=items)
            assert await put_in_directory(place.house, msgspec.structs.replace(plain, parameters=parameters)) is None


@dataclass
class Counter:
    """The platform as it is served to one customer whose phone is known, and whose wallet holds 500 yuan."""

    place: Town
    person: Person
    address: str
    database_url: str

    secret: str

    async def sign_in(self, page: Page, path: str) -> None:
        """By the form, which then goes on to that path."""
        await page.goto(f"{self.address}{path}")
        assert "/customer/sign-in?next=" in page.url
        await page.locator("#secret").fill(self.secret)
        await page.locator("form button.main").click()
        assert page.url == f"{self.address}{path}"

    @asynccontextmanager
    async def client(self, secret: str = "") -> AsyncIterator[httpx.AsyncClient]:
        """Whoever sends forms without a browser."""
        async with httpx.AsyncClient(base_url=self.address, trust_env=False) as http:
            if secret:
                assert (await http.post("/en/customer/sign-in", data={"secret": secret})).status_code == 303
            yield http

    async def work(self) -> None:
        """The biller is sent, or asked about, what is due."""
        await self.place.work("biller", paying.deliver)

    async def wallet(self) -> int:
        async with self.place.house.database.read() as tx:
            return (await self.place.house.ledger.balances(tx, [self.person.wallet]))[self.person.wallet].available

    async def write(self, statement: str) -> None:
        connection = await asyncpg.connect(self.database_url, server_settings={"search_path": "tapwealth"})
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture
async def counter(database_url: str, house: Path, request: pytest.FixtureRequest) -> AsyncIterator[Counter]:
    async with serving(database_url, house, request.node.name) as made:
        yield made


@asynccontextmanager
async def serving(database_url: str, house: Path, name: str) -> AsyncIterator[Counter]:
    async with town(database_url, house) as place:
        person, secret = await place.person(name, 500_00), f"what this phone drew when it began, {name}"
        async with place.house.database.transaction() as tx:
            device = device_lookup(place.house, secret)
            assert await customers.enroll_device(tx, device, person.book, person.id, NINE)
            sealed = place.house.keys.seal("people", b"6222020000000009", b"")
            card = BankCardRow(
                person.book, derived(person.id, "card"), person.id, device, sealed, "622202******0009", "BOB", "北京银行", NINE
            )
            await customers.add_bank_card(tx, card)
        async with open_doors(place) as doors:
            yield Counter(place, person, str(doors.http.base_url).rstrip("/"), database_url, secret)


async def fits(page: Page, width: int, shot: Path) -> None:
    """Nothing goes beyond the screen, and each field has a label."""
    await page.screenshot(path=shot, full_page=True)
    assert await page.evaluate(_BEYOND, width) == []
    assert await page.evaluate(_UNNAMED) == []


_BEYOND = """width => [...document.querySelectorAll('main *')].map(one => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
    .filter(([_, box]) => box.left < -0.5 || box.right > width + 0.5).map(([text]) => text)"""
_UNNAMED = """() => [...document.querySelectorAll('main input:not([type=hidden]), main select')]
    .filter(one => one.labels.length !== 1).map(one => one.outerHTML)"""


@needs_browser
async def test_a_bill_is_found_paid_in_part_in_doubt_and_resolved_on_the_page(counter: Counter, tmp_path: Path) -> None:
    biller = counter.place.biller
    biller.owe(ACCOUNT, "G1", 88_00)
    async with chromium() as browser:
        page = await profile(browser, 420)
        await page.goto(f"{counter.address}/bills")
        assert len(await texts(page, ".payable li")) == 5
        await page.get_by_label("地区").select_option(label="上海市")
        await page.get_by_role("button", name="查找").click()
        assert await texts(page, ".payable b") == ["北京电力", "上海燃气"], "the first serves the whole country"
        await fits(page, 420, tmp_path / "directory.png")
        await page.goto(f"{counter.address}/bills?q=%E7%94%B5")
        assert await texts(page, ".payable b") == ["北京电力"]
        await counter.sign_in(page, "/bills/SHGAS/all")
        assert await page.get_by_label("分公司").get_attribute("inputmode") == "numeric"
        await page.get_by_label("分公司").fill("7x")
        await page.get_by_role("button", name="查询欠费").click()
        assert await texts(page, ".wrong") == ["不符合格式：应为 2 位数字", "没有填写：10 digits"]
        assert await page.get_by_label("分公司").get_attribute("aria-describedby") == "field-branch-hint field-branch-wrong"
        assert await page.get_by_label("分公司").input_value() == "7x"
        await fits(page, 420, tmp_path / "wrong.png")
        await page.get_by_label("分公司").fill("07")
        await page.get_by_label("户号").fill(ACCOUNT)
        await page.get_by_role("button", name="查询欠费").click()
        assert await texts(page, ".bill h2 b") == ["¥88.00"]
        await fits(page, 420, tmp_path / "bills.png")
        await page.get_by_label("金额").fill("90")
        await page.get_by_role("button", name="缴这张账单").click()
        assert await texts(page, ".wrong") == ["90.00 元超过应缴的 88.00 元；最多缴纳应缴金额"]
        await page.get_by_label("金额").fill("40")
        await page.get_by_role("button", name="缴这张账单").click()
        assert (await texts(page, ".facts .sum dd")) == ["¥40.00"]
        await fits(page, 420, tmp_path / "confirm.png")
        await page.get_by_role("button", name="确认缴费 ¥40.00").click()
        assert await counter.wallet() == 460_00
        biller.script.append(Unknown("silent"))
        biller.inquiries.append(Unknown("silent"))
        await counter.work()
        await page.reload()
        assert await texts(page, ".said .headline") == ["结果待确认，款项已单独保管"]
        assert await page.locator('meta[http-equiv="refresh"]').count() == 1
        await fits(page, 420, tmp_path / "doubt.png")
        biller.inquiries.append(Paid("E-20140224-7"))
        await counter.work()
        await counter.work()
        await page.wait_for_selector(".said.good", timeout=10_000)
        assert "E-20140224-7" in (await texts(page, ".facts"))[0]
        assert await page.locator('meta[http-equiv="refresh"]').count() == 0
        await fits(page, 420, tmp_path / "receipt.png")
        await page.goto(f"{counter.address}/bills")
        assert await texts(page, ".lines b") == ["上海燃气 2014-02"]
        await page.get_by_role("link", name="我的资产").click()
        assert await texts(page, ".worth") == ["¥460.00"]
        assert await texts(page, "tbody th") == ["钱包余额"]
        assert await texts(page, ".legend b") == ["¥460.00"]
        await fits(page, 420, tmp_path / "assets.png")
        await page.get_by_label("截至日期").fill("2014-02-23")
        await page.get_by_role("button", name="查看").click()
        assert await texts(page, ".empty") == ["这一天还没有资产。"]
        await page.goto(f"{counter.address}/en/assets?date=2099-01-01")
        assert (await texts(page, ".wrong"))[0].endswith("it has not come yet: 2099-01-01")
        assert await texts(page, ".worth") == ["¥460.00"], "what is owned now is shown meanwhile"


@needs_browser
async def test_all_bills_at_once_and_a_telephone_topped_up(counter: Counter, tmp_path: Path) -> None:
    biller, number = counter.place.biller, "2234567890"
    biller.owe(number, "W1", 30_00)
    biller.owe(number, "W2", 12_00)
    async with chromium() as browser:
        page = await profile(browser, 1280)
        await counter.sign_in(page, "/en/bills/WATER/all")
        await page.get_by_label("户号").fill(number)
        await page.get_by_role("button", name="Ask what is owed").click()
        assert await texts(page, ".bill h2 b") == ["¥42.00", "¥30.00", "¥12.00"]
        await fits(page, 1280, tmp_path / "arrears.png")
        await page.get_by_role("button", name="Pay all of them").click()
        await page.get_by_role("button", name="Pay ¥42.00").click()
        await counter.work()
        await page.reload()
        assert await texts(page, ".said .headline") == ["paid"]
        biller.bills[number].clear()
        await page.goto(f"{counter.address}/en/bills/WATER/all")
        await page.get_by_label("户号").fill(number)
        await page.get_by_role("button", name="Ask what is owed").click()
        assert await texts(page, ".said .headline") == ["Nothing is owed"]
        await page.goto(f"{counter.address}/en/bills/MOBILE/all")
        await page.get_by_label("户号").fill("1380013800")
        await page.get_by_role("button", name="Next").click()
        assert await texts(page, ".wrong") == ["nothing is filled in"]
        await page.get_by_label("¥50.00").check()
        await fits(page, 1280, tmp_path / "faces.png")
        await page.get_by_role("button", name="Next").click()
        assert await texts(page, ".facts .sum dd") == ["¥50.50"]
        await page.get_by_role("button", name="Pay ¥50.50").click()
        assert await counter.wallet() == 500_00 - 42_00 - 50_50
        assert "/en/bill/" in page.url


@needs_browser
async def test_autopay_is_agreed_changed_and_ended(counter: Counter, tmp_path: Path) -> None:
    async with chromium() as browser:
        page = await profile(browser, 420)
        await counter.sign_in(page, "/en/autopays/new/CARD/all")
        assert await page.get_by_label("on the last day without a penalty").is_checked(), "a card is repaid when it is due"
        await page.get_by_label("户号").fill("12")
        await page.get_by_label("Most for one bill").fill("lots")
        await page.get_by_role("button", name="Next").click()
        assert await texts(page, ".wrong") == ["this does not fit: 10 digits", "'lots' is no amount; write it like 1000.00"]
        await page.get_by_label("户号").fill(ACCOUNT)
        await page.get_by_label("Most for one bill").fill("1,500")
        await page.get_by_label("Told ahead").select_option("3")
        await page.get_by_label("what the wallet lacks").select_option("000198")
        await page.get_by_label("what both lack").select_option(label="北京银行 622202******0009")
        await fits(page, 420, tmp_path / "autopay.png")
        await page.get_by_role("button", name="Next").click()
        assert "¥1,500.00" in (await texts(page, ".facts"))[0]
        assert "I let bills be paid by themselves under these terms until I end it." in await texts(page, ".confirms")
        await fits(page, 420, tmp_path / "agree.png")
        await page.get_by_role("button", name="I agree").click()
        said = (await texts(page, ".autopay .facts"))[0]
        assert all(part in said for part in ("******7890", "¥1,500.00", "3 days", "622202******0009")), said
        await fits(page, 420, tmp_path / "autopays.png")
        await page.locator("summary", has_text="Change").click()
        await page.get_by_label("Most for one bill").fill("0")
        await page.get_by_role("button", name="Change it").click()
        assert await texts(page, ".wrong") == ["0.00 is not above zero; give more"]
        await page.get_by_label("Most for one bill").fill("900")
        await page.get_by_label("what both lack").select_option("")
        await page.get_by_role("button", name="Change it").click()
        said = (await texts(page, ".autopay .facts"))[0]
        assert "¥900.00" in said
        assert "622202" not in said
        await page.locator(".autopay summary", has_text="End").click()
        await page.get_by_role("button", name="End it").click()
        assert "Nothing is paid by itself yet" in await page.locator("main").inner_text()
        assert await texts(page, ".autopay summary") == ["Over · 2"]


def hidden(text: str) -> dict[str, str]:
    """What the first form of a page's main part carries along unseen."""
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', text.partition("<main")[2].partition("</form>")[0]))


async def test_nobody_acts_without_the_phones_session_and_nothing_is_paid_twice(counter: Counter) -> None:
    sheet, bill = "/en/bills/MOBILE/all", {"field-account_number": ACCOUNT, "amount": "10.00", "fund": ""}
    async with counter.client() as stranger, counter.client(counter.secret) as owner:
        assert (await stranger.get(sheet)).headers["location"] == f"/en/customer/sign-in?next={sheet}"
        assert (await stranger.post(f"{sheet}/pay", data=bill)).status_code == 401
        page = await owner.get(sheet)
        form = hidden(page.text) | bill
        assert counter.secret not in page.text
        cookie = owner.cookies["customer"]
        assert cookie != counter.secret
        assert cookie not in page.text
        for change, headers, status in (
            ({"proof": "0" * 64}, {}, 403),
            ({"key": "mine"}, {}, 403),
            ({}, {"Origin": "https://elsewhere.example"}, 403),
            ({}, {"Sec-Fetch-Site": "cross-site"}, 403),
            ({"amount": "11.00"}, {}, 422),
            ({"field-account_number": "<b>"}, {}, 422),
        ):
            answer = await owner.post(f"{sheet}/pay", data=form | change, headers=headers)
            assert answer.status_code == status, (change, headers, answer.text)
            assert "<b>" not in answer.text.partition("<main")[2].replace("<b>¥", "")
        assert await counter.wallet() == 500_00
        paid = [await owner.post(f"{sheet}/pay", data=form) for _ in range(2)]
        assert {answer.status_code for answer in paid} == {303}
        assert len({answer.headers["location"] for answer in paid}) == 1
        assert await counter.wallet() == 500_00 - 10_50
        receipt = paid[0].headers["location"]
        assert (await stranger.get(receipt)).status_code == 303
        assert (await owner.get("/en/bill/none")).status_code == 404
        assert (await owner.get(sheet.replace("all", "none"))).status_code == 404
        device = device_lookup(counter.place.house, counter.secret).hex()
        await counter.write("update customer_session set used_at = used_at - interval '31 minutes'")
        assert (await owner.get(receipt)).status_code == 303
        await counter.write("update customer_session set used_at = begun_at")
        assert (await owner.get(receipt)).status_code == 200
        await counter.write(f"update device set state = 'suspended' where token_lookup = '\\x{device}'")
        assert (await owner.get(receipt)).status_code == 303, "a phone that is stopped ends what its page may do"


async def test_a_receipt_and_a_bill_are_shown_to_nobody_else(
    counter: Counter, database_url: str, house: Path, request: pytest.FixtureRequest
) -> None:
    """Nobody else in the same book."""
    counter.place.biller.owe(ACCOUNT, "E1", 20_00)
    async with (
        counter.client(counter.secret) as owner,
        serving(database_url, house, request.node.name[::-1]) as others,
        others.client(others.secret) as other,
    ):
        assert others.person.book == counter.person.book
        sheet = "/bills/BJPOWER/electricity"
        asked = hidden((await owner.get(sheet)).text) | {"field-account_number": ACCOUNT}
        found = (await owner.post(sheet, data=asked)).text
        bill = dict(re.findall(r'name="(bill|amount)" value="([^"]+)"', found))
        theirs = hidden((await other.get(sheet)).text) | bill | {"fund": ""}
        assert (await other.post(f"{sheet}/confirm", data=theirs)).status_code == 404
        assert (await other.post(f"{sheet}/pay", data=theirs)).status_code == 404
        mine = hidden((await owner.get(sheet)).text) | bill | {"fund": ""}
        receipt = (await owner.post(f"{sheet}/pay", data=mine)).headers["location"]
        assert ((await owner.get(receipt)).status_code, (await other.get(receipt)).status_code) == (200, 404)


async def test_whoever_guesses_phones_secrets_waits(counter: Counter) -> None:
    async with counter.client() as http:
        answers = [await http.post("/customer/sign-in", data={"secret": "guess"}) for _ in range(6)]
        assert [one.status_code for one in answers] == [401] * 5 + [429]
        assert "没有哪部可用的手机使用这个口令；请对照手机上的口令" in answers[0].text
        assert "set-cookie" not in answers[0].headers
        right = await http.post("/customer/sign-in", data={"secret": counter.secret, "next": "https://elsewhere.example/bills"})
        assert (right.status_code, right.headers["location"]) == (303, "/bills"), "who knows the secret is heard, and goes nowhere else"
        cookie = right.headers["set-cookie"].lower()
        assert all(part in cookie for part in ("httponly", "samesite=strict", "path=/"))
        assert counter.secret not in str(right.headers)
