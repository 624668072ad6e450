"""A change of occupation by table: what the months that are left cost or give back, and what a cancellation gives back of it afterwards."""

from datetime import date, timedelta
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_files import ACCIDENT_FILE, TERM_LIFE_FILE, offered

from tapwealth.insurance.endorsement import (
    ClassChange,
    EndorsementRefusal,
    EndsCover,
    change_of_class,
    not_running,
    unearned_changes,
    whole_months,
)
from tapwealth.insurance.mortality import Sex
from tapwealth.insurance.policy import Policy, PolicyState, cover_of, unearned_premium
from tapwealth.insurance.premium import Insured
from tapwealth.insurance.product import OccupationClass, Product
from tapwealth.kernel.money import half_up
from tapwealth.kernel.refusal import Refusal

FROM = date(2014, 1, 1)
ACCIDENT, LIFE = offered(ACCIDENT_FILE), offered(TERM_LIFE_FILE)
TRIP = offered(ACCIDENT_FILE.replace("{of: accident}", "{of: accident, days: 30}"))


def policy(of: Product = ACCIDENT, premium: int = 76_000, state: PolicyState = PolicyState.IN_FORCE) -> Policy:
    to_day, paid_until = cover_of(of, FROM)
    return Policy(UUID(int=1), 1, UUID(int=2), of.code, 1, premium, FROM, to_day, paid_until, FROM, state, "PL1")


def insured(occupation: OccupationClass) -> Insured:
    return Insured(Sex.MALE, 30, occupation)


ONE, TWO, THREE = (insured(one) for one in (OccupationClass.ONE, OccupationClass.TWO, OccupationClass.THREE))


@pytest.mark.parametrize(
    ("told", "months", "up"),
    [
        (date(2013, 12, 20), 12, 20_000),
        (date(2014, 1, 1), 11, 18_333),
        (date(2014, 3, 31), 9, 15_000),
        (date(2014, 4, 1), 8, 13_333),
        (date(2014, 6, 30), 6, 10_000),
        (date(2014, 11, 30), 1, 1_667),
        (date(2014, 12, 1), 0, 0),
    ],
)
def test_400_000_of_cover_from_class_one_to_two_and_back(told: date, months: int, up: int) -> None:
    """760 and 960 a year: with nine months left 200 x 9 / 12 = 150.00 more, or back."""
    effective = max(told + timedelta(days=1), FROM)
    assert whole_months(effective, date(2015, 1, 1)) == months
    assert change_of_class(ACCIDENT, policy(), ONE, TWO, told) == ClassChange(effective, 96_000, up)
    assert change_of_class(ACCIDENT, policy(premium=96_000), TWO, ONE, told) == ClassChange(effective, 76_000, -up)


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        (date(2014, 1, 31), date(2014, 2, 28), 1),
        (date(2014, 1, 31), date(2014, 2, 27), 0),
        (date(2016, 2, 29), date(2017, 2, 28), 12),
        (date(2014, 1, 15), date(2014, 3, 14), 1),
        (date(2014, 1, 15), date(2014, 3, 15), 2),
        (date(2014, 3, 15), date(2014, 1, 15), 0),
    ],
)
def test_whole_months(first: date, last: date, months: int) -> None:
    assert whole_months(first, last) == months


def test_a_trip_counts_by_days() -> None:
    change = change_of_class(TRIP, policy(TRIP), ONE, TWO, FROM + timedelta(days=9))
    assert change == ClassChange(date(2014, 1, 11), 96_000, half_up(Fraction(20_000 * 20, 30)))


def test_what_cannot_be_changed() -> None:
    assert change_of_class(ACCIDENT, policy(), ONE, THREE, FROM) == EndsCover()
    for product, new, told, refused in (
        (LIFE, TWO, FROM, EndorsementRefusal.NOT_BY_OCCUPATION),
        (ACCIDENT, ONE, FROM, EndorsementRefusal.SAME_AS_BEFORE),
        (ACCIDENT, TWO, date(2014, 12, 31), EndorsementRefusal.TOO_LATE),
    ):
        answer = change_of_class(product, policy(), ONE, new, told)
        assert isinstance(answer, Refusal)
        assert answer.code is refused
    for state in PolicyState:
        assert (not_running(policy(state=state)) is None) == (state in (PolicyState.ISSUED, PolicyState.IN_FORCE))


@given(st.dates(FROM, date(2014, 12, 30)), st.booleans(), st.dates(FROM, date(2015, 2, 1)))
def test_never_more_comes_back_than_was_paid(told: date, up: bool, cancelled: date) -> None:
    """Whatever was changed and whenever it is cancelled afterwards."""
    old, new, premium = (ONE, TWO, 76_000) if up else (TWO, ONE, 96_000)
    change = change_of_class(ACCIDENT, policy(premium=premium), old, new, told)
    assert isinstance(change, ClassChange)
    on = max(cancelled, told)
    back = unearned_premium(ACCIDENT, policy(premium=premium), on)
    more = unearned_changes(ACCIDENT, policy(), [(change.effective, change.amount)], on)
    assert 0 <= back + more <= premium + change.amount
    assert abs(more) <= abs(change.amount)
    if on >= date(2014, 12, 31):
        assert (back, more) == (0, 0)


def test_there_and_back_again_on_the_same_day_costs_nothing() -> None:
    there = change_of_class(ACCIDENT, policy(), ONE, TWO, date(2014, 5, 5))
    back = change_of_class(ACCIDENT, policy(premium=96_000), TWO, ONE, date(2014, 5, 5))
    assert isinstance(there, ClassChange)
    assert isinstance(back, ClassChange)
    assert there.amount + back.amount == 0
