"""Dates and times as exchange files write them: `yyyymmdd`, `hhmmss`, Shanghai wall clock."""

import re
from datetime import date, time
from functools import lru_cache

from tapwealth.kernel.refusal import BadInput

_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})", re.ASCII)
_TIME = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})", re.ASCII)


def read_date(text: str, where: str) -> date:
    """Raises BadInput if it is no date of the calendar."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise BadInput(f"{text!r} is not a date", where=where, hint="write it like 20140224")
    year, month, day = map(int, match.groups())
    try:
        return date(year, month, day)
    except ValueError:
        raise BadInput(f"{text!r} is not a day of the calendar", where=where, hint="write it like 20140224") from None


def read_time(text: str, where: str) -> time:
    """Raises BadInput if it is no time of a day."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise BadInput(f"{text!r} is not a time", where=where, hint="write it like 143001")
    hour, minute, second = map(int, match.groups())
    try:
        return time(hour, minute, second)
    except ValueError:
        raise BadInput(f"{text!r} is not a time of the day", where=where, hint="write it like 143001") from None


@lru_cache(1_024)
def write_date(day: date) -> str:
    return f"{day.year:04d}{day.month:02d}{day.day:02d}"


def write_time(moment: time) -> str:
    return f"{moment.hour:02d}{moment.minute:02d}{moment.second:02d}"
