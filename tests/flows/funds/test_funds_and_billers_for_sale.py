"""A fund and billers' services are defined in files, approved by a second person and used five minutes later, all of it over HTTP, and all
of it at the command line; and what was sold is replayed after it has changed. The biller is a process of its own."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from api_client import consents, let_in, money
from bill_town import NINE
from biller_yaml import GAS_FILE
from customer_line import TOKEN as PHONE
from customer_line import Line, customer_line
from fund_town import FundTown
from patience import comes
from product_files import changed
from sandbox_partner import TOKEN, SandboxPartner, sandbox_partner
from served_house import PASSWORD

from tapwealth.bills.biller_http import BillerHttp
from tapwealth.flows.rails import Billers
from tapwealth.kernel.clock import iso
from tapwealth.kernel.masked import Masked
from tapwealth.storage import installation, operators
from tapwealth.storage.operators import OperatorRole
from tapwealth.worker.biller_lanes import BillerLanes

MAKER, HER_OTHER_LOGIN, CHECKER = "zhou.min", "zhou.two", "chen.jing"
STAFF = {MAKER: "10023", HER_OTHER_LOGIN: "10023", CHECKER: "10077"}
METER, PROSPECTUS = "1234567897", "净值会涨也会跌。".encode()
HEAT_FILE = changed(
    ("product: BJGAS", "product: BJHEAT"), ("Beijing Gas", "Beijing Heat"), ("code: gas", "code: heat"),
    ("category: gas", "category: heating"), text=GAS_FILE,
).decode()  # fmt: skip


@asynccontextmanager
async def at_the_bank(place: FundTown, folder: Path, power: SandboxPartner, *given: Any) -> AsyncIterator[Line]:
    """The house with its doors open and its lanes to the biller running, three logins of two people, and a customer with 5,000 yuan."""
    port = BillerHttp(power.url, TOKEN)
    place.house = replace(place.house, rails=replace(place.house.rails, billers=Billers({"BJPOWER": port})))
    hashed = await operators.password_hash(Masked(PASSWORD))
    assert isinstance(hashed, str)
    async with place.house.database.transaction() as tx:
        await installation.install(tx, place.house.books, place.house.keys, NINE)
        for login, staff in STAFF.items():
            roles = [OperatorRole.PRODUCT_MANAGER, OperatorRole.OPERATIONS]
            await operators.create(tx, place.house.random64, login, login, roles, hashed, NINE, staff)
    lanes = asyncio.create_task(BillerLanes(place.house).run())
    try:
        async with customer_line(place, folder, *given, money=5_000_00) as line:
            yield line
    finally:
        lanes.cancel()
        await asyncio.gather(lanes, return_exceptions=True)
        await port.close()


def owes(power: SandboxPartner, bill: str, amount: int) -> None:
    body = {"bill_id": bill, "account_number": METER, "period": "2014-02", "amount": amount, "penalty": 0, "fields": {"branch": "02"}}
    assert power.post("/admin/bills", {"bills": [body | {"owner": "*芳", "address": "朝阳区**号"}]}).status_code == 200


async def over_http(place: FundTown, line: Line, power: SandboxPartner) -> None:
    tokens = {login: await line.doors.login(login) for login in STAFF}

    async def step(login: str, name: str, **body: Any) -> Any:
        return (await line.doors.command(name, body, tokens[login])).json()

    kept = await step(MAKER, "add_document", media_type="text/plain", content=base64.b64encode(PROSPECTUS).decode())
    naming = f"documents: [{{title: {{zh: 说明书, en: Prospectus}}, language: zh, sha256: {kept['result']['sha256']}}}]\nsale:"
    fund = changed(("sale:", naming), ("risk_level: 4", "risk_level: 1")).decode()

    async def put_on_sale(text: str, code: str, version: int) -> None:
        assert (await step(MAKER, "draft_product", yaml=text))["result"]["state"] == "draft"
        for name, state in (("review_product", "reviewed"), ("approve_product", "on_sale")):
            for login in (MAKER, HER_OTHER_LOGIN):
                refused = await step(login, name, product=code, version=version)
                assert refused["code"] == "same_person", refused
            done = await step(CHECKER, name, product=code, version=version)
            assert done["result"]["state"] == state

    await put_on_sale(GAS_FILE, "BJGAS", 1)
    await put_on_sale(fund, "110022", 1)
    await place.clock(NINE + timedelta(minutes=5))
    owes(power, "G1", 88_00)
    client = await let_in(line.doors, by=(MAKER, CHECKER))
    await client.sign_in()
    owner: Any = SimpleNamespace(device_token=PHONE)
    account = f"/v1/accounts/{await consents(line.doors, owner, client)}"
    listed = (await client.get("/v1/billers", region="11", category="gas")).json()["data"]
    assert [one["code"] for one in listed] == ["BJGAS"]
    asked = {"biller": "BJGAS", "account_number": METER, "fields": {"branch": "02"}}
    (bill,) = (await client.post(f"{account}/bill-inquiries", asked)).json()["bills"]
    made = await client.post(f"{account}/bill-payments", {"type": "bill", "bill": bill["id"], "amount": bill["balance"]})
    assert made.status_code == 201, made.text
    receipt = made.json()
    async with comes("the biller's receipt"):
        while receipt["state"] == "processing":
            await asyncio.sleep(0.05)
            receipt = (await client.get(made.headers["location"])).json()
    booked = power.get(f"/bills/payments/{receipt['serial']}").json()
    assert (receipt["state"], receipt["biller_version"], receipt["biller_reference"]) == ("succeeded", 1, booked["biller_reference"])
    assert receipt["amount"] == money(88_00)
    mandate = await client.post(f"{account}/autopays", asked | {"most": money(300_00)})
    bought = await client.post(f"{account}/orders", {"type": "purchase", "fund": "110022", "amount": money(2_000_00)})
    assert (mandate.status_code, bought.status_code) == (201, 201), mandate.text + bought.text
    await put_on_sale(fund.replace("rate: 1.5}", "rate: 1.2}"), "110022", 2)
    await put_on_sale(GAS_FILE.replace("maximum: 5000.00", "maximum: 100.00"), "BJGAS", 2)
    sales = [(await client.get(f"{account}/sales/{one.json()['id']}")).json() for one in (bought, mandate)]
    assert [(one["proved"], one["product"], one["shown"]["version"]) for one in sales] == [(True, "110022", 1), (True, "BJGAS", 1)]
    assert [one["sha256"] for one in sales[0]["shown"]["documents"]] == [hashlib.sha256(PROSPECTUS).hexdigest()]
    assert any("1.5%" in one["text"] for one in sales[0]["shown"]["facts"])
    assert sales[1]["terms"]["most"] == 300_00


async def by_commands(place: FundTown, line: Line, power: SandboxPartner, folder: Path) -> None:
    async def done(*words: str) -> str:
        found = await line.call(*words)
        assert found.code == 0, (words, found)
        return found.out

    def step(name: str, login: str) -> tuple[str, ...]:
        return ("product", name, *([str(file)] if name == "draft" else ["BJHEAT", "1"]), "--login", login)

    assert "BJHEAT" not in await done("biller", "list")
    file = folder / "heat.yaml"
    file.write_text(HEAT_FILE)
    assert await done(*step("draft", MAKER)) == "BJHEAT version 1: draft\n"
    for name, state in (("review", "reviewed"), ("approve", "on_sale")):
        refused = await line.call(*step(name, HER_OTHER_LOGIN))
        assert (refused.code, refused.out, refused.err.count("\n")) == (1, "", 1), refused
        assert "a second person must decide it" in refused.err
        assert await done(*step(name, CHECKER)) == f"BJHEAT version 1: {state}\n"
    await place.clock(NINE + timedelta(minutes=10))
    owes(power, "H1", 120_00)
    assert await done("biller", "list", "--region", "110105", "--category", "heating") == "BJHEAT Beijing Heat, 北京市: Household gas\n"
    item = "  heat Household gas: exact, at most 5,000.00, 00:05 to 23:55\n    branch: Branch, two digits\n"
    assert item in await done("biller", "show", "BJHEAT")
    bill = (await done("bill", "inquire", "BJHEAT", METER, "--field", "branch=02")).split(" ")[0]
    assert "above" in (await line.call("bill", "pay", bill, "5000.01")).err
    payment = (await done("bill", "pay", bill, "120.00")).split(":")[0]
    said = ""
    async with comes("the biller's serial"):
        while "the biller's serial is E" not in said:
            said = await done("bill", "show", payment)
    mandate = (await done("autopay", "agree", "BJHEAT", METER, "--most", "300.00", "--field", "branch=02")).split(" ")[0]
    sold = await done("sale", "show", mandate, "--database-url", place.house.database._dsn)
    assert "(BJHEAT, version 1), shown in en\n" in sold
    assert "\nproved: sealed in the ledger by " in sold


async def test_what_two_people_put_on_sale_is_used_five_minutes_later_by_either_way(
    place: FundTown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TAPWEALTH_PASSWORD", PASSWORD)
    with sandbox_partner("biller", tmp_path) as power:
        power.clock(iso(NINE))
        async with at_the_bank(place, tmp_path, power, monkeypatch, capsys) as line:
            await over_http(place, line, power)
            await by_commands(place, line, power, tmp_path)
