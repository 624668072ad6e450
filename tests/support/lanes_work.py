"""The worker's lanes at work in a town that pays bills, with billers that wait until they are let go."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import msgspec
import pytest
from bill_town import BJPOWER, Person, ScriptedBiller, Town
from biller_files import put_in_directory
from structlog.testing import capture_logs

from tapwealth.bills.biller import NOTHING_ELSE, PaymentAnswer
from tapwealth.flows.bills import bill_lanes
from tapwealth.flows.bills import paying as bills
from tapwealth.flows.bills.paying import InquireBill, PayBill, Placing
from tapwealth.flows.rails import Billers
from tapwealth.kernel.clock import deadline_after, monotonic_ns, sleep_ms
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage.database import in_transaction
from tapwealth.worker.biller_lanes import BillerLanes

ACCOUNT = "1234567890"


class Held(ScriptedBiller):
    """Answers nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()
        self.holds = 0

    async def pay(
        self, serial: str, bill_id: str, account_number: str, amount: int, further: Mapping[str, str] = NOTHING_ELSE
    ) -> PaymentAnswer:
        assert not in_transaction.get(), "asked inside a transaction"
        self.holds += 1
        await self.go.wait()
        return await super().pay(serial, bill_id, account_number, amount)


@asynccontextmanager
async def at_work(place: Town) -> AsyncIterator[list[Any]]:
    """The worker's lanes run meanwhile; what they log."""
    with capture_logs() as logged:
        running = asyncio.create_task(BillerLanes(place.house).run())
        try:
            yield logged
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Look again and again, but not forever."""
    deadline = deadline_after(30)
    while not await holds():
        assert monotonic_ns() < deadline, "it did not come to that"
        await sleep_ms(10)


async def second_biller(place: Town, biller: Any) -> None:
    """Another biller, reached by a connection of its own."""
    object.__setattr__(place.house.rails, "billers", Billers({**place.house.rails.billers.ports, "BJWATER": biller}))
    added = await put_in_directory(place.house, msgspec.structs.replace(BJPOWER, code="BJWATER", name="北京水务").definition)
    assert added is None, added


async def place_many(place: Town, person: Person, code: str, biller: ScriptedBiller, count: int) -> None:
    """As many bills of a biller, each presented and paid by that person."""
    before = len(biller.bills.get(ACCOUNT, ()))
    fresh = [f"{code}{number}" for number in range(before, before + count)]
    for number in fresh:
        biller.owe(ACCOUNT, number, 100)
    shown = await bills.inquire_bill(place.house, place.envelope(person), InquireBill(code, ACCOUNT))
    assert not isinstance(shown, Refusal), shown
    answers = await place.pay(
        *(Placing(place.envelope(person), PayBill(UUID(one.bill), 100)) for one in shown.bills if one.number in fresh)
    )
    assert not any(isinstance(one, Refusal) for one in answers)


async def states(place: Town, code: str) -> dict[str, int]:
    """How many of a biller's payments are in each state."""
    async with place.house.database.read() as tx:
        rows = await tx.fetch(
            "select p.state, count(*) as n from bill_payment p join biller b on b.id = p.biller where b.code = $1 group by 1", code
        )
    return {row["state"]: row["n"] for row in rows}


async def is_so(condition: bool) -> bool:
    """For `until`."""
    return condition


async def has(place: Town, code: str, wanted: dict[str, int]) -> bool:
    """Whether the payments of a biller are in these states."""
    return await states(place, code) == wanted


def count_calls(monkeypatch: pytest.MonkeyPatch, *names: str) -> dict[str, int]:
    """How often the lanes call these."""
    counts = dict.fromkeys(names, 0)

    def counted(name: str, honest: Any) -> Any:
        async def call(*given: Any) -> Any:
            counts[name] += 1
            return await honest(*given)

        return call

    for name in names:
        monkeypatch.setattr(bill_lanes, name, counted(name, getattr(bill_lanes, name)))
    return counts
