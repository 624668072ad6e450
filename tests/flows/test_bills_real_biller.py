"""Bills against the biller's real process: its silence, its late word, its death in the middle, and its day-end file."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, Person, Town, town
from sandbox_partner import TOKEN, SandboxPartner, sandbox_partner

from tapwealth.bills import store
from tapwealth.bills.biller_http import BillerHttp
from tapwealth.flows.bills import billers
from tapwealth.flows.bills import paying as bills
from tapwealth.flows.bills.paying import InquireBill
from tapwealth.kernel.clock import iso, monotonic_ns, shanghai, sleep_ms
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.worker.biller_lanes import BillerLanes

TUESDAY = MONDAY + timedelta(days=1)
BALANCE = 10_050


@pytest.fixture
def power(tmp_path: Path) -> Iterator[SandboxPartner]:
    with sandbox_partner("biller", tmp_path) as partner:
        partner.clock("2014-02-24T09:00:00+08:00")
        yield partner


@pytest.fixture
async def place(new_database: Callable[[], str], tmp_path: Path, power: SandboxPartner) -> AsyncIterator[Town]:
    port = Port(power)
    async with town(new_database(), tmp_path, biller=port) as made:
        yield made
    await port.close()


class Port:
    """The product's port to the process, wherever it listens after a restart."""

    def __init__(self, power: SandboxPartner) -> None:
        self.power, self.now = power, shanghai(MONDAY, 9)
        self.moved()

    def moved(self) -> None:
        self.http = BillerHttp(self.power.url, TOKEN, timeout_ms=300)

    async def close(self) -> None:
        await self.http.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.http, name)


async def payment_of(place: Town, power: SandboxPartner, number: int = 1, name: str = "Wang") -> SimpleNamespace:
    """Somebody who has been shown a bill and has placed its payment."""
    person = await place.person(name, 50_000)
    account = f"{number:010d}"
    bill = {"bill_id": f"B{number}", "account_number": account, "period": "2014-01", "amount": 10_000, "penalty": 50}
    assert power.post("/admin/bills", {"bills": [bill | {"owner": "*芳", "address": "朝阳区**号"}]}).status_code == 200
    shown = await bills.inquire_bill(place.house, place.envelope(person), InquireBill("BJPOWER", account))
    assert not isinstance(shown, Refusal), shown
    assert [one.balance for one in shown.bills] == [BALANCE]
    placed = await place.pay_one(person, UUID(shown.bills[0].bill), BALANCE)
    assert not isinstance(placed, Refusal), placed
    return SimpleNamespace(person=person, id=UUID(placed.payment))


async def state_of(place: Town, person: Person) -> str:
    async with place.house.database.read() as tx:
        ((payment, _bill),) = await store.payments_of(tx, person.book, person.id)
    return payment.state.value


def booked(power: SandboxPartner) -> list[Any]:
    """(bill, amount, state) of every payment in the biller's own books."""
    return [(one["bill_id"], one["amount"], one["state"]) for one in power.get("/admin/payments").json()]


async def ends(place: Town, power: SandboxPartner, day_over: str = "2014-02-25T00:10:00+08:00") -> Any:
    """The comparison of Monday, once the biller's day is over."""
    power.clock(day_over)
    await place.cut(MONDAY)
    return await billers.compare_billers(place.house, MONDAY)


async def test_paid_and_found_in_the_file(place: Town, power: SandboxPartner) -> None:
    wang = await payment_of(place, power)
    await place.work("biller", bills.deliver)
    assert await state_of(place, wang.person) == "paid"
    assert booked(power) == [("B1", BALANCE, "paid")]
    report = await ends(place, power)
    assert (report.wrong, report.figures["matched"], report.figures["amount"]) == ([], 1, BALANCE)


async def test_an_answer_that_is_lost_is_found_by_inquiry(place: Town, power: SandboxPartner) -> None:
    power.faults({"message": "pay", "nth": 1, "fault": "silent"})
    wang = await payment_of(place, power)
    await place.work("biller", bills.deliver)
    assert (await state_of(place, wang.person), await place.total(Kind.SUSPENSE)) == ("unknown", BALANCE)
    assert await place.work("biller", bills.deliver) == []
    assert (await state_of(place, wang.person), await place.total(Kind.BILLER)) == ("paid", BALANCE)
    assert booked(power) == [("B1", BALANCE, "paid")]


@pytest.mark.parametrize(("fault", "resent"), [("silent", 0), ("silent_unprocessed", 1), ("garbage", 0)])
async def test_a_biller_that_looks_nothing_up_by_serial_is_asked_what_is_owed(
    place: Town, power: SandboxPartner, fault: str, resent: int
) -> None:
    """No arrears after a lost answer mean paid; its own serial comes with its file. What is owed as before is sent again."""
    faults = ({"message": "pay", "nth": 1, "fault": fault}, {"message": "payment_inquiry", "nth": 0, "fault": "no_lookup"})
    power.faults(*faults)
    wang = await payment_of(place, power)
    await place.work("biller", bills.deliver)
    assert (await state_of(place, wang.person), await place.total(Kind.SUSPENSE)) == ("unknown", BALANCE)
    assert await place.work("biller", bills.deliver) == []
    assert (await state_of(place, wang.person), await place.total(Kind.BILLER)) == ("paid", BALANCE)
    assert power.get("/admin/faults").json()["counts"]["payment_inquiry"] == 1
    assert booked(power) == [("B1", BALANCE, "paid")]
    report = await ends(place, power)
    assert (report.wrong, report.figures["matched"]) == ([], 1)
    async with place.house.database.read() as tx:
        ((payment, _),) = await store.payments_of(tx, wang.person.book, wang.person.id)
    assert (payment.biller_reference[:1], payment.resent) == ("E", resent)


@pytest.mark.parametrize("fault", ["silent_unprocessed", "lose", "error"])
async def test_a_payment_that_was_lost_is_sent_again(place: Town, power: SandboxPartner, fault: str) -> None:
    power.faults({"message": "pay", "nth": 1, "fault": fault})
    wang = await payment_of(place, power)
    await place.work("biller", bills.deliver, rounds=2)
    assert await state_of(place, wang.person) == "paid"
    assert booked(power) == [("B1", BALANCE, "paid")]


async def test_a_biller_that_stays_silent_leaves_the_payment_in_doubt(place: Town, power: SandboxPartner) -> None:
    power.faults({"message": "pay", "nth": 0, "fault": "silent_unprocessed"})
    wang = await payment_of(place, power)
    failures = await place.work("biller", bills.deliver, rounds=3)
    assert len(failures) == 2
    report = await ends(place, power)
    assert report.wrong == []
    assert [one["state"] for one in report.figures["in_doubt"]] == ["unknown"]
    assert await place.total(Kind.SUSPENSE) == BALANCE
    power.faults()
    assert await place.work("biller", bills.deliver) == []
    assert await state_of(place, wang.person) == "paid"


async def test_success_after_the_refund(place: Town, power: SandboxPartner) -> None:
    late = iso(shanghai(MONDAY, 22))
    power.faults({"message": "pay", "nth": 1, "fault": "late_success", "until": late})
    wang = await payment_of(place, power)
    await place.work("biller", bills.deliver, rounds=2)
    assert (await state_of(place, wang.person), await place.owed(wang.person.wallet)) == ("refunded", [50_000])
    report = await ends(place, power)
    assert report.wrong == []
    assert await place.breaks(MONDAY) == [("biller", "late_success", True)]
    assert (await place.total(Kind.BILLER), await place.total(Kind.CUSTOMER_RECEIVABLE)) == (BALANCE, -BALANCE)
    assert (await bills.settle_billers(place.house, TUESDAY)).figures["amount"] == BALANCE
    await place.all_books_balance()


@pytest.mark.parametrize("fault", ["short_file", "one_fen", "double"])
async def test_a_false_file_is_named_and_a_right_one_closes(place: Town, power: SandboxPartner, fault: str) -> None:
    await payment_of(place, power)
    await place.work("biller", bills.deliver)
    power.faults({"message": "day_end", "nth": 1, "fault": fault})
    report = await ends(place, power)
    assert len(report.wrong) == 1
    power.faults(serial="none")
    assert (await billers.compare_billers(place.house, MONDAY)).wrong == []
    assert await place.breaks(MONDAY) == []


async def test_the_biller_dies_before_and_after_it_took_the_payment(place: Town, power: SandboxPartner) -> None:
    port: Port = place.biller
    wang = await payment_of(place, power)
    power.kill()
    await place.work("biller", bills.deliver)
    failures = await place.work("biller", bills.deliver)
    assert (await state_of(place, wang.person), len(failures)) == ("unknown", 1)
    power.start()
    port.moved()
    honest = port.http.pay

    async def dies(*asked: Any) -> Any:
        await honest(*asked)
        power.kill()
        return await honest(*asked)

    port.http.pay = dies
    assert len(await place.work("biller", bills.deliver)) == 1
    power.start()
    port.moved()
    assert await place.work("biller", bills.deliver) == []
    assert await state_of(place, wang.person) == "paid"
    assert booked(power) == [("B1", BALANCE, "paid")]


async def test_a_fen_by_hand_in_the_billers_books_is_named(place: Town, power: SandboxPartner) -> None:
    await payment_of(place, power)
    await place.work("biller", bills.deliver)
    books = sqlite3.connect(power.store)
    with books:
        books.execute("update payment set amount = amount + 1")
    books.close()
    (wrong,) = (await ends(place, power)).wrong
    assert "100.51" in wrong
    assert "100.50" in wrong


@pytest.mark.soak
@pytest.mark.parametrize("patience_ms", [120_000, 3_000])
async def test_an_answer_that_takes_ninety_seconds(place: Town, power: SandboxPartner, patience_ms: int) -> None:
    """Waited for as long as the house is patient, it is sent once and keeps nobody else waiting; for less, what became of it is asked."""
    port: Port = place.biller
    port.http = BillerHttp(power.url, TOKEN, timeout_ms=patience_ms)
    power.faults({"message": "pay", "nth": 1, "fault": "slow"})
    slow, working, began = await payment_of(place, power), asyncio.create_task(BillerLanes(place.house).run()), monotonic_ns()
    while not booked(power):
        await sleep_ms(50)
    others = [await payment_of(place, power, number, f"Li {number}") for number in range(2, 12)]
    while [await state_of(place, one.person) for one in others] != ["paid"] * 10:
        await sleep_ms(50)
    assert monotonic_ns() - began < 60 * 1_000_000_000
    assert await state_of(place, slow.person) in (("sent",) if patience_ms > 90_000 else ("sent", "unknown", "paid"))
    while await state_of(place, slow.person) != "paid":
        await sleep_ms(50)
    took = (monotonic_ns() - began) // 1_000_000_000
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    async with place.house.database.read() as tx:
        ((payment, _),) = await store.payments_of(tx, slow.person.book, slow.person.id)
    if patience_ms > 90_000:
        assert (took >= 90, payment.asked) == (True, 1)
    else:
        assert (took < 60, payment.asked) == (True, 2)
    assert len(booked(power)) == 11
    await place.all_books_balance()
