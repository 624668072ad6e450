"""How long the day's end waits for what is on its way, by a clock that the test moves."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import pytest
from bill_town import MONDAY, Town

from tapwealth.bank.entries import Part
from tapwealth.flows import end_of_day, proof
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Outcome, Payment, Purpose
from tapwealth.flows.end_of_day import OUTAGE_SECONDS, PATIENCE_SECONDS, handed_out, wait_while
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, actor_number, moment
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import Outage
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.storage import outbox
from tapwealth.storage.database import Tx
from tapwealth.storage.outbox import AT_ONCE, OutboxMessage

LOOK_SECONDS = 1
WORKER = UUID(int=9)


class Clock:
    """Every pause takes a second of it."""

    def __init__(self) -> None:
        self.seconds = 0

    async def pause(self, _milliseconds: int) -> None:
        self.seconds += LOOK_SECONDS


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(end_of_day, "monotonic_ns", lambda: clock.seconds * 10**9)
    monkeypatch.setattr(end_of_day, "deadline_after", lambda seconds: (clock.seconds + seconds) * 10**9)
    monkeypatch.setattr(end_of_day, "sleep_ms", clock.pause)
    return clock


async def looked(place: Town, *, trying: bool) -> Callable[[Tx], Awaitable[bool]]:
    """Something is on its way for good; with `trying` the worker tries a message in vain between the looks."""
    async with place.house.database.transaction() as tx:
        await outbox.put(tx, [OutboxMessage(1, UUID(int=1), "bank", "payment", {})])

    async def on_the_way(_tx: Tx) -> bool:
        if trying:
            async with place.house.database.transaction() as tx:
                due = await outbox.take(tx, [1], "bank", WORKER, AT_ONCE)
                await outbox.mark_failed(tx, [(one, "nobody there") for one in due], WORKER, AT_ONCE - outbox.pause_after(99))
        return True

    return on_the_way


async def test_what_does_not_move_is_waited_for_a_moment(place: Town, clock: Clock) -> None:
    await wait_while(place.house, await looked(place, trying=False))
    assert clock.seconds == PATIENCE_SECONDS


async def test_a_message_that_is_tried_again_and_again_is_waited_for_longer(place: Town, clock: Clock) -> None:
    await wait_while(place.house, await looked(place, trying=True))
    assert clock.seconds == OUTAGE_SECONDS


async def test_what_has_arrived_is_not_waited_for(place: Town, clock: Clock) -> None:
    async def arrived(_tx: Tx) -> bool:
        return False

    await wait_while(place.house, arrived)
    assert clock.seconds == 0


def answering(clock: Clock, after: int) -> Callable[[], Awaitable[bytes | None]]:
    async def ask() -> bytes | None:
        if clock.seconds < after:
            raise Outage("nobody there")
        return b"file"

    return ask


async def test_a_partner_that_is_being_restarted_is_asked_again(clock: Clock) -> None:
    assert await handed_out(answering(clock, after=10)) == b"file"
    assert clock.seconds == 10


async def test_a_partner_that_stays_away_has_nothing_to_hand_out(clock: Clock) -> None:
    assert await handed_out(answering(clock, after=1000)) is None
    assert clock.seconds == OUTAGE_SECONDS + LOOK_SECONDS


async def test_a_date_waits_for_the_banks_answers_before_anything_is_computed_from_them(place: Town, clock: Clock) -> None:
    """Due on the date; what is due later is not waited for."""
    async with place.house.database.transaction() as tx:
        at = await moment(tx)
        part = Part(HOUSE_BOOK, 1, house_account(HOUSE_BOOK, Kind.SUSPENSE, Asset.CNY))
        due = [
            Payment(UUID(int=number), f"OUT-{number}", Purpose.MERCHANT_PAYOUT, "0100000001", "0200000004", "shop", day, (part,))
            for number, day in ((1, MONDAY), (2, MONDAY + timedelta(days=1)))
        ]
        await payments.instruct(place.house, tx, at, MONDAY, await actor_number(tx, HOUSE_BOOK, PLATFORM), due)
    report = await proof.hear_bank(place.house, MONDAY)
    assert (report.text, clock.seconds) == ("1 due payment without an answer", PATIENCE_SECONDS)
    await payments.hear(place.house, [Outcome("OUT-1", True, MONDAY)])
    report = await proof.hear_bank(place.house, MONDAY)
    assert (report.text, clock.seconds) == ("every due payment has its answer", PATIENCE_SECONDS)
