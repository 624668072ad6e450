"""The electricity biller as a real process behind the product's own port."""

from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest
from sandbox_partner import TOKEN, SandboxPartner, sandbox_partner

from tapwealth.bills.bill import Bill
from tapwealth.bills.biller import Inquired, InquiryState, NotReceived, Paid, Rejected, Unknown
from tapwealth.bills.biller_http import BillerHttp
from tapwealth.bills.day_end import read_day_end
from tapwealth.kernel.refusal import Outage

ACCOUNT, DAY = "1234567890", date(2014, 2, 24)
B1 = {
    "bill_id": "B1",
    "account_number": ACCOUNT,
    "period": "2014-01",
    "amount": 10_000,
    "penalty": 50,
    "owner": "*芳",
    "address": "朝阳区**号",
    "due_on": "2014-02-28",
}
B2 = B1 | {"bill_id": "B2", "period": "2014-02", "penalty": 0, "due_on": None}


@pytest.fixture
def biller(tmp_path: Path) -> Iterator[SandboxPartner]:
    with sandbox_partner("biller", tmp_path) as partner:
        partner.clock("2014-02-24T09:00:00+08:00")
        assert partner.post("/admin/bills", {"bills": [B1, B2]}).status_code == 200
        yield partner


@pytest.fixture
async def port(biller: SandboxPartner) -> AsyncIterator[BillerHttp]:
    asking = BillerHttp(biller.url, TOKEN, timeout_ms=400)
    yield asking
    await asking.close()


async def test_an_inquiry_shows_what_is_owed(port: BillerHttp) -> None:
    found = await port.inquire("i1", ACCOUNT)
    bills = (
        Bill("B1", ACCOUNT, "2014-01", 10_000, 50, 10_050, "*芳", "朝阳区**号", date(2014, 2, 28)),
        Bill("B2", ACCOUNT, "2014-02", 10_000, 0, 10_000, "*芳", "朝阳区**号"),
    )
    assert found == Inquired(InquiryState.ARREARS, bills)
    assert await port.inquire("i2", "0000000000") == Inquired(InquiryState.UNKNOWN_ACCOUNT)
    assert await port.inquire("i3", "12") == Unknown("HTTP status 400")


async def test_a_bill_is_paid_once(biller: SandboxPartner, port: BillerHttp) -> None:
    paid = await port.pay("s1", "B1", ACCOUNT, 10_050)
    assert isinstance(paid, Paid)
    assert await port.pay("s1", "B1", ACCOUNT, 10_050) == paid
    assert await port.inquire_payment("s1") == paid
    assert await port.pay("s1", "B1", ACCOUNT, 10_051) == Unknown("HTTP status 409")
    assert await port.pay("s2", "B1", ACCOUNT, 10_050) == Rejected("already_paid")
    assert await port.inquire_payment("s2") == Rejected("already_paid")
    assert [bill.bill_id for bill in found_bills(await port.inquire("i1", ACCOUNT))] == ["B2"]
    biller.restart()
    again = BillerHttp(biller.url, TOKEN)
    assert await again.pay("s1", "B1", ACCOUNT, 10_050) == paid
    await again.close()


def found_bills(answer: Inquired | Unknown) -> tuple[Bill, ...]:
    assert isinstance(answer, Inquired)
    return answer.bills


async def test_what_does_not_fit_is_rejected(port: BillerHttp) -> None:
    assert await port.pay("s1", "B9", ACCOUNT, 10_050) == Rejected("unknown_bill")
    assert await port.pay("s2", "B1", "1234567891", 10_050) == Rejected("other_account")
    assert await port.pay("s3", "B1", ACCOUNT, 10_000) == Rejected("wrong_amount")
    assert await port.pay("s4", "B1", ACCOUNT, 10_051) == Rejected("wrong_amount")


async def test_silent_but_processed_is_found_by_inquiry(biller: SandboxPartner, port: BillerHttp) -> None:
    biller.faults({"message": "pay", "nth": 1, "fault": "silent"})
    assert await port.pay("s1", "B1", ACCOUNT, 10_050) == Unknown("no answer (ReadTimeout)")
    found = await port.inquire_payment("s1")
    assert isinstance(found, Paid)
    assert await port.pay("s1", "B1", ACCOUNT, 10_050) == found


async def test_silent_and_not_processed_was_never_received(biller: SandboxPartner, port: BillerHttp) -> None:
    biller.faults({"message": "pay", "nth": 1, "fault": "silent_unprocessed"})
    assert isinstance(await port.pay("s1", "B1", ACCOUNT, 10_050), Unknown)
    assert await port.inquire_payment("s1") == NotReceived()
    assert isinstance(await port.pay("s1", "B1", ACCOUNT, 10_050), Paid)


async def test_while_every_payment_is_silent_so_is_every_inquiry_about_one(biller: SandboxPartner, port: BillerHttp) -> None:
    biller.faults({"message": "pay", "nth": 0, "fault": "silent"})
    assert isinstance(await port.pay("s1", "B1", ACCOUNT, 10_050), Unknown)
    biller.restart()
    again = BillerHttp(biller.url, TOKEN, timeout_ms=400)
    assert await again.inquire_payment("s1") == Unknown("no answer (ReadTimeout)")
    assert len(found_bills(await again.inquire("i1", ACCOUNT))) == 1, "it still tells who owes what"
    biller.faults()
    assert isinstance(await again.inquire_payment("s1"), Paid)
    await again.close()


async def test_an_error_says_nothing_about_the_payment(biller: SandboxPartner, port: BillerHttp) -> None:
    biller.faults({"message": "pay", "nth": 1, "fault": "error"})
    assert await port.pay("s1", "B1", ACCOUNT, 10_050) == Unknown("HTTP status 500")
    assert await port.inquire_payment("s1") == NotReceived()


@pytest.mark.parametrize("fault", ["silent", "silent_unprocessed", "lose", "error"])
async def test_a_payment_sent_again_does_not_take_the_next_ones_fault(biller: SandboxPartner, port: BillerHttp, fault: str) -> None:
    biller.faults({"message": "pay", "nth": 1, "fault": fault}, {"message": "pay", "nth": 2, "fault": fault})
    for serial, bill, amount in (("s1", "B1", 10_050), ("s2", "B2", 10_000)):
        assert isinstance(await port.pay(serial, bill, ACCOUNT, amount), Unknown)
        for _ in range(3):
            assert isinstance(await port.pay(serial, bill, ACCOUNT, amount), Paid)
    assert biller.get("/admin/faults").json()["counts"] == {"pay": 2}


async def test_nobody_there_is_a_value(biller: SandboxPartner, port: BillerHttp) -> None:
    biller.kill()
    for answer in (await port.pay("s1", "B1", ACCOUNT, 10_050), await port.inquire_payment("s1"), await port.inquire("i1", ACCOUNT)):
        assert answer == Unknown("no answer (ConnectionRefusedError)")
    with pytest.raises(Outage, match="ConnectError"):
        await port.day_end(DAY)
    biller.start()


async def test_a_success_comes_late(biller: SandboxPartner, port: BillerHttp) -> None:
    biller.faults({"message": "pay", "nth": 1, "fault": "late_success", "until": "2014-02-25T10:00:00+08:00"})
    assert await port.pay("s1", "B1", ACCOUNT, 10_050) == Unknown("not_written_off", there=True)
    assert await port.inquire_payment("s1") == Rejected("not_written_off")
    biller.clock("2014-02-25T09:59:59+08:00")
    assert read_day_end(await file_of(port, DAY), DAY).lines == ()
    assert await port.inquire_payment("s1") == Rejected("not_written_off")
    biller.clock("2014-02-26T00:00:00+08:00")
    assert isinstance(await port.inquire_payment("s1"), Paid)
    lines = read_day_end(await file_of(port, date(2014, 2, 25)), date(2014, 2, 25)).lines
    assert [(line.serial, line.amount, line.paid_at.isoformat()) for line in lines] == [("s1", 10_050, "2014-02-25T10:00:00+08:00")]


async def test_a_late_success_finds_the_bill_paid_otherwise(biller: SandboxPartner, port: BillerHttp) -> None:
    biller.faults({"message": "pay", "nth": 1, "fault": "late_success", "until": "2014-02-24T10:00:00+08:00"})
    assert isinstance(await port.pay("s1", "B1", ACCOUNT, 10_050), Unknown)
    assert isinstance(await port.pay("s2", "B1", ACCOUNT, 10_050), Paid)
    biller.clock("2014-02-24T11:00:00+08:00")
    assert await port.inquire_payment("s1") == Rejected("already_paid")


async def file_of(port: BillerHttp, day: date) -> bytes:
    content = await port.day_end(day)
    assert content is not None
    return content


async def test_the_day_end_file_is_there_when_the_day_is_over(biller: SandboxPartner, port: BillerHttp) -> None:
    await port.pay("s2", "B2", ACCOUNT, 10_000)
    paid = await port.pay("s1", "B1", ACCOUNT, 10_050)
    biller.clock("2014-02-24T23:59:59+08:00")
    assert await port.day_end(DAY) is None
    biller.clock("2014-02-25T00:00:00+08:00")
    content = await file_of(port, DAY)
    assert isinstance(paid, Paid)
    assert content.splitlines()[0] == b"20140224|2|20050"
    assert content.splitlines()[1] == f"s1|B1|{ACCOUNT}|10050|20140224090000|{paid.biller_reference}|*芳".encode("gbk")
    assert [line.serial for line in read_day_end(content, DAY).lines] == ["s1", "s2"]
    biller.restart()
    again = BillerHttp(biller.url, TOKEN)
    assert await again.day_end(DAY) == content
    await again.close()


FILE_FAULTS = [
    ("short_file", [10_000]),
    ("double", [10_050, 10_050, 10_000]),
    ("one_fen", [10_051, 10_000]),
    ("wrong_day", [10_050, 10_000]),
]


async def test_faults_of_the_file_agree_with_its_summary(biller: SandboxPartner, port: BillerHttp) -> None:
    """A fault a day; the same file however often it is fetched."""
    biller.faults(*({"message": "day_end", "nth": nth, "fault": fault} for nth, (fault, _) in enumerate(FILE_FAULTS, 1)))
    for number, (fault, amounts) in enumerate(FILE_FAULTS):
        day = DAY + timedelta(days=number)
        bills = [B1 | {"bill_id": f"{day}-1"}, B2 | {"bill_id": f"{day}-2"}]
        assert biller.post("/admin/bills", {"bills": bills}).status_code == 200
        assert isinstance(await port.pay(f"{day}-1", f"{day}-1", ACCOUNT, 10_050), Paid)
        assert isinstance(await port.pay(f"{day}-2", f"{day}-2", ACCOUNT, 10_000), Paid)
        biller.clock(f"{day + timedelta(days=1)}T00:30:00+08:00")
        for _ in range(2):
            lines = read_day_end(await file_of(port, day), day).lines
            assert [line.amount for line in lines] == amounts, fault
            first_day = day - timedelta(days=1) if fault == "wrong_day" else day
            assert lines[0].paid_at.date() == first_day


async def test_a_file_is_delayed_or_lost(biller: SandboxPartner, port: BillerHttp) -> None:
    biller.faults({"message": "day_end", "nth": 1, "fault": "delay"}, {"message": "day_end", "nth": 2, "fault": "lose"})
    biller.clock("2014-02-25T00:59:59+08:00")
    assert await port.day_end(DAY) is None
    biller.clock("2014-02-26T08:00:00+08:00")
    assert await port.day_end(DAY) == b"20140224|0|0\n"
    assert await port.day_end(date(2014, 2, 25)) is None


async def test_a_fen_too_much_is_booked_by_the_biller_and_shows_in_its_file(biller: SandboxPartner, port: BillerHttp) -> None:
    biller.faults({"message": "pay", "nth": 1, "fault": "one_fen"})
    assert isinstance(await port.pay("s1", "B1", ACCOUNT, 10_050), Paid)
    biller.clock("2014-02-25T00:30:00+08:00")
    assert [line.amount for line in read_day_end(await file_of(port, DAY), DAY).lines] == [10_051]


def test_bills_are_added_once(biller: SandboxPartner) -> None:
    assert biller.post("/admin/bills", {"bills": [B1, B2]}).status_code == 200
    for wrong in (B1 | {"amount": 1}, B1 | {"bill_id": "B3", "owner": "\U0001f600"}, B1 | {"bill_id": "B3", "account_number": "1"}):
        answer = biller.post("/admin/bills", {"bills": [wrong]})
        assert answer.status_code == 400
        assert answer.text.count("\n") == 1
    assert len(biller.get("/admin/store").json()["bills"]) == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b'{"serial":"s1"}',
        b'{"serial":"s1","state":"paid"}',
        b'{"serial":"s1","state":"perhaps"}',
        b'{"serial":"s9","state":"paid","biller_reference":"E1"}',
        b'{"serial":"s1","state":"arrears","bills":[{"bill_id":"B1","amount":1.005}]}',
    ],
)
async def test_an_answer_that_cannot_be_read_is_unknown(answer: bytes) -> None:
    port = BillerHttp("http://biller.test", TOKEN)
    await port.close()
    port._client = httpx.AsyncClient(
        base_url="http://biller.test", transport=httpx.MockTransport(lambda _: httpx.Response(200, content=answer))
    )
    assert isinstance(await port.pay("s1", "B1", ACCOUNT, 1), Unknown)
    assert isinstance(await port.inquire_payment("s1"), Unknown)
    assert isinstance(await port.inquire("s1", ACCOUNT), Unknown)
    await port.close()
