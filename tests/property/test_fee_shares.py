"""A merchant's fee and whose it is, for any sales and by both published tariffs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.acquiring.fee_share import FeeShares, Rate, shares
from tapwealth.flows.card_fees import tariff

AMOUNTS = st.lists(st.integers(-(10**9), 10**9), max_size=20)
SETS, CODES = st.sampled_from(["2014", "current"]), st.sampled_from(["5812", "5511", "5999", "5192", "5411", "8062"])


@given(st.integers(-(10**9), 10**9), AMOUNTS, SETS, CODES)
def test_the_parts_are_the_fee_to_the_fen(fee: int, amounts: list[int], rules: str, code: str) -> None:
    whose = shares(fee, amounts, tariff(rules, code))
    assert whose.issuer + whose.network + whose.acquirer == fee


@given(AMOUNTS, SETS, CODES)
def test_what_is_wholly_refunded_leaves_nothing_with_anybody(amounts: list[int], rules: str, code: str) -> None:
    assert shares(0, [*amounts, *(-amount for amount in amounts)], tariff(rules, code)) == FeeShares(0, 0, 0)


@given(st.integers(0, 10**9), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_part_is_the_nearest_fen_and_never_above_its_cap(amount: int, per_million: int, cap: int) -> None:
    whole = Rate(per_million).of(amount)
    assert -1_000_000 <= 2 * (amount * per_million - whole * 1_000_000) < 1_000_000, "halves go up"
    assert Rate(per_million, cap).of(amount) == (min(whole, cap) if cap else whole)


@pytest.mark.parametrize(
    ("rules", "code", "amount", "fee", "issuer", "network", "acquirer"),
    [
        ("2014", "5812", 100_00, 1_25, 90, 13, 22),
        ("2014", "5999", 1_000_00, 7_80, 5_50, 80, 1_50),
        ("2014", "5411", 1_000_00, 3_80, 2_60, 40, 80),
        ("2014", "8062", 1_000_00, 0, 0, 0, 0),
        ("2014", "5511", 100_000_00, 80_00, 60_00, 10_00, 10_00),  # cars: 80 yuan at most, shared 60, 10, 10
        ("2014", "5192", 100_000_00, 26_00, 20_00, 2_50, 3_50),  # wholesale: 26 yuan, shared 20, 2.50, 3.50
        ("current", "5812", 1_000_00, 6_00, 3_17, 66, 2_17),  # 3.50 to the issuer, of which 0.33 to the network, which gets 0.33 more
        ("current", "5511", 100_000_00, 60_00, 9_75, 6_50, 43_75),  # 13.00 and twice 3.25 at most
        ("current", "5411", 1_000_00, 3_00, 3_17, 66, -83),  # the market's price does not cover the others' part
        ("current", "8211", 1_000_00, 0, 0, 0, 0),
    ],
)
def test_published_tariffs(rules: str, code: str, amount: int, fee: int, issuer: int, network: int, acquirer: int) -> None:
    assert shares(fee, [amount], tariff(rules, code)) == FeeShares(issuer, network, acquirer)


def test_each_sale_is_reckoned_and_rounded_by_itself() -> None:
    dining = tariff("2014", "5812")
    assert shares(13, [1_00] * 10, dining).issuer == 10, "0.9 fen of each yuan is a fen, ten times"
    assert shares(13, [10_00], dining).issuer == 9
