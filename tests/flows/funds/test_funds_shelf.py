"""Several funds on one shelf: each has its own units in every book, its own caps, income and proof, and the first stays the first."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from bill_town import MONDAY
from fund_files import a_fund, decide, put_on_sale
from fund_town import CHANNELS, FUND, OTHER, OWN, REGISTRAR, FundTown, Values, bought, operator, set_in
from shelf import UNITS

from tapwealth.bank import store as bank
from tapwealth.catalogue.definition import Definition, Names, SaleWindow
from tapwealth.catalogue.version import ProductRefusal
from tapwealth.flows import proof
from tapwealth.flows.catalogue import products
from tapwealth.flows.catalogue.products import CloseProduct
from tapwealth.flows.funds import instant_redemption, redemption, units
from tapwealth.flows.funds.exchange_out import ADVANCER
from tapwealth.flows.funds.fund_conditions import FundShown, shelf
from tapwealth.flows.funds.pocket import pocket_of
from tapwealth.flows.funds.purchase import PurchasePlaced
from tapwealth.funds import quotation_store, store
from tapwealth.funds.conditions import CarryForward, Conditions
from tapwealth.funds.product import FundChannel
from tapwealth.funds.purchase import PurchaseRefusal
from tapwealth.funds.seven_day_yield import percent, simple_yield
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import CHART, Kind, house_account
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.sandbox.registrar.rates import rates

TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
SECOND, SECOND_UNITS = "000509", Asset(3)


def the_second(**more: Any) -> Definition:
    return a_fund(SECOND, "货币乙", "Second", CHANNELS, **{"custody_account": "0200000002", "registrar": REGISTRAR, **more})


async def shelve(place: FundTown, fund: Definition) -> Refusal | None:
    """Drafted by one, put on sale by the other."""
    return await put_on_sale(place.house, lambda login: operator(place, login), fund)


async def test_a_fund_on_the_shelf_has_its_house_accounts_in_every_book(place: FundTown) -> None:
    assert await shelve(place, the_second()) is None
    of_units = [row for row in CHART if row.units and not row.personal]
    books = range(place.house.books + 1)
    wanted = [NewAccount(book, row.kind, None, SECOND_UNITS, row.limit) for book in books for row in of_units]
    async with place.house.database.read() as tx:
        found = await place.house.ledger.find_accounts(tx, wanted)
        assert found == [house_account(one.book, one.kind, SECOND_UNITS) for one in wanted]
        assert await pocket_of(place.house, tx) == (UNITS, FUND)
        accounts = await store.accounts_by_id(tx, [(0, ADVANCER)])
    assert len(accounts) == 1, "the advancer has one account at the registrar"


async def test_holders_have_their_accounts_at_one_registrar(place: FundTown) -> None:
    refused = await shelve(place, the_second(registrar="H1"))
    assert refused is not None
    assert refused.code is ProductRefusal.EXISTS


async def test_a_channel_that_has_sold_a_fund_stays_named(place: FundTown) -> None:
    """Its holders redeem by its terms."""
    assert await shelve(place, the_second()) is None
    fewer = the_second()
    refused = await shelve(place, msgspec.structs.replace(fewer, channels={OWN: fewer.channels[OWN]}))
    assert refused is not None
    assert "bought it from 996; name every channel" in str(refused)


async def test_a_later_version_changes_what_is_sold_and_keeps_the_units(place: FundTown) -> None:
    assert await shelve(place, the_second()) is None
    channels = CHANNELS | {OWN: FundChannel(True, 7_00, 0, 0)}
    later = msgspec.structs.replace(
        the_second(cut_off_hour=14, custody_account="0200000009"), channels=channels, name=Names("货币丙", "Third")
    )
    assert await shelve(place, later) is None
    async with place.house.database.read() as tx:
        fund, channel = (await store.funds(tx))[SECOND], (await store.channels(tx))[OWN, SECOND]
    assert (fund.name_en, fund.cut_off_hour, fund.custody_account, fund.version, fund.asset) == ("Third", 14, "0200000009", 2, SECOND_UNITS)
    assert (channel.minimum_purchase, channel.holding_cap) == (7_00, 0)


async def test_a_closed_fund_is_bought_no_more_and_redeemed_as_before(place: FundTown) -> None:
    wang = await bought(place)
    await place.take()
    close = CloseProduct(FUND, 1, "replaced by another one")
    assert not isinstance(await products.close(place.house, operator(place, "pm.zhou"), close), Refusal)
    refused = await place.buy_one(wang, 10_000)
    assert isinstance(refused, Refusal)
    assert refused.code is PurchaseRefusal.NOT_SOLD_NOW
    redeemed = await redemption.redeem(place.house, place.envelope(wang), redemption.RedeemFund(FUND, 1_000))
    assert not isinstance(redeemed, Refusal), redeemed


async def test_a_fund_is_bought_within_its_sale_window(place: FundTown) -> None:
    window = SaleWindow(shanghai(TUESDAY, 9), shanghai(WEDNESDAY, 9))
    assert await shelve(place, msgspec.structs.replace(the_second(), sale=window)) is None
    wang = await place.person("Wang", 10_000_000)
    said = []
    for at in (shanghai(MONDAY, 14), shanghai(TUESDAY, 9), shanghai(WEDNESDAY, 9)):
        await place.clock(at)
        (answer,) = await place.buy(place.order(wang, 10_000, at, fund=SECOND))
        said.append(answer.code if isinstance(answer, Refusal) else "placed")
    assert said == [PurchaseRefusal.NOT_SOLD_NOW, "placed", PurchaseRefusal.NOT_SOLD_NOW]


async def test_each_fund_has_units_income_and_proof_of_its_own(place: FundTown) -> None:
    """The sandbox's registrar keeps one fund: its answers about the other one are written in by hand."""
    assert await shelve(place, the_second()) is None
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


async def conditions_are(place: FundTown, conditions: Conditions) -> Refusal | None:
    return await decide(place.house, lambda login: operator(place, login), FUND, conditions)


async def shown(place: FundTown) -> FundShown:
    async with place.house.database.read() as tx:
        return (await shelf(tx))[0]


async def test_the_last_conditions_stand_and_every_version_stays(place: FundTown) -> None:
    first = await shown(place)
    assert (first.code, first.version, first.conditions, first.status) == (FUND, 1, Conditions(), "open")
    assert [one.code for one in first.channels] == ["996", "T01"]
    for version, least in enumerate((500, 300), 2):
        assert await conditions_are(place, Conditions(minimum_redemption=least)) is None
        assert ((await shown(place)).version, (await shown(place)).conditions.minimum_redemption) == (version, least)
    async with place.house.database.read() as tx:
        assert await tx.fetchval("select count(*) from fund_conditions") == 3


async def test_the_least_of_a_redemption_and_of_what_is_left(place: FundTown) -> None:
    wang = await bought(place)
    await place.take()
    assert await conditions_are(place, Conditions(minimum_redemption=1_000, minimum_holding=2_000)) is None

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
    assert await conditions_are(place, Conditions(carry_forward=way, minimum_holding=1)) is None
    await place.take()
    async with place.house.database.read() as tx:
        found = [(one.text, one.accounted) for one in await bank.breaks(tx, TUESDAY) if one.kind == "yield_differs"]
    ours = percent(simple_yield([rates()[day].income_per_10k for day in (*known, MONDAY)]))
    text = f"OFD_H0_996_20140225_07.TXT: the yield of 2014-02-24 is {percent(rates()[MONDAY].seven_day_yield)} %"
    assert found == ([(f"{text}, its seven days give {ours} %; ask the registrar", True)] if differs else [])
