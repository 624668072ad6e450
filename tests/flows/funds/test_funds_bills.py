"""A bill that the fund pays: held with the wallet's part, all or nothing; captured when the biller is paid, else as if nothing had been."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, Person
from fund_town import FUND, OTHER, OWN, FundTown, bought, set_in
from shelf import MONEY_FUND, UNITS, give_units, put_on_the_shelf

from tapwealth.bank import store as bank
from tapwealth.bills import store as bills_store
from tapwealth.bills.biller import NotReceived, Paid, Rejected, Unknown
from tapwealth.bills.payment import PaymentEvent, PaymentState
from tapwealth.customers import store as customers
from tapwealth.flows.bills import paying as bills
from tapwealth.flows.bills.bill_outcomes import Told, apply, hear, told
from tapwealth.flows.bills.paying import BillPaymentPlaced, PayBill, Placing
from tapwealth.flows.frame import moment
from tapwealth.flows.funds import pocket, units
from tapwealth.flows.funds.fund_pockets import POCKET
from tapwealth.flows.funds.pocket import OrderPockets, PocketsView
from tapwealth.flows.reports.statement import statement_of
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import seeded_random
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind

ACCOUNT = "1234567890"
SECOND, SECOND_UNITS = "000343", Asset(7)
TUESDAY, WEDNESDAY, THURSDAY = (MONDAY + timedelta(days=n) for n in range(1, 4))


async def holder(place: FundTown) -> Person:
    """Wang with 5,000.00 units and 95,000.00 in the wallet, on Tuesday."""
    wang = await bought(place, 5_000_00)
    await place.take()
    return wang


async def spend_down_to(place: FundTown, wang: Person, left: int) -> None:
    """Bills that the wallet pays leave so much in it."""
    for number in range(20):
        amount = min(1_000_000, (await place.owed(wang.wallet))[0] - left)
        if not amount:
            break
        bill = await place.bill(wang, f"9{number:09d}", f"W{number}", amount)
        assert isinstance(await place.pay_one(wang, bill, amount), BillPaymentPlaced)
    await place.work("biller", bills.deliver)


async def pay(place: FundTown, wang: Person, bill: UUID, amount: int, fund: str = FUND) -> BillPaymentPlaced | Refusal:
    (answer,) = await place.pay(Placing(place.envelope(wang), PayBill(bill, amount, fund)))
    return answer


async def test_a_fund_that_its_registrar_does_not_redeem_pays_no_bill(place: FundTown) -> None:
    """The bank would advance money for units that nobody takes back."""
    wang = await bought(place, 5_000_00)
    for channel in (OWN, OTHER):
        place.registrar.rewrite(TUESDAY, "07", set_in(0, FundStatus="4"), channel)
    await place.take()
    await spend_down_to(place, wang, 30_00)
    bill = await place.bill(wang, ACCOUNT, "B1", 100_00)
    refused = await pay(place, wang, bill, 100_00)
    assert isinstance(refused, Refusal)
    assert await place.owed(wang.wallet) == [30_00]


@pytest.mark.usefixtures("spending_counts")
async def test_a_bill_of_just_before_midnight_counts_against_the_cap_of_its_own_date(place: FundTown) -> None:
    """10,000.00 a day: 6,000.00 of Tuesday's are gone, however late the next order of Tuesday is taken."""
    wang = await holder(place)
    await spend_down_to(place, wang, 0)
    await give_units(place.house, wang.book, wang.id, 20_000_00, UNITS, "Wang")
    first, second, third = [await place.bill(wang, f"8{number:09d}", f"M{number}", 6_000_00) for number in range(3)]
    midnight = shanghai(WEDNESDAY)
    await place.clock(midnight - timedelta(minutes=7))
    assert isinstance(await pay(place, wang, first, 6_000_00), BillPaymentPlaced)
    await place.clock(midnight + timedelta(minutes=6))
    (refused,) = await place.pay(Placing(place.envelope(wang, midnight - timedelta(minutes=6)), PayBill(second, 6_000_00, FUND)))
    assert isinstance(refused, Refusal), refused
    assert isinstance(await pay(place, wang, third, 6_000_00), BillPaymentPlaced), "another date has another cap"


async def state(place: FundTown, wang: Person) -> Any:
    """Everything that a payment could have touched: money, units, holds, the line, what counts against the limit, orders."""
    async with place.house.database.read() as tx:
        rows = await tx.fetch("select id, credits_posted - debits_posted as owed, debits_pending, credits_pending from account order by id")
        used = await tx.fetchval("select coalesce(sum(amount), 0)::bigint from payment_usage")
    stand = {row["id"]: tuple(row)[1:] for row in rows if any(tuple(row)[1:])}
    return stand, used, await place.orders_of(wang)


async def row_of(place: FundTown, wang: Person, answer: Any) -> bills_store.PaymentRow:
    key = (wang.book, UUID(answer.payment))
    async with place.house.database.read() as tx:
        return (await bills_store.payments(tx, [key]))[key]


async def test_wallet_and_fund_pay_together_and_the_registrar_repays(place: FundTown) -> None:
    wang = await holder(place)
    await spend_down_to(place, wang, 30_00)
    bill = await place.bill(wang, ACCOUNT, "B1", 130_00)
    biller_before = await place.total(Kind.BILLER)
    answer = await pay(place, wang, bill, 130_00)
    assert isinstance(answer, BillPaymentPlaced)
    assert (await place.owed(wang.wallet), await place.units(wang)) == ([30_00], [5_000_00]), "held, not moved"
    refused = await pay(place, wang, await place.bill(wang, "2222222222", "B2", 5_000_00), 5_000_00)
    assert isinstance(refused, Refusal), "what is held is not free for another bill"
    await place.work("biller", bills.deliver)
    assert (await place.owed(wang.wallet), await place.units(wang)) == ([0], [4_900_00])
    assert (await place.total_units(Kind.TRANSIT_098), await place.total(Kind.BILLER)) == (100_00, biller_before + 130_00)
    (order,) = [one for one in await place.orders_of(wang) if one.business_code == "098"]
    assert (order.units, order.dealing_date, order.source) == (100_00, TUESDAY, (await row_of(place, wang, answer)).id)
    await place.end(TUESDAY)
    assert await place.total(Kind.RESERVE_DUE) == 0, "the bank has drawn the advance"
    await place.morning(WEDNESDAY)
    assert (await place.total_units(Kind.TRANSIT_098), await place.said(WEDNESDAY)) == (0, [])
    assert (await units.prove_units(place.house, TUESDAY)).wrong == []
    await place.all_books_balance()


@pytest.mark.parametrize("answers", [[Rejected("not written off")], [Unknown("silence"), Rejected("not written off")]])
async def test_a_biller_that_refuses_leaves_everything_as_if_nothing_had_been(place: FundTown, answers: list[Any]) -> None:
    wang = await holder(place)
    await spend_down_to(place, wang, 30_00)
    bill = await place.bill(wang, ACCOUNT, "B1", 130_00)
    before = await state(place, wang)
    placed = await pay(place, wang, bill, 130_00)
    row = await row_of(place, wang, placed)
    assert await state(place, wang) != before
    await hear(place.house, [Told((row.book, row.id), PaymentEvent.SEND)])
    for answer in answers:
        await hear(place.house, [told((row.book, row.id), answer)])
    assert await state(place, wang) == before, "money, units, line, limit and orders"
    assert (await row_of(place, wang, placed)).state in (PaymentState.REJECTED, PaymentState.REFUNDED)


async def test_what_wallet_and_fund_cannot_pay_together_is_held_of_neither(place: FundTown) -> None:
    wang = await holder(place)
    await spend_down_to(place, wang, 30_00)
    bill = await place.bill(wang, ACCOUNT, "B1", 5_030_01)
    before = await state(place, wang)
    refused = await pay(place, wang, bill, 5_030_01)
    assert isinstance(refused, Refusal)
    assert (refused.code.name, refused.text) == ("NO_MONEY", "5,030.01 yuan is asked, 5,030.00 is there; move money in first")
    for fund, words in (("000999", "this fund is not sold here"), ("", "yuan is asked, 30.00 is there")):
        refused = await pay(place, wang, bill, 5_030_01, fund)
        assert isinstance(refused, Refusal)
        assert words in refused.text
    assert await state(place, wang) == before


# ---- several funds


async def several(place: FundTown, *order: str) -> Person:
    """Wang with 5,000.00 units of the first fund, 80.00 of a second, and 30.00 in the wallet; they pay in that order."""
    wang = await holder(place)
    async with place.house.database.transaction() as tx:
        await put_on_the_shelf(place.house, tx, replace(MONEY_FUND, code=SECOND, asset=SECOND_UNITS))
    await give_units(place.house, wang.book, wang.id, 80_00, SECOND_UNITS, "Wang")
    chosen = await pocket.order(place.house, place.envelope(wang), OrderPockets(list(order)))
    assert isinstance(chosen, PocketsView)
    await spend_down_to(place, wang, 30_00)
    return wang


@pytest.mark.parametrize(
    ("amount", "order", "parts"),
    [
        (100_00, (SECOND, FUND), f"{SECOND}:7000"),
        (130_00, (SECOND, FUND), f"{FUND}:10000"),
        (5_100_00, (SECOND, FUND), f"{SECOND}:8000 {FUND}:499000"),
        (100_00, (FUND, SECOND), f"{FUND}:7000"),
    ],
)
async def test_the_pocket_pays_in_its_order_and_each_fund_has_its_transfer(
    place: FundTown, amount: int, order: tuple[str, ...], parts: str
) -> None:
    wang = await several(place, *order)
    answer = await pay(place, wang, await place.bill(wang, ACCOUNT, "B1", amount), amount, POCKET)
    row = await row_of(place, wang, answer)
    assert (row.fund, row.fund_units, row.fund_parts) == (POCKET, amount - 30_00, parts)
    await place.work("biller", bills.deliver)
    taken = [one for one in await place.orders_of(wang) if one.business_code == "098"]
    assert sorted(f"{one.fund}:{one.units}" for one in taken) == sorted(parts.split())
    async with place.house.database.read() as tx:
        draws = [one.amount for one in await bank.open_instructions(tx) if one.purpose == "advance_draw"]
    assert sum(draws) == amount - 30_00
    await place.all_books_balance()


async def test_a_bill_of_several_funds_that_is_refused_leaves_all_as_if_nothing_had_been(place: FundTown) -> None:
    wang = await several(place, SECOND, FUND)
    bill = await place.bill(wang, ACCOUNT, "B1", 5_100_00)
    before = await state(place, wang)
    placed = await pay(place, wang, bill, 5_100_00, POCKET)
    row = await row_of(place, wang, placed)
    for one in (Told((row.book, row.id), PaymentEvent.SEND), told((row.book, row.id), Rejected("no"))):
        await hear(place.house, [one])
    assert await state(place, wang) == before


async def test_bills_of_one_batch_that_name_a_fund_and_the_pocket_draw_on_the_same_units(place: FundTown) -> None:
    wang = await several(place, SECOND)
    made = [await place.bill(wang, f"5{number:09d}", f"P{number}", 60_00) for number in range(3)]
    placings = [
        Placing(place.envelope(wang), PayBill(bill, 60_00, fund)) for bill, fund in zip(made, (POCKET, SECOND, POCKET), strict=True)
    ]
    answers = await place.pay(*placings)
    refused = [one.text for one in answers if isinstance(one, Refusal)]
    assert refused == ["60.00 yuan is asked, 50.00 is there; move money in first"] * 2
    assert isinstance(await pay(place, wang, made[1], 50_00, POCKET), Refusal), "a bill is paid with its balance"
    rows = await row_of(place, wang, answers[0])
    assert rows.fund_parts == f"{SECOND}:3000"


async def test_a_pocket_without_any_fund_pays_nothing(place: FundTown) -> None:
    wang = await several(place)
    refused = await pay(place, wang, await place.bill(wang, ACCOUNT, "B1", 30_01), 30_01, POCKET)
    assert isinstance(refused, Refusal)
    assert (refused.code.name, refused.text) == ("NO_MONEY", "30.01 yuan is asked, 30.00 is there; move money in first")


async def test_a_wallet_that_suffices_pays_alone(place: FundTown) -> None:
    wang = await holder(place)
    answer = await pay(place, wang, await place.bill(wang, ACCOUNT, "B1", 100_00), 100_00)
    row = await row_of(place, wang, answer)
    assert (row.fund, row.fund_units, await place.total(Kind.SUSPENSE)) == ("", 0, 100_00)


async def test_the_line_bounds_what_the_fund_pays(place: FundTown) -> None:
    wang = await bought(place, 5_000_00, line=150_00)
    await place.take()
    await spend_down_to(place, wang, 0)
    assert isinstance(await pay(place, wang, await place.bill(wang, ACCOUNT, "B1", 50_01), 50_01), Refusal)
    assert isinstance(await pay(place, wang, await place.bill(wang, "2222222222", "B2", 50_00), 50_00), BillPaymentPlaced)


async def test_a_date_that_is_cut_has_sent_its_files_so_the_units_go_with_the_next(place: FundTown) -> None:
    """The biller's file settles a doubt of Tuesday's after Tuesday's orders have gone out."""
    wang = await holder(place)
    await spend_down_to(place, wang, 0)
    row = await row_of(place, wang, await pay(place, wang, await place.bill(wang, ACCOUNT, "B1", 100_00), 100_00))
    await hear(place.house, [Told((row.book, row.id), PaymentEvent.SEND)])
    await place.end(TUESDAY)
    async with place.house.database.transaction() as tx:
        await place.house.ledger.lock_books(tx, place.house.all_books)
        await apply(place.house, tx, await moment(tx), TUESDAY, [told((row.book, row.id), Paid("E1"))])
    (order,) = [one for one in await place.orders_of(wang) if one.business_code == "098"]
    assert (order.dealing_date, order.business_date) == (WEDNESDAY, WEDNESDAY)
    await place.morning(WEDNESDAY)
    assert (await units.prove_units(place.house, TUESDAY)).wrong == []
    await place.next_day(WEDNESDAY)
    assert (await place.said(WEDNESDAY), await place.said(THURSDAY), await place.total_units(Kind.TRANSIT_098)) == ([], [], 0)


async def test_the_customer_reads_what_wallet_and_fund_paid(place: FundTown) -> None:
    wang = await holder(place)
    await spend_down_to(place, wang, 30_00)
    await pay(place, wang, await place.bill(wang, ACCOUNT, "B1", 130_00), 130_00)
    await place.work("biller", bills.deliver)
    async with place.house.database.read() as tx:
        person = (await customers.persons(tx, [(wang.book, wang.id)]))[wang.id]
        seen = await statement_of(place.house, tx, person)
    lines = [(one.text_zh, one.text_en, one.amount) for one in seen.statement if one.date == TUESDAY]
    assert ("缴费 · 北京电力 2014-02", "Bill · Beijing Power 2014-02", -30_00) in lines
    assert ("缴费（基金支付）· 北京电力 2014-02", "Bill, from the fund · Beijing Power 2014-02", -100_00) in lines


# ---- whatever the biller says, and however often


PAYMENTS, CHAPTERS, PRICE = 16, 6, 100_00
SAYS = (Paid("E1"), Paid("E1"), Rejected("no"), Unknown("silence"), NotReceived())


@pytest.mark.parametrize("seed", range(3))
async def test_every_payment_ends_once_and_in_all_its_parts(place: FundTown, seed: int) -> None:
    wang, random = await holder(place), seeded_random(seed)
    await spend_down_to(place, wang, 250_00)
    wallet, held, line = 250_00, 5_000_00, await place.total(Kind.ADVANCE_PAYABLE)
    billed = await place.total(Kind.BILLER)
    rows = []
    for number in range(PAYMENTS):
        answer = await pay(place, wang, await place.bill(wang, f"3{number:09d}", f"B{number}", PRICE), PRICE)
        rows.append(await row_of(place, wang, answer))
    assert sum(row.amount - row.fund_units for row in rows) == wallet
    for chapter in range(CHAPTERS):
        said = [
            Told((row.book, row.id), PaymentEvent.SEND)
            if not chapter
            else Told((row.book, row.id), PaymentEvent.GIVE_UP, "never received")
            if random.random() < 0.2
            else told((row.book, row.id), random.choice(SAYS))
            for row in rows
        ]
        for _ in range(random.choice((1, 2))):
            await hear(place.house, said)
    async with place.house.database.read() as tx:
        rows = list((await bills_store.payments(tx, [(row.book, row.id) for row in rows])).values())
        taken = [one for one in await place.orders_of(wang) if one.business_code == "098"]
        draws = [one for one in await bank.open_instructions(tx) if one.purpose == "advance_draw"]
    paid = [row for row in rows if row.state is PaymentState.PAID]
    late = [row for row in rows if row.state is PaymentState.LATE_SUCCESS]
    by_fund, by_wallet = sum(row.fund_units for row in paid), sum(row.amount - row.fund_units for row in paid)
    assert (await place.units(wang), await place.total_units(Kind.TRANSIT_098)) == ([held - by_fund], by_fund)
    in_suspense = sum(row.amount for row in rows if not row.fund_units and row.state is PaymentState.UNKNOWN)
    assert await place.owed(wang.wallet) == [wallet - by_wallet - in_suspense]
    assert (await place.total(Kind.ADVANCE_PAYABLE), await place.total(Kind.BILLER)) == (line - by_fund, billed + PRICE * len(paid + late))
    assert sorted((one.source, one.units) for one in taken) == sorted((row.id, row.fund_units) for row in paid if row.fund_units)
    assert sum(one.amount for one in draws) == by_fund
    await place.all_books_balance()
