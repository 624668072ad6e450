"""One line of a benchmark's result, measured in rounds, and how results are shown.

What is kept while measuring has a fixed size, so that the program's memory is the program's.
"""

import gc
import sys
from array import array
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from resource import getpagesize
from statistics import median
from typing import Any

import msgspec

from tapwealth.kernel.clock import monotonic_ns

BOOKS = 16
ROUNDS = 3
SECOND = 1_000_000_000

_MILLION = 1_000_000
_STEP = 10_000
_STEPS = 1_000_000


class Waits:
    """How long callers waited: a count for each hundredth of a millisecond, up to ten seconds."""

    def __init__(self) -> None:
        self._counts = array("Q", bytes(8 * _STEPS))

    def add(self, nanoseconds: int) -> None:
        self._counts[min(nanoseconds // _STEP, _STEPS - 1)] += 1

    def percentile(self, percent: int) -> Decimal:
        """Milliseconds within which that share of the callers had their answer; 0 if there was none."""
        left = sum(self._counts) * percent // 100
        for step, count in enumerate(self._counts):
            left -= count
            if left < 0:
                return Decimal(step) / 100
        return Decimal(0)


Run = Callable[[int, Waits], Awaitable[int]]
"""For so many seconds; the entries that were decided."""


@dataclass
class Figure:
    """Rounds are added as they are run. `batch` 1: single entries. A figure with anything switched off is a yardstick."""

    name: str
    run: Run
    callers: int
    batch: int = 1
    holds: bool = False
    chain: bool = True
    history: str = "grows from nothing"
    yardstick: bool = False
    rates: list[int] = field(default_factory=list)
    waits: Waits = field(default_factory=Waits)
    nanoseconds: int = 0

    async def warm_up(self) -> None:
        """A second that does not count: plans are made and pages fetched."""
        await self.run(1, Waits())

    async def round(self, seconds: int) -> int:
        """Entries a second, by the time until the last of them was answered."""
        started = monotonic_ns()
        entries = await self.run(seconds, self.waits)
        took = monotonic_ns() - started
        self.nanoseconds += took
        self.rates.append(entries * SECOND // took)
        return self.rates[-1]

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "per_second": int(median(self.rates)),
            "slowest_round": min(self.rates),
            "fastest_round": max(self.rates),
            "p50_ms": self.waits.percentile(50),
            "p99_ms": self.waits.percentile(99),
            "seconds": Decimal(self.nanoseconds // _MILLION) / 1000,
            "callers": self.callers,
            "batch": self.batch,
            "books": BOOKS,
            "holds": self.holds,
            "chain": self.chain,
            "history": self.history,
        }


def whole_waits(took: Sequence[int]) -> dict[str, Decimal]:
    """Of what is waited for as a whole, a date or a file: of so many nanoseconds the middle one, and the longest."""
    in_order = sorted(took)
    middle, longest = (Decimal(one // 1_000) / 1_000 for one in (in_order[len(in_order) // 2], in_order[-1]))
    return {"p50_ms": middle, "p99_ms": longest}


def each_us(milliseconds: int, items: int) -> Decimal:
    """Microseconds of a core that each of so many used."""
    return Decimal(milliseconds * 10_000 // max(items, 1)) / 10


async def by_whole(_seconds: int, _waits: Waits) -> int:
    """In the place of `Figure.run` where a round is not one of seconds."""
    raise AssertionError("this figure is measured as a whole")


def results(figures: Sequence[Figure]) -> dict[str, Any]:
    """What is measured, apart from what it is held against."""
    return {
        "results": [figure.as_json() for figure in figures if not figure.yardstick],
        "yardsticks": [figure.as_json() for figure in figures if figure.yardstick],
    }


def shown(result: dict[str, Any], *, as_json: bool) -> str:
    """As JSON, or as a table for people."""
    if as_json:
        return msgspec.json.format(msgspec.json.Encoder(decimal_format="number").encode(result), indent=2).decode() + "\n"
    lines = [f"{'':66} {'a second':>9} {'p50 ms':>9} {'p99 ms':>9}"]
    for one in (*result["results"], *result["yardsticks"]):
        lines.append(f"{one['name']:66} {one['per_second']:>9,} {one['p50_ms']:>9} {one['p99_ms']:>9}")
    return "\n".join(lines) + "\n"


def progress(text: str) -> None:
    """To standard error: standard output is for the result."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def memory_mb() -> int:
    """What this program holds of the machine's memory now."""
    gc.collect()
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * getpagesize() >> 20
