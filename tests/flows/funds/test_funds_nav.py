"""A fund with a price of its own: bought with a fee, redeemed by age, each figure the registrar's and checked by our own arithmetic."""

from dataclasses import replace
from datetime import date, timedelta
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, Person
from fund_town import CHANNELS, OTHER, OWN, FundTown, Values, accounts, order, orders, set_in
from httpx import ASGITransport, AsyncClient
from msgspec import structs
from nav_town import CONDITIONS, NAV_FUND, agreed, decided, holding_of, lots_of, quote, shelve_nav_fund
from starlette.applications import Starlette

from tapwealth.customers import store as customers
from tapwealth.flows.funds import instant_redemption, redemption, units
from tapwealth.flows.funds.purchase import PurchasePlaced
from tapwealth.flows.funds.quotation_lists import ProposeHeldQuotation
from tapwealth.flows.funds.redemption import RedeemFund, RedemptionPlaced
from tapwealth.flows.reports.customers import customer_view, customer_views
from tapwealth.flows.reports.holdings import HoldingShown
from tapwealth.funds import lots_store, returns_store
from tapwealth.funds.conditions import DividendMethod
from tapwealth.funds.lots_store import LotRow, LotUse
from tapwealth.funds.nav import Rounding
from tapwealth.funds.orders_store import OrderRow
from tapwealth.funds.product import FundChannel
from tapwealth.funds.returns import Step
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import derived
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.web.pages import pages
from tapwealth.wire.ofd import read_data_file, write_data_file

TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (MONDAY + timedelta(days=n) for n in range(1, 5))


async def buys(place: FundTown, person: Person, amount: int) -> None:
    (placed,) = await place.buy(place.order(person, amount, fund=NAV_FUND))
    assert isinstance(placed, PurchasePlaced), placed


async def redeems(place: FundTown, person: Person, asked: int) -> None:
    placed = await redemption.redeem(place.house, place.envelope(person), RedeemFund(NAV_FUND, asked))
    assert isinstance(placed, RedemptionPlaced), placed


async def last_order(place: FundTown, person: Person) -> OrderRow:
    return (await place.orders_of(person))[-1]


async def buyer(place: FundTown, amount: int = 10_000_00, nav: int = 1_3337) -> Person:
    """Somebody who has bought on Monday, whose price the registrar knows."""
    wang = await place.person("Wang", 60_000_00)
    await buys(place, wang, amount)
    quote(place, MONDAY, nav)
    return wang


async def holder(place: FundTown, amount: int = 10_000_00, nav: int = 1_3337) -> Person:
    """Whose purchase of Monday is confirmed, on Tuesday morning."""
    wang = await buyer(place, amount, nav)
    await place.next_day(MONDAY)
    return wang


async def answered(place: FundTown) -> Person:
    """Whose purchase of Monday the registrar has answered; the answer is not taken yet."""
    wang = await buyer(place)
    await works(place, MONDAY)
    return wang


async def works(place: FundTown, day: date) -> None:
    """The date ends and the registrar answers it; nothing of that is taken yet."""
    await place.end(day)
    await place.registrar_works(day + timedelta(days=1))


async def proved(place: FundTown, day: date) -> list[str]:
    return (await units.prove_units(place.house, day)).wrong


# ---- the straight way


async def test_a_purchase_pays_its_fee_first_and_gets_units_at_the_price_of_its_day(place: FundTown) -> None:
    """10,000.00 / 1.0015 = 9,985.02; / 1.3337 = 7,486.7061."""
    await shelve_nav_fund(place)
    wang = await holder(place)
    assert await place.said(TUESDAY) == []
    assert (await holding_of(place, wang), await lots_of(place, wang)) == (7_486_70, [(TUESDAY, 7_486_70)])
    one = await last_order(place, wang)
    assert (one.state, one.nav, one.charge, one.confirmed_amount, one.confirmed_units) == ("confirmed", 1_3337, 14_98, 10_000_00, 7_486_70)
    assert await place.owed(wang.wallet) == [50_000_00], "the fee stands within what was paid"
    assert await place.bank_executes(TUESDAY) == [f"CUS-T01-{NAV_FUND}-20140225"]
    await place.next_day(TUESDAY)
    assert await proved(place, TUESDAY) == []
    await place.all_books_balance()


async def test_the_oldest_units_go_first_and_each_pays_for_its_age(place: FundTown) -> None:
    """Nine days old on the Thursday of the week after: 0.5 %; bought on Wednesday: 1.5 %."""
    await shelve_nav_fund(place)
    wang = await holder(place)
    day = TUESDAY
    while day < WEDNESDAY + timedelta(days=7):
        await place.next_day(day)
        day += timedelta(days=1)
    await buys(place, wang, 5_000_00)
    quote(place, day, 1_4000)
    await place.next_day(day)
    bought_on = day + timedelta(days=1)
    assert await lots_of(place, wang) == [(TUESDAY, 7_486_70), (bought_on, 3_566_07)], "5,000.00 / 1.0015 / 1.4 = 3,566.0797"
    (wallet,) = await place.owed(wang.wallet)
    await redeems(place, wang, 8_000_00)
    quote(place, bought_on, 1_5000)
    await place.next_day(bought_on)
    # 7,486.70 x 1.5 x 0.5 % = 56.15, 513.30 x 1.5 x 1.5 % = 11.55; 8,000.00 x 1.5 = 12,000.00
    one = await last_order(place, wang)
    assert (one.state, one.nav, one.charge, one.confirmed_amount) == ("confirmed", 1_5000, 67_70, 11_932_30)
    assert await lots_of(place, wang) == [(bought_on, 3_052_77)]
    assert await place.said(bought_on + timedelta(days=1)) == []
    await place.end(bought_on + timedelta(days=1))
    paid = place.registrar.payments()[-1]
    await place.clock(shanghai(bought_on + timedelta(days=2), 10))
    await place.receipt(paid["amount"], paid["end_to_end_id"], paid["text"], paid["to"])
    await place.bank_executes(bought_on + timedelta(days=2))
    assert await place.owed(wang.wallet) == [wallet + 11_932_30]
    assert (await last_order(place, wang)).state == "paid"
    assert await proved(place, bought_on) == []
    await place.all_books_balance()


async def test_two_redemptions_of_one_day_take_one_after_the_other(place: FundTown) -> None:
    """The second one goes on where the first one has stopped, and what is bought the same day stays untouched."""
    await shelve_nav_fund(place, structs.replace(CONDITIONS, purchase_fees=[]))
    wang = await holder(place, nav=1_0000)
    await buys(place, wang, 5_000_00)
    quote(place, TUESDAY, 1_0000)
    await place.next_day(TUESDAY)
    for asked in (8_000_00, 3_000_00):
        await redeems(place, wang, asked)
    await buys(place, wang, 1_000_00)
    quote(place, WEDNESDAY, 1_0000)
    await place.next_day(WEDNESDAY)
    assert await place.said(THURSDAY) == []
    assert await lots_of(place, wang) == [(WEDNESDAY, 4_000_00), (THURSDAY, 1_000_00)]
    assert await holding_of(place, wang) == 5_000_00


@pytest.mark.parametrize(("rounding", "bought", "brought"), [(Rounding.CUT_OFF, 7_487_26, 1_33), (Rounding.HALF_UP, 7_487_27, 1_34)])
async def test_what_the_third_decimal_becomes_is_the_funds_to_say(place: FundTown, rounding: Rounding, bought: int, brought: int) -> None:
    """9,985.02 / 1.3336 = 7,487.2676; one unit of 1.3351 yuan, without a fee, is 1.3351."""
    await shelve_nav_fund(place, structs.replace(CONDITIONS, rounding=rounding, redemption_fees=[]))
    wang = await holder(place, nav=1_3336)
    assert await place.said(TUESDAY) == []
    assert await holding_of(place, wang) == bought
    await redeems(place, wang, 1_00)
    quote(place, TUESDAY, 1_3351)
    await place.next_day(TUESDAY)
    assert (await last_order(place, wang)).confirmed_amount == brought
    assert await place.said(WEDNESDAY) == []


async def test_a_fund_that_takes_two_days_is_confirmed_two_dealing_days_later_at_its_own_days_price(place: FundTown) -> None:
    await shelve_nav_fund(place, structs.replace(CONDITIONS, confirmation_days=2))
    wang = await holder(place)
    assert (await last_order(place, wang)).state == "sent"
    quote(place, TUESDAY, 1_5000)
    await place.next_day(TUESDAY)
    one = await last_order(place, wang)
    assert (one.state, one.nav, one.confirmed_on) == ("confirmed", 1_3337, WEDNESDAY)
    assert await place.said(WEDNESDAY) == []


async def test_another_channel_buys_it_too(place: FundTown) -> None:
    """Without a discount: 10,000.00 / 1.015 = 9,852.22; / 1.3337 = 7,387.1335."""
    await shelve_nav_fund(place)
    await place.hand_in(accounts([1]))
    await place.receipt(10_000_00)
    assert await place.hand_in(orders([order(1, 10_000_00, fund_code=NAV_FUND)])) is None
    quote(place, MONDAY, 1_3337)
    await place.next_day(MONDAY)
    assert await place.said(TUESDAY) == []
    async with place.house.database.read() as tx:
        assert [(row["units"], row["confirmed_on"]) for row in await tx.fetch("select * from fund_lot")] == [(7_387_13, TUESDAY)]


@pytest.mark.parametrize("units", [1, -1])
async def test_lots_that_are_not_what_is_held_are_named(place: FundTown, units: int) -> None:
    """The planted defect: a hundredth of a unit came without a lot, or a lot without a unit."""
    await shelve_nav_fund(place)
    wang = await holder(place)
    await place.next_day(TUESDAY)
    assert await proved(place, TUESDAY) == []
    one = await last_order(place, wang)
    extra = LotRow(wang.book, UUID(int=7), wang.id, NAV_FUND, TUESDAY, 9, 1, one.id, TUESDAY)
    use = LotUse(wang.book, derived(one.id, "lot"), one.id, wang.id, NAV_FUND, 1, 0, TUESDAY)
    async with place.house.database.transaction() as tx:
        await lots_store.add_lots(tx, [extra] if units > 0 else [])
        await lots_store.use_lots(tx, [use] if units < 0 else [])
    (said,) = await proved(place, TUESDAY)
    assert f"7,486.70 units of {NAV_FUND} are held, their lots come to {'7,486.71' if units > 0 else '7,486.69'};" in said


async def test_a_holder_sees_units_last_price_and_worth(place: FundTown) -> None:
    """On Wednesday morning Tuesday's price is known: 7,486.70 x 1.4000 = 10,481.38."""
    await shelve_nav_fund(place)
    wang = await holder(place)
    await redeems(place, wang, 1_000_00)
    quote(place, TUESDAY, 1_4000)
    await works(place, TUESDAY)
    place.registrar.rewrite(WEDNESDAY, "04", lambda records: records.clear())
    await place.take()
    async with place.house.database.read() as tx:
        row = (await customers.persons(tx, [(wang.book, wang.id)]))[wang.id]
        view = await customer_view(place.house, tx, row, 1)
        (number,) = [one.person for one in await customer_views(place.house, tx) if one.funds]
    names = (f"消费行业{NAV_FUND}", "Consumption")
    assert view.funds == [HoldingShown(NAV_FUND, *names, 7_486_70, 1_000_00, 1_4000, TUESDAY, 10_481_38, DividendMethod.REINVEST)]
    assert view.wealth == 50_000_00 + 10_481_38
    async with AsyncClient(transport=ASGITransport(Starlette(routes=pages(place.house))), base_url="http://tapwealth") as browser:
        page, in_english = [unescape((await browser.get(f"{path}?customer={number}")).text) for path in ("/", "/en")]
    assert all(
        one in page for one in (names[0], "10,481.38", "7,486.70 份", "其中冻结 1,000.00 份", "单位净值 1.4000", "分红方式 红利再投资")
    )
    assert all(one in in_english for one in (names[1], "7,486.70 units", "NAV 1.4000", "Dividends reinvested"))


# ---- what the registrar says otherwise


@pytest.mark.parametrize(
    ("change", "said", "held"),
    [
        ({"ConfirmedVol": 7_486_71}, "7,486.71 units at 1.3337 with a fee of 14.98 yuan", 7_486_71),
        ({"Charge": 14_97}, "7,486.70 units at 1.3337 with a fee of 14.97 yuan", 7_486_70),
        ({"NAV": 1_3338}, "7,486.70 units at 1.3338 with a fee of 14.98 yuan", 7_486_70),
    ],
)
async def test_a_purchase_that_we_compute_otherwise_is_a_break_and_the_registrars_word_stands(
    place: FundTown, change: Values, said: str, held: int
) -> None:
    await shelve_nav_fund(place)
    wang = await answered(place)
    place.registrar.rewrite(TUESDAY, "04", set_in(0, **change))
    await place.take()
    serial = (await last_order(place, wang)).serial
    assert await place.said(TUESDAY) == [
        f"OFD_H0_T01_20140225_04.TXT: order {serial} of 10,000.00 yuan is confirmed as {said}, we compute 7,486.70 units at 1.3337 with a"
        " fee of 14.98; ask the registrar"
    ]
    assert (await holding_of(place, wang), await lots_of(place, wang)) == (held, [(TUESDAY, held)])


@pytest.mark.parametrize("change", [{"ConfirmedAmount": 9_849_51}, {"Charge": 150_01}, {"NAV": 1_0001}])
async def test_a_redemption_that_we_compute_otherwise_is_a_break_and_the_registrars_word_is_due(place: FundTown, change: Values) -> None:
    """Ten thousand units of one yuan, a day old: 150.00 of a fee."""
    await shelve_nav_fund(place, structs.replace(CONDITIONS, purchase_fees=[]))
    wang = await holder(place, nav=1_0000)
    await redeems(place, wang, 10_000_00)
    quote(place, TUESDAY, 1_0000)
    await works(place, TUESDAY)
    place.registrar.rewrite(WEDNESDAY, "04", set_in(0, **change))
    await place.take()
    (said,) = await place.said(WEDNESDAY)
    assert said.endswith("we compute 9,850.00 yuan at 1.0000 after a fee of 150.00; ask the registrar")
    assert await place.total(Kind.FUND_REDEMPTION_IN_TRANSIT) == change.get("ConfirmedAmount", 9_850_00)
    assert await lots_of(place, wang) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ConfirmedAmount": 10_000_01}, "asked for 10,000.00, confirmed are 10,000.01"),
        ({"ConfirmedVol": 0}, "is confirmed without a unit"),
        ({"NAV": 0}, "is confirmed without a NAV"),
    ],
)
async def test_what_cannot_be_an_answer_moves_nothing(place: FundTown, change: Values, said: str) -> None:
    await shelve_nav_fund(place)
    wang = await answered(place)
    place.registrar.rewrite(TUESDAY, "04", set_in(0, **change))
    await place.take()
    (text,) = await place.said(TUESDAY)
    assert text.endswith(said)
    assert (await holding_of(place, wang), await lots_of(place, wang), (await last_order(place, wang)).state) == (0, [], "sent")


async def test_confirmations_wait_for_a_price_that_is_not_known(place: FundTown) -> None:
    """Nothing is posted that cannot be checked; when the price has come, the same file is taken."""
    await shelve_nav_fund(place)
    wang = await answered(place)
    for channel in (OTHER, OWN):
        place.registrar.rewrite(TUESDAY, "07", lambda records: records[:1], channel)
    await place.take()
    assert await place.said(TUESDAY) == [
        f"OFD_H0_T01_20140225_04.TXT: the NAV (07) of {NAV_FUND} of 2014-02-24 is not in; ask the registrar for it, or decide on it if it"
        " waits for a second pair of eyes"
    ]
    assert ((await last_order(place, wang)).state, await holding_of(place, wang)) == ("sent", 0)


async def test_confirmations_wait_for_a_price_that_the_gate_holds(place: FundTown) -> None:
    """1.5000 after 1.3337: nothing is dealt in at it before two operators let it stand; then the same file is taken."""
    await shelve_nav_fund(place, structs.replace(CONDITIONS, deviation_gate=1_000))
    wang = await holder(place)
    await redeems(place, wang, 1_000_00)
    quote(place, TUESDAY, 1_5000)
    await place.next_day(TUESDAY)
    assert (await last_order(place, wang)).state == "sent"
    assert any("waits for a second pair of eyes" in one for one in await place.said(WEDNESDAY))
    await agreed(place, ProposeHeldQuotation(NAV_FUND, TUESDAY, "1.5000", stands=True), by="ops.sun")
    assert await place.take() == ["T01/04"]
    one = await last_order(place, wang)
    assert (one.state, one.nav, one.confirmed_amount) == ("confirmed", 1_5000, 1_477_50)
    assert not any("_04.TXT" in one for one in await place.said(WEDNESDAY))


async def test_what_follows_from_a_file_that_waits_for_its_price_waits_behind_it(place: FundTown) -> None:
    """Wednesday's confirmations wait for Tuesday's price. Thursday's would take lots that are not there yet, and the holdings of both
    days speak of units that we do not know; accounts and prices go on, and so does the other channel."""
    await shelve_nav_fund(place, structs.replace(CONDITIONS, deviation_gate=1_000, redemption_fees=[]))
    wang = await holder(place)
    await buys(place, wang, 10_000_00)
    quote(place, TUESDAY, 1_5000)
    assert [one for one in await place.next_day(TUESDAY) if one.startswith("T01")] == ["T01/05", "T01/07", "T01/06"], "of Tuesday"
    await redeems(place, wang, 7_486_70)
    quote(place, WEDNESDAY, 1_5001)
    taken = await place.next_day(WEDNESDAY)
    assert [one for one in taken if one.startswith("T01")] == ["T01/07"]
    assert "996/05" in taken
    said = await place.said(THURSDAY)
    waits = "OFD_H0_T01_20140227_04.TXT waits for OFD_H0_T01_20140226_04.TXT, whose price is not in: what it means follows from that one"
    assert waits in said
    assert (await holding_of(place, wang), [one.state for one in await place.orders_of(wang)][1:]) == (7_486_70, ["sent", "sent"])
    for day, nav in ((TUESDAY, "1.5000"), (WEDNESDAY, "1.5001")):
        await agreed(place, ProposeHeldQuotation(NAV_FUND, day, nav, stands=True), by="ops.sun")
    assert await place.take() == ["T01/04", "T01/05", "T01/04", "T01/06"]
    assert await lots_of(place, wang) == [(WEDNESDAY, 6_656_68)], "the oldest went: 9,985.02 / 1.5 = 6,656.68"
    assert [one for one in await place.said(THURSDAY) if "_04" in one or "_05" in one or "_06" in one] == []
    assert await proved(place, WEDNESDAY) == []


# ---- what stands against an order


async def test_units_count_at_their_last_price_against_the_cap_of_a_holding(place: FundTown) -> None:
    """7,486.70 units of 1.3337 are 9,985.01 yuan."""
    await shelve_nav_fund(place, channels=CHANNELS | {OWN: FundChannel(True, 1_00, 0, 15_000_00)})
    wang = await holder(place)
    (no,) = await place.buy(place.order(wang, 5_015_00, fund=NAV_FUND))
    assert isinstance(no, Refusal)
    assert no.text == "you would hold 15,000.01 yuan; at most 15,000.00 is possible"
    (yes,) = await place.buy(place.order(wang, 5_014_99, fund=NAV_FUND))
    assert isinstance(yes, PurchasePlaced)


async def test_the_least_of_a_redemption_is_in_units(place: FundTown) -> None:
    await shelve_nav_fund(place, structs.replace(CONDITIONS, minimum_redemption=100_00))
    wang = await holder(place)
    no = await redemption.redeem(place.house, place.envelope(wang), RedeemFund(NAV_FUND, 99_99))
    assert isinstance(no, Refusal)
    assert no.code.name == "BELOW_LEAST_REDEMPTION"
    at_once = await instant_redemption.redeem(place.house, place.envelope(wang), instant_redemption.RedeemInstantly(NAV_FUND, 100_00))
    assert isinstance(at_once, Refusal)
    assert at_once.code.name == "NOT_A_MONEY_FUND"


async def test_the_conditions_of_the_dealing_day_hold_for_what_is_confirmed_later(place: FundTown) -> None:
    """Between order and confirmation the discount ends here; what was ordered before keeps it."""
    await shelve_nav_fund(place)
    await answered(place)
    await decided(place, structs.replace(CONDITIONS, discounts=[]))
    await place.take()
    assert await place.said(TUESDAY) == []


# ---- a large-redemption day


async def test_each_part_of_a_redemption_gets_the_price_of_its_own_day(place: FundTown) -> None:
    await shelve_nav_fund(place, structs.replace(CONDITIONS, redemption_fees=[]))
    wang = await holder(place, nav=1_0000)
    await redeems(place, wang, 9_000_00)
    quote(place, TUESDAY, 1_1000)
    await works(place, TUESDAY)
    part = {"ConfirmedVol": 1_000_00, "ConfirmedAmount": 1_100_00, "BusinessFinishFlag": "0"}
    place.registrar.rewrite(WEDNESDAY, "04", set_in(0, **part))
    told: list[Values] = place.registrar.values(WEDNESDAY, "04")
    await place.take()
    assert (await place.said(WEDNESDAY), (await last_order(place, wang)).state) == ([], "deferred")
    quote(place, WEDNESDAY, 1_2000)
    await works(place, WEDNESDAY)
    rest = {"ConfirmedVol": 8_000_00, "ConfirmedAmount": 9_600_00, "BusinessFinishFlag": "1", "NAV": 1_2000}
    _answer_again(place, THURSDAY, told, rest)
    await place.take()
    assert await place.said(THURSDAY) == []
    one = await last_order(place, wang)
    assert (one.state, one.confirmed_amount, one.confirmed_units, one.nav) == ("confirmed", 10_700_00, 9_000_00, 1_2000)
    assert await lots_of(place, wang) == [(TUESDAY, 985_02)]
    async with place.house.database.read() as tx:
        steps = (await returns_store.steps_of(tx, wang.book, wang.id))[NAV_FUND]
    assert steps == {
        TUESDAY: Step(10_000_00, 0, 9_985_02), WEDNESDAY: Step(0, 1_100_00, -1_000_00), THURSDAY: Step(0, 9_600_00, -8_000_00)
    }, "money and units of a part stand under one date"  # fmt: skip
    await place.all_books_balance()


async def test_what_goes_on_untouched_gets_the_price_of_the_day_it_is_redeemed_on(place: FundTown) -> None:
    """Nothing is taken of it on the first day; it is deferred all the same."""
    await shelve_nav_fund(place, structs.replace(CONDITIONS, redemption_fees=[]))
    wang = await holder(place, nav=1_0000)
    await redeems(place, wang, 9_000_00)
    quote(place, TUESDAY, 1_1000)
    await works(place, TUESDAY)
    place.registrar.rewrite(WEDNESDAY, "04", set_in(0, ConfirmedVol=0, ConfirmedAmount=0, BusinessFinishFlag="0"))
    told: list[Values] = place.registrar.values(WEDNESDAY, "04")
    await place.take()
    assert (await place.said(WEDNESDAY), (await last_order(place, wang)).state) == ([], "deferred")
    quote(place, WEDNESDAY, 1_2000)
    await works(place, WEDNESDAY)
    whole = {"ConfirmedVol": 9_000_00, "ConfirmedAmount": 10_800_00, "BusinessFinishFlag": "1", "NAV": 1_2000}
    _answer_again(place, THURSDAY, told, whole)
    await place.take()
    assert await place.said(THURSDAY) == []
    one = await last_order(place, wang)
    assert (one.state, one.confirmed_amount, one.nav) == ("confirmed", 10_800_00, 1_2000)


def _answer_again(place: FundTown, day: date, told: list[Values], change: dict[str, Any]) -> None:
    """The registrar's 04 of a later day, with the same order again."""
    before = place.registrar.path(day - timedelta(days=1), "04")
    header, _ = read_data_file(before.read_bytes(), before.name)
    records = [{**one, **change, "TransactionCfmDate": f"{day:%Y%m%d}", "TASerialNO": "2"} for one in told]
    place.registrar.leave(place.registrar.path(day, "04").name, write_data_file(replace(header, day=day), records))
