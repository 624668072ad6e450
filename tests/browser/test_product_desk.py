"""Product managers at their desk, in a real browser: drafted wrong, corrected, reviewed and put on sale by another person; and every way
in that is none."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest
from apart import run_apart
from bill_town import NINE, Town, town
from browsing import chromium, needs_browser, profile, texts
from fund_town import fund_town
from playwright.async_api import Browser, Page
from product_files import FUND_FILE, changed
from served_house import PASSWORD, open_doors

from tapwealth.catalogue import store
from tapwealth.flows.catalogue.kinds import shape_of
from tapwealth.kernel.masked import Masked
from tapwealth.storage import operators
from tapwealth.storage.operators import OperatorRole

PEOPLE = (("zhou.min", "周敏", "10023"), ("zhou.two", "周敏", "10023"), ("chen.jing", "陈静", "10077"))
OVERLAP = changed(("from: 2014-07-01", "from: 2014-06-01")).decode()


@pytest.fixture(scope="module")
def house(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two product managers, one of whom has two logins; an auditor; and the money fund."""
    folder = tmp_path_factory.mktemp("desk")
    run_apart(_admit(database_url, folder))
    return folder


async def _admit(database_url: str, folder: Path) -> None:
    async with fund_town(database_url, folder) as place:
        stored = await operators.password_hash(Masked(PASSWORD))
        assert isinstance(stored, str)
        async with place.house.database.transaction() as tx:
            for login, name, staff in PEOPLE:
                await operators.create(tx, place.house.random64, login, name, [OperatorRole.PRODUCT_MANAGER], stored, NINE, staff)
            await operators.create(tx, place.house.random64, "audit.li", "李审", [OperatorRole.AUDITOR], stored, NINE)


@dataclass
class Desk:
    """The platform as it is served, and its data."""

    place: Town
    address: str
    database_url: str

    async def page(self, browser: Browser, login: str = "", width: int = 1280) -> Page:
        """Somebody at a browser of their own, signed in under that login."""
        page = await profile(browser, width)
        if login:
            await page.goto(f"{self.address}/en/sign-in")
            await page.get_by_label("Login").fill(login)
            await page.get_by_label("Password").fill(PASSWORD)
            await page.get_by_role("button", name="Sign in").click()
        return page

    @asynccontextmanager
    async def client(self, login: str = "") -> AsyncIterator["Client"]:
        async with httpx.AsyncClient(base_url=self.address, trust_env=False) as http:
            client = Client(http)
            if login:
                answer = await http.post("/en/sign-in", data={"login": login, "password": PASSWORD})
                assert answer.status_code == 303, answer.text
            yield client

    async def versions(self, product: str) -> list[str]:
        """The state of each."""
        async with self.place.house.database.read() as tx:
            return [one.state.value for one in (await store.versions_of(tx, [product], shape_of))[product]]

    async def write(self, statement: str) -> None:
        connection = await asyncpg.connect(self.database_url, server_settings={"search_path": "tapwealth"})
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@dataclass
class Client:
    """Whoever sends forms without a browser."""

    http: httpx.AsyncClient

    async def form(self, path: str) -> dict[str, str]:
        """What the forms of a page carry along unseen."""
        text = (await self.http.get(path)).text
        return {name: found[1] for name in ("proof", "key") if (found := re.search(rf'name="{name}" value="([^"]+)"', text))}

    async def draft(self, text: str, **more: str) -> httpx.Response:
        return await self.http.post("/en/draft", data={**await self.form("/en/draft"), "text": text, **more})


@pytest.fixture
async def desk(database_url: str, house: Path) -> AsyncIterator[Desk]:
    async with town(database_url, house) as place, open_doors(place) as doors:
        yield Desk(place, str(doors.http.base_url).rstrip("/"), database_url)


def of(product: str, text: str = FUND_FILE) -> str:
    return text.replace("110022", product)


@needs_browser
async def test_drafted_with_an_overlap_corrected_reviewed_and_put_on_sale_by_another_person(desk: Desk, tmp_path: Path) -> None:
    async with chromium() as browser:
        maker = await desk.page(browser, "zhou.min")
        await maker.get_by_role("link", name="Draft", exact=True).click()
        await maker.get_by_label("YAML").fill(OVERLAP)
        await maker.get_by_role("button", name="Hand in the draft").click()
        said = maker.get_by_role("alert")
        assert "line 20, column 12" in await said.inner_text()
        assert "it overlaps the row before it, which holds until 2014-06-30" in await said.inner_text()
        assert (await said.locator(".wrong").inner_text()).split() == ["20", "-", "{from:", "2014-06-01,", "value:", "1.2}"]
        assert await said.locator("mark").inner_text() == "2014-06-01, value: 1.2}"
        assert await maker.get_by_label("YAML").input_value() == OVERLAP
        wrong = await maker.locator(".gutter .wrong").bounding_box()
        sheet = await maker.get_by_label("YAML").bounding_box()
        assert wrong
        assert sheet
        assert wrong["y"] == sheet["y"] + 10 + 19 * 20, "the number stands beside its line"
        await maker.screenshot(path=tmp_path / "overlap.png", full_page=True)
        await maker.get_by_label("YAML").fill(FUND_FILE)
        await maker.get_by_role("button", name="Hand in the draft").click()
        assert maker.url == f"{desk.address}/en/products/110022?version=1"
        assert await texts(maker, ".acts button") == ["Withdraw"]
        assert "another person reviews and approves it" in await maker.locator(".acts").inner_text()
        herself = await desk.page(browser, "zhou.two")
        await herself.goto(f"{desk.address}/en/products?state=waiting")
        assert (
            "Version 1 has waited since 2014-02-24 09:00 for a second person to review (drafted by 周敏)"
            in await herself.locator(".waits").inner_text()
        )
        await herself.locator(".waits a").click()
        await herself.get_by_role("button", name="I find it right").click()
        said = herself.get_by_role("alert")
        assert "Who drafted it cannot decide it" in await said.inner_text()
        assert "zhou.two is the same person (staff number 10023)" in await said.inner_text()
        await herself.screenshot(path=tmp_path / "herself.png", full_page=True)
        checker = await desk.page(browser, "chen.jing", 420)
        await checker.goto(f"{desk.address}/products/110022?version=1")
        assert await texts(checker, ".timeline span") == ["周敏"]
        await checker.get_by_role("button", name="复核通过").click()
        await checker.screenshot(path=tmp_path / "reviewed.png", full_page=True)
        await checker.get_by_role("button", name="批准并上架").click()
        assert await checker.locator(".summary .badge").inner_text() == "在售"
        assert await texts(checker, ".timeline span") == ["周敏", "陈静", "陈静"]
        anybody = await desk.page(browser)
        await anybody.goto(f"{desk.address}/products")
        assert "消费行业股票" in await anybody.locator("main").inner_text()
    assert await desk.versions("110022") == ["on_sale"]


@needs_browser
async def test_a_file_is_chosen_and_checked_and_its_document_handed_in(desk: Desk, tmp_path: Path) -> None:
    prospectus, file = tmp_path / "prospectus.txt", tmp_path / "fund.yaml"
    prospectus.write_text("净值会涨也会跌。")
    async with chromium() as browser:
        page = await desk.page(browser, "zhou.min")
        await page.goto(f"{desk.address}/en/documents")
        await page.get_by_label("File").set_input_files(prospectus)
        await page.get_by_role("button", name="Hand it in").click()
        naming = (await page.get_by_role("status").locator("pre").inner_text()).strip()
        file.write_bytes(b"\xef\xbb\xbf" + of("110031", FUND_FILE.replace("sale:", f"{naming}\nsale:")).replace("\n", "\r\n").encode())
        await page.get_by_role("link", name="Draft a product").click()
        await page.get_by_label("Or choose a file").set_input_files(file)
        await page.get_by_role("button", name="Check alone").click()
        assert "110031, fund; nothing was handed in" in await page.get_by_role("alert").inner_text()
        assert await desk.versions("110031") == []
        await page.get_by_role("button", name="Hand in the draft").click()
        assert await page.locator(".documents a").inner_text() == "title"
        await page.get_by_role("link", name="Draft the next version from it").click()
        assert "product: '110031'" in await page.get_by_label("YAML").input_value()
        await page.goto(f"{desk.address}/en/products/110031?version=1")
        async with page.expect_download() as download:
            await page.get_by_role("link", name="YAML file").click()
        assert (await download.value).suggested_filename == "110031-v1.yaml"


async def test_a_form_that_is_sent_twice_does_nothing_twice(desk: Desk) -> None:
    async with desk.client("zhou.min") as maker, desk.client("chen.jing") as checker:
        form = await maker.form("/en/draft") | {"text": of("110041")}
        first, second = [await maker.http.post("/en/draft", data=form) for _ in range(2)]
        assert (first.status_code, first.headers["location"]) == (303, "/en/products/110041?version=1")
        assert (await maker.http.get(f"/en/draft?from=110041&version={2**31}")).status_code == 200
        assert second.headers["location"] == first.headers["location"]
        other = await maker.http.post("/en/draft", data=form | {"text": of("110042")})
        assert other.status_code == 422
        assert "This form was used before" in other.text
        assert "something else was sent with it; nothing was done now: look at it, and send it again" in other.text
        review = await checker.form("/en/products/110041?version=1") | {"version": "1"}
        for _ in range(2):
            assert (await checker.http.post("/en/products/110041/review", data=review)).status_code == 303
    assert await desk.versions("110041") == ["reviewed"]
    assert await desk.versions("110042") == []


async def test_nothing_is_taken_but_from_a_page_of_ours_and_its_own_session(desk: Desk) -> None:
    async with desk.client("zhou.min") as maker, desk.client("chen.jing") as checker, desk.client() as nobody:
        good = await maker.form("/en/draft") | {"text": of("110051")}
        theirs = await checker.form("/en/draft")
        for data, headers in (
            (good, {"Origin": "https://elsewhere.test"}), (good, {"Origin": "null"}), (good, {"Sec-Fetch-Site": "cross-site"}),
            (good | {"proof": theirs["proof"]}, {}), (good | {"proof": ""}, {}), (good | {"key": "7"}, {}), ({"text": good["text"]}, {}),
        ):  # fmt: skip
            answer = await maker.http.post("/en/draft", data=data, headers=headers)
            assert answer.status_code == 403, (data, headers)
        stranger = await nobody.http.post("/en/draft", data=good)
        assert stranger.status_code == 401
        evil = {"login": "zhou.min", "password": PASSWORD}
        assert (await nobody.http.post("/sign-in", data=evil, headers={"Origin": "https://elsewhere.test"})).status_code == 403
        assert (await nobody.http.get("/products/000198/file?version=1")).status_code == 404
        for path in ("/draft", "/en/documents"):
            answer = await nobody.http.get(path)
            assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, f"{path[: -len(path.split('/')[-1])]}sign-in")
        assert await desk.versions("110051") == []
        here = await maker.http.post("/en/draft", data=good, headers={"Origin": desk.address})
        assert here.status_code == 303


async def test_a_session_is_a_row_that_ends(desk: Desk) -> None:
    async with desk.client() as client:
        wrong = await client.http.post("/en/sign-in", data={"login": "zhou.min", "password": "a wrong password"})
        assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
        assert "login or password is wrong" in wrong.text
        came = await client.http.post("/en/sign-in", data={"login": "zhou.min", "password": PASSWORD, "next": "https://elsewhere.test/"})
        assert came.headers["location"] == "/en/products"
        cookie = came.headers["set-cookie"]
        assert re.fullmatch(r"operator=[\w-]{43}; HttpOnly; Path=/; SameSite=strict", cookie), cookie
        secret = cookie.split("=")[1].split(";")[0]
        behind_tls = await client.http.post("/sign-in", data={"login": "zhou.min", "password": PASSWORD}, headers={"Host": "bank.test"})
        assert behind_tls.headers["set-cookie"].startswith("__Host-operator=")
        assert "; Secure" in behind_tls.headers["set-cookie"]
        async with desk.place.house.database.read() as tx:
            assert secret.encode() not in b"".join(row["secret_hash"] for row in await tx.fetch("select secret_hash from operator_session"))
        good = await client.form("/en/draft") | {"text": of("110061")}
        for end, again in (
            ("update operator_session set used_at = used_at - interval '31 minutes'", "update operator_session set used_at = begun_at"),
            ("update operator_session set ends_at = begun_at", "update operator_session set ends_at = begun_at + interval '1 hour'"),
            ("update operator set active = false where login = 'zhou.min'", "update operator set active = true"),
        ):
            await desk.write(end)
            late = await client.http.post("/en/draft", data=good)
            assert late.status_code == 401
            assert "product: 110061" in late.text, "what was written is kept"
            await desk.write(again)
        kept = await client.http.post("/en/sign-in", data={"login": "zhou.min", "password": PASSWORD, "kept": good["text"]})
        assert "product: 110061" in kept.text
        newer = client.http.cookies["operator"]
        left = await client.http.post("/en/sign-out", data=await client.form("/en/draft"))
        assert left.status_code == 303
        assert client.http.cookies.get("operator") is None
        assert (await client.http.get("/en/draft", headers={"Cookie": f"operator={newer}"})).status_code == 303, "it is over"
        old = await client.http.get("/en/draft", headers={"Cookie": f"operator={secret}"})
        assert old.status_code == 200, "another sign-in is another session"
        assert await desk.versions("110061") == []


async def test_what_is_wrong_is_said_and_what_was_written_stays(desk: Desk) -> None:
    hostile = "</textarea><script>alert(1)</script>\nkind: fund\n"
    async with desk.client("zhou.min") as maker, desk.client("chen.jing") as checker, desk.client("audit.li") as auditor:
        answer = await maker.draft(hostile)
        assert answer.status_code == 422
        assert "<script" not in answer.text
        assert "&lt;/textarea&gt;&lt;script&gt;" in answer.text
        assert "a character that cannot be seen" in (await maker.draft("product: 1\0")).text
        assert "documents are files of their own" in (await maker.draft("# " + "x" * (256 << 10))).text
        form = await maker.form("/en/draft")
        file = await maker.http.post("/en/draft", data=form | {"text": "mine"}, files={"file": ("a.yaml", b"name: \xff", "text/yaml")})
        assert "this is not UTF-8" in file.text
        assert ">\nmine</textarea>" in file.text
        assert (await maker.http.post("/en/draft", data=form | {"text": "x" * (3 << 20)})).status_code == 400
        image = await maker.http.post("/en/documents", data=form, files={"file": ("a.png", b"x", "image/png")})
        assert "choose one of application/pdf" in image.text
        await maker.draft(of("110071"))
        page = "/en/products/110071?version=1"
        empty = await checker.http.post("/en/products/110071/reject", data=await checker.form(page) | {"version": "1", "reason": "  "})
        assert "say why in a sentence" in empty.text
        early = await checker.http.post("/en/products/110071/close", data=await checker.form(page) | {"version": "1", "reason": "too dear"})
        assert early.status_code == 422
        assert 'value="too dear"' in early.text
        assert "only what is on sale is closed" in early.text
        chinese = await checker.http.post("/products/110071/approve", data=await checker.form(page) | {"version": "1"})
        assert "110071 版本 1 状态为“草稿”；请先复核" in chinese.text
        assert "This cannot" not in chinese.text
        read = await auditor.http.get(page)
        assert "周敏" in read.text
        assert 'class="card acts"' not in read.text
        assert "Product managers draft" in (await auditor.http.get("/en/draft")).text
        refused = await auditor.http.post(
            "/en/products/110071/review", data=await auditor.form(page) | {"version": "1", "key": form["key"]}
        )
        assert "This is for others" in refused.text
        gone = await checker.http.post("/en/products/110071/review", data=await checker.form(page) | {"version": "9"})
        assert gone.status_code == 404
    assert await desk.versions("110071") == ["draft"]
