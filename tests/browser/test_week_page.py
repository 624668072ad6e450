"""The played week in a real browser: its figures are those of the data, it needs no script, fits a phone, and can be read."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from browsing import browsing, needs_browser
from played_days import MONDAY, Played, play_monday, stage, week_of
from playwright.async_api import Page
from served_house import serving as served
from starlette.applications import Starlette

from tapwealth.flows.reports import WeekView
from tapwealth.kernel.money import format_minor
from tapwealth.notices import store as notices
from tapwealth.web.pages import pages

CSS = Path(__file__).parents[2] / "src/tapwealth/web/static/week.css"


@asynccontextmanager
async def serving(on: Played) -> AsyncIterator[str]:
    """The pages at an address of their own."""
    async with served(Starlette(routes=pages(on.house))) as address:
        yield address


def yuan(fen: int) -> str:
    return f"¥{format_minor(fen)}"


@needs_browser
async def test_the_figures_are_those_of_the_data(on: Played, tmp_path: Path) -> None:
    week = await week_of(on)
    async with serving(on) as address, browsing() as (page, complaints):
        await page.goto(f"{address}/?still")
        await page.screenshot(path=tmp_path / "week.png", full_page=True)
        first = week.customers[0]
        phone = page.locator(".phone")
        assert await phone.locator(".income").inner_text() == format_minor(first.yesterday_income) == "0.24"
        assert await phone.locator(".trio dd").all_inner_texts() == [yuan(first.wealth), yuan(first.cumulative_income), "6.114%"]
        assert await phone.locator(".pots b").all_inner_texts() == [yuan(first.wallet), yuan(first.holding)]
        newest = list(reversed(first.statement))[:7]
        assert await phone.locator(".movements b").all_inner_texts() == [line.text_zh for line in newest]
        assert [figure(text) for text in await phone.locator(".movements .amount").all_inner_texts()] == [line.amount for line in newest]
        await check_curves(page, week)
        await check_board(page, week)
        await check_receipts(page, week)
        assert complaints == []
        assert (tmp_path / "week.png").stat().st_size > 50_000


def figure(text: str) -> int:
    """Fen of a figure as it is shown."""
    return int(re.sub(r"[^\d-]", "", text.replace("−", "-")))


async def check_curves(page: Page, week: WeekView) -> None:
    """Each value stands in the drawing's name, for those who do not see it."""
    said = [await one.get_attribute("aria-label") or "" for one in await page.locator("svg.chart").all()]
    assert week.fund is not None
    assert all(f"{format_minor(one.amount)}" in said[0] for one in week.customers[0].income_curve)
    assert all(f"{one.seven_day_yield // 1000}.{one.seven_day_yield % 1000:03d}%" in said[1] for one in week.fund.rates)
    assert await page.locator("svg.chart").nth(1).locator("circle").count() == len(week.fund.rates)
    assert await page.locator("svg.chart").nth(1).locator("text.name").all_text_contents() == ["02-24", "02-25"]


async def check_board(page: Page, week: WeekView) -> None:
    """Newest first; each date's figures and its proofs."""
    rows = page.locator(".days > tbody")
    assert await rows.count() == len(week.days) == 2
    for number, day in enumerate(reversed(week.days)):
        row = rows.nth(number)
        cells = await row.locator("tr").first.locator("td").all_inner_texts()
        assert await row.locator("time").first.get_attribute("datetime") == str(day.business_date)
        assert cells[0] == "已关账"
        assert day.income is not None
        shown = (day.taps.amount, day.bills.amount, day.income.registrar_total)
        assert [cells[place].split("\n")[0] for place in (1, 2, 4)] == [yuan(fen) for fen in shown]
        assert cells[5].startswith("6/6 相符")
        assert cells[6].startswith("相符")
        statements = await row.locator(".detail table").first.locator("tbody tr td:nth-child(3)").all_text_contents()
        assert [figure(text) for text in statements] == [one.statement for one in day.mirrors]
        assert await row.locator(".proofs .good").count() == 5
    assert "日终待定" in await rows.nth(0).inner_text()


@needs_browser
async def test_the_phone_tells_what_happened_and_leads_to_what_it_is_about(on: Played, tmp_path: Path) -> None:
    """A bill in doubt stands before a paid one, which has the biller's serial; what was opened is not marked."""
    caller = on.callers[1]
    assert caller.person is not None
    async with on.house.database.read() as tx:
        told = await notices.notices_of(tx, caller.book, caller.person)
    opened, *rest = told
    assert rest
    async with serving(on) as address, browsing(420) as (page, complaints):
        async with on.house.database.transaction() as tx:
            await notices.mark_read(tx, caller.book, caller.person, [opened.notice.id], on.now)
        await page.goto(f"{address}/en?customer=2&still")
        lines = page.locator(".notices li")
        assert await lines.count() == len(told)
        assert [one.text_en in await lines.nth(place).inner_text() for place, one in enumerate(told)] == [True] * len(told)
        assert await page.locator(".notices .new").count() == len(rest) == await page.locator(".unread").count()
        assert await page.locator(".notices li").first.get_attribute("class") == "old"
        assert await page.locator(".count").inner_text() == f"{len(rest)} unread"
        bills = page.locator("#bills + ul li")
        assert await bills.locator(".tag").all_inner_texts() == ["in doubt: the biller has not answered; the money is set aside", "paid"]
        doubtful, paid = await bills.locator("small").all_inner_texts(), await bills.nth(1).inner_text()
        assert not any("serial" in text for text in doubtful[:1])
        assert re.search(r"biller’s serial \S+", paid)
        await page.locator(".notices a", has_text="Beijing Power").first.click()
        assert await page.locator(":target").get_attribute("id") == "bill-1"
        await page.screenshot(path=tmp_path / "phone.png", full_page=True)
        assert complaints == []


async def check_receipts(page: Page, week: WeekView) -> None:
    (merchant,) = week.merchants
    roll, biller = page.locator(".roll").first, page.locator(".roll").last
    assert await roll.locator("h3").inner_text() == merchant.name
    shown = await roll.locator(".slip .sum dd").all_inner_texts()
    assert [figure(text) for text in shown] == [one.amount for one in reversed(merchant.receipts[-4:])]
    paid = await roll.locator(".settled tbody td:last-child").all_inner_texts()
    assert [figure(text) for text in paid] == [one.net for one in merchant.settlements]
    assert figure((await roll.locator(".settled tfoot td").all_inner_texts())[-1]) == week.totals.merchant_net
    ((settled,), *_) = [day.billers for day in week.days]
    assert await biller.locator("h3").inner_text() == settled.name
    told = [settled.agreed, settled.gross, settled.fee, settled.payout]
    for row in ("tbody", "tfoot"):
        assert [figure(text) for text in await biller.locator(f".settled {row} td").all_inner_texts()] == told


@needs_browser
async def test_english_another_customer_and_back(on: Played) -> None:
    async with serving(on) as address, browsing() as (page, complaints):
        await page.goto(address)
        assert await page.locator("html").get_attribute("lang") == "zh-CN"
        assert await page.locator('meta[http-equiv="refresh"]').count() == 1
        await page.get_by_role("link", name="*雪").click()
        await page.get_by_role("link", name="暂停刷新").click()
        await page.get_by_role("link", name="English").click()
        assert await page.locator("html").get_attribute("lang") == "en"
        assert await page.locator('meta[http-equiv="refresh"]').count() == 0
        assert await page.locator('.people [aria-current="page"]').inner_text() == "*雪"
        assert "Received from *超" in await page.locator(".phone").inner_text()
        assert await page.locator("h1").all_inner_texts() == ["A customer’s week"]
        chinese = re.findall(r"[\u4e00-\u9fff]+", await page.locator("main").inner_text())
        assert set(chinese) <= {"超", "雪", "老街早点铺", "北京电力", "北京银行"}, "only names are Chinese here"
        await page.get_by_role("link", name="中文").click()
        assert await page.locator(".people [aria-current]").inner_text() == "*雪"
        assert complaints == []


@needs_browser
@pytest.mark.parametrize("width", [360, 768, 1200, 1320, 1440])
async def test_it_fits_a_narrow_screen(on: Played, tmp_path: Path, width: int) -> None:
    async with serving(on) as address, browsing(width) as (page, _):
        for path in ("/?still", "/en?still"):
            await page.goto(f"{address}{path}")
            boxes = [await one.bounding_box() for one in await page.locator("main section, .phone, .roll, .days > tbody, .summary").all()]
            assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)
            column, board = [await page.locator(name).bounding_box() for name in (".board", ".board > .days")]
            assert column
            assert board
            assert board["x"] + board["width"] <= column["x"] + column["width"], "the board of days stays in its column"
        await page.screenshot(path=tmp_path / f"{width}.png", full_page=True)


@needs_browser
async def test_a_date_that_is_not_proved_says_why(new_database: Any, tmp_path: Path) -> None:
    async with stage(new_database(), tmp_path, 3) as on:
        await play_monday(on)
        on.bank.wrong["0100000001", MONDAY] = -1
        await on.close(MONDAY)
        async with serving(on) as address, browsing() as (page, _):
            await page.goto(f"{address}/en?still")
            await page.screenshot(path=tmp_path / "cut.png", full_page=True)
            row = page.locator(".days > tbody").first
            assert await row.locator(".badge").inner_text() == "Cut"
            assert "0100000001" in await row.locator(".break").inner_text()
            assert await row.locator("tr").first.locator(".bad").all_inner_texts() == ["5/6 not proved"]
            assert await row.locator(".proofs .bad b").all_inner_texts() == ["Bank accounts"]
            assert await row.locator(".proofs .wait b").all_inner_texts() == ["Books", "Fund units"]
            assert await page.locator("progress").count() == 1


async def test_nothing_is_fetched_from_elsewhere_or_run(on: Played) -> None:
    async with serving(on) as address, httpx.AsyncClient(base_url=address, trust_env=False) as client:
        for path in ("/", "/en", "/?customer=99", "/?customer=<script>"):
            answer = await client.get(path)
            assert answer.status_code == 200
            assert "<script" not in answer.text
            assert re.findall(r'(?:src|href)="(?!/|#)[^"]*"', answer.text) == []
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        css = (await client.get("/static/week.css")).text
        assert "url(" not in css
        assert (await client.get("/static/nothing.css")).status_code == 404


async def test_before_anything_has_happened_it_waits(new_database: Any, tmp_path: Path) -> None:
    async with stage(new_database(), tmp_path, 3) as on, serving(on) as address, httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(address)
    assert "还没有发生任何事" in answer.text
    assert 'http-equiv="refresh"' in answer.text


INK_ON_GROUND = [
    ("ink", "ground"), ("ink", "card"), ("soft", "ground"), ("soft", "card"), ("good", "good-ground"), ("bad", "bad-ground"),
    ("wait", "wait-ground"), ("good", "card"), ("bad", "card"), ("sea", "card"), ("sea", "ground"), ("ink", "paper"), ("good", "paper"),
]  # fmt: skip


@pytest.mark.parametrize(("ink", "ground"), INK_ON_GROUND)
def test_colours_can_be_told_apart(ink: str, ground: str) -> None:
    """WCAG 2.2, 1.4.3: at least 4.5 to 1."""
    colours = dict(re.findall(r"--([\w-]+): #([0-9a-f]{6});", CSS.read_text()))
    light, dark = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
