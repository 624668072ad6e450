"""A figure whose load is a process of its own: a round counts from its first request to its last answer, and beside the rate stands what
each request used of the processor, in the process that is asked, in the database and in the load."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from os import getpid
from typing import Any, Protocol, TypeVar

from tapwealth.bench.figure import SECOND, Figure, Run, Waits
from tapwealth.bench.processor import family_ms, processor_ms


class Measured(Protocol):
    """What a load reports of a round: nanoseconds it took and each waited, milliseconds of a core that it used."""

    @property
    def took(self) -> int: ...
    @property
    def waits(self) -> Sequence[int]: ...
    @property
    def processor(self) -> int: ...


R = TypeVar("R", bound=Measured)


@dataclass(kw_only=True)
class LoadFigure(Figure):
    """`most` requests a second are made ready. `asked` is the name of the process that is asked, which is this one."""

    run: Run = field(init=False)
    most: int
    asked: str
    used: list[tuple[int, int, int, int]] = field(default_factory=list)
    took: int = 0

    def __post_init__(self) -> None:
        self.run = self.loaded

    async def loaded(self, seconds: int, waits: Waits) -> int:
        """One round; every answer is the expected one."""
        raise NotImplementedError

    async def measured(self, server: int, carried_out: Callable[[], Awaitable[R]], waits: Waits) -> R:
        """Have the load's part carried out; `server` is the database's process."""
        database, own = family_ms(server), processor_ms(getpid())  # to look for the database's processes is no work of the asked one's
        report = await carried_out()
        own, database = processor_ms(getpid()) - own, family_ms(server) - database
        for wait in report.waits:
            waits.add(wait)
        self.took = report.took
        self.used.append((len(report.waits), own, database, report.processor))
        return report

    async def round(self, seconds: int) -> int:
        """By the time from the first request to the last answer: what is made ready before and read after does not count."""
        answered = await self.loaded(seconds, self.waits)
        self.nanoseconds += self.took
        self.rates.append(answered * SECOND // self.took)
        return self.rates[-1]

    async def warm_up(self) -> None:
        await self.loaded(1, Waits())
        self.used.clear()

    def as_json(self) -> dict[str, Any]:
        """As of any figure, with the microseconds of a core that a request used."""
        answered = sum(used[0] for used in self.used) or 1
        names = enumerate((self.asked, "database", "load"), 1)
        return super().as_json() | {
            "processor_us": {name: sum(used[place] for used in self.used) * 1_000 // answered for place, name in names}
        }
