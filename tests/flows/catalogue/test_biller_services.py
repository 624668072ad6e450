"""Billers of the catalogue: a product manager defines one, another person approves it, and customers pay there."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
from bill_town import BJPOWER, NINE, Person, Town, town
from biller_files import put_in_directory
from biller_yaml import CARRIER, GAS_FILE
from product_files import changed

from tapwealth.bills import store
from tapwealth.bills.payment import PaymentState
from tapwealth.catalogue import store as catalogue
from tapwealth.catalogue.version import State
from tapwealth.flows.bills import directory
from tapwealth.flows.bills import paying as bills
from tapwealth.flows.bills.autopay import AgreeAutopay, AutopayView, agree
from tapwealth.flows.bills.paying import BillPaymentPlaced, BillsPresented, InquireBill, PayBill, Placing
from tapwealth.flows.catalogue import products
from tapwealth.flows.catalogue.kinds import shape_of
from tapwealth.flows.catalogue.products import read_file
from tapwealth.flows.frame import Caller
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage import migrate
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.embedded import EmbeddedServer

METER = "12345674"
_numbers = count(1)


def code(answer: Any) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code.name


def by(place: Town, login: str) -> Any:
    return replace(place.envelope(None), caller=Caller(ActorKind.OPERATOR, f"operator:{login}", "password"))


async def inquire(place: Town, person: Person, account: str = METER, **more: Any) -> BillsPresented | Refusal:
    return await bills.inquire_bill(place.house, place.envelope(person), InquireBill("BJGAS", account, **more))


async def listed(place: Town, **asked: str) -> dict[str, list[str]]:
    """The items of those in the directory."""
    async with place.house.database.read() as tx:
        return {one.biller: [of.item for of in one.items] for one in await directory.listed(tx, asked)}


async def test_a_biller_is_defined_by_one_approved_by_another_and_paid_five_minutes_later(place: Town) -> None:
    wang = await place.person("Wang", 500_00)
    made: Any = await products.draft(place.house, by(place, "bills.one"), products.DraftProduct(GAS_FILE))
    assert made.state == "draft"
    assert code(await inquire(place, wang, fields={"branch": "02"})) == "UNKNOWN_BILLER"
    same = await products.review(place.house, by(place, "bills.one"), products.ReviewProduct("BJGAS", 1))
    assert code(same) == "SAME_PERSON"
    for flow, step in ((products.review, products.ReviewProduct), (products.approve, products.ApproveProduct)):
        assert not isinstance(await flow(place.house, by(place, "bills.two"), step("BJGAS", 1)), Refusal)
    await place.clock(NINE + timedelta(minutes=5))
    place.biller.owe(METER, "G1", 88_00)
    shown = await inquire(place, wang, fields={"branch": "02"})
    assert isinstance(shown, BillsPresented)
    assert isinstance(await place.pay_one(wang, UUID(shown.bills[0].bill), 88_00), BillPaymentPlaced)
    assert await place.work("biller", bills.deliver) == []
    async with place.house.database.read() as tx:
        ((payment, bill),) = await store.payments_of(tx, wang.book, wang.id)
    assert (payment.state, payment.version, payment.kept, bill.item) == (PaymentState.PAID, 1, 30, "gas")
    assert place.biller.further == [{"branch": "02"}, {"branch": "02"}], "asked and paid with all that was filled in"


async def test_a_closed_biller_takes_nothing_new_and_ends_what_is_under_way(place: Town) -> None:
    wang = await place.person("Wang", 500_00)
    await put_in_directory(place.house, read_file(GAS_FILE.encode()).definition)
    place.biller.owe(METER, "G1", 88_00)
    place.biller.owe(METER, "G2", 12_00)
    shown = await inquire(place, wang, fields={"branch": "02"})
    assert isinstance(shown, BillsPresented)
    first, second = (UUID(one.bill) for one in shown.bills)
    agreed = await agree(place.house, place.envelope(wang), AgreeAutopay("BJGAS", METER, 100_00, fields={"branch": "02"}))
    assert isinstance(agreed, AutopayView)
    assert isinstance(await place.pay_one(wang, first, 88_00), BillPaymentPlaced)
    closed = await products.close(place.house, by(place, "bills.one"), products.CloseProduct("BJGAS", 1, "moved to another bank"))
    assert not isinstance(closed, Refusal)
    assert "BJGAS" not in await listed(place)
    assert code(await place.pay_one(wang, second, 12_00)) == "BILLER_CLOSED"
    assert code(await inquire(place, wang, fields={"branch": "02"})) == "BILLER_CLOSED"
    other = await place.person("Li", 0)
    assert (
        code(await agree(place.house, place.envelope(other), AgreeAutopay("BJGAS", METER, 1, fields={"branch": "02"}))) == "BILLER_CLOSED"
    )
    assert await place.work("biller", bills.deliver) == []
    async with place.house.database.read() as tx:
        ((payment, _),) = await store.payments_of(tx, wang.book, wang.id)
    assert payment.state is PaymentState.PAID
    platform = Caller(ActorKind.PLATFORM, "autopay", "agreement", wang.id, wang.book)
    mandate = replace(place.envelope(wang), caller=platform)
    assert isinstance(await bills.inquire_bill(place.house, mandate, InquireBill("BJGAS", METER, "gas", {"branch": "02"})), BillsPresented)
    (paid,) = await place.pay(Placing(replace(place.envelope(wang), caller=platform), PayBill(second, 12_00)))
    assert isinstance(paid, BillPaymentPlaced), "what was agreed to before goes on"


async def test_a_biller_is_not_paid_outside_its_sale_window(place: Town) -> None:
    wang = await place.person("Wang", 500_00)
    window = "sale: {opens: 2014-02-24T10:00:00+08:00, closes: 2014-02-24T11:00:00+08:00}\nchannels"
    await put_in_directory(place.house, read_file(changed(("channels", window), text=GAS_FILE)).definition)
    place.biller.owe(METER, "G1", 88_00)
    assert code(await inquire(place, wang, fields={"branch": "02"})) == "BILLER_CLOSED"
    await place.clock(NINE + timedelta(hours=1))
    shown = await inquire(place, wang, fields={"branch": "02"})
    assert isinstance(shown, BillsPresented)
    await place.clock(NINE + timedelta(hours=2))
    assert code(await place.pay_one(wang, UUID(shown.bills[0].bill), 88_00)) == "BILLER_CLOSED"


async def test_a_later_version_keeps_every_item_and_a_payment_names_its_own(place: Town) -> None:
    wang = await place.person("Wang", 500_00)
    first = read_file(GAS_FILE.encode()).definition
    assert await put_in_directory(place.house, first) is None
    place.biller.owe(METER, "G1", 88_00)
    shown = await inquire(place, wang, fields={"branch": "02"})
    assert isinstance(shown, BillsPresented)
    await place.pay_one(wang, UUID(shown.bills[0].bill), 88_00)
    heating = changed(("code: gas", "code: heat"), ("category: gas", "category: heating"), text=GAS_FILE)
    refused = await put_in_directory(place.house, read_file(heating).definition, version=2)
    assert refused is not None
    assert "people may have agreed to pay gas; keep every item" in refused.text
    old = msgspec.structs.replace(first.parameters.items[0], offered=False)
    both = [old, *read_file(heating).definition.parameters.items]
    later = msgspec.structs.replace(first, parameters=msgspec.structs.replace(first.parameters, items=both, fee_kept=50))
    assert await put_in_directory(place.house, later, version=3) is None
    assert code(await inquire(place, wang, item="gas", fields={"branch": "02"})) == "BILLER_CLOSED"
    assert await listed(place, region="110105") == {"BJGAS": ["heat"], "BJPOWER": ["electricity"]}
    assert await listed(place, region="31") == {"BJPOWER": ["electricity"]}, "Beijing's gas is not burnt in Shanghai"
    assert await listed(place, category="gas") == {}
    assert code(await inquire(place, wang, item="oil")) == "UNKNOWN_ITEM"
    place.biller.owe(METER, "H1", 10_00)
    shown = await inquire(place, wang, fields={"branch": "02"})
    assert isinstance(shown, BillsPresented)
    (heat,) = (UUID(one.bill) for one in shown.bills if one.number == "H1")
    assert isinstance(await place.pay_one(wang, heat, 10_00), BillPaymentPlaced)
    async with place.house.database.read() as tx:
        made = await store.payments_of(tx, wang.book, wang.id)
    assert {bill.bill_number: (payment.version, payment.kept) for payment, bill in made} == {"G1": (1, 30), "H1": (2, 50)}


BEFORE = """
insert into platform_clock (id, instant) values (1, '2014-02-24T01:00:00Z');
insert into biller (book, id, code, name, name_en, region, bank_account, items, added_at, connection, cycle, fee) values
  (0, '01446167-da80-7000-8000-000000000001', 'OLD', '老电力', 'Old Power', '110000', '0200000003',
   '[{"biller": "OLD", "category": "electricity", "account_number": {"name": "account_number", "title": "户号", "hint": "10 digits",
      "pattern": "[0-9]{10}"}, "maximum": 1000000, "opens": "00:05:00", "closes": "23:55:00"}]',
   '2014-02-24T01:00:00Z', 'BJPOWER', 'weekly', 30),
  (0, '01446167-da80-7000-8000-000000000002', 'ODD', '怪', 'Odd', 'north', '0200000003',
   '[{"biller": "ODD", "category": "water", "account_number": {"name": "account_number", "title": "户号", "hint": "digits",
      "pattern": "([0-9]+)+"}, "maximum": 500, "opens": "00:05:00", "closes": "23:55:00"}]', '2014-02-24T01:00:00Z', 'ODD', 'next_day', 0);
"""


async def test_billers_of_before_stand_in_the_catalogue_and_can_be_paid(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"billers_before_{next(_numbers)}"
    owner = await asyncpg.connect(server.dsn())
    await owner.execute(f"create database {name}")
    await owner.close()
    dsn, files = server.dsn(database=name), migrate.sql_files()
    monkeypatch.setattr(migrate, "sql_files", lambda: [one for one in files if one.name < "0092"])
    await migrate.apply(dsn)
    connection = await asyncpg.connect(dsn, server_settings={"search_path": migrate.SCHEMA})
    await connection.execute(BEFORE)
    monkeypatch.setattr(migrate, "sql_files", lambda: files)
    await migrate.apply(dsn)
    found = await catalogue.on_sale_of(connection, ["OLD", "ODD"], shape_of)
    rows = {row.biller.code: row for row in (await store.billers(connection)).values()}
    for known in ("OLD", "ODD"):
        said, row = found[known].definition, rows[known]
        assert (found[known].state, found[known].version, row.version, row.closed) == (State.ON_SALE, 1, 1, False)
        assert tuple(said.parameters.items) == row.biller.items
        assert (said.name.zh, said.parameters.region, said.parameters.fee_kept) == (row.biller.name, row.region, row.biller.fee)
    old, odd = rows["OLD"], rows["ODD"]
    assert (old.region, old.biller.items[0].read("1234567890", {}).account_number, old.biller.items[0].amount.maximum) == (
        "11", "1234567890", 1_000_000
    )  # fmt: skip
    assert (odd.region, odd.biller.items[0].fields[0].schema.pattern) == ("", "^[0-9A-Za-z-]{1,64}$")
    await connection.close()


async def test_a_prefix_is_of_one_carrier_even_if_two_are_approved_at_once(place: Town) -> None:
    def carrier(code: str, prefixes: str) -> str:
        return changed(("MOBILE", code), ("[138, 139]", f"[{prefixes}]"), text=CARRIER.decode()).decode()

    async def step(command: Any) -> Any:
        flows = {products.DraftProduct: products.draft, products.ReviewProduct: products.review, products.ApproveProduct: products.approve}
        login = "bills.one" if isinstance(command, products.DraftProduct) else "bills.two"
        return await flows[type(command)](place.house, by(place, login), command)

    both = ("MOBILE", "UNICOM")
    for one in both:
        for command in (products.DraftProduct(carrier(one, f"138, {'139' if one == 'MOBILE' else '130'}")), products.ReviewProduct(one, 1)):
            assert not isinstance(await step(command), Refusal), "neither has it yet"
    answers = await asyncio.gather(*(step(products.ApproveProduct(one, 1)) for one in both))
    ((loser, refused),) = [(one, answer) for one, answer in zip(both, answers, strict=True) if isinstance(answer, Refusal)]
    winner = "MOBILE" if loser == "UNICOM" else "UNICOM"
    assert code(refused) == "EXISTS"
    assert f"({winner}) version 1 has the prefix 138 already" in refused.text
    assert code(await step(products.ApproveProduct(loser, 1))) == "EXISTS"
    assert code(await step(products.DraftProduct(carrier("THIRD", "138")))) == "EXISTS", "said at the first step"
    assert not isinstance(await step(products.DraftProduct(carrier("THIRD", "1380"))), Refusal), "a part of what another one has"
    assert not isinstance(await step(products.DraftProduct(carrier(winner, "138, 137"))), Refusal), "its own is no other one's"
    closed = await products.close(place.house, by(place, "bills.two"), products.CloseProduct(winner, 1, "the licence is over"))
    assert not isinstance(closed, Refusal)
    assert not isinstance(await step(products.ApproveProduct(loser, 1)), Refusal), "who is closed has no numbers"


async def test_two_that_put_the_same_biller_on_sale_make_one(new_database: Callable[[], str], tmp_path: Path) -> None:
    async with town(new_database(), tmp_path) as place:
        again = await put_in_directory(place.house, BJPOWER.definition)
        assert again is None
        async with place.house.database.read() as tx:
            assert [row.biller.code for row in (await store.billers(tx)).values()] == ["BJPOWER"]
