"""What billers get, when, less which fee; and the statement that says it to the fen."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from bill_town import BJPOWER, MONDAY, ScriptedBiller, Town
from biller_files import put_in_directory
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.bank import store as bank
from tapwealth.bills.settlement import Cycle
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Outcome
from tapwealth.flows.bills import biller_settlement
from tapwealth.flows.bills import paying as bills
from tapwealth.flows.bills.biller_settlement import BillerStatement, settle_billers
from tapwealth.flows.bills.paying import InquireBill
from tapwealth.flows.rails import Billers
from tapwealth.flows.reports import views
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.ledger.chart import Kind

ACCOUNT = "1234567890"


async def biller(place: Town, code: str, cycle: Cycle, fee: int) -> ScriptedBiller:
    """A biller with these terms, at a connection of its own."""
    port = ScriptedBiller()
    object.__setattr__(place.house.rails, "billers", Billers({**place.house.rails.billers.ports, code: port}))
    command = msgspec.structs.replace(BJPOWER, code=code, name=code, name_en=code, cycle=cycle, fee=fee)
    assert await put_in_directory(place.house, command.definition) is None
    return port


async def paid(place: Town, code: str, port: ScriptedBiller, day: date, *amounts: int) -> None:
    """Bills of these amounts, paid on that day by somebody in each of two books."""
    await place.clock(shanghai(day, 9))
    for number, amount in enumerate(amounts):
        person = await place.person(f"{'Wang' if number % 2 else 'Li'} {code}{day}{number}", amount)
        port.owe(ACCOUNT, f"{code}{day}{number}", amount)
        shown = await bills.inquire_bill(place.house, place.envelope(person), InquireBill(code, ACCOUNT))
        assert not isinstance(shown, Refusal), shown
        (bill,) = [one.bill for one in shown.bills if one.number == f"{code}{day}{number}"]
        placed = await place.pay_one(person, UUID(bill), amount)
        assert not isinstance(placed, Refusal), placed
    assert await place.work("biller", bills.deliver) == []


async def statement(place: Town, code: str, day: date) -> BillerStatement | None:
    async with place.house.database.read() as tx:
        return await biller_settlement.statement(place.house, tx, code, day)


async def test_a_weekly_biller_gets_its_week_less_a_fee_for_each_payment(place: Town) -> None:
    port = await biller(place, "WEEKLY", Cycle.WEEKLY, 25)
    sunday = MONDAY + timedelta(days=6)
    await paid(place, "WEEKLY", port, MONDAY, 10_000, 20_000)
    assert (await settle_billers(place.house, MONDAY)).figures["amount"] == 0, "its week is not over"
    await paid(place, "WEEKLY", port, sunday, 5_000)
    report = await settle_billers(place.house, sunday)
    assert report.figures == {"billers": 1, "amount": 34_925, "fees": 75}
    assert report.text == "1 biller: 349.25 yuan on their way, 0.75 kept as fees"
    assert (await place.total(Kind.BILLER), await place.total(Kind.FEES)) == (0, 75)
    assert (await settle_billers(place.house, sunday)).figures["amount"] == 0, "a rerun pays nothing twice"
    assert await place.total(Kind.FEES) == 75, "nor takes a fee twice"

    told = await statement(place, "WEEKLY", sunday)
    assert told is not None
    assert (told.first, told.date, told.payments, told.gross, told.fee, told.payout) == (MONDAY, sunday, 3, 35_000, 75, 34_925)
    assert [(one.date, one.amount, one.fee, one.account) for one in sorted(told.lines, key=lambda one: (one.date, one.amount))] == [
        (MONDAY, 10_000, 25, "******7890"), (MONDAY, 20_000, 25, "******7890"), (sunday, 5_000, 25, "******7890"),
    ]  # fmt: skip
    assert {one.serial for one in told.lines} == set(port.paid)
    assert all(one.reference == f"E{one.serial[-6:]}" for one in told.lines)
    assert (told.payout_name, told.payout_state) == (f"BIL-WEEKLY-{sunday:%Y%m%d}", "instructed")
    await place.bank_executes(sunday + timedelta(days=1))
    after = await statement(place, "WEEKLY", sunday)
    assert after is not None
    assert after.payout_state == "executed"
    await place.all_books_balance()


async def test_each_payment_stands_in_one_statement_and_what_the_bank_sends_back_goes_out_again(place: Town) -> None:
    port = await biller(place, "DAILY", Cycle.NEXT_DAY, 0)
    tuesday = MONDAY + timedelta(days=1)
    await paid(place, "DAILY", port, MONDAY, 10_000)
    await settle_billers(place.house, MONDAY)
    async with place.house.database.read() as tx:
        (name,) = [one.end_to_end_id for one in await bank.open_instructions(tx)]
    assert await payments.hear(place.house, [Outcome(name, False, tuesday, "AC04")]) == []
    await paid(place, "DAILY", port, tuesday, 300)
    assert (await settle_billers(place.house, tuesday)).figures["amount"] == 10_300
    monday, next_day = await statement(place, "DAILY", MONDAY), await statement(place, "DAILY", tuesday)
    assert monday is not None
    assert next_day is not None
    assert (monday.payout, monday.payout_state, [one.amount for one in monday.lines]) == (10_000, "rejected", [10_000])
    assert (next_day.gross, next_day.brought_forward, next_day.payout, [one.amount for one in next_day.lines]) == (
        300,
        10_000,
        10_300,
        [300],
    )
    assert await place.total(Kind.BILLER) == 0


async def test_operators_read_it_and_others_do_not(place: Town) -> None:
    port = await biller(place, "SEEN", Cycle.NEXT_DAY, 0)
    await paid(place, "SEEN", port, MONDAY, 10_000)
    await settle_billers(place.house, MONDAY)
    door: Any = views(place.house)["billers/{code}/{date}"]
    operator = place.envelope(None).caller
    assert (await door(operator, {"code": "SEEN", "date": f"{MONDAY}"})).payout == 10_000
    assert isinstance(await door(None, {"code": "SEEN", "date": f"{MONDAY}"}), Refusal)
    nothing = await door(operator, {"code": "SEEN", "date": f"{MONDAY + timedelta(days=1)}"})
    assert "look at another date" in nothing.text
    assert isinstance(await door(operator, {"code": "NOBODY", "date": f"{MONDAY}"}), Refusal)


async def test_a_fee_that_cannot_be_is_not_agreed(place: Town) -> None:
    with pytest.raises(BadInput, match="fee_kept"):
        await biller(place, "FEE", Cycle.NEXT_DAY, BJPOWER.maximum + 1)


async def test_a_payment_is_charged_by_the_version_at_which_it_was_sold(place: Town) -> None:
    port = await biller(place, "OLDFEE", Cycle.WEEKLY, 30)
    await paid(place, "OLDFEE", port, MONDAY, 10_000, 20_000)
    later = msgspec.structs.replace(BJPOWER, code="OLDFEE", name="OLDFEE", cycle=Cycle.WEEKLY, fee=50)
    assert await put_in_directory(place.house, later.definition, version=2) is None
    await paid(place, "OLDFEE", port, MONDAY + timedelta(days=1), 5_000)
    sunday = MONDAY + timedelta(days=6)
    await settle_billers(place.house, sunday)
    async with place.house.database.read() as tx:
        said = await biller_settlement.statement(place.house, tx, "OLDFEE", sunday)
    assert said is not None
    assert (said.gross, said.fee, said.payout, sorted(one.fee for one in said.lines)) == (35_000, 110, 34_890, [30, 30, 50])


@given(day=st.dates(date(2013, 1, 1), date(2030, 1, 1)), cycle=st.sampled_from(Cycle))
def test_every_date_lies_in_one_cycle_that_ends(day: date, cycle: Cycle) -> None:
    first = cycle.first_of(day)
    assert first <= day
    assert cycle.first_of(first) == first
    ends = [one for one in (first + timedelta(days=ahead) for ahead in range(31)) if cycle.ends_on(one)]
    assert ends[0] >= day
    assert cycle.first_of(ends[0]) == first
    assert cycle.first_of(ends[0] + timedelta(days=1)) == ends[0] + timedelta(days=1)


def test_weeks_end_on_sundays_and_months_on_their_last_date() -> None:
    days = [date(2014, 2, 20) + timedelta(days=ahead) for ahead in range(12)]
    assert [f"{one:%m-%d}" for one in days if Cycle.WEEKLY.ends_on(one)] == ["02-23", "03-02"]
    assert [f"{one:%m-%d}" for one in days if Cycle.MONTHLY.ends_on(one)] == ["02-28"]
    assert all(Cycle.NEXT_DAY.ends_on(one) for one in days)
