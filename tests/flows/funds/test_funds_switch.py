"""Out of one fund into another of the same registrar: by both prices, with both fees, in one entry, and checked by our own arithmetic."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, Person
from fund_town import CHANNELS, FUND, OWN, FundTown, Values, bought, set_in
from msgspec import structs
from nav_town import CONDITIONS, NAV_FUND, holding_of, lots_of, quote, shelve_nav_fund

from tapwealth.customers import store as customers
from tapwealth.flows.frame import moment
from tapwealth.flows.funds import purchase, redemption, switch, units
from tapwealth.flows.funds.ordered import ordered_by
from tapwealth.flows.funds.purchase import PurchasePlaced, Spread
from tapwealth.flows.funds.redemption import CancelOrder
from tapwealth.flows.funds.switch import SwitchFund, SwitchPlaced
from tapwealth.flows.reports import standing
from tapwealth.flows.reports.statement import statement_of
from tapwealth.flows.v1 import store as v1_store
from tapwealth.flows.v1.reading import _order
from tapwealth.flows.v1.shapes import yuan
from tapwealth.funds import store as funds
from tapwealth.funds.conditions import Discount, PurchaseFee
from tapwealth.funds.product import FundChannel
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import Refusal

TUESDAY, WEDNESDAY, THURSDAY = (MONDAY + timedelta(days=n) for n in range(1, 4))
BONDS, BOND_UNITS = "110007", Asset(4)
CHEAPER = structs.replace(CONDITIONS, purchase_fees=[PurchaseFee(0, 8_000)])
"""0.8 % outside, of which ours take a tenth too."""


async def switches(place: FundTown, person: Person, out: str, into: str, asked: int) -> SwitchPlaced | Refusal:
    return await switch.switch(place.house, place.envelope(person), SwitchFund(out, into, asked))


async def placed(place: FundTown, person: Person, out: str, into: str, asked: int) -> SwitchPlaced:
    answer = await switches(place, person, out, into, asked)
    assert isinstance(answer, SwitchPlaced), answer
    return answer


async def holder(place: FundTown) -> Person:
    """Somebody with 10,000.00 units of the money fund, on Tuesday morning; two funds with a NAV are on the shelf."""
    await shelve_nav_fund(place)
    await shelve_nav_fund(place, CHEAPER, BONDS, BOND_UNITS)
    wang = await bought(place, 10_000_00)
    await place.take()
    return wang


async def into_shares(place: FundTown) -> Person:
    """5,000.00 of them went into the fund of shares at 1.2500, confirmed on Wednesday morning: 5,000.00 / 1.0015 / 1.25 = 3,994.008."""
    wang = await holder(place)
    await placed(place, wang, FUND, NAV_FUND, 5_000_00)
    quote(place, TUESDAY, 1_2500)
    await place.next_day(TUESDAY)
    assert await place.said(WEDNESDAY) == []
    return wang


async def held(place: FundTown, person: Person) -> tuple[int, int, int]:
    """Units of the money fund (without what Tuesday earned), of shares, of bonds."""
    return (
        (await place.units(person))[0] // 100_00 * 100_00,
        await holding_of(place, person),
        await holding_of(place, person, BOND_UNITS),
    )


async def test_money_goes_into_shares_and_shares_into_bonds(place: FundTown) -> None:
    """A day old, 1.5 % of 3,000.00 x 1.3 = 3,900.00 are 58.50; entering the bonds costs nothing more, since the shares cost more."""
    wang = await into_shares(place)
    (wallet,) = await place.owed(wang.wallet)
    assert await held(place, wang) == (5_000_00, 3_994_00, 0)
    one = (await place.orders_of(wang))[-1]
    assert (one.state, one.nav, one.charge, one.confirmed_amount, one.target_units) == ("confirmed", 1_0000, 7_49, 5_000_00, 3_994_00)
    await placed(place, wang, NAV_FUND, BONDS, 3_000_00)
    quote(place, WEDNESDAY, 1_3000)
    quote(place, WEDNESDAY, 1_1000, BONDS)
    await place.next_day(WEDNESDAY)
    assert await place.said(THURSDAY) == []
    assert await held(place, wang) == (5_000_00, 994_00, 3_492_27), "3,841.50 / 1.1 = 3,492.2727"
    assert (await lots_of(place, wang), await lots_of(place, wang, BONDS)) == ([(WEDNESDAY, 994_00)], [(THURSDAY, 3_492_27)])
    assert await place.owed(wang.wallet) == [wallet], "no money is on the way"
    await place.next_day(THURSDAY)
    for day in (TUESDAY, WEDNESDAY, THURSDAY):
        assert (await units.prove_units(place.house, day)).wrong == []
    await place.all_books_balance()


async def test_what_the_new_fund_costs_more_is_paid_on_entering(place: FundTown) -> None:
    """Bonds 0.08 %, shares 0.15 %: of 3,841.50 those are 3.07 and 5.75; the fee of the bonds' age is 1.5 %, of 3,900.00."""
    wang = await holder(place)
    await placed(place, wang, FUND, BONDS, 3_300_00)
    quote(place, TUESDAY, 1_0000, BONDS)
    await place.next_day(TUESDAY)
    await placed(place, wang, BONDS, NAV_FUND, 3_000_00)
    quote(place, WEDNESDAY, 1_3000, BONDS)
    quote(place, WEDNESDAY, 1_2500)
    await place.next_day(WEDNESDAY)
    assert await place.said(THURSDAY) == []
    one = (await place.orders_of(wang))[-1]
    assert (one.charge, one.confirmed_amount, one.target_units) == (58_50 + 2_68, 3_841_50, 3_071_05), "3,838.82 / 1.25 = 3,071.056"


async def test_shares_go_back_into_the_money_fund(place: FundTown) -> None:
    wang = await into_shares(place)
    await placed(place, wang, NAV_FUND, FUND, 1_000_00)
    quote(place, WEDNESDAY, 1_3000)
    await place.next_day(WEDNESDAY)
    assert await place.said(THURSDAY) == []
    assert (await place.orders_of(wang))[-1].target_units == 1_280_50, "1,300.00 less 1.5 %"
    assert await lots_of(place, wang) == [(WEDNESDAY, 2_994_00)]


async def test_a_statement_and_me_show_the_units_of_every_fund(place: FundTown) -> None:
    """Each with a balance of its own; the money fund's income of Tuesday names its day."""
    wang = await into_shares(place)
    await place.next_day(WEDNESDAY)
    async with place.house.database.read() as tx:
        row = (await customers.persons(tx, [(wang.book, wang.id)]))[wang.id]
        shown, me = await statement_of(place.house, tx, row), await standing.me(place.house, tx, wang.book, wang.id)
    lines = [(one.fund, one.text_en, one.amount, one.balance) for one in shown.statement if one.account == "holding"]
    assert lines == [
        (FUND, "Units confirmed · Tianhong Yu'E Bao", 10_000_00, 10_000_00), (FUND, "Income of 02-25", 1_60, 10_001_60),
        (FUND, "Switched · Tianhong Yu'E Bao → Consumption", -5_000_00, 5_001_60),
        (NAV_FUND, "Switched · Tianhong Yu'E Bao → Consumption", 3_994_00, 3_994_00),
        (FUND, "Income of 02-26", 80, 5_002_40),
    ]  # fmt: skip
    assert [(one.fund, one.units, one.nav) for one in shown.funds] == [(NAV_FUND, 3_994_00, 1_2500)]
    assert {(one.account, one.fund) for one in shown.statement} == {("wallet", ""), ("holding", FUND), ("holding", NAV_FUND)}
    assert (me.funds, me.holding) == (shown.funds, shown.holding)


# ---- what the registrar answers


def _halves(records: list[Values]) -> list[Values]:
    """As 138 and 137, as some registrars do."""
    (one,) = records
    out = {**one, "BusinessCode": "138", "CodeOfTargetFund": "", "CfmVolOfTargetFund": 0, "TargetNAV": 0, "RecuperateFee": 0}
    into = {
        **out, "BusinessCode": "137", "FundCode": one["CodeOfTargetFund"], "ConfirmedVol": one["CfmVolOfTargetFund"],
        "NAV": one["TargetNAV"], "Charge": one["RecuperateFee"], "TASerialNO": "20140226999999999999",
    }  # fmt: skip
    return [into, out]


async def test_two_halves_of_an_answer_are_one(place: FundTown) -> None:
    wang = await holder(place)
    await placed(place, wang, FUND, NAV_FUND, 5_000_00)
    quote(place, TUESDAY, 1_2500)
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    place.registrar.rewrite(WEDNESDAY, "04", _halves)
    await place.take()
    assert await place.said(WEDNESDAY) == []
    assert await held(place, wang) == (5_000_00, 3_994_00, 0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda records: _halves(records)[:1], "has business code 036, the confirmation 137"),
        (set_in(0, CodeOfTargetFund=BONDS), f"goes into fund {NAV_FUND}, the confirmation into {BONDS}"),
        (set_in(0, CfmVolOfTargetFund=0), f"is confirmed without a unit of {NAV_FUND}"),
        (set_in(0, TargetNAV=0), "is confirmed without the NAVs of both funds"),
        (set_in(0, ConfirmedVol=5_000_01), "asked for 5,000.00, confirmed are 5,000.01"),
    ],
)
async def test_what_cannot_be_an_answer_moves_nothing(place: FundTown, change: Any, said: str) -> None:
    wang = await holder(place)
    await placed(place, wang, FUND, NAV_FUND, 5_000_00)
    quote(place, TUESDAY, 1_2500)
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    place.registrar.rewrite(WEDNESDAY, "04", change)
    await place.take()
    (text,) = await place.said(WEDNESDAY)
    assert text.endswith(said)
    assert (await held(place, wang), (await place.orders_of(wang))[-1].state) == ((10_000_00, 0, 0), "sent")


@pytest.mark.parametrize("change", [{"CfmVolOfTargetFund": 3_994_01}, {"RecuperateFee": 7_48}, {"TargetNAV": 1_2501}, {"Charge": 1}])
async def test_a_switch_that_we_compute_otherwise_is_a_break_and_the_registrars_word_stands(place: FundTown, change: Values) -> None:
    wang = await holder(place)
    await placed(place, wang, FUND, NAV_FUND, 5_000_00)
    quote(place, TUESDAY, 1_2500)
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    place.registrar.rewrite(WEDNESDAY, "04", set_in(0, **change))
    await place.take()
    (text,) = await place.said(WEDNESDAY)
    ours = "we compute 5,000.00 yuan at 1.0000 after a fee of 0.00, and 3,994.00 units at 1.2500 with a fee of 7.49; ask the registrar"
    assert text.endswith(ours)
    said = change.get("CfmVolOfTargetFund", 3_994_00)
    assert (await holding_of(place, wang), await lots_of(place, wang)) == (said, [(WEDNESDAY, said)])


async def test_a_refused_switch_leaves_the_units_and_says_so(place: FundTown) -> None:
    wang = await holder(place)
    await placed(place, wang, FUND, NAV_FUND, 10_000_00)
    quote(place, TUESDAY, 1_2500)
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    refuses = {"ReturnCode": "9006", "ConfirmedVol": 0, "ConfirmedAmount": 0, "CfmVolOfTargetFund": 0}
    place.registrar.rewrite(WEDNESDAY, "04", set_in(0, **refuses))
    await place.take()
    assert await place.said(WEDNESDAY) == []
    assert (await place.must_know(wang))[0] == "登记机构未受理您 10,000.00 份的基金转换（9006），份额仍在您的账户，可再次转换或赎回。"
    await placed(place, wang, FUND, NAV_FUND, 10_000_00)


# ---- what stands against it


async def test_what_is_switched_is_set_aside_and_can_be_had_back_before_the_cut_off(place: FundTown) -> None:
    wang = await holder(place)
    one = await placed(place, wang, FUND, NAV_FUND, 10_000_00)
    again = await switches(place, wang, FUND, NAV_FUND, 1_00)
    assert isinstance(again, Refusal)
    assert again.code.name == "NOT_ENOUGH_UNITS"
    command = CancelOrder(UUID(one.order.removeprefix("ord_")))
    back = await redemption.cancel(place.house, place.envelope(wang), command)
    assert not isinstance(back, Refusal)
    assert back.units == 10_000_00
    await placed(place, wang, FUND, NAV_FUND, 10_000_00)
    await place.all_books_balance()


@pytest.mark.parametrize(
    ("out", "into", "asked", "code"),
    [
        (FUND, FUND, 1_00, "SAME_FUND"),
        (FUND, "000999", 1_00, "UNKNOWN_FUND"),
        ("000999", FUND, 1_00, "UNKNOWN_FUND"),
        (FUND, NAV_FUND, 10_000_01, "NOT_ENOUGH_UNITS"),
        (FUND, NAV_FUND, 99, "BELOW_MINIMUM"),
        (NAV_FUND, FUND, 1_00, "NOT_ENOUGH_UNITS"),
    ],
)
async def test_what_stands_against_either_side_stands_against_a_switch(place: FundTown, out: str, into: str, asked: int, code: str) -> None:
    wang = await holder(place)
    before = (await place.lines(), await place.orders_of(wang))
    no = await switches(place, wang, out, into, asked)
    assert isinstance(no, Refusal)
    assert no.code.name == code
    assert (await place.lines(), await place.orders_of(wang)) == before


async def test_switches_under_way_count_against_the_caps_of_the_fund_they_go_into(place: FundTown) -> None:
    """At most 6,000.00 a dealing day and 9,000.00 in all; units on their way count at the last NAV, those that came at what they are."""
    await shelve_nav_fund(place, channels=CHANNELS | {OWN: FundChannel(True, 1_00, 6_000_00, 9_000_00)})
    wang = await bought(place, 10_000_00)
    await place.take()
    await placed(place, wang, FUND, NAV_FUND, 4_000_00)
    async with place.house.database.transaction() as tx:
        asked = Spread(place.envelope(wang), [NAV_FUND], 5_000_00, 1_00)
        ((part,),) = await purchase.spread(place.house, tx, await moment(tx), [asked])
    assert part.command.amount == 2_000_00, "a sweep sees what is left"
    no = await switches(place, wang, FUND, NAV_FUND, 2_000_01)
    assert isinstance(no, Refusal)
    assert no.text == "that would be 6,000.01 yuan for one dealing day; at most 6,000.00 is possible"
    (no,) = await place.buy(place.order(wang, 2_000_01, fund=NAV_FUND))
    assert isinstance(no, Refusal)
    assert no.code.name == "ABOVE_DAY_CAP"
    await placed(place, wang, FUND, NAV_FUND, 2_000_00)
    quote(place, TUESDAY, 1_0000)
    await place.end(TUESDAY)
    no = await switches(place, wang, FUND, NAV_FUND, 3_000_01)
    assert isinstance(no, Refusal), "6,000.00 of the day before are not answered yet"
    assert no.text == "you would hold 9,000.01 yuan; at most 9,000.00 is possible"
    (no,) = await place.buy(place.order(wang, 3_000_01, fund=NAV_FUND))
    assert isinstance(no, Refusal)
    assert no.code.name == "ABOVE_HOLDING_CAP"
    await place.morning(WEDNESDAY)
    assert await holding_of(place, wang) == 5_991_01, "4,000.00 and 2,000.00, each less 0.15 %"
    (yes,) = await place.buy(place.order(wang, 3_008_99, fund=NAV_FUND))
    assert isinstance(yes, PurchasePlaced), yes


async def test_a_switch_that_was_answered_counts_for_its_dealing_day_at_what_it_brought(place: FundTown) -> None:
    """A thousand units of shares were worth 1,300.00 when they went, and brought 1,280.50."""
    wang = await into_shares(place)
    await placed(place, wang, NAV_FUND, FUND, 1_000_00)
    person = [(wang.book, wang.id)]
    async with place.house.database.read() as tx:
        before = (await ordered_by(tx, person, WEDNESDAY, await funds.funds(tx)))[wang.id, FUND]
    assert (before.under_way, before.by_day) == (1_250_00, {WEDNESDAY: 1_250_00}), "at the last NAV"
    quote(place, WEDNESDAY, 1_3000)
    await place.next_day(WEDNESDAY)
    async with place.house.database.read() as tx:
        after = (await ordered_by(tx, person, WEDNESDAY, await funds.funds(tx)))[wang.id, FUND]
        later = (await ordered_by(tx, person, THURSDAY, await funds.funds(tx)))[wang.id, FUND]
    assert (after.under_way, after.by_day) == (0, {WEDNESDAY: 1_280_50})
    assert (later.under_way, later.by_day) == (0, {})


def test_the_dearer_fund_is_the_shares() -> None:
    """What the worked examples above rest on."""
    assert CHEAPER.discounts == CONDITIONS.discounts == [Discount("T01", 100_000)]
    assert CHEAPER.purchase_fees[0].rate < CONDITIONS.purchase_fees[0].rate


async def test_a_clients_list_shows_what_a_switch_became(place: FundTown) -> None:
    wang = await into_shares(place)
    async with place.house.database.read() as tx:
        line = (await v1_store.orders(tx, wang.book, wang.id, None, None, 1))[0]
    shown = _order(wang.id, line)
    assert (shown.type, shown.fund, shown.units, shown.target_fund, shown.target_units) == ("switch", FUND, "5000.00", NAV_FUND, "3994.00")
    assert (shown.nav, shown.fee, shown.state) == ("1.0000", yuan(7_49), "confirmed")
