"""Two who never saw one another's code come to the same figures: our arithmetic of funds with a NAV, and the sandbox registrar's. Beside
each law a planted defect that it finds."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.funds.conditions import Conditions, Discount, FundKind, PurchaseFee, RedemptionFee
from tapwealth.funds.lots import Lot
from tapwealth.funds.nav import NAV_SCALE, Rounding
from tapwealth.funds.nav_orders import Price, expected_purchase, expected_redemption
from tapwealth.kernel.money import half_up
from tapwealth.sandbox.registrar import dealing
from tapwealth.sandbox.registrar.shelf import Age, Terms, Tier

DAY = date(2013, 10, 8)
NAVS = st.integers(1, 99_9999)
RATES = st.integers(0, 50_000)
AMOUNTS = st.integers(1, 10**10)


@st.composite
def terms(draw: st.DrawFn) -> tuple[Conditions, Terms]:
    """The same on both sides: a fund's conditions, and what the registrar was told."""
    rounding = draw(st.sampled_from(Rounding))
    begins = [0, *sorted(draw(st.sets(st.integers(1, 10**9), max_size=2)))]
    tiers = [(begin, *draw(st.one_of(st.tuples(RATES, st.just(0)), st.tuples(st.just(0), st.integers(1, 10**6))))) for begin in begins]
    ends: list[int | None] = [*sorted(draw(st.sets(st.integers(1, 800), max_size=3))), None]
    ages = [(end, draw(RATES)) for end in ends]
    remains = draw(st.integers(0, 1_000_000))
    ours = Conditions(
        kind=FundKind.NAV,
        rounding=rounding,
        purchase_fees=[PurchaseFee(*one) for one in tiers],
        redemption_fees=[RedemptionFee(*one) for one in ages],
        discounts=[Discount("T01", remains)],
    )
    theirs = Terms(
        "110022",
        "消费行业",
        rounding="cut_off" if rounding is Rounding.CUT_OFF else "half_up",
        purchase_fees=[Tier(*one) for one in tiers],
        redemption_fees=[Age(*one) for one in ages],
        discounts={"T01": remains},
    )
    return ours, theirs


Buy = Callable[[int, int, Terms, str], dealing.Bought]


def _inside(amount: int, nav: int, told: Terms, _distributor: str) -> dealing.Bought:
    """The planted defect: the fee taken inside, as a part of what is paid."""
    fee = half_up(Fraction(amount * told.purchase_fees[0].rate, dealing.MILLION))
    return dealing.Bought((amount - fee) * NAV_SCALE // nav, fee)


def bought_otherwise(both: tuple[Conditions, Terms], amount: int, nav: int, buy: Buy) -> bool:
    ours = expected_purchase(amount, Price(DAY, nav, both[0], "T01"))
    assert ours.net + ours.fee == amount
    return buy(amount, nav, both[1], "T01") != (ours.units, ours.fee)


@given(terms(), AMOUNTS, NAVS)
def test_both_sides_sell_the_same(both: tuple[Conditions, Terms], amount: int, nav: int) -> None:
    assert not bought_otherwise(both, amount, nav, dealing.buy)


def test_a_fee_taken_inside_is_found_out() -> None:
    both = Conditions(kind=FundKind.NAV, purchase_fees=[PurchaseFee(0, 15_000)]), Terms("110022", "", purchase_fees=[Tier(0, 15_000)])
    assert bought_otherwise(both, 10_000_00, 1_0000, _inside)


def sold_otherwise(both: tuple[Conditions, Terms], lots: Sequence[Lot], units: int, nav: int, parts: Sequence[tuple[date, int]]) -> bool:
    ours = expected_redemption(lots, units, Price(DAY, nav, both[0], "T01"))
    return dealing.sell(parts, nav, DAY, both[1]) != (ours.amount, ours.fee)


@given(terms(), st.lists(st.tuples(st.integers(0, 900), st.integers(1, 10**9)), min_size=1, max_size=5), st.data(), NAVS)
def test_both_sides_redeem_the_same(both: tuple[Conditions, Terms], held: Sequence[tuple[int, int]], data: st.DataObject, nav: int) -> None:
    lots = [Lot(DAY - timedelta(days=age), number, units) for number, (age, units) in enumerate(held)]
    asked = data.draw(st.integers(1, sum(lot.units for lot in lots)))
    parts, rest = [], asked
    for lot in sorted(lots):
        if rest:
            parts.append((lot.confirmed_on, min(rest, lot.units)))
            rest -= parts[-1][1]
    assert not sold_otherwise(both, lots, asked, nav, parts)


@pytest.mark.parametrize("parts", [[(DAY, 1_00), (DAY - timedelta(days=7), 1_00)][:1], [(DAY - timedelta(days=6), 1_00)]])
def test_the_youngest_first_and_an_age_a_day_off_are_found_out(parts: list[tuple[date, int]]) -> None:
    """A hundred hundredths of each of two lots, one a week old; the week's end is free of a fee."""
    both = (
        Conditions(kind=FundKind.NAV, redemption_fees=[RedemptionFee(7, 15_000), RedemptionFee(None, 0)]),
        Terms("110022", "", redemption_fees=[Age(7, 15_000), Age(None, 0)]),
    )
    lots = [Lot(DAY - timedelta(days=7), 1, 1_00), Lot(DAY, 2, 1_00)]
    assert sold_otherwise(both, lots, 1_00, 1_0000, parts)
    assert not sold_otherwise(both, lots, 1_00, 1_0000, [(DAY - timedelta(days=7), 1_00)])
