"""Working days of banks and dealing days of funds, from an operator-editable table of holidays.

A dealing day is Monday to Friday less the statutory holidays; a make-up workday on a weekend is a working day for banks but never a
dealing day (JR/T 0017 practice; notices of the State Council's General Office name the days of each year).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tapwealth.kernel.clock import SHANGHAI
from tapwealth.kernel.refusal import BadInput

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """`off` maps a named day to True (holiday) or False (make-up workday); `years` are those the table covers."""

    off: Mapping[date, bool]
    years: frozenset[int]

    def _known(self, day: date) -> None:
        if day.year not in self.years:
            raise BadInput(f"the calendar has no year {day.year}", where=str(day), hint="load that year's holidays first")

    def known_until(self, day: date) -> date:
        """The last day that is known without a gap from `day` on; the eve of `day` where its own year is not."""
        year = day.year
        while year in self.years:
            year += 1
        return day - ONE_DAY if year == day.year else date(year, 1, 1) - ONE_DAY

    def is_working_day(self, day: date) -> bool:
        """Whether banks work."""
        self._known(day)
        named = self.off.get(day)
        return day.weekday() < 5 if named is None else not named

    def is_dealing_day(self, day: date) -> bool:
        """Whether funds deal."""
        return day.weekday() < 5 and self.is_working_day(day)

    def next_working_day(self, day: date) -> date:
        """The first day after `day` on which banks work."""
        day += ONE_DAY
        while not self.is_working_day(day):
            day += ONE_DAY
        return day

    def next_dealing_day(self, day: date) -> date:
        """The first dealing day after `day`."""
        day += ONE_DAY
        while not self.is_dealing_day(day):
            day += ONE_DAY
        return day

    def last_dealing_day(self, day: date) -> date:
        """The newest dealing day up to and with `day`."""
        while not self.is_dealing_day(day):
            day -= ONE_DAY
        return day

    def dealing_date(self, received_at: datetime, cut_off_hour: int = 15) -> date:
        """The dealing day T an order read at `received_at` belongs to: T runs from the cut-off of T-1 to the cut-off of T, exclusive."""
        local = received_at.astimezone(SHANGHAI)
        day = local.date()
        if self.is_dealing_day(day) and local.hour < cut_off_hour:
            return day
        return self.next_dealing_day(day)
