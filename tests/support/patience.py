"""How long a test waits for what comes from elsewhere, and what it says when that does not come."""

import asyncio
import select
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import IO

WITHIN_S = 30


@asynccontextmanager
async def comes(what: str) -> AsyncIterator[None]:
    """Fail, naming it, if the block does not end in time."""
    try:
        async with asyncio.timeout(WITHIN_S):
            yield
    except TimeoutError:
        raise AssertionError(f"{what} has not come within {WITHIN_S} seconds") from None


def first_line(said: IO[str] | None, what: str) -> str:
    """What a process says first. Nothing may have been read of it before."""
    assert said is not None
    assert select.select([said], [], [], WITHIN_S)[0], f"{what} has said nothing within {WITHIN_S} seconds"
    return said.readline()


def ended(thread: threading.Thread, what: str) -> None:
    """Wait for its end."""
    thread.join(WITHIN_S)
    assert not thread.is_alive(), f"{what} has not ended within {WITHIN_S} seconds"
