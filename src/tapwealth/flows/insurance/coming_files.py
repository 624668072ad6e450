"""Files that are being sent: one of a person at a time, and of so many people at once, so that what is held of them is bounded."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tapwealth.kernel.refusal import Busy

AT_ONCE = 32
"""Files that are taken at the same time."""


@dataclass
class ComingFiles:
    """Whose files are coming, by one way."""

    taken: set[str] = field(default_factory=set)

    @asynccontextmanager
    async def one(self, person: str) -> AsyncIterator[None]:
        """Raises Busy while another file of the same person comes, or of too many people."""
        if person in self.taken or len(self.taken) >= AT_ONCE:
            raise Busy("another file of yours is being sent, or those of many; send it again")
        self.taken.add(person)
        try:
            yield
        finally:
            self.taken.discard(person)
