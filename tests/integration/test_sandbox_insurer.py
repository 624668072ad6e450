"""The insurer as a real process behind the product's own port."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest
from bill_town import bordereau
from sandbox_partner import TOKEN, SandboxPartner, sandbox_partner

from tapwealth.insurance.bordereau import read_bordereau
from tapwealth.insurance.insurer import Cancelled, CancelOrder, Issued, Noted, NotReceived, PolicyOrder, PremiumPaid, Rejected, Unknown
from tapwealth.insurance.insurer_http import InsurerHttp
from tapwealth.kernel.masked import IdentityNumber, PersonName
from tapwealth.kernel.refusal import Outage

DAY = date(2014, 2, 26)
ORDER = PolicyOrder("p1", "ACC1", PersonName("王芳"), IdentityNumber("11010519491231002X"), 76_000, date(2014, 2, 27), date(2015, 2, 27))


@pytest.fixture
def insurer(tmp_path: Path) -> Iterator[SandboxPartner]:
    with sandbox_partner("insurer", tmp_path) as partner:
        partner.clock("2014-02-26T09:00:00+08:00")
        yield partner


@pytest.fixture
async def port(insurer: SandboxPartner) -> AsyncIterator[InsurerHttp]:
    asking = InsurerHttp(insurer.url, TOKEN, timeout_ms=400)
    yield asking
    await asking.close()


def order_to_cancel(serial: str, number: str, refund: int, received_on: date = DAY) -> CancelOrder:
    return CancelOrder(serial, number, refund, "wish", DAY, received_on)


async def issued(port: InsurerHttp, order: PolicyOrder = ORDER) -> str:
    answer = await port.issue(order)
    assert isinstance(answer, Issued)
    return answer.policy_number


async def test_a_policy_is_issued_once_over_a_kill(insurer: SandboxPartner, port: InsurerHttp) -> None:
    number = await issued(port)
    insurer.restart()
    again = InsurerHttp(insurer.url, TOKEN)
    assert await again.issue(ORDER) == Issued(number)
    assert await again.inquire("p1") == Issued(number)
    assert await again.inquire("p2") == NotReceived()
    assert await again.issue(replace(ORDER, premium=76_001)) == Unknown("HTTP status 409")
    assert len(insurer.get("/admin/store").json()["policies"]) == 1
    await again.close()


async def test_a_policy_is_cancelled_once(insurer: SandboxPartner, port: InsurerHttp) -> None:
    number = await issued(port)
    assert await port.cancel(order_to_cancel("c0", number, 76_001)) == Rejected("refund_above_premium")
    assert await port.cancel(order_to_cancel("c1", number, 75_792)) == Cancelled(number)
    assert await port.cancel(order_to_cancel("c1", number, 75_792)) == Cancelled(number)
    assert await port.cancel(order_to_cancel("c2", number, 1)) == Rejected("not_in_force")
    assert await port.cancel(order_to_cancel("c3", "PL0", 1)) == Rejected("unknown_policy")
    assert await port.inquire("c1") == Cancelled(number)
    assert await port.inquire("c2") == Rejected("not_in_force")
    assert [row["key"] for row in insurer.get("/admin/outbox").json()] == ["refund c1"]


async def test_a_policy_came_to_its_policyholder_between_its_issue_and_the_request(insurer: SandboxPartner, port: InsurerHttp) -> None:
    """But for a day about midnight."""
    number, early, late = await issued(port), DAY - timedelta(days=2), DAY + timedelta(days=2)
    for serial, received_on in (("c0", early), ("c1", late)):
        assert await port.cancel(order_to_cancel(serial, number, 1, received_on)) == Rejected("other_day_of_receipt")
    assert await port.cancel(order_to_cancel("c2", number, 1, DAY + timedelta(days=1))) == Cancelled(number)
    assert await port.cancel(order_to_cancel("c2", number, 1)) == Unknown("HTTP status 409"), "another day is another request"


async def test_nothing_to_refund_owes_nothing(insurer: SandboxPartner, port: InsurerHttp) -> None:
    assert isinstance(await port.cancel(order_to_cancel("c1", await issued(port), 0)), Cancelled)
    assert insurer.get("/admin/outbox").json() == []


async def test_what_cannot_be_a_policy_is_not_taken(insurer: SandboxPartner, port: InsurerHttp) -> None:
    for wrong in (
        replace(ORDER, premium=0),
        replace(ORDER, premium=-1),
        replace(ORDER, premium=10**15 + 1),
        replace(ORDER, to_day=ORDER.from_day),
        replace(ORDER, product=""),
    ):
        assert await port.issue(wrong) == Unknown("HTTP status 400")
        assert await port.inquire("p1") == NotReceived()
    assert insurer.get("/admin/store").json() == {"policies": [], "events": []}


async def test_silence_is_found_by_inquiry(insurer: SandboxPartner, port: InsurerHttp) -> None:
    insurer.faults(
        {"message": "issue", "nth": 1, "fault": "silent"},
        {"message": "issue", "nth": 2, "fault": "silent_unprocessed"},
        {"message": "cancel", "nth": 1, "fault": "silent"},
    )
    assert await port.issue(ORDER) == Unknown("no answer (ReadTimeout)")
    found = await port.inquire("p1")
    assert isinstance(found, Issued)
    assert isinstance(await port.issue(replace(ORDER, serial="p2")), Unknown)
    assert await port.inquire("p2") == NotReceived()
    assert isinstance(await port.cancel(order_to_cancel("c1", found.policy_number, 100)), Unknown)
    assert await port.inquire("c1") == Cancelled(found.policy_number)


async def test_nobody_there_is_a_value(insurer: SandboxPartner, port: InsurerHttp) -> None:
    insurer.kill()
    for answer in (await port.issue(ORDER), await port.cancel(order_to_cancel("c1", "PL1", 1)), await port.inquire("p1")):
        assert answer == Unknown("no answer (ConnectError)")
    with pytest.raises(Outage, match="ConnectError"):
        await port.bordereau(DAY)
    insurer.start()


async def test_the_bordereau_is_there_when_the_day_is_over(insurer: SandboxPartner, port: InsurerHttp) -> None:
    number = await issued(port)
    await port.cancel(order_to_cancel("c1", number, 75_792))
    assert await port.bordereau(DAY) is None
    insurer.clock("2014-02-27T00:00:00+08:00")
    content = await port.bordereau(DAY)
    assert content == bordereau([("c1", number, "cancelled", 75_792), ("p1", number, "issued", 76_000)])
    assert [(line.serial, line.amount) for line in read_bordereau(content)] == [("c1", 75_792), ("p1", 76_000)]
    assert await port.bordereau(date(2014, 2, 27)) is None


FILE_FAULTS: list[tuple[str, list[int] | None]] = [
    ("short_file", [200]),
    ("double", [100, 100, 200]),
    ("one_fen", [101, 200]),
    ("lose", None),
    ("wrong_day", [100, 200]),
    ("delay", None),
]


async def test_faults_of_the_bordereau_agree_with_its_end(insurer: SandboxPartner, port: InsurerHttp) -> None:
    """A fault a day; `wrong_day` tells the day before."""
    insurer.faults(*({"message": "bordereau", "nth": nth, "fault": fault} for nth, (fault, _) in enumerate(FILE_FAULTS, 1)))
    for number, (fault, amounts) in enumerate(FILE_FAULTS):
        day = DAY + timedelta(days=number)
        for premium in (100, 200):
            await issued(port, replace(ORDER, serial=f"{day}-{premium}", premium=premium))
        insurer.clock(f"{day + timedelta(days=1)}T00:30:00+08:00")
        for _ in range(2):
            content = await port.bordereau(day)
            read = None if content is None else read_bordereau(content)
            assert (None if read is None else [line.amount for line in read]) == amounts, fault
            told = day - timedelta(days=1) if fault == "wrong_day" else day
            assert all(line.serial.startswith(str(told)) for line in read or ())
    insurer.clock(f"{day + timedelta(days=1)}T01:00:00+08:00")
    assert await port.bordereau(day) is not None, "delayed by an hour"


async def test_the_dump_does_not_depend_on_serials(insurer: SandboxPartner, port: InsurerHttp) -> None:
    await port.cancel(order_to_cancel("c1", await issued(port), 500))
    assert insurer.get("/admin/store").json() == {
        "policies": [["ACC1", "王芳", "11010519491231002X", 76_000, "2014-02-27", "2015-02-27", "cancelled"]],
        "events": [["2014-02-26", "cancelled", 500, "ACC1"], ["2014-02-26", "issued", 76_000, "ACC1"]],
    }


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b'{"serial":"p1","kind":"issue"}',
        b'{"serial":"p1","kind":"issue","state":"in_force"}',
        b'{"serial":"p1","kind":"issue","state":"perhaps"}',
        b'{"serial":"p9","kind":"issue","state":"in_force","policy_number":"PL1"}',
    ],
)
async def test_an_answer_that_cannot_be_read_is_unknown(answer: bytes) -> None:
    port = InsurerHttp("http://insurer.test", TOKEN)
    await port.close()
    port._client = httpx.AsyncClient(
        base_url="http://insurer.test", transport=httpx.MockTransport(lambda _: httpx.Response(200, content=answer))
    )
    assert isinstance(await port.issue(ORDER), Unknown)
    assert isinstance(await port.inquire("p1"), Unknown)
    await port.close()


async def test_what_stands_is_paid_for_suspended_reinstated_and_lapsed_each_once(insurer: SandboxPartner, port: InsurerHttp) -> None:
    """A policy of ten years: its second premium, a suspension, both missing premiums with interest, and the end of the next suspension."""
    number = await issued(port, replace(ORDER, to_day=date(2024, 2, 27), paid_until=date(2015, 2, 27)))
    second = PremiumPaid("n2", number, 76_000, 0, date(2015, 2, 27), date(2016, 2, 27))
    late = replace(second, serial="n1", from_day=date(2014, 3, 27), until_day=date(2014, 4, 27))
    assert await port.book_premium(late) == Rejected("other_time"), "the first one pays for a year"
    for _ in range(2):
        assert await port.book_premium(second) == Noted(number)
    insurer.restart()
    again = InsurerHttp(insurer.url, TOKEN)
    assert await again.inquire("n2") == Noted(number)
    assert await again.book_premium(replace(second, amount=75_999)) == Unknown("HTTP status 409")
    assert await again.book_premium(replace(second, serial="n3")) == Rejected("other_time"), "paid for already"
    assert await again.suspend("s1", number, date(2016, 4, 28)) == Noted(number)
    assert await again.book_premium(replace(second, serial="n4", from_day=date(2016, 2, 27), until_day=date(2017, 2, 27))) == Rejected(
        "not_in_force"
    )
    insurer.clock("2016-10-01T09:00:00+08:00")
    arrears = PremiumPaid("r1", number, 76_000, 2_200, date(2016, 2, 27), date(2017, 2, 27))
    assert await again.reinstate(arrears) == Noted(number)
    assert await again.suspend("s2", number, date(2017, 4, 28)) == Noted(number)
    assert await again.lapse("l1", number, 76_000 * 3 + 1, date(2019, 4, 28)) == Rejected("refund_above_premium")
    for _ in range(2):
        assert await again.lapse("l2", number, 30_000, date(2019, 4, 28)) == Noted(number)
    (owed,) = insurer.get("/admin/outbox").json()
    assert owed["key"] == "refund l2", "the cash value is owed once"
    assert await again.reinstate(replace(arrears, serial="r2")) == Rejected("not_suspended")
    await again.close()
