"""Redemptions that the registrar forces (142) of a fund with a NAV: their price and their fee are computed by us, as an order's are."""

from datetime import timedelta

import pytest
from bill_town import MONDAY, Person
from fund_town import OTHER, OWN, FundTown, Values, set_in
from msgspec import structs
from nav_town import CONDITIONS, NAV_FUND, holding_of, lots_of, quote, shelve_nav_fund

from tapwealth.flows.funds.purchase import PurchasePlaced
from tapwealth.funds.conditions import Conditions
from tapwealth.ledger.chart import Kind
from tapwealth.sandbox.registrar import started
from tapwealth.sandbox.registrar.folder import put
from tapwealth.sandbox.registrar.started import Forced
from tapwealth.wire.ofd import read_data_file

TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
PLAIN = structs.replace(CONDITIONS, purchase_fees=[])
"""Entering costs nothing; what is younger than seven days pays 1.5 %."""


async def forced_out(place: FundTown, units: int = 2_000_00, conditions: Conditions = PLAIN, nav: int = 1_1000) -> Person:
    """Somebody who bought 10,000.00 units of one yuan on Monday; on Wednesday morning the registrar has redeemed some, not taken yet."""
    await shelve_nav_fund(place, conditions)
    wang = await place.person("Wang", 60_000_00)
    (placed,) = await place.buy(place.order(wang, 10_000_00, fund=NAV_FUND))
    assert isinstance(placed, PurchasePlaced), placed
    quote(place, MONDAY, 1_0000)
    await place.next_day(MONDAY)
    quote(place, TUESDAY, nav)
    with place.registrar.store.tx() as tx:
        started.ask(tx, Forced("142", OWN, (await place.holder(wang)).trading_account, units, NAV_FUND))
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    return wang


async def test_a_forced_redemption_has_the_price_of_its_dealing_day_and_pays_the_fee_of_its_age(place: FundTown) -> None:
    """2,000.00 x 1.1000 = 2,200.00, of which 1.5 % are 33.00."""
    wang = await forced_out(place)
    await place.take()
    assert await place.said(WEDNESDAY) == []
    one = (await place.orders_of(wang))[-1]
    assert (one.business_code, one.confirmed_amount, one.nav, one.charge) == ("142", 2_167_00, 1_1000, 33_00)
    assert (await holding_of(place, wang), await lots_of(place, wang)) == (8_000_00, [(TUESDAY, 8_000_00)])
    assert await place.total(Kind.FUND_REDEMPTION_IN_TRANSIT) == 2_167_00
    async with place.house.database.read() as tx:
        assert [row["fee"] for row in await tx.fetch("select fee from fund_lot_use")] == [33_00]
    await place.all_books_balance()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"NAV": 1100, "ConfirmedAmount": 187_00}, "187.00 yuan at 0.1100 after a fee of 33.00"),
        ({"NAV": 1_0000, "ConfirmedAmount": 1_967_00}, "1,967.00 yuan at 1.0000 after a fee of 33.00"),
        ({"Charge": 66_00, "ConfirmedAmount": 2_134_00}, "2,134.00 yuan at 1.1000 after a fee of 66.00"),
        ({"Charge": 0, "ConfirmedAmount": 2_200_00}, "2,200.00 yuan at 1.1000 after a fee of 0.00"),
    ],
)
async def test_one_at_another_price_or_fee_is_named_though_its_figures_fit_each_other(place: FundTown, change: Values, said: str) -> None:
    """A point misplaced, the price of the day before, twice the fee, none: the registrar's word is posted, and both stand in a break."""
    wang = await forced_out(place)
    place.registrar.rewrite(WEDNESDAY, "04", set_in(0, **change))
    await place.take()
    (text,) = await place.said(WEDNESDAY)
    assert text.endswith(
        f"2,000.00 units are confirmed as {said}, we compute 2,167.00 yuan at 1.1000 after a fee of 33.00; ask the registrar"
    )
    assert (await holding_of(place, wang), await place.total(Kind.FUND_REDEMPTION_IN_TRANSIT)) == (8_000_00, change["ConfirmedAmount"])


async def test_one_that_is_worth_no_fen_takes_its_units_and_owes_nothing(place: FundTown) -> None:
    """A hundredth of a unit at 0.9960."""
    wang = await forced_out(place, units=1, nav=9_960)
    await place.take()
    assert await place.said(WEDNESDAY) == []
    assert (await holding_of(place, wang), await place.total(Kind.FUND_REDEMPTION_IN_TRANSIT)) == (9_999_99, 0)
    await place.all_books_balance()


@pytest.mark.parametrize("field", ["ConfirmedVol", "ConfirmedAmount"])
async def test_a_figure_that_no_movement_can_carry_makes_the_file_none(place: FundTown, field: str) -> None:
    wang = await forced_out(place)
    path = place.registrar.path(WEDNESDAY, "04")
    _, records = read_data_file(path.read_bytes(), path.name)
    number = f"{records[0][field]:016d}".encode()
    assert path.read_bytes().count(number) > 0
    put(path, path.read_bytes().replace(number, b"1000000000000001"))
    assert "T01/04" not in await place.take()
    (said,) = await place.said(WEDNESDAY)
    assert "'1000000000000001' is more than one movement can carry in field" in said
    assert await holding_of(place, wang) == 10_000_00


async def test_one_whose_price_is_not_in_waits_with_its_file(place: FundTown) -> None:
    wang = await forced_out(place)
    for channel in (OTHER, OWN):
        place.registrar.rewrite(WEDNESDAY, "07", lambda records: records[:1], channel)
    assert "T01/04" not in await place.take()
    assert any(f"the NAV (07) of {NAV_FUND} of {TUESDAY} is not in" in one for one in await place.said(WEDNESDAY))
    assert await holding_of(place, wang) == 10_000_00


async def test_one_of_a_fund_that_takes_two_days_has_the_price_of_two_dealing_days_before(place: FundTown) -> None:
    """Monday's purchase is confirmed on Wednesday, so that what is forced can go on Thursday alone: at Tuesday's price."""
    wang = await forced_out(place, conditions=structs.replace(PLAIN, confirmation_days=2))
    assert await holding_of(place, wang) == 0
    await place.take()
    assert await holding_of(place, wang) == 10_000_00
    quote(place, WEDNESDAY, 1_2000)
    await place.next_day(WEDNESDAY)
    one = (await place.orders_of(wang))[-1]
    assert (one.business_code, one.nav, one.confirmed_amount, one.charge) == ("142", 1_1000, 2_167_00, 33_00)
    assert await place.said(WEDNESDAY + timedelta(days=1)) == []
