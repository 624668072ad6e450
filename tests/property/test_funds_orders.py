"""Laws of orders over random input: states move forward, lots are used up in order, a large day is shared out fairly. Beside each law a
planted defect that it finds."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.funds.large_redemption import DayOfOrders, accepted
from tapwealth.funds.lots import Lot, left, take
from tapwealth.funds.nav import NAV_SCALE, PurchaseTier, Rounding, bought
from tapwealth.funds.order_state import ANSWERED, MOVES, OrderState, before, circle

# ---- states


def test_no_state_is_ever_come_back_to() -> None:
    assert circle(MOVES) is None
    assert set(MOVES) == set(OrderState)


@pytest.mark.parametrize("extra", [(OrderState.CANCELLED, OrderState.PLACED), (OrderState.PAID, OrderState.SENT)])
def test_a_way_back_is_found(extra: tuple[OrderState, OrderState]) -> None:
    """The planted defect: a refused or paid order is taken up again."""
    start, end = extra
    assert circle({**MOVES, start: MOVES[start] | {end}}) is not None


def test_what_comes_before_is_what_goes_on_to_it() -> None:
    assert all((state in MOVES[one]) is (one in before(state)) for one in OrderState for state in OrderState)
    assert all(not MOVES[state] & ANSWERED - {OrderState.PAID} for state in ANSWERED), "of an answered order only the money is to come"


# ---- lots

DAYS = st.dates(date(2013, 1, 1), date(2014, 12, 31))


@st.composite
def holdings(draw: st.DrawFn) -> tuple[list[Lot], int]:
    """Lots, and how many of their units are redeemed."""
    days = draw(st.lists(DAYS, min_size=1, max_size=6))
    lots = [Lot(day, number, draw(st.integers(1, 10**6))) for number, day in enumerate(days)]
    return lots, draw(st.integers(1, sum(lot.units for lot in lots)))


Take = Callable[[Sequence[Lot], int], list[tuple[Lot, int]]]


def unfair(lots: Sequence[Lot], units: int, taking: Take) -> str | None:
    """What is wrong with how lots are taken: another sum, more than a lot has, or a younger one before an older is used up."""
    taken = dict(taking(lots, units))
    if sum(taken.values()) != units:
        return "the sum differs"
    if any(not 0 < part <= lot.units for lot, part in taken.items()):
        return "a lot gives more than it has"
    used = [lot for lot in sorted(lots) if taken.get(lot) == lot.units]
    touched = [lot for lot in sorted(lots) if lot in taken]
    return None if touched == sorted(lots)[: len(touched)] and len(used) >= len(touched) - 1 else "a younger lot is taken first"


@given(holdings())
def test_lots_are_used_up_in_the_order_they_came(held: tuple[list[Lot], int]) -> None:
    lots, units = held
    assert unfair(lots, units, take) is None
    assert sum(lot.units for lot in left(lots, units)) == sum(lot.units for lot in lots) - units


@given(holdings(), st.integers(1, 10**6))
def test_two_redemptions_take_what_one_of_both_would(held: tuple[list[Lot], int], more: int) -> None:
    lots, units = held
    rest = left(lots, units)
    more = min(more, sum(lot.units for lot in rest))
    assert not more or left(rest, more) == left(lots, units + more)


def test_the_youngest_first_is_found_out() -> None:
    lots = [Lot(date(2014, 1, 1), 0, 5), Lot(date(2014, 2, 1), 0, 5)]
    assert unfair(lots, 5, lambda some, _: [(sorted(some)[-1], 5)]) == "a younger lot is taken first"


# ---- purchase


@given(st.integers(1, 10**11), st.integers(1, 10**6), st.integers(0, 500), st.sampled_from(Rounding))
def test_net_and_fee_are_what_was_paid_and_no_unit_is_given_away(amount: int, nav: int, rate: int, rounding: Rounding) -> None:
    got = bought(amount, nav, PurchaseTier(0, Fraction(rate, 10_000)), rounding)
    assert (got.net + got.fee, got.fee >= 0) == (amount, True)
    exact = Fraction(got.net * NAV_SCALE, nav)
    assert abs(exact - got.units) < (1 if rounding is Rounding.CUT_OFF else Fraction(51, 100))
    assert rounding is Rounding.HALF_UP or got.units <= exact, "cut off is never above"


# ---- large redemption


def _wrong(orders: Mapping[str, int], day: DayOfOrders, got: Mapping[str, int]) -> str | None:
    """Too little in all, more than was asked, or somebody a whole unit away from the same share as the others."""
    asked, paid = sum(orders.values()), sum(got.values())
    if paid < day.least:
        return "less than the least is accepted"
    if any(not 0 <= got[serial] <= units for serial, units in orders.items()):
        return "an order is overpaid"
    return "an order is preferred" if any(abs(got[one] - Fraction(paid * units, asked)) >= 1 for one, units in orders.items()) else None


@given(
    st.dictionaries(st.text("ABCDEF", min_size=1, max_size=6), st.integers(1, 10**9), min_size=1),
    st.integers(0, 10**10),
    st.integers(0, 10**9),
)
def test_a_large_day_is_shared_out_fairly_and_never_below_a_tenth(orders: dict[str, int], total: int, willing: int) -> None:
    day = DayOfOrders(sum(orders.values()), 0, total)
    got = accepted(orders, day, willing)
    assert _wrong(orders, day, got) is None
    assert accepted(dict(reversed(orders.items())), day, willing) == got, "arrival gives no priority"


def test_first_come_first_served_is_found_out() -> None:
    orders, day = {"A": 300, "B": 100}, DayOfOrders(400, 0, 1_000)
    assert _wrong(orders, day, {"A": 100, "B": 0}) == "an order is preferred"
    assert _wrong(orders, day, {"A": 60, "B": 20}) == "less than the least is accepted"


# ---- ages


@given(DAYS, st.integers(0, 3000))
def test_a_lot_keeps_its_day_until_it_is_used_up(day: date, days: int) -> None:
    lot = Lot(day, 1, 10)
    assert left([lot, Lot(day + timedelta(days=days + 1), 1, 5)], 4)[0] == Lot(day, 1, 6)
