"""A hint that there is work: for whom, once, and no longer waited for than was said."""

import asyncio
from uuid import UUID

from tapwealth.kernel.bell import Bell

ONE, TWO = UUID(int=1), UUID(int=2)


async def test_who_waits_is_woken_and_hears_for_whom() -> None:
    bell = Bell()
    waiting = asyncio.create_task(bell.wait(60_000))
    await asyncio.sleep(0)
    assert not waiting.done()
    bell.ring([ONE])
    bell.ring([TWO, ONE])
    await waiting
    assert bell.heard() == {ONE, TWO}
    assert bell.heard() == set()


async def test_what_was_rung_before_is_heard_at_once_and_only_once() -> None:
    bell = Bell()
    bell.ring()
    await bell.wait(60_000)
    assert bell.heard() == set()
    waiting = asyncio.create_task(bell.wait(60_000))
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


async def test_nobody_waits_for_ever() -> None:
    bell = Bell()
    await bell.wait(1)
    assert bell.heard() == set()
