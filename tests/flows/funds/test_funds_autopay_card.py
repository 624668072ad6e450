"""Bills that are paid by themselves when wallet and fund do not suffice: a bound card pays the rest, by its bank's mandate."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, NINE
from fortnight import LENDING_DESK, PEOPLE
from household import Household, household

from tapwealth.bills.autopay import Autopay, AutopayState, CardState, DueBill, PayWhen
from tapwealth.flows.bank import bank_messages
from tapwealth.flows.bills import autopay, autopay_days, paying
from tapwealth.flows.bills.autopay import AgreeAutopay, AutopayView, EndAutopay
from tapwealth.kernel.clock import machine_now, shanghai
from tapwealth.kernel.refusal import Refusal
from tapwealth.notices import store as notices

ACCOUNT, SECOND, CARD = "9999999999", "8888888888", PEOPLE[0].card_number
TUESDAY, WEDNESDAY, THURSDAY = (MONDAY + timedelta(days=number) for number in (1, 2, 3))


@pytest.fixture
async def on(new_database: Callable[[], str], tmp_path: Path) -> AsyncIterator[Household]:
    """The family, with 6,000.00 in the wallet, nothing in the fund, and a card of a million."""
    async with household(new_database(), tmp_path, 3) as made:
        await made.move(NINE)
        await made.set_up()
        made.act = "join"
        await made.join()
        await made.settle()
        made.place.biller.bills[ACCOUNT] = []
        made.act = "test"
        yield made


async def agree(on: Household, most: int, **more: Any) -> AutopayView | Refusal:
    command = AgreeAutopay("BJPOWER", ACCOUNT, most, card=more.pop("card", None) or await on.card(0), **more)
    made = await autopay.agree(on.house, on.envelope(await on.caller(0)), command)
    await on.settle()
    return made


async def seen(on: Household) -> AutopayView:
    caller = await on.caller(0)
    assert caller.person is not None
    async with on.house.database.read() as tx:
        return next(one for one in await autopay.held(tx, caller.book, caller.person) if one.account.endswith(ACCOUNT[-4:]))


async def look(on: Household, day: Any, hour: int = 10) -> list[str]:
    """The looks at this account's bills alone; the family's others are owed nothing."""
    await on.move(shanghai(day, hour))
    return [one for one in await autopay_days.run_due(on.house) if one != "nothing"]


async def wallet(on: Household) -> int:
    return (await on.place.owed((await on.family()).wallet))[0]


async def test_what_wallet_and_fund_lack_comes_from_the_card_and_then_the_bill_is_paid(on: Household) -> None:
    await agree(on, 7_000_00)
    view = await seen(on)
    assert (view.card[-4:], view.card_en) == (CARD[-4:], "pays what is lacking")
    before = on.bank.money(CARD)
    on.place.biller.owe(ACCOUNT, "B1", 6_500_00, MONDAY + timedelta(days=20))
    assert await look(on, MONDAY) == ["told"]
    assert await look(on, TUESDAY) == ["collecting"]
    assert [bill.state for bill in (await seen(on)).bills] == ["collecting"]
    assert await autopay_days.run_due(on.house) == [], "the bank has not said anything yet"
    await on.settle()
    assert await autopay_days.run_due(on.house) == ["placed"]
    assert await autopay_days.run_due(on.house) == []
    await on.place.work("biller", paying.deliver)
    assert (before - on.bank.money(CARD), await wallet(on)) == (500_00, 0)
    assert [paid[0] for paid in on.place.biller.paid.values()] == ["B1"]


async def test_a_debit_that_the_bank_rejects_is_tried_again_in_the_morning(on: Household) -> None:
    await agree(on, 7_000_00)
    on.place.biller.owe(ACCOUNT, "B1", 6_500_00, MONDAY + timedelta(days=20))
    there = on.bank.money(CARD)
    on.bank.transfer("EMPTY", CARD, LENDING_DESK, there, "spent")
    assert [await look(on, day) for day in (MONDAY, TUESDAY)] == [["told"], ["collecting"]]
    await on.settle()
    assert await autopay_days.run_due(on.house) == ["told"]
    assert "the bank did not collect it" in (await seen(on)).bills[0].reason
    assert await wallet(on) == 6_000_00
    on.bank.transfer("BACK", LENDING_DESK, CARD, there, "earned")
    assert await look(on, WEDNESDAY) == ["collecting"]
    await on.settle()
    assert await autopay_days.run_due(on.house) == ["placed"]


async def test_what_the_bank_rejects_overnight_is_tried_the_next_morning_and_told_when_it_is_left(on: Household) -> None:
    await agree(on, 7_000_00)
    on.place.biller.owe(ACCOUNT, "B1", 6_500_00, MONDAY + timedelta(days=20))
    on.bank.transfer("EMPTY", CARD, LENDING_DESK, on.bank.money(CARD), "spent")
    assert [await look(on, day) for day in (MONDAY, TUESDAY)] == [["told"], ["collecting"]]
    for day in (WEDNESDAY, THURSDAY):
        await on.settle()
        assert await look(on, day) == ["collecting"]
    await on.settle()
    assert await look(on, THURSDAY + timedelta(days=1)) == ["refused"]
    (bill,) = (await seen(on)).bills
    assert bill.state == "left"
    caller = await on.caller(0)
    async with on.house.database.read() as tx:
        newest = (await notices.notices_of(tx, caller.book, caller.person, 1))[0]
    assert "could not be paid by itself; pay it by hand" in newest.text_en
    assert "the bank did not collect it" in newest.text_en


async def test_the_card_pays_one_bill_a_morning_which_is_no_try_of_the_others(on: Household) -> None:
    await agree(on, 7_000_00)
    on.place.biller.owe(ACCOUNT, "B1", 6_500_00, MONDAY + timedelta(days=20))
    on.place.biller.owe(ACCOUNT, "B2", 6_600_00, MONDAY + timedelta(days=21))
    assert await look(on, MONDAY) == ["told"]
    await look(on, TUESDAY)
    async with on.house.database.read() as tx:
        rows = await tx.fetch("select state, tries, pay_on from autopay_bill where state in ('collecting', 'told') order by state")
    assert [tuple(row) for row in rows] == [("collecting", 0, TUESDAY), ("told", 0, WEDNESDAY)]


async def test_who_ends_it_while_the_bank_collects_keeps_the_money(on: Household) -> None:
    made = await agree(on, 7_000_00)
    assert isinstance(made, AutopayView)
    on.place.biller.owe(ACCOUNT, "B1", 6_500_00, MONDAY + timedelta(days=20))
    assert [await look(on, day) for day in (MONDAY, TUESDAY)] == [["told"], ["collecting"]]
    on.act = "end"
    caller = await on.caller(0)
    assert isinstance(await autopay.end(on.house, on.envelope(caller), EndAutopay(UUID(made.autopay))), AutopayView)
    await on.place.work("bank", bank_messages.deliver)  # it had the debit before it hears of the end
    await on.settle()
    assert await autopay_days.run_due(on.house) == ["over"]
    assert (await wallet(on), on.place.biller.paid) == (6_500_00, {})
    assert await look(on, WEDNESDAY) == []


async def test_a_collected_bill_with_a_fault_is_passed_by_the_others(on: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked at again later, behind them, and paid once it can be."""
    pauses: list[int] = []
    monkeypatch.setattr(autopay_days, "pause_after", lambda faults: pauses.append(faults) or timedelta(hours=len(pauses) == 1))
    on.place.biller.bills[SECOND] = []
    await agree(on, 7_000_00)
    await autopay.agree(on.house, on.envelope(await on.caller(0)), AgreeAutopay("BJPOWER", SECOND, 7_000_00, card=await on.card(0)))
    await on.settle()
    for number, account in enumerate((ACCOUNT, SECOND)):
        on.place.biller.owe(account, f"B{number}", 6_500_00, MONDAY + timedelta(days=20))
    assert [await look(on, day) for day in (MONDAY, TUESDAY)] == [["told"] * 2, ["collecting"] * 2]
    await on.settle()
    await on.place.moved_in(await on.family(), 6_000_00)
    monkeypatch.setattr(autopay_days, "AT_ONCE", 1)
    honest, tried = autopay_days._go_on, list[UUID]()

    async def fails(house: Any, day: Any, row: DueBill, known: Any) -> Any:
        tried.append(row.bill)
        if row.bill == tried[0] and len(tried) < 4:
            raise ValueError("a bug")
        return await honest(house, day, row, known)

    monkeypatch.setattr(autopay_days, "_go_on", fails)
    assert [await autopay_days.run_due(on.house) for _ in range(3)] == [[], ["placed"], []]
    assert len(tried) == 2, "it waits for its time"
    async with on.house.database.transaction() as tx:
        await tx.execute("update autopay_bill set again_at = $1 where faults = 1", machine_now())
    assert [await autopay_days.run_due(on.house) for _ in range(3)] == [[], ["placed"], []]
    assert (pauses, tried[2:]) == ([1, 2], [tried[0]] * 2)


async def test_another_persons_card_pays_nothing(on: Household) -> None:
    refused = await agree(on, 7_000_00, card=UUID(int=1))
    assert isinstance(refused, Refusal)
    assert refused.code.name == "UNKNOWN_CARD"


async def test_a_card_that_its_bank_does_not_confirm_pays_nothing(on: Household) -> None:
    command = AgreeAutopay("BJPOWER", ACCOUNT, 7_000_00, card=await on.card(0))
    assert isinstance(await autopay.agree(on.house, on.envelope(await on.caller(0)), command), AutopayView)
    on.place.biller.owe(ACCOUNT, "B1", 6_500_00, MONDAY + timedelta(days=20))
    async with on.house.database.transaction() as tx:
        await tx.execute("update autopay set card_state = 'refused' where card is not null")
    assert [await look(on, day) for day in (MONDAY, TUESDAY)] == [["told"], ["refused"]]
    assert await wallet(on) == 6_000_00


def test_a_card_pays_no_more_than_was_agreed_for_a_bill_and_for_a_day() -> None:
    nobody = UUID(int=0)
    one = Autopay(
        1, nobody, nobody, nobody, b"", b"", "", 100, "", PayWhen.PRESENTED, AutopayState.ACTIVE, NINE, card=nobody,
        card_state=CardState.CONFIRMED,
    )  # fmt: skip
    assert [one.from_card(missing, 0, 0) for missing in (1, 100, 101)] == [1, 100, 0]
    assert [one.from_card(40, of_bill, of_day) for of_bill, of_day in ((60, 60), (61, 61), (0, 61))] == [40, 0, 0]
    assert [replace(one, card_state=state).from_card(1, 0, 0) for state in CardState] == [0, 0, 1, 0]
