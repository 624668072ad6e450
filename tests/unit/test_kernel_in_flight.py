"""The cut of a date waits for what was read before it, and for nothing else."""

import asyncio
from datetime import UTC, datetime, timedelta

from tapwealth.kernel.in_flight import InFlight

MIDNIGHT = datetime(2014, 2, 24, 16, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


async def cut_is_open(cut: asyncio.Task[None]) -> bool:
    for _ in range(3):
        await asyncio.sleep(0)
    return not cut.done()


async def test_nothing_in_flight_holds_nothing_back() -> None:
    in_flight = InFlight()
    assert in_flight.oldest() is None
    await in_flight.drained_before(MIDNIGHT)


async def test_a_request_from_before_midnight_holds_the_cut_back_until_it_is_done() -> None:
    in_flight = InFlight()
    early, late = in_flight.arrive(), in_flight.arrive()
    early.stamp(MIDNIGHT - SECOND)
    late.stamp(MIDNIGHT)
    cut = asyncio.create_task(in_flight.drained_before(MIDNIGHT))
    assert await cut_is_open(cut)
    assert in_flight.oldest() == MIDNIGHT - SECOND
    early.done()
    await cut
    assert len(in_flight) == 1
    assert in_flight.oldest() == MIDNIGHT


async def test_a_request_that_still_asks_for_the_time_may_be_from_before() -> None:
    in_flight = InFlight()
    arrival = in_flight.arrive()
    cut = asyncio.create_task(in_flight.drained_before(MIDNIGHT))
    assert await cut_is_open(cut)
    arrival.stamp(MIDNIGHT + SECOND)
    await cut


async def test_each_waiter_is_let_go_at_its_own_instant() -> None:
    in_flight = InFlight()
    with in_flight.handling(MIDNIGHT):
        at_midnight = asyncio.create_task(in_flight.drained_before(MIDNIGHT))
        later = asyncio.create_task(in_flight.drained_before(MIDNIGHT + SECOND))
        assert not await cut_is_open(at_midnight)
        assert await cut_is_open(later)
    await later


async def test_a_fault_while_handling_lets_go_and_done_twice_is_harmless() -> None:
    in_flight = InFlight()
    try:
        with in_flight.handling(MIDNIGHT):
            raise ValueError
    except ValueError:
        pass
    arrival = in_flight.arrive()
    arrival.done()
    arrival.done()
    assert len(in_flight) == 0


async def test_a_cut_that_is_given_up_leaves_nothing_behind() -> None:
    in_flight = InFlight()
    arrival = in_flight.arrive()
    cut = asyncio.create_task(in_flight.drained_before(MIDNIGHT))
    assert await cut_is_open(cut)
    cut.cancel()
    await asyncio.wait((cut,))
    arrival.done()
    await in_flight.drained_before(MIDNIGHT)
