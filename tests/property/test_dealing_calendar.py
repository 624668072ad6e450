"""Laws of the dealing day, over every instant of the announced years, with a planted defect."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tapwealth.kernel.calendar_data import load_calendar
from tapwealth.kernel.clock import SHANGHAI

CALENDAR = load_calendar()
FIRST = datetime(2012, 1, 2, tzinfo=SHANGHAI)
INSTANTS = st.integers(0, 5460 * 24 * 3600).map(lambda seconds: FIRST + timedelta(seconds=seconds))
Dealing = Callable[[datetime], date]


def wrong(instant: datetime, dealing: Dealing) -> str | None:
    """What is wrong with the dealing day of an order read at that instant."""
    day = dealing(instant)
    if not CALENDAR.is_dealing_day(day):
        return "funds do not deal on it"
    if day < instant.date():
        return "it has passed"
    if day == instant.date() and instant.hour >= 15:
        return "its cut-off has passed"
    between = [instant.date() + timedelta(days=number) for number in range(1, (day - instant.date()).days)]
    first = [instant.date()] if instant.hour < 15 and day != instant.date() else []
    return "a dealing day is left out" if any(map(CALENDAR.is_dealing_day, [*first, *between])) else None


@given(INSTANTS)
def test_an_order_is_of_the_first_dealing_day_whose_cut_off_lies_ahead(instant: datetime) -> None:
    assert wrong(instant, CALENDAR.dealing_date) is None


@given(INSTANTS, INSTANTS)
def test_who_comes_later_deals_no_earlier(one: datetime, other: datetime) -> None:
    first, second = sorted((one, other))
    assert CALENDAR.dealing_date(first) <= CALENDAR.dealing_date(second)


def test_a_make_up_workday_that_deals_is_found_out() -> None:
    """The planted defect: the day is asked whether banks work on it."""
    saturday = datetime(2013, 10, 12, 10, tzinfo=SHANGHAI)
    assert CALENDAR.is_working_day(saturday.date())
    assert wrong(saturday, lambda instant: instant.date()) == "funds do not deal on it"


def test_a_weekend_that_is_skipped_too_far_is_found_out() -> None:
    friday = datetime(2013, 9, 27, 15, tzinfo=SHANGHAI)
    assert wrong(friday, lambda _: date(2013, 10, 8)) == "a dealing day is left out"
