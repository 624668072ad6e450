"""Benchmarks over several sizes: each in a folder of its own and alone on the machine; warmed up, measured in turn, and audited."""

import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import structlog

from tapwealth.app.event_loop import runner, spare_collector
from tapwealth.bench.figure import Figure, progress
from tapwealth.ledger.audit import audit_snapshot
from tapwealth.storage.database import Database

T = TypeVar("T")


def by_size(sizes: Sequence[int], measure: Callable[[Path, int], Coroutine[Any, Any, T]]) -> list[T]:
    """What is measured of each size, in a folder that is there as long as it takes."""
    with tempfile.TemporaryDirectory(prefix="tapwealth-bench-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        for size in sizes:
            (folder / str(size)).mkdir()
        with told_apart(), runner() as loop:
            return [loop.run(measure(folder / str(size), size)) for size in sizes]


@contextmanager
def told_apart() -> Iterator[None]:
    """What the program logs goes to standard error: standard output is for the result."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        yield
    finally:
        structlog.reset_defaults()


async def warm_up(figures: Sequence[Figure]) -> None:
    """What does not count."""
    spare_collector()
    for figure in figures:
        await figure.warm_up()


async def in_turn(figures: Sequence[Figure], seconds: int, rounds: int, database: Database) -> None:
    """So many rounds of each; stops unless the audit holds after them."""
    await rounds_of(figures, seconds, rounds)
    await audit_holds(database)


async def rounds_of(figures: Sequence[Figure], seconds: int, rounds: int) -> None:
    """So many of each, in turn."""
    for number in range(1, rounds + 1):
        for figure in figures:
            progress(f"round {number} of {rounds}: {figure.name}: {await figure.round(seconds):,} a second")


async def audit_holds(database: Database) -> None:
    """Stops unless it does."""
    async with database.read() as tx:
        audited = await audit_snapshot(tx)
    assert not audited.findings, f"the audit does not hold: {audited.findings[:3]}"
