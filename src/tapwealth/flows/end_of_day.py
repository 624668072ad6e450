"""The day's end: a tuple of named steps, each harmless when run again, each remembered when done.

A date is open until it is cut: then customers' new entries carry the next date, while these steps still post to this one. It is closed when
its proofs hold; a date whose proof fails stays cut, says which item is wrong, and is finished by running it again once the matter is
resolved. A kill at any instant, between the steps or inside one, is followed by a run that goes on from there: what a step posts has a key
that follows from date, step, book and item.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto
from typing import Any, TypeVar

import msgspec
import structlog

from tapwealth.flows.frame import HOUSE_BOOK, House, moment, together
from tapwealth.kernel.clock import SHANGHAI, business_date_of, deadline_after, monotonic_ns, shanghai, sleep_ms
from tapwealth.kernel.refusal import Outage, Refusal
from tapwealth.storage import outbox, progress
from tapwealth.storage.database import Tx

JOB = "end_of_day"
Answer = TypeVar("Answer")

log = structlog.get_logger(__name__)


class DayRefusal(Enum):
    """Why a date cannot be closed now, in the order in which it is looked at."""

    NOT_OVER = auto()
    EARLIER_DATE_OPEN = auto()
    BEFORE_THE_FIRST = auto()


class StepReport(msgspec.Struct, frozen=True):
    """What a step did, in numbers and in one line. `wrong` names what keeps the date from being closed."""

    text: str
    figures: dict[str, Any] = msgspec.field(default_factory=dict)
    wrong: list[str] = msgspec.field(default_factory=list)


StepFunction = Callable[[House, date], Awaitable[StepReport]]


@dataclass(frozen=True, slots=True)
class Step:
    """`always`: run again on every attempt until the date is closed, since it looks at what others sent meanwhile."""

    name: str
    run: StepFunction
    always: bool = False


class DayReport(msgspec.Struct, frozen=True):
    """How the attempt to close a date went."""

    business_date: date
    closed: bool
    steps: dict[str, StepReport]

    @property
    def wrong(self) -> list[str]:
        return [line for report in self.steps.values() for line in report.wrong]


async def close_day(
    house: House, day: date, steps: tuple[Step, ...], on_step: Callable[[str], None] = lambda _name: None
) -> DayReport | Refusal:
    """Run what is left of a date's end. Refused while the date is not over, or an earlier one is not closed.

    Of a date that is closed it says what was done, and does nothing: what a partner says differently now changes no closed date.
    """
    refusal = await may_close(house, day)
    if refusal is not None:
        return refusal
    before = await closed(house, day, steps)
    if before is not None:
        return before
    done = await _done(house, day)
    reports: dict[str, StepReport] = {}
    for step in steps:
        if step.name in done and not step.always:
            reports[step.name] = done[step.name]
            continue
        on_step(step.name)
        report = await _run(house, day, step)
        reports[step.name] = report
        if report.wrong:
            return DayReport(day, False, reports)
        async with house.database.deed() as tx:
            await remember(tx, day, step.name, report)
    return DayReport(day, True, reports)


_running: ContextVar[tuple[date, str] | None] = ContextVar("running_step", default=None)
"""The date and the step that this task is at."""


async def _run(house: House, day: date, step: Step) -> StepReport:
    at = _running.set((day, step.name))
    try:
        return await step.run(house, day)
    finally:
        _running.reset(at)


async def reported(tx: Tx, report: StepReport) -> StepReport:
    """Called by a step at the end of the transaction that does its deed, with what it will say: a kill right after it loses neither.

    For steps that could not find out on a rerun what they had done. Outside a day's end nothing is remembered.
    """
    running = _running.get()
    if running is not None:
        await remember(tx, *running, report)
    return report


async def remember(tx: Tx, day: date, step: str, report: StepReport) -> None:
    """The step is done; the first report stands."""
    await progress.finish(tx, JOB, day, step, HOUSE_BOOK, msgspec.to_builtins(report))


async def closed(house: House, day: date, steps: tuple[Step, ...]) -> DayReport | None:
    """How a date that is closed was closed; None of one that is not."""
    if not await _is_closed(house, day):
        return None
    done = await _done(house, day)
    return DayReport(day, True, {step.name: done[step.name] for step in steps if step.name in done})


async def may_close(house: House, day: date) -> Refusal | None:
    """Whether a date's end can be begun, or gone on with, by the platform clock."""
    async with house.database.read() as tx:
        at = await moment(tx)
        row = await tx.fetchrow(
            "select min(business_date) as first, min(business_date) filter (where state <> 'closed') as unclosed,"
            " max(business_date) filter (where state = 'closed') + 1 as following, (select installed_at from installation) as installed"
            " from business_day"
        )
    if business_date_of(at.now) <= day:
        return Refusal(DayRefusal.NOT_OVER, f"{day} ends at 24:00 in Shanghai; it is {at.now.astimezone(SHANGHAI):%Y-%m-%d %H:%M} there")
    expected = row["unclosed"] or row["following"] or (business_date_of(row["installed"]) if row["installed"] else day)
    first = row["first"] or expected
    if expected < day:
        return Refusal(DayRefusal.EARLIER_DATE_OPEN, f"{expected} is not closed yet; close it first")
    if day < first:
        return Refusal(DayRefusal.BEFORE_THE_FIRST, f"the first business date here is {first}; no earlier one can be closed")
    return None


async def _is_closed(house: House, day: date) -> bool:
    async with house.database.look() as tx:
        state: str | None = await tx.fetchval("select state from business_day where business_date = $1", day)
    return state == "closed"


async def _done(house: House, day: date) -> Mapping[str, StepReport]:
    async with house.database.look() as tx:
        return {name: msgspec.convert(report, StepReport) for name, report in (await progress.finished(tx, JOB, day, HOUSE_BOOK)).items()}


async def status(house: House) -> list[dict[str, Any]]:
    """Every date that has begun to end: its state and what was found wrong."""
    async with house.database.read() as tx:
        rows = await tx.fetch("select business_date, state, cut_at, closed_at from business_day order by business_date")
    return [dict(row) for row in rows]


PATIENCE_SECONDS = 8
"""By the machine's clock, since something moved last."""
OUTAGE_SECONDS = 20
"""How long a partner that cannot be reached is waited for: long enough for one that is being started anew."""
_LOOK_MS, _AGAIN_MS = 50, 250


async def wait_while(house: House, on_the_way: Callable[[Tx], Awaitable[object]]) -> None:
    """Give what is on its way a moment to arrive; who waits looks afterwards what has.

    The moment begins anew when a message of ours has been sent, or has been tried in vain, or what is on its way is not the same any more:
    the worker goes on trying.
    """
    latest, deadline, before = deadline_after(OUTAGE_SECONDS), deadline_after(PATIENCE_SECONDS), None
    while monotonic_ns() < min(latest, deadline):
        async with house.database.read() as tx:
            if not (waited_for := await on_the_way(tx)):
                return
            now = (waited_for, await outbox.unsent(tx, range(house.books + 1)))
        if now != before:
            before, deadline = now, deadline_after(PATIENCE_SECONDS)
        await sleep_ms(_LOOK_MS)


BOOKS_AT_ONCE = 4
"""Of which a step works at once: while the database writes one book, the next is decided."""


async def by_books(books: Sequence[int], work: Callable[[int], Awaitable[object]]) -> None:
    """Do this for each of the books, each in transactions of its own. The first that fails ends the others; a rerun finds what is left."""
    waiting = iter(books)

    async def lane() -> None:
        for book in waiting:
            await work(book)

    await together(*(lane() for _ in range(min(BOOKS_AT_ONCE, len(books)))))


async def handed_out(ask: Callable[[], Awaitable[Answer | None]]) -> Answer | None:
    """What a partner has ready for the end of a date; None if it has nothing, or could not be reached for a time."""
    deadline = deadline_after(OUTAGE_SECONDS)
    while True:
        try:
            return await ask()
        except Outage as outage:
            if monotonic_ns() > deadline:
                log.warning("a partner cannot be reached", why=str(outage))
                return None
        await sleep_ms(_AGAIN_MS)


def end_of(day: date) -> Any:
    """The instant at which a business date ends."""
    return shanghai(day, 24)
