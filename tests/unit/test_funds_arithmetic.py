"""NAV, lots and large redemption by worked examples; the figures were computed by hand."""

from datetime import date
from fractions import Fraction

import pytest

from tapwealth.funds.large_redemption import DayOfOrders, accepted
from tapwealth.funds.lots import AgeTier, Lot, Redeemed, redeem
from tapwealth.funds.nav import Bought, PurchaseTier, Rounding, bought, tier_of, worth

TIERS = (PurchaseTier(0, Fraction(15, 1000)), PurchaseTier(1_000_000_00, Fraction(12, 1000)), PurchaseTier(5_000_000_00, fixed=1_000_00))
AGES = (AgeTier(7, Fraction(15, 1000)), AgeTier(30, Fraction(75, 10_000)), AgeTier(730, Fraction(5, 1000)))
CUT, UP = Rounding.CUT_OFF, Rounding.HALF_UP


@pytest.mark.parametrize(
    ("amount", "nav", "discount", "rounding", "wanted"),
    [
        (10_000_00, 1_0500, Fraction(1), UP, Bought(9_852_22, 147_78, 9_383_07)),  # 9852.22 / 1.05 = 9383.0666…
        (10_000_00, 1_0500, Fraction(1), CUT, Bought(9_852_22, 147_78, 9_383_06)),
        (10_000_00, 1_0500, Fraction(1, 10), UP, Bought(9_985_02, 14_98, 9_509_54)),  # a tenth of 1.5 %: 10000 / 1.0015
        (1_000_000_00, 1_0000, Fraction(1), UP, Bought(988_142_29, 11_857_71, 988_142_29)),
        (5_000_000_00, 2_0000, Fraction(1, 10), UP, Bought(4_999_000_00, 1_000_00, 2_499_500_00)),  # fixed, and no discount on it
    ],
)
def test_a_purchase_pays_its_fee_first(amount: int, nav: int, discount: Fraction, rounding: Rounding, wanted: Bought) -> None:
    assert bought(amount, nav, tier_of(TIERS, amount), rounding, discount) == wanted


def test_a_tier_begins_at_its_amount() -> None:
    rates = [tier_of(TIERS, amount).rate for amount in (1, 999_999_99, 1_000_000_00, 5_000_000_00)]
    assert rates == [Fraction(15, 1000), Fraction(15, 1000), Fraction(12, 1000), 0]
    assert tier_of((), 1) == PurchaseTier(0)


def test_the_oldest_units_go_first_and_each_pays_for_its_age() -> None:
    """100 units of 2024-01-02 and 50 of 2024-03-01; on 2024-03-05 120 of them at 1.2345."""
    lots = [Lot(date(2024, 3, 1), 1, 50_00), Lot(date(2024, 1, 2), 1, 100_00)]
    got = redeem(lots, 120_00, 1_2345, date(2024, 3, 5), AGES, CUT)
    assert [(one.lot.confirmed_on, one.units, one.fee) for one in got.taken] == [
        (date(2024, 1, 2), 100_00, 62),  # 63 days: 123.45 * 0.5 % = 0.617
        (date(2024, 3, 1), 20_00, 37),  # 4 days: 24.69 * 1.5 % = 0.370
    ]
    assert (got.gross, got.fee, got.amount) == (148_14, 99, 147_15)


@pytest.mark.parametrize(("days", "fee"), [(6, 1_50), (7, 75), (29, 75), (30, 50), (729, 50), (730, 0)])
def test_the_fee_changes_on_the_day_an_age_is_reached(days: int, fee: int) -> None:
    bought_on = date(2022, 1, 1)
    day = date.fromordinal(bought_on.toordinal() + days)
    got = redeem([Lot(bought_on, 1, 100_00)], 100_00, 1_0000, day, AGES, CUT)
    assert got == Redeemed(got.taken, 100_00, fee)


def test_units_are_worth_what_the_fund_rounds_them_to() -> None:
    assert (worth(33_33, 1_2345, CUT), worth(33_33, 1_2345, UP)) == (41_14, 41_15)


# ---- large redemption


@pytest.mark.parametrize(
    ("redeemed", "bought_too", "large"), [(100_00, 0, False), (100_01, 0, True), (150_00, 50_00, False), (150_01, 50_00, True)]
)
def test_a_day_is_large_above_a_tenth_net(redeemed: int, bought_too: int, large: bool) -> None:
    assert DayOfOrders(redeemed, bought_too, 1_000_00).is_large is large


def test_on_a_large_day_at_least_a_tenth_is_shared_out_pro_rata() -> None:
    orders = {"A": 300_00, "B": 100_00, "C": 1}
    day = DayOfOrders(400_01, 0, 1_000_00)
    assert accepted(orders, day, 0) == {"A": 75_00, "B": 25_00, "C": 0}
    assert accepted(orders, day, 200_00) == {"A": 150_00, "B": 50_00, "C": 0}
    assert accepted(orders, day, 500_00) == orders, "the manager may pay in full"


def test_on_any_other_day_everything_is_accepted() -> None:
    assert accepted({"A": 99_00}, DayOfOrders(99_00, 0, 1_000_00), 0) == {"A": 99_00}
