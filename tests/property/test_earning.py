"""A premium is what is earned of it and what is not, on every day, to the fen; and a group is what its premiums are one by one."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tapwealth.insurance.earning import Earned, Group, days_left, unearned, unearned_of
from tapwealth.insurance.policy import anniversary

FIRST = st.dates(date(2012, 1, 1), date(2020, 12, 31))
FEN = st.integers(-(10**8), 10**10)


@st.composite
def stretches(draw: st.DrawFn) -> tuple[date, date]:
    """A year, a trip, or what is left of a year after an endorsement."""
    first = draw(FIRST)
    year = anniversary(first, 1)
    return draw(st.sampled_from([(first, year), (first, first + timedelta(days=draw(st.integers(1, 40)))),
                                 (first + timedelta(days=draw(st.integers(0, 364))), year)]))  # fmt: skip


@given(stretches(), FEN, st.integers(-5, 400))
def test_earned_and_unearned_are_the_premium_on_every_day(stretch: tuple[date, date], amount: int, after: int) -> None:
    first, until = stretch
    day = first + timedelta(days=after)
    left, before = unearned_of(amount, first, until, day), unearned_of(amount, first, until, day - timedelta(days=1))
    assert Earned(amount, left).earned + left == amount
    assert abs(left) <= abs(before), "what is earned stays earned"
    assert abs(2 * left * (until - first).days - 2 * amount * days_left(first, until, day)) <= (until - first).days, "to the half fen"
    if day < first:
        assert left == amount
    if day >= until - timedelta(days=1):
        assert left == 0


@given(stretches())
def test_every_day_is_earned_once(stretch: tuple[date, date]) -> None:
    """A premium of a fen for each day earns a fen on each of its days and nothing on others."""
    first, until = stretch
    days = (until - first).days
    by_day = [days_left(first, until, first + timedelta(days=number)) for number in range(-3, days + 3)]
    assert [before - after for before, after in pairwise(by_day)] == [0] * 2 + [1] * days + [0] * 3


@given(st.lists(st.tuples(stretches(), FEN, st.integers(1, 1000), st.integers(0, 10**6)), max_size=5), FIRST)
def test_a_group_is_its_premiums_one_by_one(many: list[tuple[tuple[date, date], int, int, int]], day: date) -> None:
    groups = [Group(*stretch, amount, count, commission) for stretch, amount, count, commission in many]
    singles = [Group(*stretch, amount, 1, commission) for stretch, amount, count, commission in many for _ in range(min(count, 3))]
    few = [Group(one.from_day, one.to_day, one.amount, min(one.count, 3), one.commission) for one in groups]
    assert unearned(few, day) == unearned(singles, day)
    assert unearned(groups, day)[0] == sum(one.count * unearned_of(one.amount, one.from_day, one.to_day, day) for one in groups)
