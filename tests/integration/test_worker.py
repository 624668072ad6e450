"""The worker's leases on the real database: who is slow keeps its messages, who is dead loses them at once."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from tapwealth.kernel.clock import sleep_ms
from tapwealth.storage import outbox
from tapwealth.storage.database import Database, Tx
from tapwealth.storage.outbox import OutboxMessage
from tapwealth.worker import worker
from tapwealth.worker.worker import Worker

LEASE_MS = 1_000


@pytest.fixture(autouse=True)
def short_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "LEASE", timedelta(milliseconds=LEASE_MS))
    monkeypatch.setattr(worker, "_RENEW_MS", LEASE_MS // 6)


class Partner:
    """Takes two leases' time over each message."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.begun: list[UUID] = []
        self.taken = asyncio.Event()

    async def take(self, _house: Any, message: OutboxMessage) -> None:
        self.begun.append(message.id)
        await sleep_ms(2 * LEASE_MS)
        self.taken.set()


def worker_of(database: Database, partner: Partner) -> Worker:
    house: Any = SimpleNamespace(database=database, books=1)
    return Worker(house, {partner.name: partner.take})


async def left(database: Database, partner: Partner, message: UUID) -> None:
    async with database.transaction() as tx:
        await outbox.put(tx, [OutboxMessage(1, message, partner.name, "payment", {})])


async def test_a_message_that_takes_long_is_not_sent_by_a_second_worker(database: Database) -> None:
    partner, message = Partner("bank"), UUID(int=1)
    await left(database, partner, message)
    workers = [worker_of(database, partner) for _ in range(2)]
    for one in workers:
        one.start()
    await asyncio.wait_for(partner.taken.wait(), 60)
    for one in workers:
        await one.stop()
    assert partner.begun == [message]


async def test_what_a_dead_worker_had_in_hand_is_sent_by_the_next(database: Database) -> None:
    partner, message = Partner("biller"), UUID(int=2)
    await left(database, partner, message)
    dead, living = (worker_of(database, partner) for _ in range(2))
    dead.start()
    while not partner.begun:
        await sleep_ms(10)
    await dead.stop()
    living.start()
    await asyncio.wait_for(partner.taken.wait(), 60)
    await living.stop()
    assert partner.begun == [message, message]


async def test_nothing_is_taken_for_whom_nothing_waits(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever rests is woken by what is left later."""
    message, take, taken = UUID(int=3), outbox.take, list[str]()
    delivered = asyncio.Queue[UUID]()

    async def noted(tx: Tx, books: Sequence[int], destination: str, *more: Any) -> list[OutboxMessage]:
        taken.append(destination)
        return await take(tx, books, destination, *more)

    async def deliver(_house: Any, of: OutboxMessage) -> None:
        delivered.put_nowait(of.id)

    monkeypatch.setattr(outbox, "take", noted)
    house: Any = SimpleNamespace(database=database, books=1)
    one = Worker(house, {"messenger": deliver, "insurer": deliver})
    one.start()
    await sleep_ms(3 * worker._IDLE_MS)
    assert taken == []
    await left(database, Partner("messenger"), message)
    assert await asyncio.wait_for(delivered.get(), 60) == message
    await one.stop()
    assert set(taken) == {"messenger"}


async def test_a_job_that_ends_by_a_fault_begins_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_ERROR_MS", 1)
    begun, twice = list[int](), asyncio.Event()

    async def job() -> None:
        begun.append(1)
        if len(begun) == 1:
            raise RuntimeError("another operation is in progress")
        twice.set()
        await asyncio.Event().wait()

    house: Any = SimpleNamespace(database=database, books=0)
    one = Worker(house, {}, jobs=[job])
    one.start()
    try:
        await asyncio.wait_for(twice.wait(), 60)
    finally:
        await one.stop()
    assert len(begun) == 2
