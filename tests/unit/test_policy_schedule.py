"""What a policy owes and when: the days of articles 36 and 37, whatever was paid, demanded and reinstated."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapwealth.insurance import schedule as rules
from tapwealth.insurance.looks import collects, next_look
from tapwealth.insurance.policy import Policy, PolicyState
from tapwealth.insurance.product import Every
from tapwealth.insurance.schedule import (
    Arrears,
    Covered,
    CoverRefusal,
    Gap,
    ReinstateRefusal,
    Schedule,
    Standing,
    covered_on,
    dues,
    grace_until,
    next_change,
    standing,
    to_reinstate,
)
from tapwealth.kernel.refusal import Refusal

DAY = timedelta(days=1)
BEGUN = date(2014, 3, 4)
TEN_YEARS = Schedule(Every.YEAR, 500_00, BEGUN, date(2024, 3, 4), date(2015, 3, 4))
POLICY = Policy(
    UUID(int=1), 1, UUID(int=2), "TL", 1, 500_00, BEGUN, date(2024, 3, 4), date(2015, 3, 4), BEGUN, PolicyState.IN_FORCE, "PL1"
)  # fmt: skip


@pytest.mark.parametrize(
    ("due_on", "demanded_on", "held_until", "last"),
    [
        (date(2015, 3, 4), None, None, date(2015, 5, 3)),  # 60 days
        (date(2015, 3, 4), date(2015, 3, 10), None, date(2015, 4, 9)),  # 30 from the demand
        (date(2015, 3, 4), date(2015, 4, 20), None, date(2015, 5, 3)),  # a late demand does not lengthen it
        (date(2015, 3, 4), date(2015, 2, 1), None, date(2015, 4, 3)),  # nor does an early one take from it
        (date(2016, 1, 31), None, None, date(2016, 3, 31)),  # over the 29th of February
        (date(2015, 3, 4), None, date(2015, 4, 3), date(2015, 5, 3)),  # a claim that was over in time
        (date(2015, 3, 4), None, date(2015, 4, 4), date(2015, 5, 4)),  # 30 from its end
        (date(2015, 3, 4), date(2015, 3, 10), date(2015, 3, 20), date(2015, 4, 19)),  # also where it had been demanded
        (date(2015, 3, 4), None, date(2014, 6, 1), date(2015, 5, 3)),  # one of long before
    ],
)
def test_the_last_day_of_grace(due_on: date, demanded_on: date | None, held_until: date | None, last: date) -> None:
    assert grace_until(due_on, demanded_on, held_until) == last
    begun = due_on.replace(year=due_on.year - 1)
    one = replace(TEN_YEARS, from_day=begun, paid_until=due_on, demanded_on=demanded_on, held_until=held_until)
    assert standing(one, last) is Standing.GRACE
    assert standing(one, last + DAY) is Standing.SUSPENDED


def test_what_was_held_is_asked_for_as_after_a_due_day() -> None:
    held = replace(TEN_YEARS, held_until=date(2015, 4, 20))
    days = [held.asked_from + timedelta(days=number) for number in range(40)]
    asked = [(day - held.asked_from).days for day in days if collects(held, PolicyState.IN_FORCE, day)]
    assert asked == [0, 1, 3, 7, 15, 30]
    looked, first = [], held.asked_from
    while first <= days[-1]:
        found = next_look(held, PolicyState.IN_FORCE, first)
        assert found is not None
        looked.append(found)
        first = found + DAY
    assert looked[:6] == [days[number] for number in asked]


@pytest.mark.parametrize(
    ("every", "begun", "first_days"),
    [
        (Every.MONTH, date(2015, 1, 31), [date(2015, 1, 31), date(2015, 2, 28), date(2015, 3, 31), date(2015, 4, 30)]),
        (Every.MONTH, date(2015, 11, 15), [date(2015, 11, 15), date(2015, 12, 15), date(2016, 1, 15), date(2016, 2, 15)]),
        (Every.QUARTER, date(2015, 11, 30), [date(2015, 11, 30), date(2016, 2, 29), date(2016, 5, 30), date(2016, 8, 30)]),
        (Every.YEAR, date(2012, 2, 29), [date(2012, 2, 29), date(2013, 3, 1), date(2014, 3, 1), date(2015, 3, 1)]),
    ],
)
def test_when_premiums_are_due(every: Every, begun: date, first_days: list[date]) -> None:
    one = Schedule(every, 100, begun, first_days[3], begun)
    assert [due.on for due in dues(one, date.max)] == first_days[:3]
    assert [due.until for due in dues(one, date.max)] == first_days[1:]
    assert [rules.number_of(one, day) for day in first_days] == [0, 1, 2, 3]


@pytest.mark.parametrize(("every", "premiums"), [(Every.MONTH, 120), (Every.QUARTER, 40), (Every.YEAR, 10)])
def test_what_begins_on_29_february_is_paid_by_no_premium_for_a_single_day(every: Every, premiums: int) -> None:
    """Its last year ends with 28 February: the 120th month does not end the day before."""
    begun, over = date(2016, 2, 29), date(2026, 3, 1)
    empty = Schedule(every, 100, begun, over, begun)
    owed = dues(empty, date.max)
    assert (len(owed), owed[-1].until, rules.number_of(empty, over)) == (premiums, over, premiums)
    assert rules.next_due(replace(empty, paid_until=owed[-1].on)) == owed[-1]
    of_before = replace(empty, paid_until=date(2026, 2, 28))
    asked = (dues(of_before, date(2026, 2, 28)), rules.next_due(of_before))
    assert asked == ((), None) or every is Every.YEAR, "of a house that took the last premium to the day before nothing more is asked"


def test_of_several_premiums_those_are_collected_that_were_agreed_to() -> None:
    monthly = Schedule(Every.MONTH, 100, BEGUN, date(2015, 3, 4), date(2014, 4, 4))
    owed = dues(monthly, date(2014, 6, 4))
    assert [len(rules.within(owed, most)) for most in (99, 100, 199, 200, 299, 300, 400)] == [1, 1, 1, 2, 2, 3, 3]


def test_two_years_of_suspension_and_then_none() -> None:
    suspended = date(2015, 5, 4)
    assert standing(TEN_YEARS, date(2017, 5, 3)) is Standing.SUSPENDED
    assert standing(TEN_YEARS, date(2017, 5, 4)) is Standing.LAPSED
    assert standing(replace(TEN_YEARS, to_day=date(2017, 5, 4)), date(2017, 5, 4)) is Standing.EXPIRED
    refused = to_reinstate(TEN_YEARS, PolicyState.SUSPENDED, date(2017, 5, 4), Fraction(0))
    assert isinstance(refused, Refusal)
    assert refused.code is ReinstateRefusal.TOO_LATE
    assert rules.suspended_from(TEN_YEARS) == suspended
    assert rules.suspended_from(replace(TEN_YEARS, to_day=suspended)) is None, "the policy is over by then"


def test_what_is_paid_to_be_reinstated() -> None:
    """Two premiums, the older owed for 400 days, the younger for 34: 500 x 5 % x 400/365 and x 34/365."""
    made = to_reinstate(TEN_YEARS, PolicyState.SUSPENDED, date(2016, 4, 7), Fraction(5, 100))
    assert isinstance(made, Arrears)
    assert (made.premiums, made.interest, made.paid_until) == (1_000_00, 27_40 + 2_33, date(2017, 3, 4))
    refused = to_reinstate(TEN_YEARS, PolicyState.IN_FORCE, date(2015, 4, 1), Fraction(0))
    assert isinstance(refused, Refusal)
    assert refused.code is ReinstateRefusal.NOT_SUSPENDED


@pytest.mark.parametrize(
    ("one", "day", "answer"),
    [
        (TEN_YEARS, date(2014, 3, 3), CoverRefusal.NOT_BEGUN),
        (TEN_YEARS, date(2014, 3, 4), 0),
        (TEN_YEARS, date(2015, 3, 3), 0),
        (TEN_YEARS, date(2015, 3, 4), 500_00),  # in grace: covered, less what is owed
        (TEN_YEARS, date(2015, 5, 3), 500_00),
        (TEN_YEARS, date(2015, 5, 4), CoverRefusal.COVER_SUSPENDED),
        (replace(TEN_YEARS, paid_until=date(2016, 3, 4)), date(2015, 5, 4), 0),  # paid meanwhile
        (replace(TEN_YEARS, paid_until=date(2016, 3, 4), gaps=(Gap(date(2015, 5, 4), date(2015, 8, 1)),)),
         date(2015, 7, 31), CoverRefusal.COVER_SUSPENDED),
        (replace(TEN_YEARS, paid_until=date(2016, 3, 4), gaps=(Gap(date(2015, 5, 4), date(2015, 8, 1)),)), date(2015, 8, 1), 0),
        (replace(TEN_YEARS, over_from=date(2014, 6, 2)), date(2014, 6, 1), 0),
        (replace(TEN_YEARS, over_from=date(2014, 6, 2)), date(2014, 6, 2), CoverRefusal.COVER_OVER),
        (replace(TEN_YEARS, paid_until=date(2024, 3, 4)), date(2024, 3, 4), CoverRefusal.COVER_OVER),
    ],
)  # fmt: skip
def test_whether_a_loss_is_covered(one: Schedule, day: date, answer: int | CoverRefusal) -> None:
    said = covered_on(POLICY, one, day)
    assert answer == (said.arrears if isinstance(said, Covered) else said.code)


def test_three_months_may_be_owed_in_grace() -> None:
    monthly = Schedule(Every.MONTH, 40_00, BEGUN, date(2015, 3, 4), date(2014, 6, 4))
    assert covered_on(POLICY, monthly, date(2014, 8, 3)) == Covered(80_00)
    assert covered_on(POLICY, replace(monthly, paid_until=date(2015, 1, 4)), date(2015, 3, 3)) == Covered(80_00)


def test_what_was_never_issued_covers_nothing() -> None:
    said = covered_on(replace(POLICY, issued_on=None), TEN_YEARS, date(2014, 3, 4))
    assert isinstance(said, Refusal)
    assert said.code is CoverRefusal.NEVER_ISSUED


class Told:
    """The law told day by day, with counters instead of dates."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        self.unpaid_days = -1
        self.demanded_days: int | None = None
        self.suspended_since: date | None = None

    def day(self, today: date, owed: bool, demanded: bool) -> Standing:
        if not owed:
            self.begin_anew()
            return Standing.PAID
        self.unpaid_days += 1
        self.demanded_days = self.demanded_days + 1 if self.demanded_days is not None else 0 if demanded else None
        if self.unpaid_days > 60 or (self.demanded_days or 0) > 30:
            self.suspended_since = self.suspended_since or today
        if self.suspended_since is None:
            return Standing.GRACE
        both = (today.year - self.suspended_since.year, (today.month, today.day) >= (self.suspended_since.month, self.suspended_since.day))
        return Standing.LAPSED if both >= (2, True) else Standing.SUSPENDED


ACTS = st.lists(st.tuples(st.integers(0, 500), st.sampled_from(["pay", "demand", "reinstate"])), max_size=12)


@settings(max_examples=40)
@given(st.dates(date(2010, 1, 1), date(2016, 12, 31)), st.sampled_from(Every), st.integers(1, 6), ACTS)
def test_a_policy_stands_as_the_law_has_it_on_every_day(begun: date, every: Every, years: int, acts: list[tuple[int, str]]) -> None:
    """Random years, paid late or not, demanded, reinstated; next_change never misses a day."""
    empty = Schedule(every, 100, begun, rules.anniversary(begun, years), begun)
    one, told, today, announced, paid = replace(empty, paid_until=rules.period(empty, 1)), Told(), begun, None, 100
    todo = iter(acts)
    wait, act = next(todo, (0, ""))
    before = Standing.PAID
    while today < one.to_day and before is not Standing.LAPSED:
        now = standing(one, today)
        demanded = one.demanded_on is not None and one.demanded_on <= today
        assert now is told.day(today, today >= one.paid_until, demanded)
        assert now is before or announced in (None, today)
        wait -= 1
        if act and wait < 0:
            owed = dues(one, today)
            if act == "demand" and owed and one.demanded_on is None:
                one = replace(one, demanded_on=today)
                told.demanded_days = 0
            elif act == "pay" and now is Standing.GRACE:
                one, paid = replace(one, paid_until=owed[0].until, demanded_on=None), paid + owed[0].amount
                told = _fresh(one, today)
            elif act == "reinstate" and now is Standing.SUSPENDED:
                made = to_reinstate(one, PolicyState.SUSPENDED, today, Fraction(0))
                assert isinstance(made, Arrears)
                one, paid = replace(one, paid_until=made.paid_until, demanded_on=None), paid + made.premiums
                told = Told()
            now = standing(one, today)
            wait, act = next(todo, (0, ""))
        before, announced = now, next_change(one, today)
        today += DAY
    assert paid == 100 * rules.number_of(one, one.paid_until)
    assert rules.number_of(one, one.to_day) == years * 12 // every.months


def _fresh(one: Schedule, today: date) -> Told:
    """Another month may be owed already when one was paid late."""
    told = Told()
    told.unpaid_days = max((today - one.paid_until).days, -1)
    return told
