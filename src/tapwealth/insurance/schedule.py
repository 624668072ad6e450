"""What a policy owes and when, and what becomes of it while that is not paid. Pure; amounts in fen, days of the Shanghai calendar.

    paid ── a premium is due ──> grace ── 60 days, or 30 after a demand ──> suspended ── two years ──> lapsed
      ^                            │                                           │
      └────────── paid ────────────┴────── arrears paid, the insurer agrees ───┘          and at its last day: expired

Insurance Law 2015: article 36 (grace: over 60 days from the due day or over 30 from a demand it is suspended; a loss within is paid less
what is owed), article 37 (within two years of the suspension it can be reinstated on agreement, after that the insurer may end it and gives
back its cash value). A premium is due on the first day of the period that it pays for, and covers to before the next one.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum, StrEnum, auto
from fractions import Fraction
from functools import lru_cache

from tapwealth.insurance.policy import Policy, PolicyState, anniversary, period_of, periods_of, periods_until
from tapwealth.insurance.product import DAYS_OF_A_YEAR, Every, Product
from tapwealth.kernel.money import half_up
from tapwealth.kernel.refusal import Refusal
from tapwealth.kernel.units import WHOLE

GRACE = timedelta(days=60)
"""From the due day, which is not counted (article 36)."""
GRACE_OF_DEMAND = timedelta(days=30)
"""From the day on which the premium was demanded, which is not counted (article 36)."""
GRACE_AFTER_CLAIM = timedelta(days=30)
"""At least, from the day on which a claim was over while which no premium was taken; the house's own rule, by that of a demand."""
YEARS_TO_REINSTATE = 2
"""From the first day of a suspension (article 37)."""
_DAY = timedelta(days=1)
_REMEMBERED = 4096
"""Reckonings with dates: policies that are looked at together began on the same days of their years."""


class Standing(StrEnum):
    """Of a policy on a day, by what is paid."""

    PAID = "paid"
    GRACE = "grace"
    SUSPENDED = "suspended"
    LAPSED = "lapsed"
    EXPIRED = "expired"


class CoverRefusal(Enum):
    """Why a loss of that day is not covered, in the order in which it is looked at."""

    NEVER_ISSUED = auto()
    NOT_BEGUN = auto()
    COVER_OVER = auto()
    COVER_SUSPENDED = auto()


class ReinstateRefusal(Enum):
    """Why a policy cannot be reinstated, in the order in which it is looked at."""

    NOT_SUSPENDED = auto()
    TOO_LATE = auto()


@dataclass(frozen=True, slots=True)
class Gap:
    """A suspension that is over: from its first day to before the day on which the policy was in force again."""

    from_day: date
    to_day: date


@dataclass(frozen=True, slots=True)
class Schedule:
    """`premium` fen `every` period from `from_day` to before `to_day`; paid for to before `paid_until`, which is also the due day of the
    first premium that is not paid. `demanded_on`: when that one was demanded. `over_from`: the first day without cover where a policy was
    ended before its last day. `gaps`: earlier suspensions. `held_until`: the day on which the last claim was over that would have ended the
    policy; no premium was taken while it was looked at."""

    every: Every
    premium: int
    from_day: date
    to_day: date
    paid_until: date
    demanded_on: date | None = None
    over_from: date | None = None
    gaps: tuple[Gap, ...] = ()
    held_until: date | None = None

    @property
    def asked_from(self) -> date:
        """The day from which the first premium that is not paid is asked for."""
        return self.paid_until if self.held_until is None else max(self.paid_until, self.held_until)

    @property
    def grace_until(self) -> date:
        """The last day on which it can be paid without a suspension."""
        return grace_until(self.paid_until, self.demanded_on, self.held_until)


@dataclass(frozen=True, slots=True)
class Due:
    """A premium that is not paid: it pays from `on` to before `until`. `interest`: what is paid beside it to be reinstated."""

    on: date
    until: date
    amount: int
    interest: int = 0


@dataclass(frozen=True, slots=True)
class Arrears:
    """What is paid to reinstate a policy: `premiums` and the `interest` on them; it is then paid for to before `paid_until`."""

    dues: tuple[Due, ...]

    @property
    def premiums(self) -> int:
        return sum(one.amount for one in self.dues)

    @property
    def interest(self) -> int:
        return sum(one.interest for one in self.dues)

    @property
    def paid_until(self) -> date:
        return self.dues[-1].until


@dataclass(frozen=True, slots=True)
class Covered:
    """A loss of that day is covered; `arrears` fen are owed and deducted from what is paid for it."""

    arrears: int


def period(schedule: Schedule, number: int) -> date:
    """The first day of the period of that number, from 0; never after the last day of cover."""
    return period_of(schedule.every, schedule.from_day, schedule.to_day, number)


def number_of(schedule: Schedule, first_day: date) -> int:
    """The number of the period that begins on that day."""
    return periods_until(schedule.every, schedule.from_day, schedule.to_day, first_day)


def dues(schedule: Schedule, until: date) -> tuple[Due, ...]:
    """The premiums that are not paid and are due on or before that day, the oldest first."""
    found, on, number = [], schedule.paid_until, number_of(schedule, schedule.paid_until)
    last = periods_of(schedule.every, schedule.from_day, schedule.to_day)
    while on <= until and number < last:
        number += 1
        found.append(Due(on, period(schedule, number), schedule.premium))
        on = found[-1].until
    return tuple(found)


def within(owed: tuple[Due, ...], most: int) -> tuple[Due, ...]:
    """The oldest of them that together are not more than may be taken at a time; the first in any case."""
    number = 1
    while number < len(owed) and sum(one.amount for one in owed[: number + 1]) <= most:
        number += 1
    return owed[:number]


def next_due(schedule: Schedule) -> Due | None:
    """The first premium that is not paid; None once all are."""
    on, number = schedule.paid_until, number_of(schedule, schedule.paid_until)
    over = number >= periods_of(schedule.every, schedule.from_day, schedule.to_day)
    return None if over else Due(on, period(schedule, number + 1), schedule.premium)


def grace_until(due_on: date, demanded_on: date | None, held_until: date | None = None) -> date:
    """The last day on which a premium can be paid without a suspension: what comes first, and 30 days after it was held at the earliest. A
    demand counts from the due day at the earliest."""
    by_due = due_on + GRACE
    by_law = by_due if demanded_on is None else min(by_due, max(demanded_on, due_on) + GRACE_OF_DEMAND)
    return by_law if held_until is None else max(by_law, held_until + GRACE_AFTER_CLAIM)


def suspended_from(schedule: Schedule) -> date | None:
    """The first day without cover if nothing more is paid; None where nothing more is due before the policy's last day."""
    return _suspended_from(schedule.paid_until, schedule.demanded_on, schedule.held_until, schedule.to_day)


@lru_cache(_REMEMBERED)
def _suspended_from(paid_until: date, demanded_on: date | None, held_until: date | None, to_day: date) -> date | None:
    first = grace_until(paid_until, demanded_on, held_until) + _DAY
    return first if paid_until < to_day and first < to_day else None


def lapses_on(schedule: Schedule) -> date | None:
    """The day on which two years of suspension are over if nothing more is paid; None where its last day comes first."""
    first = suspended_from(schedule)
    return None if first is None else _lapses_on(first, schedule.to_day)


@lru_cache(_REMEMBERED)
def _lapses_on(suspended: date, to_day: date) -> date | None:
    lapse = anniversary(suspended, YEARS_TO_REINSTATE)
    return lapse if lapse < to_day else None


def standing(schedule: Schedule, day: date) -> Standing:
    """Where a policy stands on a day on which it was not ended, by what is paid now."""
    if day >= schedule.to_day:
        return Standing.EXPIRED if lapses_on(schedule) is None else Standing.LAPSED
    if day < schedule.paid_until:
        return Standing.PAID
    suspended, lapse = suspended_from(schedule), lapses_on(schedule)
    if suspended is None or day < suspended:
        return Standing.GRACE
    return Standing.SUSPENDED if lapse is None or day < lapse else Standing.LAPSED


def next_change(schedule: Schedule, day: date) -> date:
    """The first day after `day` on which it stands otherwise, if nothing more is paid; its last day if it does so no more."""
    days = (schedule.paid_until, suspended_from(schedule), lapses_on(schedule))
    return min((one for one in days if one is not None and day < one < schedule.to_day), default=schedule.to_day)


def cash_value(product: Product, schedule: Schedule) -> int:
    """Fen that the insurer gives back of a policy that lapses: the product's share of all premiums that were paid, half-up."""
    paid = schedule.premium * number_of(schedule, schedule.paid_until)
    return half_up(Fraction(paid * product.terms.cash_value, WHOLE))


def covered_on(policy: Policy, schedule: Schedule, day: date) -> Covered | Refusal:
    """Whether a loss of that day is covered, and what is owed then and still is. The waiting time is the claim's affair."""
    if policy.issued_on is None:
        return Refusal(CoverRefusal.NEVER_ISSUED, "the insurer never issued this policy")
    if day < schedule.from_day:
        return Refusal(CoverRefusal.NOT_BEGUN, f"cover begins on {schedule.from_day}")
    last = schedule.to_day if schedule.over_from is None else min(schedule.to_day, schedule.over_from)
    if day >= last:
        return Refusal(CoverRefusal.COVER_OVER, f"cover ended on {last - _DAY}")
    away = [gap for gap in schedule.gaps if gap.from_day <= day < gap.to_day]
    if away or standing(schedule, day) in (Standing.SUSPENDED, Standing.LAPSED):
        since = away[0].from_day if away else suspended_from(schedule)
        return Refusal(CoverRefusal.COVER_SUSPENDED, f"a premium was not paid, so cover was suspended from {since} on")
    return Covered(sum(one.amount for one in dues(schedule, day)))


def to_reinstate(schedule: Schedule, state: PolicyState, day: date, rate: Fraction) -> Arrears | Refusal:
    """What is to be paid on a day to have cover again: every premium that is due by then, each with simple interest of `rate` a year from
    its due day, half-up to the fen."""
    if state is not PolicyState.SUSPENDED:
        return Refusal(ReinstateRefusal.NOT_SUSPENDED, f"the policy is {state}; only one that is suspended can be reinstated")
    lapse = lapses_on(schedule)
    if standing(schedule, day) is not Standing.SUSPENDED:
        over = f"two years of suspension were over on {lapse}" if lapse is not None and lapse <= day else f"it ended on {schedule.to_day}"
        return Refusal(ReinstateRefusal.TOO_LATE, f"the policy cannot be reinstated any more: {over}")
    late = [(one, Fraction((day - one.on).days, DAYS_OF_A_YEAR)) for one in dues(schedule, day)]
    return Arrears(tuple(replace(one, interest=half_up(one.amount * rate * years)) for one, years in late))
