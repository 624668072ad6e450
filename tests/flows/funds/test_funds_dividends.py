"""What the registrar starts by itself: dividends of a fund with a NAV, as money or units, and units that it gives, takes or redeems."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from bill_town import MONDAY, Person
from fund_files import a_fund, decide, put_on_sale
from fund_town import CHANNELS, FUND, OTHER, OWN, REGISTRAR, FundTown, accounts, bought, fund_town, operator, set_in

from tapwealth.flows.funds import dividend_method, units
from tapwealth.flows.funds.channel import paid_in_accounts
from tapwealth.flows.funds.dividend_method import ChooseDividendMethod, DividendMethodOrdered
from tapwealth.funds import dividend_store
from tapwealth.funds.conditions import Conditions, DividendMethod, FundKind
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.sandbox.registrar import register, shelf, started
from tapwealth.sandbox.registrar.started import Dividend, Forced

TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (MONDAY + timedelta(days=n) for n in range(1, 5))
PRICED, PRICED_UNITS = "110022", Asset(3)
NAV = 12_345


@dataclass
class Priced:
    """A town with a fund that has a NAV, and a customer who has an account at the registrar; on Tuesday morning."""

    place: FundTown
    wang: Person
    trading: str = ""

    def force(self, code: Any, amount: int, fund: str = PRICED) -> None:
        with self.place.registrar.store.tx() as tx:
            started.ask(tx, Forced(code, OWN, self.trading, amount, fund))

    def declare(self, record_date: date = WEDNESDAY, paid_on: date = FRIDAY, fen: int = 35) -> None:
        with self.place.registrar.store.tx() as tx:
            started.declare(tx, Dividend(PRICED, record_date, record_date + timedelta(days=1), paid_on, fen, 10))

    async def held(self, asset: Asset = PRICED_UNITS) -> int:
        wanted = [NewAccount(self.wang.book, Kind.HOLDING, self.wang.id, asset, Limit.DEBITS_WITHIN_CREDITS)]
        async with self.place.house.database.read() as tx:
            (account,) = await self.place.house.ledger.find_accounts(tx, wanted)
        return 0 if account is None else (await self.place.owed(account))[0]

    async def choose(self, method: DividendMethod, fund: str = PRICED) -> str:
        command = ChooseDividendMethod(fund, method)
        answer = await dividend_method.choose(self.place.house, self.place.envelope(self.wang), command)
        return answer.code.name if isinstance(answer, Refusal) else answer.method

    async def proved(self, day: date) -> list[str]:
        """What the proof of units finds wrong on a date, by the 05 that came the morning after."""
        return (await units.prove_units(self.place.house, day)).wrong

    async def orders(self) -> list[tuple[str, str, int, int]]:
        return [
            (one.business_code, one.state, one.confirmed_amount, one.confirmed_units)
            for one in await self.place.orders_of(self.wang)
            if one.business_code not in ("022",)
        ]


@pytest.fixture
async def priced(new_database: Callable[[], str], tmp_path: Path) -> AsyncIterator[Priced]:
    async with fund_town(new_database(), tmp_path) as place:
        fund = a_fund(PRICED, "消费行业", "Consumers", CHANNELS, Conditions(kind=FundKind.NAV), risk_level=3, registrar=REGISTRAR)
        assert await put_on_sale(place.house, lambda login: operator(place, login), fund) is None
        with place.registrar.store.tx() as tx:
            shelf.put(tx, shelf.Terms(PRICED, "消费行业"))
            for n in range(8):
                shelf.quote(tx, PRICED, MONDAY + timedelta(days=n), NAV)
        wang = await bought(place)
        await place.take()
        made = Priced(place, wang, (await place.holder(wang)).trading_account)
        yield made


async def test_units_that_the_registrar_gives_takes_and_redeems_are_posted(priced: Priced) -> None:
    place = priced.place
    priced.force("144", 1_000_00)
    priced.force("144", 50_00, FUND)
    await place.next_day(TUESDAY)
    assert (await priced.held(), await place.said(WEDNESDAY)) == (1_000_00, [])
    assert (await place.units(priced.wang))[0] >= 100_00 + 50_00
    assert (await place.must_know(priced.wang))[0].startswith("登记机构为您增加")
    priced.force("145", 300_00)
    priced.force("142", 200_00)
    await place.next_day(WEDNESDAY)
    assert await priced.held() == 500_00
    assert await priced.proved(WEDNESDAY) == []
    money = 200_00 * NAV // 10_000
    assert await place.total(Kind.FUND_REDEMPTION_IN_TRANSIT) == money
    await paid(place, FRIDAY, f"RED-{OWN}-{THURSDAY:%Y%m%d}", THURSDAY)
    assert await priced.orders() == [
        ("144", "confirmed", 0, 1_000_00), ("144", "confirmed", 0, 50_00), ("145", "confirmed", 0, 300_00), ("142", "paid", money, 200_00)
    ]  # fmt: skip
    assert await place.total(Kind.FUND_REDEMPTION_IN_TRANSIT) == 0
    await place.all_books_balance()


async def paid(place: FundTown, day: date, name: str, closing: date) -> None:
    """The date ends, and the registrar's payment of that name arrives and goes on."""
    await place.end(closing)
    await place.registrar_works(day)
    await place.take()
    (one,) = [one for one in place.registrar.payments() if one["end_to_end_id"].startswith(name)]
    await place.clock(shanghai(day, 10))
    await place.receipt(one["amount"], one["end_to_end_id"], one["text"], one["to"])
    await place.bank_executes(day)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"ConfirmedVol": 200_000_00, "BusinessCode": "145"}, "is more than the 0.00 units that are free here; ask the registrar"),
        ({"ReturnCode": "9006"}, "has the return code 9006, so nothing has happened; ask the registrar"),
        ({"TransactionAccountID": "00000000000000042"}, "is of a holder or fund that we do not know; ask the registrar"),
        ({"FundCode": "999999"}, "is of a holder or fund that we do not know; ask the registrar"),
        ({"ConfirmedVol": 0}, "moves nothing; ask the registrar"),
        ({"BusinessCode": "142"}, "brings 0.00 yuan, we compute 1,234.50; ask the registrar"),
        ({"BusinessCode": "150"}, "which we never sent; ask the registrar"),
        ({"FromTAFlag": "0"}, "which we never sent; ask the registrar"),
    ],
)
async def test_what_the_registrar_starts_and_cannot_be_is_a_break_and_posts_nothing(
    priced: Priced, change: dict[str, Any], text: str
) -> None:
    place = priced.place
    priced.force("144", 1_000_00)
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    place.registrar.rewrite(WEDNESDAY, "04", set_in(0, **change))
    await place.take()
    (said,) = await place.said(WEDNESDAY)
    assert text in said
    assert await priced.held() == 0
    assert await priced.orders() == []


async def test_the_same_serial_again_is_the_same_and_otherwise_a_break(priced: Priced) -> None:
    place = priced.place
    priced.force("144", 1_000_00)
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    again = {"TASerialNO": "20140226000000000098"}, {"TASerialNO": "20140226000000000099", "ConfirmedVol": 1}
    place.registrar.rewrite(WEDNESDAY, "04", lambda records: [*records, *({**records[0], **one} for one in again)])
    await place.take()
    (said,) = await place.said(WEDNESDAY)
    assert said.endswith("came before and said otherwise; ask the registrar")
    assert await priced.held() == 1_000_00


async def with_units(priced: Priced) -> None:
    """On Wednesday 1,234.56 units are there."""
    priced.force("144", 1_234_56)
    await priced.place.next_day(TUESDAY)


AMOUNT = 1_234_56 * 35 // 1_000
"""0.35 yuan on every ten units, cut off to the fen."""


async def test_a_dividend_is_reinvested_at_the_ex_dates_nav_where_the_fund_says_so(priced: Priced) -> None:
    await with_units(priced)
    priced.declare()
    await priced.place.next_day(WEDNESDAY)
    await priced.place.next_day(THURSDAY)
    bought_units = AMOUNT * 10_000 // NAV
    assert await priced.place.said(FRIDAY) == []
    assert await priced.held() == 1_234_56 + bought_units
    assert (await priced.orders())[-1] == ("143", "confirmed", AMOUNT, bought_units)
    assert (await priced.place.told(priced.wang))[
        0
    ] == f"消费行业分红 43.20 元，已再投资为 {bought_units // 100}.{bought_units % 100:02d} 份。"
    await priced.place.end(FRIDAY)
    await priced.place.registrar_works(FRIDAY + timedelta(days=1))
    await priced.place.take()
    assert await priced.proved(FRIDAY) == []


async def test_a_dividend_in_money_goes_to_the_wallet_when_it_has_come(priced: Priced) -> None:
    await with_units(priced)
    assert await priced.choose(DividendMethod.CASH) == "cash"
    assert await priced.choose(DividendMethod.REINVEST) == "UNDER_WAY"
    await priced.place.next_day(WEDNESDAY)
    assert (await priced.orders())[-1][:2] == ("029", "confirmed")
    assert (await priced.place.told(priced.wang))[0] == "110022 的分红方式已改为现金分红。"
    assert not any("分红方式" in one for one in await priced.place.must_know(priced.wang))
    assert await priced.choose(DividendMethod.CASH) == "AS_IT_IS"
    priced.declare(THURSDAY, FRIDAY + timedelta(days=1))
    before = await priced.place.owed(priced.wang.wallet)
    await priced.place.next_day(THURSDAY)
    await priced.place.next_day(FRIDAY)
    saturday, sunday = FRIDAY + timedelta(days=1), FRIDAY + timedelta(days=2)
    assert await priced.place.said(saturday) == []
    assert (await priced.held(), (await priced.orders())[-1]) == (1_234_56, ("143", "confirmed", AMOUNT, 0))
    assert await priced.place.total(Kind.FUND_REDEMPTION_IN_TRANSIT) == AMOUNT
    await paid(priced.place, sunday, f"DIV-{OWN}-{saturday:%Y%m%d}", saturday)
    assert (await priced.orders())[-1] == ("143", "paid", AMOUNT, 0)
    assert await priced.place.owed(priced.wang.wallet) == [before[0] + AMOUNT]
    await priced.place.all_books_balance()


async def test_a_dividend_in_money_of_another_channels_holders_is_left_to_that_channel(priced: Priced) -> None:
    """It is owed until it has come to the collection account, and pays for the channel's next orders then."""
    place, saturday = priced.place, FRIDAY + timedelta(days=1)
    await place.hand_in(accounts([1], TUESDAY))
    in_money = Conditions(kind=FundKind.NAV, dividend_method=DividendMethod.CASH)
    assert await decide(place.house, lambda login: operator(place, login), PRICED, in_money) is None
    with place.registrar.store.tx() as tx:
        started.ask(tx, Forced("144", OTHER, f"{1:017d}", 1_234_56, PRICED))
    await place.next_day(TUESDAY)
    await place.next_day(WEDNESDAY)
    priced.declare(THURSDAY, saturday)
    await place.next_day(THURSDAY)
    with place.registrar.store.tx() as tx:
        (entitled,) = [one.holder for one in register.holdings(tx, PRICED) if one.holder.distributor == OTHER]
        started.choose(tx, PRICED, entitled, started.CASH)
    await place.next_day(FRIDAY)
    assert await place.said(saturday) == []
    assert await place.total(Kind.FUND_REDEMPTION_IN_TRANSIT) == AMOUNT
    channel, before = await paid_in_of(place), await place.total(Kind.FUND_COLLECTION)
    assert await place.owed(channel) == [0]
    await paid(place, saturday + timedelta(days=1), f"DIV-{OTHER}-{saturday:%Y%m%d}", saturday)
    assert await place.owed(channel) == [AMOUNT]
    assert (await place.total(Kind.FUND_REDEMPTION_IN_TRANSIT), await place.total(Kind.FUND_COLLECTION)) == (0, before - AMOUNT)
    assert await place.said(saturday + timedelta(days=1)) == []
    async with place.house.database.read() as tx:
        assert [row["state"] for row in await tx.fetch("select state from fund_order where business_code = '143'")] == ["paid"]
    await place.all_books_balance()


async def paid_in_of(place: FundTown) -> int:
    """The account of what the other channel has paid in."""
    async with place.house.database.transaction() as tx:
        return (await paid_in_accounts(place.house, tx))[OTHER]


async def test_the_method_holds_from_the_registrars_yes_on(priced: Priced) -> None:
    """A record date before it: what the fund's conditions say."""
    await with_units(priced)
    assert await priced.choose(DividendMethod.CASH) == "cash"
    async with priced.place.house.database.read() as tx:
        assert await dividend_store.methods(tx, [PRICED], WEDNESDAY) == {}
    await priced.place.next_day(WEDNESDAY)
    async with priced.place.house.database.read() as tx:
        assert await dividend_store.methods(tx, [PRICED], WEDNESDAY) == {}
        assert await dividend_store.methods(tx, [PRICED], THURSDAY) == {(PRICED, priced.wang.id): DividendMethod.CASH}


async def test_a_choice_that_the_registrar_refuses_is_told_and_can_be_made_again(priced: Priced) -> None:
    await with_units(priced)
    assert await priced.choose(DividendMethod.CASH) == "cash"
    await priced.place.end(WEDNESDAY)
    await priced.place.registrar_works(THURSDAY)
    priced.place.registrar.rewrite(THURSDAY, "04", set_in(0, ReturnCode="9002"))
    await priced.place.take()
    assert (await priced.place.must_know(priced.wang))[0] == "登记机构未受理 110022 改为现金分红的申请（9002），可再次申请。"
    assert await priced.place.said(THURSDAY) == []
    assert await priced.choose(DividendMethod.CASH) == "cash"


@pytest.mark.parametrize(("fund", "code"), [("999999", "UNKNOWN_FUND"), (FUND, "NO_CHOICE")])
async def test_choices_that_cannot_be_made(priced: Priced, fund: str, code: str) -> None:
    assert await priced.choose(DividendMethod.CASH, fund) == code


async def test_who_has_no_account_yet_cannot_choose(priced: Priced) -> None:
    zhou = await priced.place.person("Zhou", 0, identity="110105195203079877")
    command = ChooseDividendMethod(PRICED, DividendMethod.CASH)
    answer = await dividend_method.choose(priced.place.house, priced.place.envelope(zhou), command)
    assert not isinstance(answer, DividendMethodOrdered)
    assert answer.code.name == "NO_ACCOUNT"


@pytest.mark.parametrize("change", [{"DefDividendMethod": "1"}, {"VolOfDividendforReinvestment": 0}, {"DefDividendMethod": "7"}])
async def test_a_dividend_that_cannot_be_is_named_and_posts_nothing(priced: Priced, change: dict[str, Any]) -> None:
    """Cash with units, a reinvestment without any, a method that is none: a right record may follow."""
    said, orders = await told_otherwise(priced, change)
    assert "the dividend" in said
    assert orders[-1][0] == "144"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"VolOfDividendforReinvestment": 1}, "is 43.20 yuan and 0.01 units, we compute 43.20 and 34.99"),
        ({"ConfirmedAmount": 43_21}, "is 43.21 yuan and 34.99 units, we compute 43.20 and 34.99"),
        ({"DefDividendMethod": "1", "VolOfDividendforReinvestment": 0}, "is paid by the method cash, the holder's is reinvest"),
        ({"BasisforCalculatingDividend": 1}, "is of 0.01 units, here are 1,234.56 on 2014-02-26"),
        ({"NAV": 0}, "has the dividend method '0' at a NAV of 0, which cannot be"),
        ({"NAV": 12_346}, "is reinvested at 1.2346, the NAV of its ex date is 1.2345"),
    ],
)
async def test_a_dividend_that_we_compute_otherwise_is_posted_and_named(priced: Priced, change: dict[str, Any], text: str) -> None:
    """The registrar's word stands."""
    said, orders = await told_otherwise(priced, change)
    assert text in said
    assert orders[-1][0] == "143"


@pytest.mark.parametrize(
    ("change", "text"),
    [({"ReturnCode": "9001"}, "is refused (9001)"), ({"TransactionAccountID": "00000000000000042"}, "is of a holder whom we do not know")],
)
async def test_a_dividend_that_is_nobodys_or_refused_is_not_posted(priced: Priced, change: dict[str, Any], text: str) -> None:
    said, orders = await told_otherwise(priced, change)
    assert text in said
    assert [one for one in orders if one[0] == "143"] == []


async def told_otherwise(priced: Priced, change: dict[str, Any]) -> tuple[str, list[tuple[str, str, int, int]]]:
    """The breaks of Friday, whose 06 was changed in its last record; and the orders."""
    await with_units(priced)
    priced.declare()
    await priced.place.next_day(WEDNESDAY)
    await priced.place.end(THURSDAY)
    await priced.place.registrar_works(FRIDAY)
    priced.place.registrar.rewrite(FRIDAY, "06", set_in(-1, **change))
    await priced.place.take()
    return " | ".join(await priced.place.said(FRIDAY)), await priced.orders()


async def test_a_dividend_whose_ex_date_has_no_nav_waits(priced: Priced) -> None:
    await with_units(priced)
    priced.declare()
    await priced.place.next_day(WEDNESDAY)
    await priced.place.end(THURSDAY)
    await priced.place.registrar_works(FRIDAY)
    place = priced.place
    for channel in (OWN, OTHER):
        place.registrar.rewrite(FRIDAY, "07", lambda records: [one for one in records if one["FundCode"] != PRICED], channel)
    assert "T01/06" not in await place.take()
    assert any("the NAV (07) of 110022 of 2014-02-27, the ex date, is not in" in one for one in await place.said(FRIDAY))
    assert await priced.held() == 1_234_56


async def test_a_dividend_may_bear_the_serial_of_something_else_that_the_registrar_started(priced: Priced) -> None:
    """Its serials are those of its files: the increase of Wednesday has the same one."""
    await with_units(priced)
    (increase,) = [one for one in await priced.place.orders_of(priced.wang) if one.business_code == "144"]
    priced.declare()
    await priced.place.next_day(WEDNESDAY)
    await priced.place.end(THURSDAY)
    await priced.place.registrar_works(FRIDAY)
    priced.place.registrar.rewrite(FRIDAY, "06", set_in(-1, TASerialNO=increase.serial))
    assert "T01/06" in await priced.place.take()
    assert (await priced.place.said(FRIDAY), (await priced.orders())[-1][0]) == ([], "143")
    assert await priced.held() == 1_234_56 + AMOUNT * 10_000 // NAV


async def test_a_holder_who_is_left_out_is_named(priced: Priced) -> None:
    """Somebody else of the channel has units, too; the file pays one of both."""
    place = priced.place
    zhou = await place.person("Zhou", 50_000_00, identity="110105195203079877")
    await place.buy_one(zhou, 100_00)
    await with_units(priced)
    with place.registrar.store.tx() as tx:
        started.ask(tx, Forced("144", OWN, (await place.holder(zhou)).trading_account, 100_00, PRICED))
    saturday = FRIDAY + timedelta(days=1)
    priced.declare(THURSDAY, saturday)
    await place.next_day(WEDNESDAY)
    await place.next_day(THURSDAY)
    await place.end(FRIDAY)
    await place.registrar_works(saturday)
    theirs = (await place.holder(zhou)).trading_account
    place.registrar.rewrite(
        saturday, "06", lambda records: [one for one in records if (one["FundCode"], one["TransactionAccountID"]) != (PRICED, theirs)]
    )
    await place.take()
    assert "we compute 3.50; ask the registrar" in " | ".join(await place.said(saturday))
