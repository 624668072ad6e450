"""Billers and bills over /v1: what the bank put on the shelf is found, asked, paid and receipted by who consents, once and only once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

from api_client import ApiClient, money, problem
from bill_town import NINE, Person
from biller_files import put_in_directory
from biller_yaml import CARRIER, GAS_FILE
from fund_town import FundTown
from jsonschema import Draft202012Validator
from v1_town import at_v1

from tapwealth.bills.biller import Rejected, Unknown
from tapwealth.flows.bills import paying
from tapwealth.flows.catalogue.products import read_file
from tapwealth.flows.customers import consents
from tapwealth.flows.customers.consents import WithdrawConsent
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind

METER, PHONE = "12345674", "13800138000"
ASKED: dict[str, Any] = {"biller": "BJGAS", "account_number": METER, "fields": {"branch": "02"}}


@asynccontextmanager
async def wang_at_v1(place: FundTown, wallet: int = 500_00) -> AsyncIterator[tuple[Person, ApiClient, str]]:
    wang = await place.person("Wang", wallet)
    for file in (GAS_FILE.encode(), CARRIER):
        assert await put_in_directory(place.house, read_file(file).definition) is None
    async with at_v1(place, wang) as (client, account):
        yield wang, client, account


async def test_a_biller_is_found_five_minutes_after_it_was_approved_and_paid_with_a_receipt(place: FundTown) -> None:
    async with wang_at_v1(place) as (wang, client, account):
        await place.clock(NINE + timedelta(minutes=5))
        listed = (await client.get("/v1/billers", region="110105", category="gas")).json()
        assert [one["code"] for one in listed["data"]] == ["BJGAS"]
        found = await client.get("/v1/billers/BJGAS")
        assert found.json() == listed["data"][0]
        (item,) = found.json()["items"]
        assert (item["mode"], item["maximum"], item["opens"], item["fee"]) == ("exact", money(5_000_00), "00:05", money(0))
        schema = Draft202012Validator(item["input"])
        assert schema.is_valid({"account_number": METER, "branch": "02"})
        assert not schema.is_valid({"account_number": "1234567x", "branch": "02"})
        place.biller.owe(METER, "G1", 88_00)
        shown = await client.post(f"{account}/bill-inquiries", ASKED)
        assert shown.status_code == 200, shown.text
        (bill,) = shown.json()["bills"]
        assert (bill["balance"], bill["number"], shown.json()["together"]) == (money(88_00), "G1", None)
        key, body = str(uuid4()), {"type": "bill", "bill": bill["id"], "amount": money(88_00)}
        made = await client.post(f"{account}/bill-payments", body, key)
        assert made.status_code == 201, made.text
        assert (made.json()["state"], made.json()["biller_version"], made.json()["account_number_masked"]) == ("processing", 1, "****5674")
        assert await place.work("biller", paying.deliver) == []
        again = await client.post(f"{account}/bill-payments", body, key)
        assert (again.json(), again.headers["idempotent-replayed"]) == (made.json(), "true"), "the first answer, whatever came since"
        problem(await client.post(f"{account}/bill-payments", {**body, "amount": money(1)}, key), "idempotency_key_reused")
        receipt = (await client.get(made.headers["location"])).json()
        assert (receipt["state"], receipt["item"], receipt["biller_reference"][0]) == ("succeeded", "gas", "E")
        assert (await client.get(f"{account}/bill-payments")).json()["data"] == [receipt]
        assert METER not in made.text
        assert await place.owed(wang.wallet) == [412_00]


async def test_what_is_in_doubt_is_processing_and_what_is_given_back_has_failed(place: FundTown) -> None:
    async with wang_at_v1(place) as (wang, client, account):
        for number in ("G1", "G2"):
            place.biller.owe(METER, number, 88_00)
        bills = (await client.post(f"{account}/bill-inquiries", ASKED)).json()["bills"]
        for bill in bills:
            assert (
                await client.post(f"{account}/bill-payments", {"type": "bill", "bill": bill["id"], "amount": bill["balance"]})
            ).is_success
        place.biller.script.extend((Unknown("silence"), Rejected("no")))
        await place.work("biller", paying.deliver)
        found = (await client.get(f"{account}/bill-payments")).json()["data"]
        assert sorted((one["state"], one["in_doubt"]) for one in found) == [("failed", False), ("processing", True)]
        one, other = (await client.get(f"{account}/bill-payments", limit=1)).json(), []
        while one["has_more"]:
            other += one["data"]
            one = (await client.get(f"{account}/bill-payments", limit=1, cursor=one["next_cursor"])).json()
        assert [*other, *one["data"]] == found
        assert await place.owed(wang.wallet) == [412_00]


async def test_a_phone_is_topped_up_with_a_fee(place: FundTown) -> None:
    async with wang_at_v1(place) as (wang, client, account):
        listed = (await client.get("/v1/billers", prefix="1380013")).json()["data"]
        assert [(one["code"], one["items"][0]["faces"]) for one in listed] == [("MOBILE", [money(10_00), money(50_00)])]
        body = {"type": "account", "biller": "MOBILE", "account_number": PHONE, "amount": money(50_00)}
        key = str(uuid4())
        made = await client.post(f"{account}/bill-payments", body, key)
        assert (made.status_code, made.json()["fee"]) == (201, money(50)), made.text
        assert (await client.post(f"{account}/bill-payments", body, key)).json() == made.json()
        problem(await client.post(f"{account}/bill-payments", {**body, "account_number": "13900139000"}, key), "idempotency_key_reused")
        await place.work("biller", paying.deliver)
        assert (await place.owed(wang.wallet), await place.total(Kind.BILL_FEES)) == ([449_50], 50)


CANNOT_BE = [
    ({"biller": "NOBODY"}, "unknown_biller", ""),
    ({"biller": "nobody"}, "invalid_body", "/biller"),
    ({"item": "oil"}, "unknown_item", ""),
    ({"account_number": "1234567x"}, "invalid_body", "/fields"),
    ({"fields": {}}, "invalid_body", "/account_number"),
    ({"fields": {"branch": "02", "more": "x"}}, "invalid_body", "/fields"),
    ({"more": 1}, "invalid_body", "/more"),
    ({"account_number": "12345682"}, "unknown_number", ""),
]


async def test_an_inquiry_that_cannot_be_is_named(place: FundTown) -> None:
    async with wang_at_v1(place) as (_, client, account):
        for change, code, pointer in CANNOT_BE:
            answer = (await client.post(f"{account}/bill-inquiries", ASKED | change)).json()
            assert (answer["code"], [one["pointer"] for one in answer.get("errors", [])]) == (code, [pointer] if pointer else []), change


async def test_what_is_refused_is_a_problem_of_the_catalogue(place: FundTown) -> None:
    async with wang_at_v1(place, wallet=60_00) as (wang, client, account):
        problem(await client.get("/v1/billers", region="99"), "invalid_parameter", ("region", "not_known"))
        problem(await client.get("/v1/billers", category="oil"), "invalid_parameter", ("category", "not_known"))
        problem(await client.get("/v1/billers", region="beijing"), "invalid_parameter", ("region", "wrong_format"))
        problem(await client.get("/v1/billers", colour="red"), "invalid_parameter", ("colour", "unknown_parameter"))
        problem(await client.get("/v1/billers/NOBODY"), "not_found")
        pay, top_up = f"{account}/bill-payments", {"type": "account", "biller": "MOBILE", "account_number": PHONE}
        problem(await client.post(pay, {**top_up, "amount": money(20_00)}), "not_a_face")
        problem(await client.post(pay, {**top_up, "account_number": "17700138000", "amount": money(10_00)}), "other_carrier")
        problem(await client.post(pay, {**ASKED, "type": "account", "amount": money(10_00)}), "inquiry_required")
        problem(await client.post(pay, {"type": "bill", "bill": "bil_" + "0" * 32, "amount": money(1)}), "not_presented")
        place.biller.owe(METER, "G1", 88_00)
        (bill,) = (await client.post(f"{account}/bill-inquiries", ASKED)).json()["bills"]
        problem(await client.post(pay, {"type": "bill", "bill": bill["id"], "amount": money(87_99)}), "not_the_balance")
        problem(await client.post(pay, {"type": "bill", "bill": bill["id"], "amount": money(88_00)}), "no_money")
        withdrawn = await consents.withdraw(place.house, place.envelope(wang), WithdrawConsent(client.id))
        assert not isinstance(withdrawn, Refusal)
        for path in (pay, f"{pay}/bpy_{'0' * 32}"):
            problem(await client.get(path), "unknown_account")
        problem(await client.post(pay, {**top_up, "amount": money(10_00)}), "unknown_account")
        asked = list(place.biller.further)
        assert asked, "the biller was asked before"
        problem(await client.post(f"{account}/bill-inquiries", ASKED), "unknown_account")
        assert place.biller.further == asked, "and is asked nothing for who may not ask"
        nobody = "/v1/accounts/acc_0146236a7000700080000000000000ff"
        problem(await client.post(f"{nobody}/bill-inquiries", ASKED), "unknown_account")
        problem(await client.post(f"{nobody}/bill-payments", {**top_up, "amount": money(10_00)}), "unknown_account")
        assert await place.owed(wang.wallet) == [60_00]
