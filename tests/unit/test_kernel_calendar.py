"""The calendar that comes with the program, against days that people remember."""

from datetime import UTC, date, datetime

import pytest

from tapwealth.kernel.calendar import Calendar
from tapwealth.kernel.calendar_data import load_calendar, parse_calendar
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import BadInput


@pytest.mark.parametrize(
    ("day", "works", "deals"),
    [
        (date(2014, 2, 24), True, True),
        (date(2014, 3, 1), False, False),
        (date(2014, 1, 31), False, False),  # Spring Festival, a Friday
        (date(2014, 1, 26), True, False),  # a Sunday made up for it: banks work, funds do not deal
        (date(2013, 10, 1), False, False),
        (date(2013, 10, 12), True, False),
        (date(2026, 1, 1), False, False),
    ],
)
def test_known_days(day: date, works: bool, deals: bool) -> None:
    calendar = load_calendar()
    assert (calendar.is_working_day(day), calendar.is_dealing_day(day)) == (works, deals)


def test_all_announced_years_are_there_and_no_other() -> None:
    assert load_calendar().years == frozenset(range(2012, 2027))
    for day in (date(2011, 12, 30), date(2027, 1, 4)):
        with pytest.raises(BadInput, match=f"the calendar has no year {day.year}"):
            load_calendar().is_dealing_day(day)


@pytest.mark.parametrize(
    ("received", "dealing"),
    [
        (shanghai(date(2014, 2, 24), 14, 59, 59), date(2014, 2, 24)),
        (shanghai(date(2014, 2, 24), 15), date(2014, 2, 25)),
        (shanghai(date(2014, 2, 28), 15), date(2014, 3, 3)),  # Friday's cut-off is Monday's beginning
        (shanghai(date(2014, 3, 2), 1), date(2014, 3, 3)),
        (shanghai(date(2013, 9, 29), 10), date(2013, 9, 30)),  # a Sunday made up for the National Day: banks work, funds do not deal
        (shanghai(date(2013, 9, 30), 14, 59, 59), date(2013, 9, 30)),
        (shanghai(date(2013, 9, 30), 15), date(2013, 10, 8)),  # the eve of the National Day
        (shanghai(date(2013, 10, 4), 10), date(2013, 10, 8)),  # a Friday within it
        (shanghai(date(2013, 10, 11), 15), date(2013, 10, 14)),  # Saturday the 12th is made up for it
        (shanghai(date(2013, 10, 12), 10), date(2013, 10, 14)),
        (shanghai(date(2014, 1, 30), 15), date(2014, 2, 7)),  # the eve of the Spring Festival
        (datetime(2014, 2, 24, 6, 59, 59, tzinfo=UTC), date(2014, 2, 24)),
    ],
)
def test_dealing_dates(received: datetime, dealing: date) -> None:
    assert load_calendar().dealing_date(received) == dealing


HEAD = "day,kind,festival\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2014-13-01,holiday,x\n", "t line 2: 2014-13-01,holiday is no named day"),
        ("2014-01-01,holidays,x\n", "t line 2: 2014-01-01,holidays is no named day"),
        ("2014-01-01\n", "t line 2"),
        ("2014-01-01,holiday,x\n2014-01-01,workday,x\n", "t line 3: 2014-01-01 is named twice"),
    ],
)
def test_a_table_with_a_defect(text: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_calendar(HEAD + text, where="t")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("day", "following"),
    [
        (date(2014, 2, 24), date(2014, 2, 25)),
        (date(2014, 2, 28), date(2014, 3, 3)),
        (date(2014, 1, 25), date(2014, 1, 26)),  # the Sunday that is made up for the Spring Festival
        (date(2014, 1, 30), date(2014, 2, 7)),
    ],
)
def test_the_next_working_day_is_the_first_on_which_banks_work(day: date, following: date) -> None:
    assert load_calendar().next_working_day(day) == following


def test_how_far_the_calendar_reaches() -> None:
    calendar = Calendar({}, frozenset({2013, 2014, 2016}))
    assert [calendar.known_until(day) for day in (date(2013, 5, 1), date(2014, 12, 31), date(2015, 3, 1), date(2016, 1, 1))] == [
        date(2014, 12, 31),
        date(2014, 12, 31),
        date(2015, 2, 28),
        date(2016, 12, 31),
    ]
