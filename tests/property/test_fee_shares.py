"""A merchant's fee and whose it is, for any sales and refunds and by both published tariffs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.acquiring.fee import Change, Rate
from tapwealth.acquiring.fee_share import FeeShares, shares
from tapwealth.flows.acquiring.card_fees import tariff

AMOUNT = st.integers(0, 10**9)
RATES = st.builds(Rate, st.integers(0, 50_000), st.integers(0, 100_00), st.integers(0, 10_00))
SETS, CODES = st.sampled_from(["2014", "current"]), st.sampled_from(["5812", "5511", "5999", "5192", "5411", "8062"])


@st.composite
def refunded(draw: st.DrawFn) -> list[Change]:
    """A sale and its refunds, one after the other."""
    amount = draw(AMOUNT)
    left = sorted(draw(st.lists(st.integers(0, amount), max_size=5)), reverse=True)
    return [Change(before, after) for before, after in zip((0, amount, *left), (amount, *left), strict=False)]


@given(st.lists(refunded(), max_size=5), RATES, SETS, CODES)
def test_the_parts_are_the_fee_of_what_is_left_of_a_sale_to_the_fen(sales: list[list[Change]], price: Rate, rules: str, code: str) -> None:
    by, left = tariff(rules, code), [changes[-1].after for changes in sales]
    whose = shares([change for changes in sales for change in changes], price, by)
    assert whose.fee == whose.issuer + whose.network + whose.acquirer == sum(price.of(amount) for amount in left)
    assert whose.issuer + whose.network == sum(by.issuer.of(amount) + by.network_of_acquirer.of(amount) for amount in left)
    assert whose == shares([Change(0, amount) for amount in left], price, by), "as if that had been sold"


@given(AMOUNT, st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_part_is_the_nearest_fen_within_its_minimum_and_cap_and_the_sale(amount: int, per_million: int, cap: int, minimum: int) -> None:
    whole = Rate(per_million).of(amount)
    assert -1_000_000 <= 2 * (amount * per_million - whole * 1_000_000) < 1_000_000, "halves go up"
    bounded = Rate(per_million, cap, minimum).of(amount)
    assert bounded == min(max(whole, minimum), cap or max(whole, minimum), amount)


PRICES_OF_2013 = {
    "5812": Rate(12_500), "5999": Rate(7_800), "5411": Rate(3_800),
    "8062": Rate(0), "5511": Rate(12_500, 80_00), "5192": Rate(7_800, 26_00),
}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "amount", "fee", "issuer", "network", "acquirer"),
    [
        ("5812", 100_00, 1_25, 90, 13, 22),
        ("5999", 1_000_00, 7_80, 5_50, 80, 1_50),
        ("5411", 1_000_00, 3_80, 2_60, 40, 80),
        ("8062", 1_000_00, 0, 0, 0, 0),
        ("5511", 100_000_00, 80_00, 60_00, 10_00, 10_00),  # cars: 80 yuan at most, shared 60, 10, 10
        ("5192", 100_000_00, 26_00, 20_00, 2_50, 3_50),  # wholesale: 26 yuan, shared 20, 2.50, 3.50
    ],
)
def test_the_published_prices_of_2013(code: str, amount: int, fee: int, issuer: int, network: int, acquirer: int) -> None:
    found = shares([Change(0, amount)], PRICES_OF_2013[code], tariff("2014", code))
    assert (found.fee, found) == (fee, FeeShares(issuer, network, acquirer))


@pytest.mark.parametrize(
    ("code", "amount", "price", "issuer", "network", "acquirer"),
    [
        ("5812", 1_000_00, Rate(6_000), 3_17, 66, 2_17),  # 3.50 to the issuer, of which 0.33 to the network, which gets 0.33 more
        ("5511", 100_000_00, Rate(6_000, 60_00), 9_75, 6_50, 43_75),  # 13.00 and twice 3.25 at most
        ("5411", 1_000_00, Rate(3_000), 3_17, 66, -83),  # the market's price does not cover the others' part
        ("8211", 1_000_00, Rate(), 0, 0, 0),
    ],
)
def test_the_published_tariff_of_2016(code: str, amount: int, price: Rate, issuer: int, network: int, acquirer: int) -> None:
    assert shares([Change(0, amount)], price, tariff("current", code)) == FeeShares(issuer, network, acquirer)


def test_each_sale_is_reckoned_rounded_and_capped_by_itself() -> None:
    dining, cars = tariff("2014", "5812"), tariff("2014", "5511")
    assert shares([Change(0, 1_00)] * 10, Rate(13_000), dining).issuer == 10, "0.9 fen of each yuan is a fen, ten times"
    assert shares([Change(0, 10_00)], Rate(13_000), dining).issuer == 9
    two = [Change(0, 10_000_00)] * 2
    assert shares(two, PRICES_OF_2013["5511"], cars) == FeeShares(120_00, 20_00, 20_00), "two cars, two caps: never one for the day"
    assert shares([Change(0, 1_00)] * 3, Rate(3_800, minimum=5), dining).fee == 15, "the minimum is each sale's"


def test_a_refund_gives_back_what_the_sale_no_longer_costs() -> None:
    car = PRICES_OF_2013["5511"]
    assert car.by(Change(10_000_00, 9_000_00)) == 0, "what is left still reaches the cap"
    assert car.by(Change(9_000_00, 1_000_00)) == -(80_00 - 12_50)
    assert car.by(Change(1_000_00, 0)) == -12_50
    assert Rate(3_800, minimum=10).by(Change(1_00, 50)) == 0, "the minimum stays while something is left"
