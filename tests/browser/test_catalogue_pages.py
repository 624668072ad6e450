"""The catalogue in a real browser: what anybody sees of it, and that drafts, names, reasons and accounts are not among it."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from apart import run_apart
from bill_town import NINE, Town, town
from browsing import browsing, needs_browser, texts
from fund_town import fund_town, operator
from product_files import FUND_FILE
from served_house import serving as served
from starlette.applications import Starlette

from tapwealth.flows.catalogue import products
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage import operators
from tapwealth.storage.operators import OperatorRole
from tapwealth.web.catalogue_pages import catalogue_pages
from tapwealth.web.pages import pages

CODE, DRAFTED = "110022", "110023"
PROSPECTUS = "<h1>产品说明书</h1><script>document.title = 'run'</script>净值会涨也会跌。".encode()
SHA256 = hashlib.sha256(PROSPECTUS).hexdigest()
NAMED = f"documents: [{{title: {{zh: 招募说明书, en: Prospectus}}, language: zh, sha256: {SHA256}}}]\nsale:"
FIRST = FUND_FILE.replace("sale:", NAMED)
SECOND = FIRST.replace("rate: 1.5}", "rate: 1.2}", 1).replace("0200000001", "0300000001").replace(", en: Consumer", ", en: New consumer")
THIRD = SECOND.replace("risk_level: 4", "risk_level: 5")


@pytest.fixture(scope="module")
def shelf(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fund with a second version on sale and a third one drafted, another one that is a draft, and the money fund."""
    folder = tmp_path_factory.mktemp("shelf")
    run_apart(_fill(database_url, folder))
    return folder


async def _fill(database_url: str, folder: Path) -> None:
    async with fund_town(database_url, folder) as place:
        async with place.house.database.transaction() as tx:
            for login, name, staff in (("zhou.min", "周敏", "10023"), ("chen.jing", "陈静", "10077")):
                roles = [OperatorRole.PRODUCT_MANAGER]
                await operators.create(tx, place.house.random64, login, name, roles, "nobody signs in here", NINE, staff)

        async def give(flow: Any, command: Any, by: str = "zhou.min") -> None:
            done = await flow(place.house, operator(place, by), command)
            assert not isinstance(done, Refusal), done

        await give(products.add_document, products.AddDocument("text/html", PROSPECTUS))
        for number, text in enumerate((FIRST, SECOND), 1):
            await give(products.draft, products.DraftProduct(text))
            await give(products.review, products.ReviewProduct(CODE, number), "chen.jing")
            await give(products.approve, products.ApproveProduct(CODE, number), "chen.jing")
        for text in (THIRD, FIRST.replace(CODE, DRAFTED)):
            await give(products.draft, products.DraftProduct(text))


@pytest.fixture
async def place(database_url: str, shelf: Path) -> AsyncIterator[Town]:
    async with town(database_url, shelf) as made:
        yield made


@asynccontextmanager
async def serving(place: Town) -> AsyncIterator[str]:
    async with served(Starlette(routes=[*pages(place.house), *catalogue_pages(place.house)])) as address:
        yield address


@needs_browser
async def test_everybody_finds_what_is_sold_by_kind_and_state(place: Town) -> None:
    async with serving(place) as address, browsing() as (page, complaints):
        await page.goto(f"{address}/products")
        assert await texts(page, ".shelf h2") == ["货币基金 1", "基金 1", "缴费服务 1"]
        assert await texts(page, ".products .title") == ["天弘余额宝货币", "消费行业股票", "北京电力"]
        assert await texts(page, ".products .badge") == ["在售"] * 3
        assert await texts(page, ".filters a") == ["全部 3", "在售 3"]
        assert await page.locator(".waits").count() == 0
        await page.get_by_role("link", name="English").click()
        assert page.url == f"{address}/en/products"
        assert await texts(page, ".shelf h2") == ["money fund 1", "fund 1", "biller service 1"]
        assert re.findall(r"[\u4e00-\u9fff]+", await page.locator("body").inner_text()) == ["中文"]
        assert complaints == []


@needs_browser
async def test_a_version_is_read_in_words_with_its_rates_drawn_and_its_documents_at_hand(place: Town) -> None:
    async with serving(place) as address, browsing() as (page, complaints):
        await page.goto(f"{address}/en/products")
        await page.get_by_role("link", name="New consumer equity").click()
        assert await texts(page, "h1") == ["New consumer equity"]
        facts = dict(zip(await texts(page, ".facts dt"), await texts(page, ".facts dd"), strict=True))
        assert facts["dividend method"] == "cash"
        assert facts["custody account"] == "******0001"
        assert facts["risk level"] == "R4"
        fees = page.locator(".group", has=page.get_by_role("heading", name="purchase fee")).locator("tbody tr")
        assert [await texts(fees.nth(row), "td") for row in (0, 1)] == [
            ["0.00 yuan", "1.2%", "0.00 yuan"],
            ["1,000,000.00 yuan", "0%", "1,000.00 yuan"],
        ]
        rate = page.locator(".rate")
        assert await texts(page, ".rate tbody tr td") == ["2014-01-01", "2014-06-30", "1.5%", "2014-07-01", "no end", "1.2%"]
        assert await rate.locator("svg").get_attribute("aria-label") == "management fee (yearly): 2014-01-01 1.5%, 2014-07-01 1.2%"
        await check_steps(rate)
        assert await texts(page, ".timeline b") == ["on sale"]
        assert await texts(page, ".versions a") == ["Version 2", "Version 1"]
        assert await texts(page, ".documents code") == [f"SHA-256 {SHA256}"]
        assert complaints == []
        await page.get_by_role("link", name="Prospectus").click()
        assert "净值会涨也会跌" in await page.locator("body").inner_text()


async def check_steps(rate: Any) -> None:
    """The line is level between two dates and falls on the second one, where the lower rate stands."""
    line = await rate.locator("polyline").get_attribute("points")
    corners = [tuple(map(int, corner.split(","))) for corner in line.split(" ")]
    assert [corners[0][1], corners[2][1]] == [corners[1][1], corners[3][1]]
    assert corners[1][0] == corners[2][0]
    assert corners[0][1] < corners[2][1], "lower on the page is less"
    boxes = [await one.bounding_box() for one in await rate.locator("svg, table").all()]
    assert all(box and box["height"] > 40 for box in boxes)


@needs_browser
async def test_two_versions_stand_side_by_side_and_what_differs_is_marked(place: Town) -> None:
    async with serving(place) as address, browsing() as (page, complaints):
        await page.goto(f"{address}/en/products/{CODE}")
        await page.get_by_role("link", name="Compare with version 1").click()
        rows = [await texts(row, "th, td") for row in await page.locator("tr.differs").all()]
        assert rows == [
            ["name English", "Consumer equity", "New consumer equity"],
            ["custody account", "******0001", "******0001"],
            ["purchase fee 1 rate", "1.5%", "1.2%"],
        ]
        assert await page.locator("tbody tr:not(.part)").count() == 3
        await page.get_by_role("link", name="Everything").click()
        assert await page.locator("tr.differs").count() == 3
        assert await page.locator("tbody tr:not(.part)").count() > 25
        await page.get_by_role("link", name="中文").click()
        assert await texts(page, "tr.differs th") == ["名称英文", "托管账户", "申购费第1项费率"]
        assert complaints == []


async def test_what_is_the_houses_own_is_shown_to_nobody_else(place: Town) -> None:
    """Drafts, who did what, why, and the numbers of accounts."""
    async with serving(place) as address, httpx.AsyncClient(base_url=address, trust_env=False) as client:
        seen = [
            "/products",
            "/products?state=waiting",
            f"/products/{CODE}",
            f"/products/{CODE}?version=1",
            f"/products/{CODE}/compare?from=1&to=2&all=",
        ]
        hidden = [
            f"/products/{CODE}?version=3", f"/products/{DRAFTED}", f"/products/{CODE}/compare?from=2&to=3", f"/products/{CODE}?version=0",
            f"/products/{CODE}?version=1e1", "/products/none", f"/products/{CODE}/compare", "/documents/" + "0" * 64, "/documents/x",
        ]  # fmt: skip
        answers = await asyncio.gather(*(client.get(f"{root}{path}") for root in ("", "/en") for path in seen))
        assert {answer.status_code for answer in answers} == {200}
        told = "".join(answer.text for answer in answers)
        for secret in ("周敏", "陈静", "zhou.min", "0200000001", "0300000001", DRAFTED, "R5", "draft<", "草稿"):
            assert secret not in told, secret
        for path in hidden:
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8"), path
        assert all("<script" not in answer.text for answer in answers)
        assert {answer.headers["content-security-policy"].split(";")[0] for answer in answers} == {"default-src 'none'"}
        document = await client.get(f"/documents/{SHA256}")
    assert document.content == PROSPECTUS
    assert document.headers["content-security-policy"].endswith("sandbox")


@needs_browser
@pytest.mark.parametrize("width", [360, 420, 1280])
async def test_it_fits_the_screen(place: Town, tmp_path: Path, width: int) -> None:
    async with serving(place) as address, browsing(width) as (page, _):
        for name, path in (("list", "/products"), ("one", f"/products/{CODE}"), ("two", f"/en/products/{CODE}/compare?from=1&to=2&all=")):
            await page.goto(f"{address}{path}")
            boxes = [await one.bounding_box() for one in await page.locator(".card, .summary, h1, .badge, .filters").all()]
            assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)
            await page.screenshot(path=tmp_path / f"{name}-{width}.png", full_page=True)
