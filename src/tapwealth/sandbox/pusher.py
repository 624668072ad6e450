"""Pushes what a partner owes. Loaded only by partners that push: its HTTP client takes longer to load than all the rest."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from enum import Enum

import httpx

from tapwealth.kernel.clock import seconds
from tapwealth.sandbox.outbox import owed
from tapwealth.sandbox.store import Store
from tapwealth.wire.partner_http import partner_client

FIRST_PAUSE_MS, LONGEST_PAUSE_MS, IDLE_PAUSE_MS, TIMEOUT_MS = 50, 2_000, 500, 20_000


class Pass(Enum):
    """What one pass over the owed messages came to."""

    IDLE = "nothing was due"
    MOVED = "all that was due is taken"
    STUCK = "some could not be delivered"


class Pusher:
    """Pushes what the store owes to one destination, oldest first, and pauses longer and longer while it is not taken."""

    def __init__(self, store: Store, destination: str, url: str, token: str) -> None:
        self._store, self._destination = store, destination
        self._client = partner_client(url, token, TIMEOUT_MS)

    async def run(self, now: Callable[[], datetime], wake: asyncio.Event) -> None:
        """Push for ever; `wake` says that something new may be due."""
        pause_ms = FIRST_PAUSE_MS
        while True:
            match await self.push_due(now()):
                case Pass.IDLE:
                    pause_ms = FIRST_PAUSE_MS
                    await _pause(wake, IDLE_PAUSE_MS)
                case Pass.MOVED:
                    pause_ms = FIRST_PAUSE_MS
                case Pass.STUCK:
                    await _pause(wake, pause_ms)
                    pause_ms = min(2 * pause_ms, LONGEST_PAUSE_MS)

    async def push_due(self, now: datetime) -> Pass:
        """One pass, oldest first. A message that is refused does not hold up those behind it."""
        with self._store.tx() as tx:
            due = owed(tx, self._destination, now)
        stuck = False
        for row in due:
            taken = await self._push(row)
            if taken is None:
                return Pass.STUCK
            stuck = stuck or not taken
        if stuck:
            return Pass.STUCK
        return Pass.MOVED if due else Pass.IDLE

    async def _push(self, row: sqlite3.Row) -> bool | None:
        """True: taken. False: answered, but not with 2xx. None: nobody is there."""
        taken: bool | None
        try:
            answer = await self._client.post(row["path"], content=row["body"], headers={"Content-Type": row["content_type"]})
            taken, text = answer.is_success, f"{answer.status_code} {answer.text[:200]}"
        except httpx.HTTPError as error:
            taken, text = None, type(error).__name__
        with self._store.tx() as tx:
            tx.execute(
                "UPDATE outbox SET copies = copies - ?, attempts = attempts + 1, last_answer = ? WHERE seq = ?",
                (1 if taken else 0, text, row["seq"]),
            )
        return taken

    async def close(self) -> None:
        await self._client.aclose()


async def _pause(wake: asyncio.Event, milliseconds: int) -> None:
    """Until something new is owed, at most so long."""
    with suppress(TimeoutError):
        await asyncio.wait_for(wake.wait(), seconds(milliseconds))
    wake.clear()
