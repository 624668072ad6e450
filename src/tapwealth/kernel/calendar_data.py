"""The announced holidays that come with the program: `data/holidays.csv`, whose README names the source.

The last announced year is the last one known; a day beyond it is refused by the calendar, never guessed.
"""

import csv
from datetime import date
from functools import cache
from importlib.resources import files

from tapwealth.kernel.calendar import Calendar
from tapwealth.kernel.refusal import BadInput

_KINDS = {"holiday": True, "workday": False}


@cache
def load_calendar() -> Calendar:
    """The calendar of all announced years."""
    text = (files("tapwealth.kernel") / "data" / "holidays.csv").read_text(encoding="utf-8")
    return parse_calendar(text, where="holidays.csv")


def parse_calendar(text: str, *, where: str) -> Calendar:
    """Read `day,kind,festival` lines, `kind` being holiday or workday. A year counts as known when its New Year holiday is named, so
    that the odd day which a notice names across the turn of the year does not make its year known. Raises BadInput with the line."""
    off: dict[date, bool] = {}
    for number, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        day, is_off = _named_day(row, f"{where} line {number}")
        if day in off:
            raise BadInput(f"{day} is named twice", where=f"{where} line {number}", hint="keep one of the two lines")
        off[day] = is_off
    return Calendar(off, frozenset(day.year for day, is_off in off.items() if is_off and (day.month, day.day) == (1, 1)))


def _named_day(row: dict[str, str], where: str) -> tuple[date, bool]:
    kind = row.get("kind") or ""
    try:
        return date.fromisoformat(row.get("day") or ""), _KINDS[kind]
    except (ValueError, KeyError):
        raise BadInput(f"{row.get('day')},{kind} is no named day", where=where, hint="write 2014-01-01,holiday,元旦") from None
