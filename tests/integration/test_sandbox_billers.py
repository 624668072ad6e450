"""Water, the mobile carrier and the card issuer as real processes: penalties by day, parts, top-ups, repayments, and answers gone wrong."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sandbox_partner import TOKEN, SandboxPartner, sandbox_partner

from tapwealth.bills.biller import AskArrears, Inquired, NotReceived, Paid, Rejected, Unknown
from tapwealth.bills.biller_http import BillerHttp
from tapwealth.bills.day_end import read_day_end

MONDAY = date(2014, 2, 24)
OWNER = {"owner": "*芳", "address": "朝阳区**号"}


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, SandboxPartner]]:
    """All of them, on Monday at nine; each test has accounts of its own."""
    folder: Path = tmp_path_factory.mktemp("billers")
    with (
        sandbox_partner("biller", folder) as power,
        sandbox_partner("water", folder) as water,
        sandbox_partner("carrier", folder) as carrier,
        sandbox_partner("issuer", folder) as issuer,
    ):
        found = {one.name: one for one in (power, water, carrier, issuer)}
        for one in found.values():
            one.clock("2014-02-24T09:00:00+08:00")
        yield found


def owe(partner: SandboxPartner, account: str, bill: str, amount: int, **more: Any) -> None:
    body = {"bill_id": bill, "account_number": account, "period": bill, "amount": amount, **OWNER, **more}
    assert partner.post("/admin/bills", {"bills": [body]}).status_code == 200


def balances(partner: SandboxPartner, account: str) -> list[int]:
    answer = partner.post("/bills/inquire", {"serial": "I", "account_number": account}).json()
    return [bill["balance"] for bill in answer["bills"]]


def pay(partner: SandboxPartner, account: str, bill: str, amount: int, serial: str) -> str:
    answer = partner.post("/bills/pay", {"serial": serial, "bill_id": bill, "account_number": account, "amount": amount}).json()
    return str(answer.get("reason") or answer["state"])


def test_a_penalty_grows_by_the_day_as_its_trade_has_it(four: dict[str, SandboxPartner]) -> None:
    """Electricity 0.1 % a day and at least a yuan, water 0.5 % and never above the bill, telephones 0.3 %, cards nothing."""
    accounts = {"biller": "1111111111", "water": "111111111", "carrier": "13800000001", "issuer": "6225880000000001"}
    for name, account in accounts.items():
        owe(four[name], account, f"late {name}", 100_00, due_on="2014-02-14")
        owe(four[name], account, f"long ago {name}", 100_00, due_on="2012-02-14")
        owe(four[name], account, f"not yet {name}", 100_00, due_on="2014-02-24")
    assert balances(four["biller"], accounts["biller"]) == [101_00, 174_10, 100_00]
    assert balances(four["water"], accounts["water"]) == [105_00, 200_00, 100_00]
    assert balances(four["carrier"], accounts["carrier"]) == [103_00, 322_30, 100_00]
    assert balances(four["issuer"], accounts["issuer"]) == [100_00, 100_00, 100_00]


def test_what_was_paid_in_part_grows_by_what_is_left(new_water: SandboxPartner) -> None:
    owe(new_water, "222222222", "W1", 100_00, due_on="2014-02-14")
    assert balances(new_water, "222222222") == [105_00]
    assert pay(new_water, "222222222", "W1", 45_00, "p1") == "paid"
    assert balances(new_water, "222222222") == [60_00]
    new_water.clock("2014-02-26T09:00:00+08:00")
    assert balances(new_water, "222222222") == [60_55], "two days of 0.5 % of the 55.00 that are left of the bill"
    assert pay(new_water, "222222222", "W1", 60_56, "p2") == "wrong_amount"
    late(new_water, "222222222", "W1", 10_00, "p5", "2014-02-26T10:00:00+08:00")
    assert pay(new_water, "222222222", "W1", 60_55, "p3") == "paid"
    assert (balances(new_water, "222222222"), pay(new_water, "222222222", "W1", 1, "p4")) == ([], "already_paid")
    owe(new_water, "222222222", "W2", 100_00)
    late(new_water, "222222222", "W2", 60_00, "p6", "2014-02-26T10:00:00+08:00")
    assert pay(new_water, "222222222", "W2", 50_00, "p7") == "paid"
    new_water.clock("2014-02-26T11:00:00+08:00")
    ended = {one["serial"]: one["state"] for one in new_water.get("/admin/payments").json()}
    assert (ended["p5"], ended["p6"], balances(new_water, "222222222")) == ("rejected", "rejected", [50_00]), "no more than is left"


@pytest.fixture
def new_water(tmp_path: Path) -> Iterator[SandboxPartner]:
    with sandbox_partner("water", tmp_path) as partner:
        partner.clock("2014-02-24T09:00:00+08:00")
        yield partner


def test_all_arrears_are_paid_in_one_sum_and_electricity_takes_no_parts(four: dict[str, SandboxPartner]) -> None:
    power = four["biller"]
    owe(power, "3333333333", "E1", 10_00)
    owe(power, "3333333333", "E2", 20_00)
    assert pay(power, "3333333333", "E1", 9_99, "a1") == "wrong_amount"
    assert pay(power, "3333333333", "*", 29_99, "a2") == "wrong_amount"
    assert pay(power, "3333333333", "*", 30_00, "a3") == "paid"
    assert balances(power, "3333333333") == []
    assert pay(power, "3333333333", "*", 30_00, "a4") == "unknown_bill"


def late(partner: SandboxPartner, account: str, bill: str, amount: int, serial: str, until: str = "2014-02-24T10:00:00+08:00") -> None:
    """Paid, and found to be at ten."""
    partner.faults({"message": "pay", "nth": 1, "fault": "late_success", "until": until}, serial=serial)
    assert pay(partner, account, bill, amount, serial) == "not_written_off"


def test_what_succeeds_late_pays_nothing_that_was_paid_otherwise(tmp_path: Path) -> None:
    """All arrears in one sum, a bill in part, money in advance; of the first account nothing is left to pay, of the third too little. Where
    more than a bill is taken, what is left of it is paid, and the rest is in advance."""
    with sandbox_partner("issuer", tmp_path) as issuer:
        issuer.clock("2014-02-24T09:00:00+08:00")
        cards = [f"622588000000000{number}" for number in range(5)]
        for card in cards:
            owe(issuer, card, f"{card} 1", 100_00)
            owe(issuer, card, f"{card} 2", 200_00)
        for card in cards[:3]:
            late(issuer, card, "*", 300_00, f"all {card}")
        late(issuer, cards[3], f"{cards[3]} 1", 60_00, "part")
        late(issuer, cards[4], "", 50_00, "advance")
        assert pay(issuer, cards[0], "*", 300_00, "by hand") == "paid"
        assert pay(issuer, cards[2], f"{cards[2]} 1", 100_00, "one by hand") == "paid"
        assert pay(issuer, cards[3], f"{cards[3]} 1", 50_00, "part by hand") == "paid"
        issuer.clock("2014-02-24T11:00:00+08:00")
        ended = {one["serial"]: one["state"] for one in issuer.get("/admin/payments").json()}
        assert [ended[f"all {card}"] for card in cards[:3]] == ["rejected", "paid", "rejected"]
        assert (ended["part"], ended["advance"]) == ("paid", "paid")
        assert [balances(issuer, card) for card in cards] == [[], [], [200_00], [190_00], [50_00, 200_00]]


def test_a_telephone_is_topped_up_with_a_face_and_found_paid_by_inquiry(four: dict[str, SandboxPartner]) -> None:
    carrier = four["carrier"]
    assert pay(carrier, "13800000002", "", 15_00, "t1") == "wrong_amount"
    assert pay(carrier, "13800000002", "", 50_00, "t2") == "in_progress"
    assert carrier.get("/bills/payments/t2").json()["state"] == "paid"
    assert carrier.post("/bills/pay", {"serial": "t3", "account_number": "23800000002", "amount": 5000}).status_code == 400


def test_a_card_is_repaid_in_parts_at_will_and_oldest_first(four: dict[str, SandboxPartner]) -> None:
    issuer, card = four["issuer"], "6225880000000009"
    owe(issuer, card, "2014-01", 100_00)
    owe(issuer, card, "2014-02", 200_00)
    assert pay(issuer, card, "", 150_00, "c1") == "paid"
    assert balances(issuer, card) == [150_00]
    assert pay(issuer, card, "2014-02", 50_00, "c2") == "paid"
    assert pay(issuer, card, "", 500_00, "c3") == "paid"
    assert balances(issuer, card) == []


def test_what_is_paid_beyond_a_bill_pays_the_others_where_more_is_taken(four: dict[str, SandboxPartner]) -> None:
    accounts = {"biller": "7777777777", "water": "777777777", "carrier": "13800000007", "issuer": "6225880000000007"}
    for name, account in accounts.items():
        for month, amount in (("01", 100_00), ("02", 50_00), ("03", 200_00)):
            owe(four[name], account, f"{name} {month}", amount)
        taken = pay(four[name], account, f"{name} 02", 80_00, f"more {name}")
        assert (taken, balances(four[name], account)) == (
            ("paid", [70_00, 200_00]) if name in ("carrier", "issuer") else ("wrong_amount", [100_00, 50_00, 200_00])
        ), name
    late(four["issuer"], accounts["issuer"], "issuer 01", 80_00, "late more")
    four["issuer"].clock("2014-02-24T11:00:00+08:00")
    assert balances(four["issuer"], accounts["issuer"]) == [190_00], "70.00 of the bill, and 10.00 in advance"


async def test_payments_without_a_bill_stand_in_the_days_file(tmp_path: Path) -> None:
    with sandbox_partner("carrier", tmp_path) as carrier:
        carrier.clock("2014-02-24T09:00:00+08:00")
        assert pay(carrier, "13800000002", "", 50_00, "t2") == "in_progress"
        carrier.clock("2014-02-25T00:30:00+08:00")
        port = BillerHttp(carrier.url, TOKEN)
        content = await port.day_end(MONDAY)
        await port.close()
        assert content is not None
        (line,) = read_day_end(content, MONDAY).lines
        assert (line.serial, line.bill_id, line.account_number, line.amount, line.owner) == ("t2", "", "13800000002", 50_00, "")


@pytest.mark.parametrize(
    ("fault", "seen"),
    [("garbage", "cannot be read"), ("slow", "ReadTimeout"), ("other_customer", "another serial"), ("double", "cannot be read")],
)
async def test_a_payment_is_taken_though_its_answer_went_wrong(four: dict[str, SandboxPartner], fault: str, seen: str) -> None:
    water = four["water"]
    owe(water, "555555555", f"W {fault}", 10_00)
    water.faults({"message": "pay", "nth": 1, "fault": fault}, serial=f"pay {fault}")
    port = BillerHttp(water.url, TOKEN, timeout_ms=400)
    answer = await port.pay(f"f {fault}", f"W {fault}", "555555555", 10_00)
    assert isinstance(answer, Unknown)
    assert seen in answer.why
    assert isinstance(await port.inquire_payment(f"f {fault}"), Paid)
    assert await port.pay(f"again {fault}", f"W {fault}", "555555555", 10_00) == Rejected("already_paid")
    await port.close()


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("no_lookup", AskArrears()),
        ("other_customer", Unknown("the answer belongs to another serial")),
        ("garbage", Unknown("the answer cannot be read")),
        ("slow", Unknown("no answer (ReadTimeout)")),
        ("error", Unknown("HTTP status 500")),
    ],
)
async def test_what_became_of_a_payment_is_answered_as_the_fault_has_it(four: dict[str, SandboxPartner], fault: str, seen: Any) -> None:
    water = four["water"]
    water.faults({"message": "payment_inquiry", "nth": 1, "fault": fault}, serial=f"payment inquiry {fault}")
    port = BillerHttp(water.url, TOKEN, timeout_ms=400)
    assert await port.inquire_payment(f"q {fault}") == seen
    assert await port.inquire_payment(f"q {fault}") == NotReceived()
    await port.close()


@pytest.mark.parametrize(("fault", "seen"), [("garbage", Unknown), ("slow", Unknown), ("other_customer", Inquired), ("double", Inquired)])
async def test_an_inquiry_is_answered_as_the_fault_has_it(four: dict[str, SandboxPartner], fault: str, seen: type) -> None:
    water = four["water"]
    owe(water, "666666661", "W6", 10_00)
    water.faults({"message": "inquire", "nth": 1, "fault": fault}, serial=f"inquire {fault}")
    port = BillerHttp(water.url, TOKEN, timeout_ms=400)
    answer = await port.inquire("i", "666666661")
    assert isinstance(answer, seen)
    if isinstance(answer, Inquired):
        assert [bill.account_number for bill in answer.bills] == {"double": ["666666661"] * 2, "other_customer": ["166666666"]}[fault]
    await port.close()
