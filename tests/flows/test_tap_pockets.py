"""Several funds behind one pocket at the till: the customer's order, linked holds of all that pay, and one transfer for each fund."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from bill_town import MONDAY, Person, town
from card_town import CardTown, Phone, card_town
from shelf import MONEY_FUND, UNITS, put_on_the_shelf

from tapwealth.flows.clearing import captures as clearing
from tapwealth.flows.funds import exchange_out, pocket
from tapwealth.flows.funds.pocket import OrderPockets, PocketsView
from tapwealth.flows.issuing.tap import HELD_FOR
from tapwealth.funds import conditions_store, orders_store
from tapwealth.funds.conditions import Conditions, FundKind, FundStatus
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.wire.iso8583.requests import TransactionKind

K = TransactionKind
FIRST, SECOND, THIRD = MONEY_FUND.code, "000343", "000509"
OTHERS = {SECOND: Asset(7), THIRD: Asset(8)}
LINE = 900_00


@dataclass
class Till:
    """A shop, and Wang with an empty wallet, 100.00 units of the first fund and 60.00 of the second."""

    host: CardTown
    wang: Person
    phone: Phone
    holdings: list[int]

    async def choose(self, *funds: str) -> PocketsView | Refusal:
        return await pocket.order(self.host.place.house, self.host.place.envelope(self.wang), OrderPockets(list(funds)))

    async def view(self) -> PocketsView:
        async with self.host.place.house.database.read() as tx:
            return await pocket.shown(self.host.place.house, tx, self.wang.book, self.wang.id)

    async def pays(self, amount: int, /, **changes: Any) -> tuple[Any, str]:
        """A tap, and which funds pay how much of it."""
        sale, code = await self.host.tap(self.phone, amount, **changes)
        assert code == "00"
        return sale, (await self.host.row(sale)).fund_parts

    async def free(self) -> list[int]:
        """Units of the first and of the second fund, and the line of the book."""
        return await self.host.free(*self.holdings, house_account(self.wang.book, Kind.ADVANCE_PAYABLE, Asset.CNY))

    async def untouched(self) -> None:
        assert await self.free() == [100_00, 60_00, LINE // 3]
        await self.host.place.all_books_balance()

    async def state_of(self, fund: str, status: FundStatus, day: int = 0) -> None:
        async with self.host.place.house.database.transaction() as tx:
            await conditions_store.add_statuses(tx, MONDAY + timedelta(days=day), {fund: status}, self.host.place.biller.now)


@pytest.fixture
async def till(new_database: Callable[[], str], tmp_path: Path) -> AsyncIterator[Till]:
    async with town(new_database(), tmp_path) as place:
        host = await card_town(place)
        async with place.house.database.transaction() as tx:
            for code, asset in OTHERS.items():
                await put_on_the_shelf(place.house, tx, replace(MONEY_FUND, code=code, asset=asset))
        wang = await place.person("Wang", 0)
        holdings = [await host.give_units(wang, 100_00), await host.give_units(wang, 60_00, OTHERS[SECOND])]
        await host.open_line(LINE)
        yield Till(host, wang, await host.tireless_phone(wang), holdings)


# ---- the order


async def test_who_has_chosen_nothing_pays_from_the_first_fund_on_the_shelf_alone(till: Till) -> None:
    assert (await till.view()).chosen is False
    assert [one.fund for one in (await till.view()).funds] == [FIRST]
    assert (await till.pays(30_00))[1] == f"{FIRST}:3000"
    assert (await till.host.tap(till.phone, 80_00))[1] == "51", "the second fund is not behind the pocket"


async def test_the_first_fund_in_the_order_that_covers_it_pays_alone(till: Till) -> None:
    await till.choose(SECOND, FIRST)
    assert (await till.pays(50_00))[1] == f"{SECOND}:5000"
    assert (await till.pays(50_00))[1] == f"{FIRST}:5000", "10.00 are left of the second"


async def test_what_no_fund_covers_alone_several_pay_in_order_all_or_nothing(till: Till) -> None:
    await till.choose(SECOND, FIRST)
    sale, parts = await till.pays(130_00)
    assert parts == f"{SECOND}:6000 {FIRST}:7000"
    assert await till.free() == [30_00, 0, LINE // 3 - 130_00]
    assert (await till.host.tap(till.phone, 30_01))[1] == "51"
    assert await till.free() == [30_00, 0, LINE // 3 - 130_00], "of what is declined nothing is held"
    await till.host.reverse(till.host.reversal(sale))
    await till.untouched()


async def test_taps_of_one_batch_draw_on_the_same_funds(till: Till) -> None:
    await till.choose(SECOND, FIRST)
    sales = [till.host.sale(till.phone, amount) for amount in (55_00, 70_00, 40_00, 35_00)]
    assert [one.response_code for one in await till.host.authorise(*sales)] == ["00", "00", "51", "00"]
    rows = [await till.host.row(sale) for sale in sales]
    assert [row.fund_parts for row in rows] == [f"{SECOND}:5500", f"{FIRST}:7000", "", f"{SECOND}:500 {FIRST}:3000"]
    assert await till.free() == [0, 0, LINE // 3 - 160_00]


async def test_a_fund_that_is_left_out_never_pays_and_none_pays_for_who_wants_none(till: Till) -> None:
    await till.choose(SECOND)
    assert (await till.host.tap(till.phone, 60_01))[1] == "51"
    await till.choose()
    assert (await till.host.tap(till.phone, 1))[1] == "51"
    assert (await till.view()).funds == []


async def test_a_fund_that_its_registrar_does_not_redeem_is_passed_over(till: Till) -> None:
    await till.choose(SECOND, FIRST)
    await till.state_of(SECOND, FundStatus.NO_REDEMPTION)
    assert [(one.fund, one.units, one.pays) for one in (await till.view()).funds] == [(SECOND, 60_00, False), (FIRST, 100_00, True)]
    assert (await till.pays(50_00))[1] == f"{FIRST}:5000"
    assert (await till.host.tap(till.phone, 50_01))[1] == "51"
    await till.state_of(SECOND, FundStatus.OPEN, day=1)
    assert (await till.pays(50_01))[1] == f"{SECOND}:5001"


async def test_a_fund_that_nothing_is_held_of_is_passed_by_and_opens_no_holding(till: Till) -> None:
    await till.choose(THIRD, SECOND)
    assert (await till.pays(20_00))[1] == f"{SECOND}:2000"
    async with till.host.place.house.database.read() as tx:
        wanted = [pocket.holding_of(till.wang.book, till.wang.id, OTHERS[code]) for code in (SECOND, THIRD)]
        assert [one is not None for one in await till.host.place.house.ledger.find_accounts(tx, wanted)] == [True, False]


@pytest.mark.usefixtures("spending_counts")
async def test_where_spending_counts_each_fund_has_a_cap_of_its_own(till: Till) -> None:
    """10,000.00 a day of each."""
    await till.host.give_units(till.wang, 20_000_00)
    await till.host.give_units(till.wang, 20_000_00, OTHERS[SECOND])
    await till.host.open_line(90_000_00)
    await till.choose(SECOND, FIRST)
    assert (await till.pays(9_000_00))[1] == f"{SECOND}:900000"
    assert (await till.pays(2_000_00))[1] == f"{FIRST}:200000"
    assert (await till.pays(8_500_00))[1] == f"{SECOND}:100000 {FIRST}:750000"
    assert (await till.host.tap(till.phone, 500_01))[1] == "51"


# ---- what becomes of it


async def test_clearing_captures_every_funds_units_and_each_fund_has_its_transfer(till: Till) -> None:
    await till.choose(SECOND, FIRST)
    sale, _ = await till.pays(130_00)
    await till.host.upload(till.host.claim(sale))
    assert await till.host.clear() == {"sales": 1, "amount": 130_00}
    assert await till.free() == [30_00, 0, LINE // 3 - 130_00]
    for _ in range(2):
        figures = (await exchange_out.cover_captures(till.host.place.house, MONDAY)).figures
        assert figures == {"transfers": 2, "units": 130_00}
    async with till.host.place.house.database.read() as tx:
        orders = await orders_store.orders_of(tx, till.wang.book, till.wang.id)
    assert sorted((one.fund, one.units, one.funding) for one in orders) == [
        (FIRST, 70_00, house_account(till.wang.book, Kind.TRANSIT_098, UNITS)),
        (SECOND, 60_00, house_account(till.wang.book, Kind.TRANSIT_098, OTHERS[SECOND])),
    ]
    assert len({one.serial for one in orders}) == 2
    assert (await clearing.draw_advance(till.host.place.house, MONDAY)).figures == {"amount": 130_00}
    await till.host.place.all_books_balance()


@pytest.mark.parametrize(("amount", "parts"), [(50_00, f"{SECOND}:5000"), (80_00, f"{SECOND}:6000 {FIRST}:2000")])
async def test_what_is_claimed_less_is_taken_from_the_first_fund_first(till: Till, amount: int, parts: str) -> None:
    await till.choose(SECOND, FIRST)
    sale, _ = await till.pays(130_00)
    await till.host.upload(replace(till.host.claim(sale), amount=amount))
    await till.host.clear()
    row = await till.host.row(sale)
    assert (row.state, row.fund_units, row.fund_parts) == ("captured", amount, parts)
    assert sum(await till.free()) == 160_00 - amount + LINE // 3 - amount
    assert (await exchange_out.cover_captures(till.host.place.house, MONDAY)).figures == {"transfers": len(parts.split()), "units": amount}
    await till.host.place.all_books_balance()


async def test_holds_of_several_funds_expire_together(till: Till) -> None:
    await till.choose(SECOND, FIRST)
    await till.pays(130_00)
    await till.host.after(days=HELD_FOR.days)
    assert (await clearing.expire_holds(till.host.place.house, MONDAY)).figures == {"expired": 1}
    await till.untouched()


async def test_a_void_sets_all_free_and_its_reversal_holds_all_again(till: Till) -> None:
    await till.choose(SECOND, FIRST)
    sale, parts = await till.pays(130_00)
    void = till.host.follow_up(K.VOID, sale, (await till.host.row(sale)).rrn)
    assert [one.response_code for one in await till.host.later(void)] == ["00"]
    await till.untouched()
    await till.choose(FIRST)
    await till.host.reverse(till.host.reversal(void))
    assert (await till.host.row(sale)).fund_parts == parts, "as at first, whatever was chosen since"
    assert await till.free() == [30_00, 0, LINE // 3 - 130_00]
    await till.host.upload(till.host.claim(sale))
    assert await till.host.clear() == {"sales": 1, "amount": 130_00}


async def completed(till: Till, hold: Any, amount: int) -> str:
    """Of which funds the completion of a pre-authorisation takes it."""
    done = till.host.follow_up(K.COMPLETION, hold, (await till.host.row(hold)).rrn, amount)
    assert [one.response_code for one in await till.host.later(done)] == ["00"]
    await till.host.place.all_books_balance()
    return (await till.host.row(done)).fund_parts


@pytest.mark.parametrize(
    ("chosen", "amount", "parts"),
    [
        ((SECOND, FIRST), 60_00, f"{SECOND}:6000"),
        ((SECOND, FIRST), 115_00, f"{SECOND}:6000 {FIRST}:5500"),
        ((FIRST, SECOND), 115_00, f"{FIRST}:10000 {SECOND}:1500"),
    ],
)
async def test_a_completion_draws_anew_by_the_order_that_stands_then(till: Till, chosen: tuple[str, ...], amount: int, parts: str) -> None:
    hold, held = await till.pays(100_00, kind=K.PREAUTHORISATION)
    assert held == f"{FIRST}:10000"
    await till.choose(*chosen)
    assert await completed(till, hold, amount) == parts
    assert sum((await till.free())[:2]) == 160_00 - amount


async def test_what_is_held_of_a_fund_that_would_not_pay_any_more_is_taken_last(till: Till) -> None:
    await till.choose(FIRST, SECOND)
    hold, held = await till.pays(130_00, kind=K.PREAUTHORISATION)
    assert held == f"{FIRST}:10000 {SECOND}:3000"
    await till.choose(SECOND)
    assert await completed(till, hold, 130_00) == f"{SECOND}:6000 {FIRST}:7000"
    assert await till.free() == [30_00, 0, LINE // 3 - 130_00]


# ---- what the command refuses


async def test_what_no_pocket_can_be_is_refused(till: Till) -> None:
    unknown = await till.choose(FIRST, "000999")
    assert isinstance(unknown, Refusal)
    assert unknown.code.name == "UNKNOWN_FUND"
    async with till.host.place.house.database.transaction() as tx:
        await conditions_store.add_conditions(tx, THIRD, 2, Conditions(kind=FundKind.NAV), till.host.place.biller.now)
    priced = await till.choose(FIRST, THIRD)
    assert isinstance(priced, Refusal)
    assert priced.code.name == "NOT_A_MONEY_FUND"
    assert (await till.view()).chosen is False


@pytest.mark.parametrize("funds", [(FIRST, FIRST), tuple(f"{number:06d}" for number in range(9))])
async def test_a_fund_twice_or_too_many_are_bad_input(till: Till, funds: tuple[str, ...]) -> None:
    with pytest.raises(BadInput, match="name each once, at most 8"):
        await till.choose(*funds)
