"""Several funds on one shelf: each has its own units in every book, its own caps, income and proof, and the first stays the first."""

from datetime import timedelta
from typing import Any

import pytest
from bill_town import MONDAY
from fund_town import CHANNELS, FUND, OTHER, OWN, REGISTRAR, FundTown, Values, bought, operator, set_in
from shelf import UNITS

from tapwealth.bank import store as bank
from tapwealth.flows import proof, setup
from tapwealth.flows.funds import instant_redemption, redemption, units
from tapwealth.flows.funds.exchange_out import ADVANCER
from tapwealth.flows.funds.fund_conditions import ConditionsRefusal, FundShown, ProposeFundConditions, shelf
from tapwealth.flows.funds.pocket import pocket_of
from tapwealth.flows.funds.purchase import PurchasePlaced
from tapwealth.funds import quotation_store, store
from tapwealth.funds.conditions import CarryForward, Conditions, FundKind
from tapwealth.funds.seven_day_yield import percent, simple_yield
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.ledger.chart import CHART, Kind, house_account
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.sandbox.registrar.rates import rates

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


# ---- conditions


async def decide(place: FundTown, conditions: Conditions, fund: str = FUND, key: str = "") -> Refusal | None:
    """Drafted by the product manager, approved by the other."""
    draft = ProposeFundConditions(fund=fund, **{name: getattr(conditions, name) for name in conditions.__struct_fields__})
    proposed = await setup.propose(place.house, operator(place, "pm.zhou", f"draft {key}"), draft)
    if isinstance(proposed, Refusal):
        return proposed
    approve = operator(place, "ops.chen", f"yes {key}")
    approved = await setup.approve(place.house, approve, setup.Approve(proposed.proposal))
    return approved if isinstance(approved, Refusal) else None


async def shown(place: FundTown) -> FundShown:
    async with place.house.database.read() as tx:
        return (await shelf(tx))[0]


async def test_the_last_conditions_stand_and_every_version_stays(place: FundTown) -> None:
    first = await shown(place)
    assert (first.code, first.version, first.conditions, first.status) == (FUND, 0, Conditions(), "open")
    assert [one.code for one in first.channels] == ["996", "T01"]
    for version, least in enumerate((500, 300), 1):
        assert await decide(place, Conditions(minimum_redemption=least), key=str(version)) is None
        assert ((await shown(place)).version, (await shown(place)).conditions.minimum_redemption) == (version, least)
    async with place.house.database.read() as tx:
        assert await tx.fetchval("select count(*) from fund_conditions") == 2


async def test_nobody_approves_the_conditions_that_they_drafted(place: FundTown) -> None:
    draft = ProposeFundConditions(fund=FUND, share_class="A")
    by_operations = await setup.propose(place.house, operator(place, "ops.chen", "not mine to draft"), draft)
    assert isinstance(by_operations, Refusal)
    proposed = await setup.propose(place.house, operator(place, "pm.zhou", "draft"), draft)
    assert not isinstance(proposed, Refusal)
    own = await setup.approve(place.house, operator(place, "pm.zhou", "yes"), setup.Approve(proposed.proposal))
    assert isinstance(own, Refusal)
    assert (await shown(place)).version == 0


async def test_a_fund_that_was_ordered_stays_what_it_is(place: FundTown) -> None:
    await place.buy_one(await place.person("Wang", 100_000), 10_000)
    refused = await decide(place, Conditions(FundKind.NAV))
    assert refused is not None
    assert refused.code is ConditionsRefusal.KIND_STANDS


async def test_the_least_of_a_redemption_and_of_what_is_left(place: FundTown) -> None:
    wang = await bought(place)
    await place.take()
    assert await decide(place, Conditions(minimum_redemption=1_000, minimum_holding=2_000)) is None

    async def redeemed(units: int) -> str:
        answer = await redemption.redeem(place.house, place.envelope(wang), redemption.RedeemFund(FUND, units))
        return answer.code.name if isinstance(answer, Refusal) else "placed"

    assert [await redeemed(units) for units in (999, 8_001, 5_000, 3_001, 3_000, 999, 2_000)] == [
        "BELOW_LEAST_REDEMPTION", "BELOW_LEAST_HOLDING", "placed", "BELOW_LEAST_HOLDING", "placed", "BELOW_LEAST_REDEMPTION", "placed",
    ], "what was asked back before is not left"  # fmt: skip


# ---- the registrar's status


async def test_what_the_status_does_not_allow_is_refused_in_words(place: FundTown) -> None:
    wang = await bought(place)
    for channel in (OWN, OTHER):
        place.registrar.rewrite(TUESDAY, "07", set_in(0, FundStatus="4"), channel)
    await place.take()
    assert ((await shown(place)).status, (await shown(place)).status_zh) == ("stopped", "暂停交易")
    no = await place.buy_one(wang, 10_000)
    assert isinstance(no, Refusal)
    assert (no.code.name, no.text) == (
        "NOT_SOLD_NOW", "000198 is stopped by its manager by its registrar's word; buy it when it is open again, or another one",
    )  # fmt: skip
    ordinary = await redemption.redeem(place.house, place.envelope(wang), redemption.RedeemFund(FUND, 100))
    at_once = await instant_redemption.redeem(place.house, place.envelope(wang), instant_redemption.RedeemInstantly(FUND, 100))
    assert [one.code.name for one in (ordinary, at_once) if isinstance(one, Refusal)] == ["NOT_REDEEMED_NOW", "NOT_REDEEMED_NOW"]


async def test_a_status_that_is_none_is_a_break_and_changes_nothing(place: FundTown) -> None:
    wang = await bought(place)
    place.registrar.rewrite(TUESDAY, "07", set_in(0, FundStatus="Z"))
    await place.take()
    assert await place.said(TUESDAY) == ["OFD_H0_T01_20140225_07.TXT gives 000198 the status 'Z', which is none; ask the registrar"]
    assert isinstance(await place.buy_one(wang, 10_000), PurchasePlaced)


@pytest.mark.parametrize(("way", "differs"), [(CarryForward.DAILY, False), (CarryForward.MONTHLY, True)])
async def test_a_yield_that_does_not_follow_from_the_last_seven_quotations_is_named(
    place: FundTown, way: CarryForward, differs: bool
) -> None:
    """The real history compounds: taken for a fund that carries forward monthly, its yield is another one."""
    await bought(place)
    known = [MONDAY - timedelta(days=number) for number in range(1, 7)]
    rows = [quotation_store.QuotationRow(FUND, day, rates()[day].income_per_10k, rates()[day].seven_day_yield, 0, 0, 0) for day in known]
    async with place.house.database.transaction() as tx:
        await quotation_store.add_quotations(tx, rows, place.biller.now)
    assert await decide(place, Conditions(carry_forward=way)) is None
    await place.take()
    async with place.house.database.read() as tx:
        found = [(one.text, one.accounted) for one in await bank.breaks(tx, TUESDAY) if one.kind == "yield_differs"]
    ours = percent(simple_yield([rates()[day].income_per_10k for day in (*known, MONDAY)]))
    text = f"OFD_H0_996_20140225_07.TXT: the yield of 2014-02-24 is {percent(rates()[MONDAY].seven_day_yield)} %"
    assert found == ([(f"{text}, its seven days give {ours} %; ask the registrar", True)] if differs else [])
