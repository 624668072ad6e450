"""Claims on a customer's pages: notified, shown by files that a real browser sends, followed by dates, appealed; and a disputed payment."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from apart import run_apart
from bill_town import MONDAY, Person, Town, town
from browsing import chromium, needs_browser, profile, texts
from card_town import card_town
from claim_town import IMEI, NEXT_MONDAY, assess, insured, insurer_answers, paid
from evidence_files import jpeg, pdf, png
from insurance_desk import Desk, before_the_pages, keep, signed_in
from patience import comes
from policy_files import HEALTH_FILE, SCREEN_FILE, TERM_LIFE_FILE, sell_policies
from served_house import open_doors

from tapwealth.flows.insurance.policies import BuyPolicy
from tapwealth.insurance import claim_store
from tapwealth.insurance.evidence import MOST_BYTES
from tapwealth.kernel.clock import shanghai
from tapwealth.wire.iso8583.requests import TransactionKind

REFUND = TransactionKind.REFUND
TEN = shanghai(NEXT_MONDAY, 10)
SAID = {"loss_day": str(NEXT_MONDAY), "loss": "800", "imei": IMEI, "said": "下楼时摔了一跤"}
ACCOUNT_FILE = (
    SCREEN_FILE.replace("product: SCREEN", "product: SAFE")
    .replace("{zh: 碎屏险, en: 'Screen cover'}", "{zh: 账户安全险, en: 'Account cover'}")
    .replace("{of: phone_screen, replacements: 1, late_days: 60}", "{of: account_loss, look_back_days: 7}")
    .replace("  waiting_days: 7\n", "")
)


IMEIS = {"Claimant": IMEI, "Sender": "352099001761481", "Browser": "356938035643809"}


Furnished = tuple[Path, dict[str, tuple[Person, UUID]]]
"""Where the house lies, and by name who has insured their screen, with the policy."""


@pytest.fixture(scope="module")
def house(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    """Three people have insured their screens a week ago."""
    folder = tmp_path_factory.mktemp("claims")
    return folder, run_apart(_furnish(database_url, folder))


async def _furnish(database_url: str, folder: Path) -> dict[str, tuple[Person, UUID]]:
    async with town(database_url, folder) as place:
        await sell_policies(place.house, SCREEN_FILE, TERM_LIFE_FILE, HEALTH_FILE)
        found = {}
        for name, imei in IMEIS.items():
            person = await place.person(name, 100_000_00)
            found[name] = person, await insured(place, person, imei)
        await place.clock(TEN)
        return found


@pytest.fixture
async def place(database_url: str, house: Furnished) -> AsyncIterator[Town]:
    async with town(database_url, house[0]) as made:
        made.biller.now = made.insurer.now = TEN
        yield made


async def test_a_loss_is_claimed_followed_by_its_dates_and_appealed_and_nothing_typed_is_lost(place: Town, house: Furnished) -> None:
    person, policy = house[1]["Claimant"]
    async with before_the_pages(place, "Claimant", person=person) as desk:
        new = f"/policies/{policy}/claim"
        assert f'href="{new}"' in (await desk.get(f"/policies/{policy}")).source
        page = keep(await desk.get(new), "claim_sheet")
        for change, wrong in (
            ({"said": " "}, "请用一句话说明经过"),
            ({"loss": "0"}, "金额须大于零"),
            ({"loss_day": "3 March"}, "请填写日期，如 2014-03-03"),
            ({"imei": "490154203237519"}, "号码校验不符；请重新填写"),
            ({"imei": IMEIS["Sender"]}, "保单承保的是另一部手机；请填写承保手机的 IMEI"),
            ({"loss_day": str(NEXT_MONDAY - timedelta(1))}, "7 天等待期内的损失不赔；自 2014-03-03 起的损失可赔"),
            ({"loss_day": str(NEXT_MONDAY + timedelta(1))}, "2014-03-04 还没有到；请填写出险日期"),
        ):
            given = SAID | change
            refused = keep(await desk.send(new, page, **given), "claim_refused")
            assert (refused.status, wrong in refused.text) == (422, True), (refused.text, wrong)
            assert all(value in refused.source for value in given.values() if value.strip()), "what was typed stays"
            page = refused
        for _ in range(2):
            claim = await desk.send(new, page, **SAID)
            assert (claim.status, "还缺： 照片 、 发票或费用清单" in claim.text) == (200, True), claim.text
        here, identifier = claim.where, UUID(claim.where.rpartition("/")[2])
        assert (await desk.get("/claims")).text.count("待交材料") == 1
        for paper, content in (("photo", jpeg()), ("invoice", pdf())):
            kind = "application/pdf" if paper == "invoice" else "application/octet-stream"
            claim = await desk.send(f"{here}/papers", claim, "/papers", files={"file": ("a", content, kind)}, paper=paper)
        listed = keep(await desk.get("/claims"), "claims").text
        assert all(part in listed for part in ("审核中", "材料齐全 2014-03-03", "最迟作出结论 2014-04-02")), listed
        assert "还缺" not in listed
        await assess(place, identifier, 0, "the phone was dropped on purpose")
        page = keep(await desk.get(here), "refused")
        assert all(part in page.text for part in ("不予赔付的理由", "dropped on purpose", "2014-05-02 前（含当日）申诉一次")), page.text
        empty = await desk.send(f"{here}/appeal", page, "/appeal", reason=" ")
        assert (empty.status, "没有填写；请用一句话说明经过" in empty.text) == (422, True)
        appealed = keep(await desk.send(f"{here}/appeal", empty, "/appeal", reason="不是故意的"), "appealed")
        assert (appealed.status, "已申诉 2014-03-03" in appealed.text, "/appeal" in appealed.source) == (200, True, False)
        await assess(place, identifier, 800_00, "on second thoughts")
        assert await insurer_answers(place) == []
        agreed = (await desk.get(f"/en{here}")).text
        assert "to be paid by 2014-03-13" in agreed, agreed
        await paid(place, identifier)
        assert "已赔付 2014-03-03" in keep(await desk.get(here), "paid").text


async def test_a_file_is_taken_from_nobody_else_and_kept_once(place: Town, house: Furnished) -> None:
    person, policy = house[1]["Sender"]
    async with before_the_pages(place, "Sender", person=person) as desk:
        claim = await desk.send(
            f"/policies/{policy}/claim", await desk.get(f"/policies/{policy}/claim"), **SAID | {"imei": IMEIS["Sender"]}
        )
        path, file = f"{claim.where}/papers", {"file": ("a.jpg", jpeg(), "image/jpeg")}
        for content, kind, wrong in (
            (b"", "image/jpeg", "文件是空的"),
            (b"MZ program", "image/jpeg", "文件不是 JPEG、PNG、HEIC 或 PDF"),
            (png(), "image/jpeg", "文件名后缀与内容不符：内容是 image/png；请改正后缀，或上传原始文件"),
            (jpeg()[:-4], "image/jpeg", "JPEG 文件不完整或已损坏"),
            (jpeg(b"<html>"), "image/jpeg", "照片末尾附有其他内容"),
            (pdf(b"<< /OpenAction << /S /JavaScript >> >>"), "application/pdf", "PDF 含有可自动执行的内容（JavaScript）"),
        ):
            refused = keep(await desk.send(path, claim, "/papers", files={"file": ("a", content, kind)}, paper="invoice"), "file_refused")
            assert (refused.status, wrong in refused.text) == (422, True), (wrong, refused.text)
            assert '<option value="invoice" selected>' in refused.source, "what was chosen stays"
        none = await desk.send(path, claim, "/papers", files={"file": ("", b"", "")}, paper="photo")
        assert (none.status, "没有选择文件" in none.text) == (422, True)
        for _ in range(2):
            taken = await desk.send(path, claim, "/papers", files=file, paper="photo")
            assert (taken.status, taken.text.count("✓ 已收到")) == (200, 1)
        link = taken.source.partition('href="/claims/papers/')[2].partition('"')[0]
        got = await desk.http.get(f"/claims/papers/{link}")
        assert (got.content, got.headers["content-disposition"].split(";")[0]) == (jpeg(), "attachment")
        stale = await desk.http.post(path, data={"proof": "x", "key": taken.hidden("key", "/papers"), "paper": "photo"}, files=file)
        assert stale.status_code == 403
        foreign = await desk.http.post(
            path, data={"proof": taken.hidden("proof"), "paper": "photo"}, files=file, headers={"Origin": "http://x"}
        )
        assert foreign.status_code == 403
        assert "文件超过 10 MB" in await _announced(desk, path, 2 << 30)
        withdrawn = await desk.send(f"{claim.where}/withdraw", taken, "/withdraw")
        assert (withdrawn.status, "已结案" in withdrawn.text, "/papers#" in withdrawn.source) == (200, True, False)
    async with before_the_pages(place, "Thief") as thief:
        nothing = await thief.get(claim.where)
        assert (nothing.status, "返回理赔" in nothing.text, "缴费机构" in nothing.text) == (404, True, False), nothing.text
        assert (await thief.http.get(f"/claims/papers/{link}")).status_code == 404
        own = await thief.get("/claims")
        stolen = await thief.http.post(
            path, data={"proof": own.source.partition('name="proof" value="')[2][:64], "key": claim.key, "paper": "photo"}, files=file
        )
        assert stolen.status_code == 404
        thief.http.cookies.clear()
        left = await thief.http.post(path, data={}, files=file)
        assert (left.status_code, 'name="next" value="/claims"' in left.text) == (401, True)
        assert '<p class="bank">理赔</p>' in left.text, "the door says what it leads to"


async def _announced(desk: Desk, path: str, length: int) -> str:
    """The answer to a file of which the head alone has come."""
    url = desk.http.base_url
    cookies = "; ".join(f"{name}={value}" for name, value in desk.http.cookies.items())
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = (
        f"POST {path} HTTP/1.1",
        f"Host: {url.host}",
        f"Cookie: {cookies}",
        f"Content-Length: {length}",
        "Content-Type: multipart/form-data",
    )
    writer.write("\r\n".join((*head, "", "")).encode())
    async with comes("the answer before the file"):
        answer = await reader.readuntil(b"</html>")
    writer.close()
    return answer.decode()


async def test_an_illness_is_claimed_by_its_name_and_brings_what_the_policy_says(place: Town) -> None:
    async with before_the_pages(place, "Patient") as desk:
        bought = BuyPolicy("CI10", ["terms"], answers={"smoking": "never", "lump": "none"})
        new = f"/policies/{await desk.buy(bought)}/claim"
        page = keep(await desk.get(new), "illness")
        assert ("恶性肿瘤——轻度" in page.text, "损失金额" in page.text) == (True, False)
        unnamed = await desk.send(new, page, said="确诊", loss_day=str(NEXT_MONDAY))
        assert (unnamed.status, "请选择疾病" in unnamed.text) == (422, True)
        early = await desk.send(new, page, said="确诊", loss_day=str(NEXT_MONDAY), illness="cancer", by_accident="yes")
        assert (early.status, "此前的损失不赔" in early.text, 'value="cancer" selected' in early.source) == (422, True, True)


async def test_a_payment_that_was_not_theirs_is_disputed_and_then_claimed(new_database: Callable[[], str], tmp_path: Path) -> None:
    async with town(new_database(), tmp_path) as place:
        host = await card_town(place)
        await sell_policies(place.house, ACCOUNT_FILE)
        async with before_the_pages(place, "Robbed", 2_000_00) as desk:
            policy = await insured(place, desk.person, None, "SAFE")
            phone = await host.phone(desk.person)
            await place.clock(shanghai(MONDAY + timedelta(1), 9))
            sale, answer = await host.tap(phone, 500_00)
            assert answer == "00"
            tap = (await host.row(sale)).id
            paid_list = keep(await desk.get("/claims/payments"), "payments")
            assert "¥500.00" in paid_list.text
            early = await desk.send(f"/policies/{policy}/claim", await desk.get(f"/policies/{policy}/claim"), said="I slept")
            assert (early.status, "请选择一笔付款" in early.text) == (422, True)
            for _ in range(2):
                said = keep(await desk.send(f"/claims/payments/{tap}/dispute", paid_list, "/dispute"), "disputed")
                assert (said.status, "已于 2014-02-25 说明非本人支付" in said.text) == (200, True)
            new = f"/policies/{policy}/claim"
            page = await desk.get(f"{new}?tap={tap}")
            assert f'value="{tap}" checked' in page.source
            waits = keep(await desk.send(new, page, said="I slept", tap=str(tap)), "not_cleared")
            assert (waits.status, "付款尚未入账，或已退回；入账后再报案" in waits.text) == (422, True)
            await host.upload(host.claim(sale))
            await host.clear(MONDAY + timedelta(1))
            later = f"/policies/{await insured(place, desk.person, None, 'SAFE')}/claim"
            refused = await desk.send(later, await desk.get(later), said="I slept", tap=str(tap))
            assert (refused.status, "保障自 2014-02-26 开始" in refused.text) == (422, True), refused.text
            claim = await desk.send(new, waits, said="I slept", tap=str(tap))
            assert (claim.status, "¥500.00" in claim.text, "本人签名的书面说明" in claim.text) == (200, True, True), claim.text
            assert f'href="{claim.where}"' in (await desk.get("/claims/payments")).source
            await desk.send(f"{claim.where}/papers", claim, "/papers", files={"file": ("a", pdf(), "application/pdf")}, paper="statement")
            identifier = UUID(claim.where.rpartition("/")[2])
            assert "退回赔款" not in (await desk.get(claim.where)).text, "nothing was paid yet"
            await assess(place, identifier, 500_00)
            await paid(place, identifier)
            row = await host.row(sale)
            await money_comes_back(place, desk, claim.where, lambda: host.later(host.follow_up(REFUND, sale, row.rrn, 200_00)))


async def money_comes_back(place: Town, desk: Desk, here: str, refund: Callable[[], Awaitable[Any]]) -> None:
    """The merchant returns a part of what the insurer has paid for: what the page says is owed is what is taken, once."""
    before, path = await place.owed(desk.person.wallet), f"{here}/give-back"
    freely = keep(await desk.get(here), "nothing_owed").text
    assert ("最多可退回 ¥500.00" in freely, "需退回" in freely) == (True, False), freely
    await refund()
    page = keep(await desk.get(here), "owed")
    assert all(part in page.text for part in ("需退回 ¥200.00", "商户已退还这笔付款中的 ¥200.00")), page.text
    assert 'value="200.00"' in page.source
    for amount, wrong in (("", "没有填写金额"), ("0", "金额须大于零"), ("500.01", "最多可退回 500.00 元；请填写不超过此数的金额")):
        page = await desk.send(path, page, "/give-back", amount=amount)
        assert (page.status, wrong in page.text, f'value="{amount}"' in page.source) == (422, True, True), page.text
    for _ in range(2):
        given = keep(await desk.send(path, page, "/give-back", amount="200.00"), "given_back")
        assert (given.status, "已退回 ¥200.00" in given.text, "需退回" in given.text) == (200, True, False), given.text
    assert await place.owed(desk.person.wallet) == [before[0] - 200_00]
    english = (await desk.get(f"/en{here}")).text
    assert "at most ¥300.00" in english, english
    tabs = [await desk.get(here) for _ in range(2)]
    rest, more = [await desk.send(path, tab, "/give-back", amount="300.00") for tab in tabs]
    assert (rest.status, more.status, "最多可退回 0.00 元" in more.text) == (200, 422, True), more.text


@needs_browser
async def test_a_browser_sends_files_says_why_not_and_reads_well_on_a_phone(place: Town, house: Furnished, tmp_path: Path) -> None:
    (tmp_path / "crack.jpg").write_bytes(jpeg(comment=b"x" * 60_000))
    (tmp_path / "crack.pdf").write_bytes(jpeg())
    (tmp_path / "film.jpg").write_bytes(jpeg() + os.urandom(MOST_BYTES))
    async with open_doors(place) as doors, chromium() as browser:
        desk = await signed_in(place, doors.http, "Browser", person=house[1]["Browser"][0])
        policy = house[1]["Browser"][1]
        page = await profile(browser, 420)
        address = str(doors.http.base_url).rstrip("/")
        await page.goto(f"{address}/policies/{policy}/claim")
        await page.locator("#secret").fill(desk.secret)
        await page.locator("form button.main").click()
        await page.get_by_label("出险日期").fill(str(NEXT_MONDAY))
        await page.get_by_label("损失金额").fill("800")
        await page.get_by_label("发生了什么").fill("下楼时摔了一跤")
        await page.get_by_role("button", name="报案").click()
        assert await texts(page, ".wrong") == ["请填写 IMEI：在手机上拨 *#06#"]
        assert await page.get_by_label("手机 IMEI").get_attribute("aria-invalid") == "true"
        await page.get_by_label("手机 IMEI").fill(IMEIS["Browser"])
        await page.get_by_role("button", name="报案").click()
        for name, headline in (("crack.pdf", "内容是 image/jpeg"), ("film.jpg", "文件超过 10 MB")):
            await page.get_by_label("文件", exact=True).set_input_files(tmp_path / name)
            await page.get_by_role("button", name="上传").click()
            assert headline in await page.locator(".said").inner_text()
        await page.get_by_label("文件", exact=True).set_input_files(tmp_path / "crack.jpg")
        await page.get_by_role("button", name="上传").click()
        assert "✓ 已收到 · JPEG · 59 KB" in await page.locator("#papers").inner_text()
        for path in (page.url, f"{address}/claims", f"{address}/en/claims", f"{address}/policies/{policy}", f"{address}/policies/new/TL20"):
            await page.goto(path)
            assert await page.evaluate(_BEYOND, 420) == [], path
            assert await page.evaluate(_UNNAMED) == [], path
    async with place.house.database.read() as tx:
        (claim,) = await claim_store.claims_of(tx, desk.person.book, desk.person.id)
        assert len((await claim_store.papers_of(tx, [(claim.book, claim.id)]))[claim.book, claim.id]) == 1


_BEYOND = """width => [...document.querySelectorAll('main *')].map(one => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
    .filter(([_, box]) => box.left < -0.5 || box.right > width + 0.5).map(([text]) => text)"""
_UNNAMED = """() => [...document.querySelectorAll('main input:not([type=hidden]), main select, main textarea')]
    .filter(one => one.labels.length !== 1).map(one => one.outerHTML)"""
