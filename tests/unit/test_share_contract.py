"""The contract by which revenue is shared: to the fen, by date, and readable or refused with its line."""

from datetime import date
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.acquiring.share_contract import Party, Revenue, Settled, contract_on, read_contracts
from tapwealth.kernel.refusal import BadInput

SHIPPED = files("tapwealth.acquiring").joinpath("data/share_contracts.csv").read_text("utf-8")
WEEK = date(2014, 2, 24)


@given(st.sampled_from(Revenue), st.integers(-(10**12), 10**12))
def test_the_parties_shares_are_the_revenue_to_the_fen_also_of_a_loss(revenue: Revenue, amount: int) -> None:
    contract = contract_on(WEEK)
    assert contract is not None
    whose = contract.split(revenue, amount)
    assert sum(whose.values()) == amount
    assert contract.split(revenue, -amount) == {party: -share for party, share in whose.items()}
    assert abs(whose[Party.BANK] * 1_000_000 - amount * contract.per_million[revenue, Party.BANK]) <= 500_000, "the nearest fen"


def test_the_contract_of_the_date_holds_and_none_before_the_first() -> None:
    parts = [(one.effective_from, one.per_million[Revenue.ISSUER, Party.BANK]) for one in map(contract_on, (WEEK, date(2014, 7, 1))) if one]
    assert parts == [(date(2013, 1, 1), 700_000), (date(2014, 7, 1), 650_000)]
    assert contract_on(date(2014, 6, 30)) == contract_on(WEEK)
    assert contract_on(date(2012, 12, 31)) is None


def test_a_month_is_settled_on_its_last_day_and_a_day_every_day() -> None:
    assert [day for day in range(24, 29) if Settled.MONTHLY.is_due(date(2014, 2, day))] == [28]
    assert Settled.MONTHLY.is_due(date(2014, 12, 31))
    assert Settled.DAILY.is_due(WEEK)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("per_million", "percent", "line 1: wrong header"),
        ("issuer,bank,700000", "issuer,bank,700001", "the issuer's revenue are not the whole"),
        ("issuer,bank,700000", "issuer,bank,x", "line 2: "),
        ("issuer,bank,700000", "network,bank,700000", "line 2: 'network' is not a valid Revenue"),
        ("acquirer,bank,500000,monthly", "acquirer,bank,500000,daily", "to one account"),
        ("acquirer,bank,500000", "issuer,bank,500000", "shared once by each party"),
        ("2013-01-01,issuer,bank", "2013-02-30,issuer,bank", "line 2: "),
        (",0200000010,", ",,", "line 2: not every field"),
    ],
)
def test_a_contract_that_cannot_be_is_refused_with_its_place(old: str, new: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_contracts(SHIPPED.replace(old, new, 1), "contracts")
