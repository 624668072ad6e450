"""Laws of a campaign's grants over random holders and days. Beside each law a planted defect that it finds."""

import doctest
from collections.abc import Callable, Mapping
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.funds import campaign as rule
from tapwealth.funds.campaign import DAYS_OF_YEAR, RATE_SCALE, Campaign, Standing, grants

Grants = Callable[[Campaign, Mapping[str, Standing], int], dict[str, int]]
NAMES = [f"{number:017d}" for number in range(6)]


@st.composite
def campaigns(draw: st.DrawFn) -> Campaign:
    cap = draw(st.integers(1, 10_000))
    total = draw(st.integers(cap, 30_000))
    rate = draw(st.integers(1, RATE_SCALE))
    return Campaign("SPRING", "000198", "", "", "", "", date(2014, 3, 1), date(2014, 5, 31), rate, cap, total, UUID(int=1))


DAYS = st.lists(st.dictionaries(st.sampled_from(NAMES), st.integers(0, 10**9), min_size=1), min_size=1, max_size=8)
"""Units by holder, day by day."""
COULD = st.integers(0, 40_000)


def wrong(campaign: Campaign, days: list[dict[str, int]], paid_in: int, granting: Grants) -> str | None:
    """What is wrong with how a campaign of so much money grants over days."""
    standing: dict[str, Standing] = {}
    left = min(paid_in, campaign.total_cap)
    for units in days:
        standing = {name: standing.get(name, Standing()).after(units.get(name, 0)) for name in {*standing, *units}}
        given = granting(campaign, standing, left)
        if granting(campaign, dict(reversed(standing.items())), left) != given:
            return "the order of the holders matters"
        if any(amount <= 0 for amount in given.values()) or sum(given.values()) > left:
            return "more is granted than there is, or nothing is"
        standing = {name: Standing(one.unit_days, one.granted + given.get(name, 0)) for name, one in standing.items()}
        left -= sum(given.values())
        if any(one.granted > campaign.holder_cap for one in standing.values()):
            return "a holder has more than a holder may"
        due = {
            name: min(campaign.rate * one.unit_days // (RATE_SCALE * DAYS_OF_YEAR), campaign.holder_cap) for name, one in standing.items()
        }
        if any(one.granted > due[name] for name, one in standing.items()):
            return "a holder has more than was earned"
        if left and any(one.granted < due[name] for name, one in standing.items()):
            return "a holder waits while money is left"
    return None


@given(campaigns(), DAYS, COULD)
def test_a_campaign_grants_what_was_earned_and_passes_no_cap(campaign: Campaign, days: list[dict[str, int]], paid_in: int) -> None:
    assert wrong(campaign, days, paid_in, grants) is None


@given(campaigns(), st.dictionaries(st.sampled_from(NAMES), st.integers(1, 10**9), min_size=2), COULD)
def test_who_held_the_same_is_granted_the_same_but_for_a_fen(campaign: Campaign, units: dict[str, int], could: int) -> None:
    same = {name: Standing(max(units.values())) for name in units}
    given = grants(campaign, same, could)
    assert max(given.get(name, 0) for name in same) - min(given.get(name, 0) for name in same) <= 1


@given(campaigns(), st.lists(st.integers(0, 10**8), min_size=1, max_size=20))
def test_small_units_lose_nothing_by_being_reckoned_day_by_day(campaign: Campaign, days: list[int]) -> None:
    one = Standing()
    for units in days:
        one = one.after(units)
        one = Standing(one.unit_days, one.granted + grants(campaign, {"a": one}, 10**9).get("a", 0))
    assert one.granted == min(campaign.rate * sum(days) // (RATE_SCALE * DAYS_OF_YEAR), campaign.holder_cap)


def without_the_cap(campaign: Campaign, holders: Mapping[str, Standing], could: int) -> dict[str, int]:
    """The planted defect: the holder's cap is each day's."""
    fresh = {name: Standing(one.unit_days, 0) for name, one in holders.items()}
    return grants(campaign, fresh, could)


def first_come(campaign: Campaign, holders: Mapping[str, Standing], could: int) -> dict[str, int]:
    """The planted defect: what is short goes to whom is looked at first."""
    given = {}
    for name, one in holders.items():
        amount = grants(campaign, {name: one}, could).get(name, 0)
        given |= {name: amount} if amount else {}
        could -= amount
    return given


def overdrawn(campaign: Campaign, holders: Mapping[str, Standing], could: int) -> dict[str, int]:
    """The planted defect: the last fen is granted twice."""
    return grants(campaign, holders, could + 1)


@pytest.mark.parametrize(
    ("defect", "paid_in", "found"),
    [
        (without_the_cap, 4_000, "a holder has more"),
        (first_come, 1_400, "the order of the holders"),
        (overdrawn, 1_400, "more is granted than there is"),
    ],
)
def test_planted_defects_are_found(defect: Grants, paid_in: int, found: str) -> None:
    campaign = Campaign("SPRING", "000198", "", "", "", "", date(2014, 3, 1), date(2014, 5, 31), 100_000, 1_000, 5_000, UUID(int=1))
    days = [{NAMES[0]: 3_000_000, NAMES[1]: 2_000_000}, {NAMES[0]: 3_000_000, NAMES[1]: 2_000_000}] * 2
    what = wrong(campaign, days, paid_in, defect)
    assert what is not None
    assert what.startswith(found)


def test_the_doctest() -> None:
    assert doctest.testmod(rule).failed == 0
