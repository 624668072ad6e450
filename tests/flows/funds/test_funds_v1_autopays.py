"""Bills that are paid by themselves, over /v1: agreed to for who consents, once and only once, changed, ended, and read with what came of
them.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from api_client import ApiClient, money, problem
from bill_town import MONDAY, NINE, Person
from fund_town import FUND, FundTown
from v1_town import at_v1

from tapwealth.bills.autopay import MOST_NOTICE
from tapwealth.bills.biller import Rejected
from tapwealth.customers import store as customers
from tapwealth.customers.store import BankCardRow
from tapwealth.flows.bills import autopay_days, paying
from tapwealth.flows.customers import consents
from tapwealth.flows.customers.consents import WithdrawConsent
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import named, prefixed
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.audit import audit_snapshot

ACCOUNT = "1234567890"
TERMS: dict[str, Any] = {"biller": "BJPOWER", "account_number": ACCOUNT, "most": money(500_00)}
TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (date(2014, 2, day) for day in (25, 26, 27, 28))


@asynccontextmanager
async def wang_at_v1(place: FundTown, wallet: int = 500_00) -> AsyncIterator[tuple[Person, ApiClient, str]]:
    """Somebody with money, a client that may act for them, and where their agreements are."""
    wang = await place.person("Wang", wallet)
    async with at_v1(place, wang) as (client, account):
        yield wang, client, f"{account}/autopays"


async def card_of(place: FundTown, one: Person) -> UUID:
    """A bound bank card."""
    card = named(NINE, one.book, "a card")
    row = BankCardRow(one.book, card, one.id, b"c" * 32, b"", "6226********0012", "BOB", "北京银行", NINE)
    async with place.house.database.transaction() as tx:
        await customers.add_bank_card(tx, row)
    return card


async def look(place: FundTown, day: date) -> list[str]:
    await place.clock(shanghai(day, 10))
    return await autopay_days.run_due(place.house)


async def whole(client: ApiClient, path: str) -> list[dict[str, Any]]:
    """A list, which says the same read one by one."""
    found: list[dict[str, Any]] = (await client.get(path, limit=100)).json()["data"]
    one_by_one, cursor = [], {}
    while True:
        part = (await client.get(path, limit=1, **cursor)).json()
        one_by_one += part["data"]
        if not part["has_more"]:
            break
        cursor = {"cursor": part["next_cursor"]}
    assert one_by_one == found
    return found


async def test_it_is_agreed_once_changed_and_ended_and_its_customer_hears_who_did_it(place: FundTown) -> None:
    async with wang_at_v1(place) as (wang, client, path):
        key, asked = str(uuid4()), {**TERMS, "fund": "pocket", "notice_days": 3, "when": "due"}
        made = await client.post(path, asked, key)
        assert made.status_code == 201, made.text
        said = made.json()
        names = ("biller", "item", "most", "fund", "when", "notice_days", "state", "bank_card", "replaces")
        assert {name: said[name] for name in names} == {
            "biller": "BJPOWER", "item": "electricity", "most": money(500_00), "fund": "pocket", "when": "due", "notice_days": 3,
            "state": "active", "bank_card": None, "replaces": None,
        }  # fmt: skip
        assert (said["account_number_masked"], said["last_look"], said["bills"]) == ("******7890", None, [])
        assert ACCOUNT not in made.text
        again = await client.post(path, asked, key)
        assert (again.json(), again.headers["idempotent-replayed"]) == (said, "true")
        problem(await client.post(path, {**asked, "notice_days": 2}, key), "idempotency_key_reused")
        assert (await client.get(made.headers["location"])).json() == said
        await place.clock(shanghai(MONDAY, 9, 1))
        changed = await client.post(f"{path}/{said['id']}/terms", {"most": money(600_00)})
        assert changed.status_code == 200, changed.text
        assert {name: changed.json()[name] for name in ("most", "fund", "when", "notice_days", "state", "replaces")} == {
            "most": money(600_00), "fund": None, "when": "due", "notice_days": 3, "state": "active", "replaces": said["id"],
        }  # fmt: skip
        await place.clock(shanghai(MONDAY, 9, 2))
        ended = await client.post(f"{path}/{changed.json()['id']}/end", {})
        assert (ended.status_code, ended.json()["state"]) == (200, "ended")
        assert [(one["id"], one["state"]) for one in await whole(client, path)] == [(changed.json()["id"], "ended"), (said["id"], "ended")]
        assert (await client.get(f"{path}/{changed.json()['id']}")).json() == ended.json()
        told = await place.told(wang)
        assert [text[:18] for text in told[:3]] == [f"“Phone maker”已代您{done}" for done in ("终止", "变更", "订立")]
        assert told[0].endswith("北京电力 ******7890，今后的账单请自行缴费。如非您本意，请收回许可并重新约定。")


async def test_its_key_and_its_effect_are_of_one_transaction(place: FundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    async def torn(*_: Any) -> None:
        raise RuntimeError("the power is gone")

    async with wang_at_v1(place) as (wang, client, path):
        key, asked = str(uuid4()), {**TERMS, "bank_card": prefixed("bac", await card_of(place, wang))}
        with monkeypatch.context() as failing:
            failing.setattr("tapwealth.storage.idempotency.remember", torn)
            problem(await client.post(path, asked, key), "internal_error")
        async with place.house.database.read() as tx:
            for table in ("autopay", "autopay_notice", "outbox"):
                assert await tx.fetchval(f"select count(*) from {table}") == 0, table
        assert (await client.post(path, asked, key)).status_code == 201
        async with place.house.database.read() as tx:
            assert (await audit_snapshot(tx)).findings == ()


async def test_a_client_acts_for_who_lets_it_and_for_nobody_else(place: FundTown) -> None:
    async with wang_at_v1(place) as (wang, client, path):
        made = (await client.post(path, TERMS)).json()["id"]
        zhao = await place.person("Zhao", 100_00, identity="110105198401151045")
        theirs = f"/v1/accounts/{prefixed('acc', zhao.id)}/autopays"
        for answer in (
            await client.post(theirs, TERMS), await client.get(theirs), await client.get(f"{theirs}/{made}"),
            await client.get(f"{theirs}/{made}/attempts"), await client.get(f"{theirs}/{made}/notices"),
            await client.post(f"{theirs}/{made}/end", {}), await client.post(f"{theirs}/{made}/terms", {"most": money(1)}),
        ):  # fmt: skip
            problem(answer, "unknown_account")
        await client.sign_in("bills:read")
        for answer in (await client.post(path, TERMS), await client.post(f"{path}/{made}/end", {})):
            problem(answer, "insufficient_scope")
        await client.sign_in("bills:write", "orders:read")
        problem(await client.get(path), "insufficient_scope")
        await client.sign_in()
        for lost in ("attempts", "notices"):
            problem(await client.get(f"{path}/aut_{'0' * 32}/{lost}"), "not_found")
            problem(await client.get(f"{path}/x/{lost}"), "not_found")
        problem(await client.get(f"{path}/aut_{'0' * 32}"), "not_found")
        withdrawn = await consents.withdraw(place.house, place.envelope(wang), WithdrawConsent(client.id))
        assert not isinstance(withdrawn, Refusal)
        for answer in (await client.post(f"{path}/{made}/end", {}), await client.get(path)):
            problem(answer, "unknown_account")
    async with place.house.database.read() as tx:
        assert await tx.fetchval("select count(*) from autopay where state = 'active'") == 1, "what was agreed to stands"


async def test_what_cannot_be_agreed_is_said_in_words_and_what_cannot_be_read_by_its_place(place: FundTown) -> None:
    async with wang_at_v1(place) as (_, client, path):
        for change, code in (
            ({"biller": "NOBODY"}, "unknown_biller"), ({"fund": "000999"}, "unknown_fund"), ({"item": "gas"}, "unknown_item"),
            ({"bank_card": f"bac_{'0' * 32}"}, "unknown_card"),
        ):  # fmt: skip
            key = str(uuid4())
            for replayed in (False, True):
                answer = await client.post(path, {**TERMS, **change}, key)
                problem(answer, code)
                assert ("idempotent-replayed" in answer.headers) is replayed
        for wrong, pointer, code in (
            ({"account_number": "12345"}, "/account_number", "invalid_value"), ({"account_number": ""}, "/account_number", "out_of_range"),
            ({"most": money(0)}, "/most", "invalid_value"), ({"most": money(1, "USD")}, "/most/currency", "not_known"),
            ({"notice_days": 0}, "/notice_days", "out_of_range"), ({"notice_days": MOST_NOTICE + 1}, "/notice_days", "out_of_range"),
            ({"when": "never"}, "/when", "not_known"), ({"fund": "Pocket"}, "/fund", "wrong_format"),
            ({"more": 1}, "/more", "unknown_field"), ({"fields": {"city": "Beijing"}}, "/fields", "invalid_value"),
            ({"item": "x" * 33}, "/item", "out_of_range"),
        ):  # fmt: skip
            answer = await client.post(path, {**TERMS, **wrong})
            assert answer.json().get("errors"), (wrong, answer.text)
            problem(answer, "invalid_body", (pointer, code))
        nothing = f"{path}/aut_{'0' * 32}"
        problem(await client.post(f"{nothing}/end", {}), "unknown_autopay")
        problem(await client.post(f"{nothing}/terms", {"most": money(100)}), "unknown_autopay")
        problem(await client.post(f"{path}/x/end", {}), "unknown_autopay")
        first, second = await asyncio.gather(client.post(path, TERMS), client.post(path, TERMS))
        assert sorted([first.status_code, second.status_code]) == [201, 422], "clicked twice"
        problem(first if first.status_code == 422 else second, "autopay_stands")
        problem(await client.get(path, cursor="x"), "invalid_parameter", ("cursor", "invalid_value"))


async def test_each_effort_to_pay_and_each_notice_is_read(place: FundTown) -> None:
    """Told on Tuesday; on Wednesday the biller gives it back; on Thursday it pays."""
    async with wang_at_v1(place) as (_, client, path):
        made = f"{path}/{(await client.post(path, TERMS)).json()['id']}"
        place.biller.owe(ACCOUNT, "B1", 130_00, FRIDAY)
        assert await look(place, TUESDAY) == ["told"]
        (bill,) = (await client.get(made)).json()["bills"]
        assert (bill["state"], bill["balance"], bill["pay_on"], bill["due_on"]) == ("told", money(130_00), "2014-02-26", "2014-02-28")
        place.biller.script.append(Rejected("not today"))
        assert await look(place, WEDNESDAY) == ["placed"]
        (processing,) = await whole(client, f"{made}/attempts")
        assert (processing["state"], processing["kind"], processing["amount"]) == ("processing", "payment", money(130_00))
        await place.work("biller", paying.deliver)
        assert await look(place, THURSDAY) == ["placed"]
        await place.work("biller", paying.deliver)
        tried = await whole(client, f"{made}/attempts")
        assert [(one["date"], one["state"], one["bill_number"], one["from_fund"]) for one in tried] == [
            ("2014-02-27", "succeeded", "B1", money(0)), ("2014-02-26", "failed", "B1", money(0)),
        ]  # fmt: skip
        assert "not today" in tried[1]["reason"]
        told = await whole(client, f"{made}/notices")
        assert [one["text_zh"] for one in told[:3]] == [
            "北京电力账单 130.00 元已按约定自动缴费。", "北京电力账单 130.00 元已按约定自动缴费。",
            "北京电力账单 130.00 元将于 02-26 自动缴费，请备足资金。如不需要，请在此之前终止约定。",
        ]  # fmt: skip
        assert "Phone maker has agreed for you" in told[3]["text_en"]
        assert (len(told), (await client.get(made)).json()["last_look"]["state"]) == (4, "placed")


async def test_what_a_card_is_debited_with_is_an_effort_of_its_own(place: FundTown) -> None:
    async with wang_at_v1(place, 30_00) as (wang, client, path):
        card = await card_of(place, wang)
        made = (await client.post(path, {**TERMS, "fund": FUND, "bank_card": prefixed("bac", card)})).json()
        assert made["bank_card"] == {"id": prefixed("bac", card), "state": "asked", "reason": ""}
        async with place.house.database.transaction() as tx:
            await tx.execute("update autopay set card_state = 'confirmed'")
        place.biller.owe(ACCOUNT, "B1", 130_00)
        assert [await look(place, day) for day in (TUESDAY, WEDNESDAY)] == [["told"], ["collecting"]]
        (debit,) = await whole(client, f"{path}/{made['id']}/attempts")
        assert (debit["kind"], debit["amount"], debit["state"]) == ("card_debit", money(100_00), "processing")
        await place.bank_executes(WEDNESDAY)
        assert await autopay_days.run_due(place.house) == ["placed"]
        await place.work("biller", paying.deliver)
        tried = await whole(client, f"{path}/{made['id']}/attempts")
        assert sorted((one["kind"], one["amount"]["amount"], one["state"]) for one in tried) == [
            ("card_debit", 100_00, "succeeded"), ("payment", 130_00, "succeeded"),
        ]  # fmt: skip
        assert await place.owed(wang.wallet) == [0]


async def test_what_lacks_money_says_so(place: FundTown) -> None:
    async with wang_at_v1(place, 30_00) as (_, client, path):
        made = (await client.post(path, TERMS)).json()["id"]
        place.biller.owe(ACCOUNT, "B1", 130_00)
        assert [await look(place, day) for day in (TUESDAY, WEDNESDAY)] == [["told"], ["refused"]]
        (tried,) = await whole(client, f"{path}/{made}/attempts")
        assert (tried["state"], tried["reason"]) == ("failed", "130.00 yuan is asked, 30.00 is there; move money in first")
