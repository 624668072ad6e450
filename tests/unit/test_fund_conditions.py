"""A fund's conditions: what can be none is refused in words, and what can be is read as the fees that it says."""

from fractions import Fraction
from typing import Any

import msgspec
import pytest

from tapwealth.funds.conditions import Conditions, Discount, FundKind, FundStatus, PurchaseFee, RedemptionFee, check
from tapwealth.funds.lots import AgeTier
from tapwealth.funds.nav import PurchaseTier
from tapwealth.kernel.refusal import BadInput

EQUITY = Conditions(
    FundKind.NAV,
    purchase_fees=[PurchaseFee(0, 15_000), PurchaseFee(1_000_000_00, 12_000), PurchaseFee(5_000_000_00, fixed=1_000_00)],
    redemption_fees=[RedemptionFee(7, 15_000), RedemptionFee(365, 5_000), RedemptionFee(None, 0)],
    discounts=[Discount("T01", 100_000)],
)


def test_fees_are_read_as_tiers_and_the_distributors_part_of_them() -> None:
    check(EQUITY)
    assert EQUITY.purchase_tiers == (
        PurchaseTier(0, Fraction(15, 1000)),
        PurchaseTier(1_000_000_00, Fraction(12, 1000)),
        PurchaseTier(5_000_000_00, Fraction(0), 1_000_00),
    )
    assert EQUITY.age_tiers == (AgeTier(7, Fraction(15, 1000)), AgeTier(365, Fraction(5, 1000)), AgeTier(None, Fraction(0)))
    assert (EQUITY.discount("T01"), EQUITY.discount("996")) == (Fraction(1, 10), 1)


@pytest.mark.parametrize(
    ("more", "where", "hint"),
    [
        ({"calendar": "US"}, "calendar", "CN"),
        ({"confirmation_days": 11}, "confirmation_days", "0 to 10"),
        ({"deviation_gate": 10_001}, "deviation_gate", "ten-thousandths"),
        ({"minimum_holding": -1}, "minimum_holding", "0 means"),
        ({"kind": FundKind.MONEY}, "purchase_fees", "a money fund charges nothing"),
        ({"purchase_fees": [PurchaseFee(1, 1)]}, "purchase_fees.from_amount", "begin at 0"),
        ({"purchase_fees": [PurchaseFee(0, 1), PurchaseFee(0, 1)]}, "purchase_fees.from_amount", "lowest first"),
        ({"purchase_fees": [PurchaseFee(0, 1, 1)]}, "purchase_fees.fixed", "a rate or a fixed fee"),
        ({"purchase_fees": [PurchaseFee(0, 1_000_001)]}, "purchase_fees.rate", "15,000 are 1.5 %"),
        ({"redemption_fees": [RedemptionFee(7, 1)]}, "redemption_fees.below_days", "the last one is null"),
        ({"redemption_fees": [RedemptionFee(7, 1), RedemptionFee(7, 1), RedemptionFee(None, 0)]}, "redemption_fees.below_days", "rise"),
        ({"redemption_fees": [RedemptionFee(None, 1), RedemptionFee(None, 0)]}, "redemption_fees.below_days", "without an end"),
        ({"discounts": [Discount("T01", 1), Discount("T01", 2)]}, "discounts", "once"),
        ({"discounts": [Discount("T01", -1)]}, "discounts.remains", "millionths"),
    ],
)
def test_what_no_fund_can_have_is_named(more: dict[str, Any], where: str, hint: str) -> None:
    with pytest.raises(BadInput) as found:
        check(msgspec.structs.replace(EQUITY, **more))
    assert where in str(found.value)
    assert hint in str(found.value)


def test_each_status_lets_be_done_what_it_says() -> None:
    assert {one.value: (one.sells, one.redeems) for one in FundStatus} == {
        "0": (True, True), "1": (False, False), "4": (False, False), "5": (False, True), "6": (True, False), "8": (False, False),
        "9": (False, False),
    }  # fmt: skip
    assert all(all(one.words) for one in FundStatus)
