"""At the end of which dates a policy is looked at, and what is done then. Pure.

A look at the end of a date brings about what holds from the next day on. Between looks nothing is done about a policy and nothing written.
"""

from datetime import date, timedelta
from enum import StrEnum, auto
from functools import lru_cache

from tapwealth.insurance.policy import PolicyState
from tapwealth.insurance.schedule import Schedule, Standing, lapses_on, standing, suspended_from

TOLD_AHEAD = 7
"""Days before a premium is due its policyholder is told."""
TRIED = (0, 1, 3, 7, 15, 30, 45, 53, 60)
"""So many days after the due day a premium is collected, or asked for where nobody let it be collected, as long as grace lasts; after the
day on which it was held no longer, if that is later."""
RENEWAL_TOLD = 15
"""Days before the last day of cover is over its policyholder is told that the policy is to go on, or ends."""
RENEWED = (4, 3, 2)
"""So many days before cover ends the next policy is bought; the later ones if the one before failed."""
_DAY = timedelta(days=1)


class Look(StrEnum):
    """What the end of a date does with a policy."""

    NOTHING = auto()
    TELL = auto()
    COLLECT = auto()
    SUSPEND = auto()
    LAPSE = auto()
    EXPIRE = auto()
    TELL_RENEWAL = auto()
    RENEW = auto()


def look(schedule: Schedule, state: PolicyState, day: date) -> Look:
    """What is done at the end of a date; what ends a policy before what asks for money. Of a premium that has just been paid nothing."""
    if state not in (PolicyState.ISSUED, PolicyState.IN_FORCE, PolicyState.SUSPENDED):
        return Look.NOTHING
    then = standing(schedule, day + _DAY)
    if then is Standing.EXPIRED:
        return Look.EXPIRE
    if then in (Standing.SUSPENDED, Standing.LAPSED) and state is not PolicyState.SUSPENDED:
        return Look.SUSPEND
    if then in (Standing.SUSPENDED, Standing.LAPSED):
        return Look.LAPSE if then is Standing.LAPSED else Look.NOTHING
    if schedule.paid_until < schedule.to_day:
        due = schedule.asked_from
        if (day - due).days in TRIED:
            return Look.COLLECT
        return Look.TELL if (due - day).days == TOLD_AHEAD else Look.NOTHING
    left = (schedule.to_day - day).days
    return Look.TELL_RENEWAL if left == RENEWAL_TOLD else Look.RENEW if left in RENEWED else Look.NOTHING


def collects(schedule: Schedule, state: PolicyState, day: date) -> bool:
    """Whether a premium is tried at the end of that date: also on the last day of grace, before cover is suspended."""
    alive = state in (PolicyState.ISSUED, PolicyState.IN_FORCE) and day < schedule.to_day
    owed = schedule.paid_until <= min(day, schedule.to_day - _DAY) and standing(schedule, day) is Standing.GRACE
    last = suspended_from(schedule) == day + _DAY
    return alive and owed and (last or look(schedule, state, day) is Look.COLLECT)


def next_look(schedule: Schedule, state: PolicyState, first: date) -> date | None:
    """The first date from `first` on at whose end something is done; None once a policy is over."""
    if state not in (PolicyState.ISSUED, PolicyState.IN_FORCE, PolicyState.SUSPENDED):
        return None
    due = None if schedule.paid_until >= schedule.to_day else schedule.asked_from
    if due is not None and state is PolicyState.SUSPENDED:
        return _next_look(first, schedule.to_day, None, lapses_on(schedule), ends=False)
    return _next_look(first, schedule.to_day, due, suspended_from(schedule), ends=due is None)


@lru_cache(4096)
def _next_look(first: date, to_day: date, due: date | None, turns: date | None, *, ends: bool) -> date:
    """`due`: when a premium that is asked for is; `turns`: the first day on which it stands otherwise if nothing is paid; `ends`: all is
    paid. Remembered, since policies that are looked at together began on the same days of their years."""
    last, days = to_day - _DAY, [] if turns is None else [max(turns - _DAY, first)]
    if ends:
        days += [to_day - timedelta(days=ahead) for ahead in (RENEWAL_TOLD, *RENEWED)]
    if due is not None:
        days += [due - timedelta(days=TOLD_AHEAD), *(due + timedelta(days=after) for after in TRIED)]
    return min([max(last, first), *(day for day in days if first <= day <= last)])
