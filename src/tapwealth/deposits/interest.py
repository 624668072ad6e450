"""What a deposit earns: days, segments, and what is paid on the day on which money is taken out. Pure, in whole fen.

A year is 360 days and a month 30; the first day counts and the last does not; money earns from a whole yuan on. Interest of one rate is
rounded half up to the fen; where several rates apply, each part is worked out to the li (a tenth of a fen), the rest of it dropped, and
the sum is rounded (Regulations on the Administration of Savings Deposits, 1992; PBoC notice Yin Fa 2005 No. 129).
"""

import calendar
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from tapwealth.deposits.product import Method, Term

YUAN, YEAR, MONTH, MILLION = 100, 360, 30, 1_000_000
"""Fen; days; millionths."""
MONTHS = {
    Term.MONTH: 1,
    Term.MONTHS_3: 3,
    Term.MONTHS_6: 6,
    Term.MONTHS_9: 9,
    Term.YEAR: 12,
    Term.MONTHS_18: 18,
    Term.YEARS_2: 24,
    Term.YEARS_3: 36,
    Term.YEARS_5: 60,
}


class Segment(NamedTuple):
    """So many fen at that rate (millionths a year) for so many days of a year of 360."""

    amount: int
    rate: int
    days: int


def earning(amount: int) -> int:
    """The whole yuan of so many fen, in fen."""
    return amount - amount % YUAN


def earned(segments: Sequence[Segment]) -> int:
    """Fen."""
    parts = [earning(one.amount) * one.rate * one.days for one in segments]
    if len(parts) == 1:
        return (2 * parts[0] + YEAR * MILLION) // (2 * YEAR * MILLION)
    return (sum(part * 10 // (YEAR * MILLION) for part in parts) + 5) // 10


@lru_cache(4096)
def months_later(first: date, months: int) -> date:
    """The same day of that month, or its last."""
    years, month = divmod(first.month - 1 + months, 12)
    year, month = first.year + years, month + 1
    return date(year, month, min(first.day, calendar.monthrange(year, month)[1]))


def matures_on(first: date, term: Term) -> date:
    """The day on which the term is over."""
    return months_later(first, MONTHS[term])


def days_between(method: Method, first: date, last: date) -> int:
    """Days that earn: by matched dates, whole months of 30 and what is left by the calendar."""
    if method is Method.ACTUAL_DAYS:
        return (last - first).days
    months = (last.year - first.year) * 12 + last.month - first.month
    if months_later(first, months) > last:
        months -= 1
    return months * MONTH + (last - months_later(first, months)).days


# ---- demand


class Running(NamedTuple):
    """A demand deposit: its balance since that day, and what it has earned on until then: Σ whole yuan (in fen) x days."""

    balance: int
    fen_days: int
    since: date

    def until(self, day: date) -> int:
        """Fen-days before that day."""
        return self.fen_days + earning(self.balance) * (day - self.since).days

    def moved(self, amount: int, day: date) -> "Running":
        """After money came in (or went out, below 0) on that day: it earns from that day on."""
        return Running(self.balance + amount, self.until(day), day)

    def settled(self, day: date, rate: int) -> "tuple[int, Running]":
        """What was earned up to and with the day before `day`, at the rate posted when it is settled; and the deposit as it is from `day`
        on, before that is credited."""
        interest = (2 * self.until(day) * rate + YEAR * MILLION) // (2 * YEAR * MILLION)
        return interest, Running(self.balance, 0, day)


@lru_cache(4096)
def next_settlement(after: date, settles_on: int) -> date:
    """The next day of settlement after that day: `settles_on` of March, June, September or December."""
    months = [date(year, month, settles_on) for year in (after.year, after.year + 1) for month in (3, 6, 9, 12)]
    return next(one for one in months if one > after)


# ---- for a term


class Termed(NamedTuple):
    """A deposit for a term, at the rate of its first day."""

    principal: int
    first: date
    term: Term
    rate: int
    method: Method

    @property
    def matures(self) -> date:
        return matures_on(self.first, self.term)

    def segments(self, amount: int, day: date, demand: int) -> list[Segment]:
        """What so much of it earns that is taken out on `day`, when the demand rate is `demand`: its own rate for the whole term, and the
        demand rate for the days after it; before maturity the demand rate for all days."""
        if day < self.matures:
            return [Segment(amount, demand, (day - self.first).days)]
        whole = Segment(amount, self.rate, days_between(self.method, self.first, self.matures))
        overdue = (day - self.matures).days
        return [whole, Segment(amount, demand, overdue)] if overdue else [whole]

    def renewed(self, rate: int) -> "Termed":
        """For the same term from maturity on, with what it has earned, at the rate posted on that day."""
        interest = earned(self.segments(self.principal, self.matures, 0))
        return Termed(self.principal + interest, self.matures, self.term, rate, self.method)
