"""What a holding has brought: gain, simple return and curve, by hand."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.funds.returns import Standing, Step, curve, gain, simple_return, total

FIRST = date(2014, 2, 25)


def test_a_gain_is_worth_and_what_came_back_less_what_was_paid() -> None:
    assert gain(8_000_00, Step(paid_in=10_000_00, came_back=3_000_00)) == 1_000_00
    assert gain(0, Step(10_000_00, 9_999_99)) == -1


@pytest.mark.parametrize(
    ("gained", "paid", "rate"), [(481_38, 10_000_00, 4_814), (-14_98, 10_000_00, -150), (1, 3_00, 333), (0, 1, 0), (5, 0, None)]
)
def test_a_return_is_the_gain_on_all_that_was_paid_in(gained: int, paid: int, rate: int | None) -> None:
    """Thousandths of a percent: 481.38 on 10,000 are 4.814 %, and -14.98 are -0.150 %."""
    assert simple_return(gained, paid) == rate


def test_a_curve_begins_with_the_first_step_and_dates_each_by_its_own_price() -> None:
    steps = {FIRST: Step(10_000_00, 0, 7_486_70), FIRST + timedelta(days=2): Step(0, 5_000_00, -3_600_00)}
    prices = [(FIRST + timedelta(days=number), nav) for number, nav in ((-1, 1_3337), (0, 1_4000), (1, 1_3000), (3, 1_4000))]
    assert curve(steps, prices) == [
        Standing(FIRST, 10_481_38, 481_38),
        Standing(FIRST + timedelta(days=1), 9_732_71, -267_29),
        Standing(FIRST + timedelta(days=3), 5_441_38, 441_38),
    ]


amounts = st.integers(0, 10**9)
stepped = st.dictionaries(st.dates(FIRST, FIRST + timedelta(days=30)), st.builds(Step, amounts, amounts, amounts), min_size=1)


@given(stepped, st.integers(1, 10**6))
def test_the_end_of_a_curve_is_the_gain_of_all_steps_together(steps: dict[date, Step], nav: int) -> None:
    days = [FIRST + timedelta(days=number) for number in range(31)]
    standings = curve(steps, [(day, nav) for day in days])
    whole = total(steps.values())
    if whole == Step():
        return
    value = whole.units * nav // 10_000
    assert standings[-1] == Standing(days[-1], value, gain(value, whole))
    assert len(standings) == sum(day >= min(day for day, step in steps.items() if step != Step()) for day in days)
