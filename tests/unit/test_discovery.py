"""What follows from an untrue answer and from another age: the law's clocks to the day, and the sum or the money by table."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_files import ASKING_FILE, offered

from tapwealth.compliance.rules import rule_set
from tapwealth.insurance.discovery import Clocks, DiscoveryRefusal, TrueAge, by_true_age, cannot_be_rescinded, not_material

FIGURES = rule_set("current").figures("insurance")
ISSUED = date(2014, 2, 24)
QUESTIONS = offered(ASKING_FILE).terms.questions


@pytest.mark.parametrize(
    ("known_on", "today", "refused"),
    [
        (date(2014, 3, 1), date(2014, 3, 1), None),
        (date(2014, 3, 1), date(2014, 3, 31), None),
        (date(2014, 3, 1), date(2014, 4, 1), DiscoveryRefusal.KNOWN_TOO_LONG),
        (date(2014, 2, 23), date(2014, 3, 1), DiscoveryRefusal.KNOWN_AT_ISSUE),
        (date(2016, 2, 20), date(2016, 2, 23), None),
        (date(2016, 2, 20), date(2016, 2, 24), DiscoveryRefusal.INCONTESTABLE),
        (date(2020, 1, 1), date(2020, 1, 1), DiscoveryRefusal.INCONTESTABLE),
    ],
)
def test_thirty_days_of_knowing_and_never_after_two_years(known_on: date, today: date, refused: DiscoveryRefusal | None) -> None:
    answer = cannot_be_rescinded(Clocks(ISSUED, known_on, today, FIGURES))
    assert (answer.code if answer else None) is refused


@given(st.integers(0, 1500), st.integers(0, 200))
def test_no_policy_is_rescinded_outside_both_clocks(known_after: int, waited: int) -> None:
    known_on = ISSUED + timedelta(days=known_after)
    today = known_on + timedelta(days=waited)
    answer = cannot_be_rescinded(Clocks(ISSUED, known_on, today, FIGURES))
    assert (answer is None) == (waited <= 30 and today < date(2016, 2, 24))


@pytest.mark.parametrize(
    ("told", "truth", "material"),
    [
        ({"smoking": "never", "heart": "none"}, {"smoking": "daily", "heart": "none"}, True),
        ({"smoking": "never", "heart": "none"}, {"smoking": "never", "heart": "treated"}, True),
        ({"smoking": "never", "heart": "none"}, {"smoking": "never", "heart": "severe"}, True),
        ({"smoking": "daily", "heart": "none"}, {"smoking": "sometimes", "heart": "none"}, False),
        ({"smoking": "never", "heart": "none"}, {"smoking": "never", "heart": "none"}, False),
    ],
)
def test_only_what_would_have_changed_the_decision_counts(told: dict[str, str], truth: dict[str, str], material: bool) -> None:
    assert (not_material(QUESTIONS, told, truth) is None) == material


@pytest.mark.parametrize(
    ("paid", "due", "in_all", "found"),
    [
        (22_500, 30_000, 22_500, TrueAge(7_500_000, 0, 22_500)),
        (22_500, 22_500, 67_500, TrueAge(10_000_000, 0, 22_500)),
        (22_500, 20_000, 22_500, TrueAge(10_000_000, 2_500, 20_000)),
        (22_500, 20_000, 67_500, TrueAge(10_000_000, 7_500, 20_000)),
        (30_000, 29_999, 30_000, TrueAge(10_000_000, 1, 29_999)),
    ],
)
def test_the_benefit_is_scaled_by_paid_over_due_or_the_excess_comes_back(paid: int, due: int, in_all: int, found: TrueAge) -> None:
    assert by_true_age(10_000_000, paid, due, in_all) == found


@given(st.integers(1, 10**7), st.integers(1, 10**7), st.integers(1, 30))
def test_nobody_is_insured_for_more_than_was_paid_for(paid: int, due: int, years: int) -> None:
    found = by_true_age(10_000_000, paid, due, paid * years)
    assert 0 <= found.sum_insured <= 10_000_000
    assert 0 <= found.back <= paid * years
    assert (found.back > 0) <= (due < paid)
    assert (found.sum_insured < 10_000_000) <= (due > paid)
