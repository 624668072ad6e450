"""The sandbox's bank as depository: its own register, its own arithmetic, what it pays, kills and faults."""

import asyncio
import socket
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
from deposit_lists import answers_in, list_of
from sandbox_partner import TOKEN, SandboxPartner, sandbox_partner

from tapwealth.bank.deposit_list import Answer, DepositLine, ListEvent
from tapwealth.bank.deposit_register import read_register
from tapwealth.bank.depository_http import DepositoryHttp
from tapwealth.kernel.refusal import Outage

DEPOSITS = "0100000006"
CHART = [
    {"from": "2014-01-01", "rates": [{"rate": "2.60", "term": "3m"}, {"rate": "3.30", "term": "1y"}]},
    {"from": "2014-11-22", "rates": [{"rate": "2.35", "term": "3m"}, {"rate": "2.75", "term": "1y"}]},
]
TERMS: list[dict[str, Any]] = [
    {"product": "DEM1", "form": "demand", "posted": [{"from": "2014-01-01", "rates": [{"rate": "0.35"}]}]},
    {"product": "TERM1", "form": "fixed_term", "demand": "DEM1", "posted": CHART},
]


def line(serial: str, event: str, amount: int, interest: int, day: date, **other: str) -> DepositLine:
    said = {"deposit": "D1", "product": "TERM1", "form": "fixed_term", "term": "3m", **other}
    named = (said["product"], said["form"], said["term"])
    return DepositLine(serial, said["deposit"], ListEvent(event), *named, amount, interest, day)


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[SandboxPartner]:
    with sandbox_partner("bank", tmp_path) as partner:
        partner.clock("2014-02-25T01:00:00+08:00")
        partner.post("/admin/accounts", [{"number": DEPOSITS, "name": "Tapwealth deposits"}])
        assert partner.post("/admin/deposits/terms", TERMS).json() == {"products": 2}
        yield partner


def listed(bank: SandboxPartner, day: str, *lines: DepositLine) -> httpx.Response:
    return bank.http.put(f"/deposits/{day}", content=list_of(lines))


def answers(bank: SandboxPartner, day: str) -> list[tuple[str, Answer, int]]:
    return [(one.serial, one.answer, one.interest) for one in answers_in(bank.get(f"/deposits/{day}").content)]


def balances(content: bytes) -> dict[str, int]:
    with TemporaryDirectory() as folder:
        return dict(read_register(BytesIO(content), Path(folder)))


def register(bank: SandboxPartner, day: str) -> dict[str, int]:
    """As the platform has it, in place of whatever the file had."""
    into = BytesIO(b"what came of it before the line broke" * 100)
    assert asyncio.run(DepositoryHttp(bank.url, TOKEN).deposit_register(date.fromisoformat(day), into))
    return balances(into.getvalue())


def money(bank: SandboxPartner) -> int:
    balance: int = bank.get(f"/admin/accounts/{DEPOSITS}").json()["balance"]
    return balance


OPENED = line("s1", "opened", 10_000_00, 0, date(2014, 2, 24))
PART = line("s2", "withdrawn", 4_000_00, 39, date(2014, 3, 6))
MATURED = line("s3", "matured", 6_000_00, 39_00, date(2014, 5, 24))


def test_a_deposit_lives_at_the_bank_and_its_interest_is_paid_once(bank: SandboxPartner) -> None:
    """4,000 x 0.35 % x 10 / 360 = 0.39; 6,000 x 2.6 % / 4 = 39.00."""
    assert listed(bank, "2014-02-24", OPENED).status_code == 202
    assert register(bank, "2014-02-24") == {"D1": 10_000_00}
    bank.clock("2014-03-07T01:00:00+08:00")
    assert listed(bank, "2014-03-06", PART).status_code == 202
    bank.restart()
    assert listed(bank, "2014-03-06", PART).status_code == 202
    assert money(bank) == 0, "it pays in the morning"
    bank.clock("2014-03-07T09:00:00+08:00")
    assert money(bank) == 39
    bank.restart()
    bank.clock("2014-05-25T01:00:00+08:00")
    assert listed(bank, "2014-05-24", MATURED).status_code == 202
    assert answers(bank, "2014-05-24") == [("s3", Answer.ACCEPTED, 39_00)]
    bank.clock("2014-05-25T10:00:00+08:00")
    assert listed(bank, "2014-05-24", MATURED).status_code == 202
    assert money(bank) == 39_39
    assert (register(bank, "2014-03-06"), register(bank, "2014-05-24")) == ({"D1": 6_000_00}, {})


def test_what_differs_is_not_paid_until_it_agrees(bank: SandboxPartner) -> None:
    """The bank's demand rate was wrong: it answers with its own amount, and pays when its terms are put right and the list comes again."""
    wrong = {"product": "DEM1", "form": "demand", "posted": [{"from": "2014-01-01", "rates": [{"rate": "0.50"}]}]}
    bank.post("/admin/deposits/terms", [wrong])
    listed(bank, "2014-02-24", OPENED)
    bank.clock("2014-03-07T01:00:00+08:00")
    listed(bank, "2014-03-06", PART)
    assert answers(bank, "2014-03-06") == [("s2", Answer.DIFFERS, 56)]
    assert answers_in(bank.get("/deposits/2014-03-06").content)[0].reason == "interest is 56 fen at the bank, 39 in the list"
    bank.clock("2014-03-07T12:00:00+08:00")
    assert money(bank) == 0
    bank.post("/admin/deposits/terms", TERMS)
    assert listed(bank, "2014-03-06", PART).status_code == 202
    assert answers(bank, "2014-03-06") == [("s2", Answer.ACCEPTED, 39)]
    assert money(bank) == 39
    assert [one.paid_by for one in answers_in(bank.get("/deposits/2014-03-06").content)] == ["DPX-20140306"]


FEB_24 = date(2014, 2, 24)
IMPOSSIBLE = {
    line("x0", "withdrawn", 1_00, 0, date(2014, 2, 23)): "2014-02-23 is before 2014-02-24, from which deposit D1 earns",
    line("x1", "opened", 1_00, 0, FEB_24): "was opened before",
    line("x2", "withdrawn", 10_000_01, 0, FEB_24): "1000001 fen are more than the 1000000 that it has",
    line("x3", "matured", 10_000_00, 0, FEB_24): "matures on 2014-05-24",
    line("x4", "renewed", 10_000_00, 0, FEB_24): "is renewed on 2014-05-24",
    line("x5", "paid_in", 1_00, 0, FEB_24): "paid_in does not happen to fixed_term",
    line("x6", "withdrawn", 1_00, 0, FEB_24, deposit="D2"): "deposit D2 is not open at the bank",
    line("x7", "withdrawn", 1_00, 0, FEB_24, term="1y"): "is of TERM1 3m at the bank",
    line("x8", "withdrawn", 1_00, 0, FEB_24, product="NONE"): "the bank has no product NONE",
    line("x9", "withdrawn", 1_00, 0, FEB_24, form="demand"): "is fixed_term at the bank, not demand",
    line("x10", "opened", 1_00, 0, FEB_24, deposit="D2", term="2y"): "TERM1 2y has no posted rate on 2014-02-24",
    line("x11", "subscribed", 1_00, 0, FEB_24, deposit="D2"): "subscribed does not happen to fixed_term",
}


def test_what_cannot_have_happened_is_named_and_changes_nothing(bank: SandboxPartner) -> None:
    assert listed(bank, "2014-02-24", OPENED, *IMPOSSIBLE).status_code == 202
    told = {one.serial: one for one in answers_in(bank.get("/deposits/2014-02-24").content) if one.serial != "s1"}
    assert {(one.answer, one.interest) for one in told.values()} == {(Answer.DIFFERS, 0)}
    assert told.keys() == {one.serial for one in IMPOSSIBLE}
    for one, why in IMPOSSIBLE.items():
        assert why in told[one.serial].reason
    assert register(bank, "2014-02-24") == {"D1": 10_000_00}


def broken_off(bank: SandboxPartner, day: str, content: bytes) -> None:
    """Its last octet does not come."""
    url = httpx.URL(bank.url)
    head = f"PUT /deposits/{day} HTTP/1.1\r\nHost: bank\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {len(content)}\r\n\r\n"
    with socket.create_connection((url.host, url.port or 80)) as line_to_bank:
        line_to_bank.sendall(head.encode() + content[:-1])


def test_a_list_is_taken_once_for_its_day(bank: SandboxPartner) -> None:
    assert listed(bank, "2014-02-25", OPENED).text == "2014-02-25 has not ended at the bank\n"
    broken_off(bank, "2014-02-24", list_of([OPENED]))
    assert bank.get("/deposits/2014-02-24").status_code == 404
    assert listed(bank, "2014-02-24", OPENED).status_code == 202
    other = listed(bank, "2014-02-24", OPENED, PART)
    assert (other.status_code, other.text) == (409, "another list of 2014-02-24 was taken before\n")
    bank.clock("2014-02-26T01:00:00+08:00")
    twice = listed(bank, "2014-02-25", PART, PART)
    assert (twice.status_code, "serial 's2' stands there twice" in twice.text) == (400, True)
    again = listed(bank, "2014-02-25", OPENED)
    assert (again.status_code, again.text) == (409, "line s1 stood in the list of another day\n")
    torn = bank.http.put("/deposits/2014-02-25", content=list_of([PART])[:-10])
    assert (torn.status_code, torn.text.startswith("deposit list: its end line is missing or torn")) == (400, True)
    far = listed(bank, "2014-02-25", line("s9", "opened", 1_00, 0, date(9999, 12, 31)))
    assert (far.status_code, "9999-12-31 is no date of these years" in far.text) == (400, True)
    assert bank.http.put("/deposits/2014-2-25", content=b"").status_code == 400


def test_faults_on_demand(bank: SandboxPartner) -> None:
    listed(bank, "2014-02-24", OPENED, line("s9", "opened", 1_000_00, 0, date(2014, 2, 24), deposit="D9"))
    bank.clock("2014-03-07T01:00:00+08:00")

    def told(message: str, fault: str, path: str) -> httpx.Response:
        bank.faults({"message": message, "nth": 0, "fault": fault}, serial=f"{message} {fault}")
        return bank.get(path)

    kept = "/deposits/2014-02-24/register"
    assert balances(told("deposit_register", "short_file", kept).content) == {"D9": 1_000_00}
    assert balances(told("deposit_register", "one_fen", kept).content) == {"D1": 10_000_01, "D9": 1_000_00}
    assert told("deposit_register", "delay", "/deposits/2014-03-06/register").status_code == 404
    assert balances(told("deposit_register", "wrong_day", kept).content) == {}
    assert told("deposit_answer", "lose", "/deposits/2014-02-24").status_code == 404
    assert told("deposit_request", "error", kept).status_code == 500
    bank.faults({"message": "deposit_line withdrawn", "nth": 1, "fault": "one_fen"}, serial="line")
    listed(bank, "2014-03-06", PART)
    assert answers(bank, "2014-03-06") == [("s2", Answer.DIFFERS, 40)]


@pytest.mark.parametrize(("fault", "paid"), [("lose", 0), ("double", 78), ("one_fen", 40)])
def test_a_payment_goes_wrong(bank: SandboxPartner, fault: str, paid: int) -> None:
    bank.faults({"message": "deposit_interest", "nth": 1, "fault": fault})
    listed(bank, "2014-02-24", OPENED)
    bank.clock("2014-03-07T10:00:00+08:00")
    listed(bank, "2014-03-06", PART)
    assert money(bank) == paid


def test_a_register_that_is_not_there_or_not_to_be_had(bank: SandboxPartner) -> None:
    port, into = DepositoryHttp(bank.url, TOKEN), BytesIO()
    assert not asyncio.run(port.deposit_register(date(2014, 2, 24), into))
    with pytest.raises(Outage, match=r"does not give /deposits/2014-02-24/register \(401\)"):
        asyncio.run(DepositoryHttp(bank.url, "another").deposit_register(date(2014, 2, 24), into))
    bank.kill()
    with pytest.raises(Outage, match="cannot be reached"):
        asyncio.run(port.deposit_register(date(2014, 2, 24), into))
