"""Several funds on one shelf: each has its own units in every book, its own caps, income and proof, and the first stays the first."""

from datetime import timedelta
from typing import Any

import pytest
from bill_town import MONDAY
from fund_town import CHANNELS, FUND, REGISTRAR, FundTown, Values, operator
from shelf import UNITS

from tapwealth.flows import proof, setup, units
from tapwealth.flows.exchange_out import ADVANCER
from tapwealth.flows.pocket import pocket_of
from tapwealth.flows.purchase import PurchasePlaced
from tapwealth.funds import store
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.ledger.chart import CHART, Kind, house_account
from tapwealth.ledger.port import Limit, NewAccount

TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
SECOND, SECOND_UNITS = "000509", Asset(7)


def a_fund(**more: Any) -> setup.ProposeFund:
    fields = {
        "code": SECOND, "asset": int(SECOND_UNITS), "name": "货币乙", "name_en": "Second", "registrar": REGISTRAR, "risk_level": 1,
        "custody_account": "0200000002", "channels": CHANNELS,
    }  # fmt: skip
    return setup.ProposeFund(**{**fields, **more})


async def shelve(place: FundTown, fund: setup.ProposeFund) -> Refusal | None:
    """Proposed by one, approved by the other."""
    proposed = await setup.propose(place.house, operator(place, "pm.zhou", f"propose {fund.code}"), fund)
    if isinstance(proposed, Refusal):
        return proposed
    approve = setup.Approve(proposed.proposal)
    approved = await setup.approve(place.house, operator(place, "ops.chen", f"approve {fund.code}"), approve)
    return approved if isinstance(approved, Refusal) else None


async def test_a_fund_on_the_shelf_has_its_house_accounts_in_every_book(place: FundTown) -> None:
    assert await shelve(place, a_fund()) is None
    of_units = [row for row in CHART if row.units and not row.personal]
    books = range(place.house.books + 1)
    wanted = [NewAccount(book, row.kind, None, SECOND_UNITS, row.limit) for book in books for row in of_units]
    async with place.house.database.read() as tx:
        found = await place.house.ledger.find_accounts(tx, wanted)
        assert found == [house_account(one.book, one.kind, SECOND_UNITS) for one in wanted]
        assert await pocket_of(place.house, tx) == (UNITS, FUND)
        accounts = await store.accounts_by_id(tx, [(0, ADVANCER)])
    assert len(accounts) == 1, "the advancer has one account at the registrar"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"code": FUND}, setup.SetupRefusal.EXISTS),
        ({"asset": int(UNITS)}, setup.SetupRefusal.EXISTS),
        ({"registrar": "H1"}, setup.SetupRefusal.OTHER_REGISTRAR),
    ],
)
async def test_what_the_shelf_refuses(place: FundTown, more: dict[str, Any], code: setup.SetupRefusal) -> None:
    refused = await shelve(place, a_fund(**more))
    assert refused is not None
    assert refused.code is code


@pytest.mark.parametrize("number", [0, 1, 2**15])
async def test_a_number_that_the_ledger_cannot_keep_is_no_units(place: FundTown, number: int) -> None:
    with pytest.raises(BadInput, match=f"no units of number {number}.*from 2 to 32767"):
        await shelve(place, a_fund(asset=number))


async def test_each_fund_has_units_income_and_proof_of_its_own(place: FundTown) -> None:
    """The sandbox's registrar keeps one fund: its answers about the other one are written in by hand."""
    assert await shelve(place, a_fund()) is None
    wang = await place.person("Wang", 10_000_000)
    placed = await place.buy(place.order(wang, 10_000), place.order(wang, 5_000, fund=SECOND))
    assert all(isinstance(one, PurchasePlaced) for one in placed), placed
    await place.end(MONDAY)
    await place.registrar_works(TUESDAY)

    def confirmed(records: list[Values]) -> None:
        known = max(one["TAAccountID"] for one in records)
        for one in records:
            amount = one["ApplicationAmount"]
            one.update(ReturnCode="0000", ErrorDetail="", TAAccountID=known, ConfirmedVol=amount, ConfirmedAmount=amount)

    def also(amount: int, *names: str) -> Any:
        """The same of the second fund, with another figure under those names."""
        return lambda records: [*records, *({**one, "FundCode": SECOND, **dict.fromkeys(names, amount)} for one in records)]

    place.registrar.rewrite(TUESDAY, "04", confirmed)
    await place.take()
    wanted = [NewAccount(wang.book, Kind.HOLDING, wang.id, asset, Limit.DEBITS_WITHIN_CREDITS) for asset in (UNITS, SECOND_UNITS)]
    async with place.house.database.read() as tx:
        first, second = await place.house.ledger.find_accounts(tx, wanted)
    assert first is not None
    assert second is not None
    assert [(await place.owed(one))[0] for one in (first, second)] == [10_000, 5_000]
    assert await place.bank_executes(TUESDAY) == ["CUS-T01-000198-20140225", "CUS-T01-000509-20140225"]

    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    place.registrar.rewrite(TUESDAY, "05", lambda records: [one for one in records if one["TotalVolOfDistributorInTA"]])
    place.registrar.rewrite(TUESDAY, "05", also(5_000, "AvailableVol", "TotalVolOfDistributorInTA"))
    place.registrar.rewrite(WEDNESDAY, "07", also(1, "FundDayIncome"))
    place.registrar.rewrite(WEDNESDAY, "06", also(1, "VolOfDividendforReinvestment", "ConfirmedAmount"))
    await place.take()
    assert [(await place.owed(one))[0] for one in (first, second)] == [10_002, 5_001]
    assert await place.said(WEDNESDAY) == []
    assert (await units.prove_units(place.house, TUESDAY)).wrong == []
    assert (await proof.prove_books(place.house, WEDNESDAY)).figures["000509 fund holding"] == 5_001
