"""Who looks for work from time to time is told that there is some now, and for whom. A hint: what there is, is found by looking.

For one event loop. Nothing is lost with a hint that nobody hears, since who looks also looks without one.
"""

import asyncio
from collections.abc import Iterable
from uuid import UUID

from tapwealth.kernel.clock import seconds


class Bell:
    """Rung by whoever makes work, heard by one or by several who look for it."""

    def __init__(self) -> None:
        self._whose: set[UUID] = set()
        self._rung = asyncio.Event()

    def ring(self, whose: Iterable[UUID] = ()) -> None:
        """There may be something to do, for these."""
        self._whose.update(whose)
        self._rung.set()

    async def wait(self, milliseconds: int) -> None:
        """Until it is rung, but no longer than that by the machine's clock."""
        try:
            async with asyncio.timeout(seconds(milliseconds)):
                await self._rung.wait()
        except TimeoutError:
            return

    def heard(self) -> set[UUID]:
        """For whom it was rung since somebody asked last."""
        self._rung.clear()
        whose, self._whose = self._whose, set()
        return whose
