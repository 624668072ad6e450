"""A periodic plan (定投): a customer agrees to buy a fund for a fixed amount every week or month. Nouns and pure rules; fen.

A period is named by its planned day: a day of the week, or a day of the month (the month's last where it has no such day). It is bought on
that day, or on the next dealing day where funds do not deal then; two periods that come together there are bought once, as the later one.
"""

import calendar
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum, StrEnum, auto
from uuid import UUID

from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import derived, without_book
from tapwealth.kernel.refusal import BadInput

MOST_FAILURES = 3
"""So many periods in a row that could not be bought, and the plan stops."""
MOST_PLANS = 20
"""That a customer may have and not have ended."""
FIRST_LOOK, LAST_LOOK = timedelta(hours=6), timedelta(hours=1)
"""Before the fund's cut-off: a day's first look, and the second and last one at what could not be bought then."""


class Every(StrEnum):
    """`day` of a plan is then 1 (Monday) to 7, or 1 to 31."""

    WEEK = "week"
    MONTH = "month"


class PlanState(StrEnum):
    """`STOPPED`: by itself, after failures; its customer may resume it like one that was paused. `ENDED` is final."""

    ACTIVE = "active"
    PAUSED = "paused"
    STOPPED = "stopped"
    ENDED = "ended"


STANDING = (PlanState.ACTIVE, PlanState.PAUSED, PlanState.STOPPED)


class RunState(StrEnum):
    """Of a period. `WAITING`: could not be bought yet, and is looked at once more; the others are final. `PASSED`: came together with
    the period after it."""

    WAITING = "waiting"
    PLACED = "placed"
    FAILED = "failed"
    PASSED = "passed"


class PlanRefusal(Enum):
    """Besides those of a purchase, in the order in which it is looked at."""

    TOO_MANY_PLANS = auto()
    UNKNOWN_PLAN = auto()
    NOT_IN_FORCE = auto()
    IN_FORCE = auto()


@dataclass(frozen=True, slots=True)
class Rhythm:
    """`day` of every week or month."""

    every: Every
    day: int

    def check(self) -> None:
        """Raises BadInput for a day that no week or month has."""
        last = 7 if self.every is Every.WEEK else 31
        if not 1 <= self.day <= last:
            hint = "1 is Monday, 7 Sunday" if self.every is Every.WEEK else "a shorter month's last day stands for one that it has not"
            raise BadInput(f"a {self.every.value} has no day {self.day}", where="day", hint=hint)

    def after(self, day: date) -> date:
        """The first planned day after `day`.

        >>> [str(Rhythm(Every.MONTH, 31).after(date(2014, 1, day))) for day in (30, 31)]
        ['2014-01-31', '2014-02-28']
        >>> [str(Rhythm(Every.WEEK, 1).after(date(2014, 1, day))) for day in (5, 6)]
        ['2014-01-06', '2014-01-13']
        """
        if self.every is Every.WEEK:
            return day + timedelta(days=(self.day - day.isoweekday() - 1) % 7 + 1)
        of_this = self._in_month(day.year, day.month)
        return of_this if of_this > day else self._in_month(day.year + day.month // 12, day.month % 12 + 1)

    def _in_month(self, year: int, month: int) -> date:
        return date(year, month, min(self.day, calendar.monthrange(year, month)[1]))


@dataclass(frozen=True, slots=True)
class PeriodicPlan:
    """`next_on`: the planned day of the period that is bought next; `failures`: in a row."""

    book: int
    id: UUID
    person: UUID
    fund: str
    amount: int
    every: Every
    day: int
    state: PlanState
    next_on: date
    failures: int
    agreed_at: datetime
    ended_at: datetime | None = None

    @property
    def rhythm(self) -> Rhythm:
        return Rhythm(self.every, self.day)

    def key(self, period: date, *, again: bool) -> UUID:
        """The idempotency key of a period's purchase, or of the second look at it: of plan and period, whoever runs it, however
        often, and whatever the number of books: the order's serial follows from it."""
        return derived(without_book(self.id), f"plan:{period}{':again' if again else ''}")

    def come(self, day: date) -> list[date]:
        """The planned days that have come by `day`, the next one on; the last is the one that is bought."""
        found, planned = [], self.next_on
        while planned <= day:
            found.append(planned)
            planned = self.rhythm.after(planned)
        return found

    def resumed(self, today: date) -> "PeriodicPlan":
        """In force from the first planned day after today, with a clean slate."""
        return replace(self, state=PlanState.ACTIVE, failures=0, next_on=self.rhythm.after(today))

    def after_run(self, run: "PlanRun") -> "PeriodicPlan":
        """How it stands once a period has come to something."""
        if run.state is RunState.WAITING:
            return replace(self, next_on=run.period)
        failures = self.failures + 1 if run.state is RunState.FAILED else 0
        state = PlanState.STOPPED if failures >= MOST_FAILURES else PlanState.ACTIVE
        return replace(self, next_on=self.rhythm.after(run.period), failures=failures, state=state)

    def after_refusal(self, failures: int) -> "PeriodicPlan":
        """How it stands once the registrar has refused a period that was thought bought; `failures` in a row, that one counted."""
        stops = self.state is PlanState.ACTIVE and failures >= MOST_FAILURES
        return replace(self, failures=failures, state=PlanState.STOPPED if stops else self.state)


@dataclass(frozen=True, slots=True)
class PlanRun:
    """A period, and what came of it on the dealing day `day`; one line says why where it was not bought."""

    book: int
    plan: UUID
    period: date
    day: date
    amount: int
    state: RunState
    reason: str
    fund_order: UUID | None
    looked_at: datetime


@dataclass(frozen=True, slots=True)
class Window:
    """When a fund's plans are looked at on a dealing day: from `opens` on, once more from `again` on, until `closes`."""

    fund: str
    opens: datetime
    again: datetime
    closes: datetime


def window(fund: str, cut_off_hour: int, day: date) -> Window:
    """From its cut-off on that day."""
    closes = shanghai(day, cut_off_hour)
    return Window(fund, closes - FIRST_LOOK, closes - LAST_LOOK, closes)
