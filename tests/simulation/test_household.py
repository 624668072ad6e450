"""One family's bills for a month and, in the long runs, for a year: every date closed and proved, every bill paid once, none above what was
agreed, none before its customer was told."""

import asyncio
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from household import BY_HAND, CARD, CEILINGS, FLAT, POWER, RAISED, RAISED_ON, WATER, Household, household_at_real_billers

from tapwealth.bills import store as bills
from tapwealth.bills.payment import PaymentState
from tapwealth.customers import store as customers
from tapwealth.flows.reports.customers import customer_view
from tapwealth.kernel.clock import business_date_of
from tapwealth.ledger.chart import Kind
from tapwealth.notices.store import notices_of


async def played(url: str, folder: Path, days: int) -> dict[str, Any]:
    """What the days came to."""
    async with household_at_real_billers(url, folder, days) as on:
        await on.play()
        return await come_to(on)


async def come_to(on: Household) -> dict[str, Any]:
    family = await on.family()
    async with on.house.database.read() as tx:
        rows = await bills.payments_of(tx, family.book, family.id, 1000)
        told = [one.text_zh for one in await notices_of(tx, family.book, family.id, 2000)]
        known = await bills.billers(tx)
        person = (await customers.persons(tx, [(family.book, family.id)]))[family.id]
        view = await customer_view(on.house, tx, person, 1)
    return {
        "closed": [day for day, report in on.reports.items() if report.closed],
        "dates": on.dates,
        "issued": {(account, bill.bill_id): bill for account, of in on.place.biller.bills.items() for bill in of},
        "taken": sorted(on.place.biller.paid.values(), key=lambda of: of[3]),
        "payments": [(row.state, row.amount, row.fund_units) for row, _ in rows],
        "told": told,
        "looks": on.looks,
        "wealth": view.wealth,
        "income": view.cumulative_income,
        "moved": on.moved,
        "paid out": sum(on.bank.money(row.biller.bank_account) for row in known.values()),
        "owed to billers": await on.place.total(Kind.BILLER),
    }


def judged(came: dict[str, Any]) -> None:
    """What holds however long it lasted."""
    assert came["closed"] == came["dates"]
    last = came["dates"][-1]
    taken: dict[str, tuple[str, int, date]] = {}
    for number, account, amount, at in came["taken"]:
        assert number not in taken, "a bill is paid once"
        taken[number] = (account, amount, business_date_of(at))
    for (_, number), bill in came["issued"].items():
        if bill.due_on < last:
            assert number in taken, "none is forgotten"
    for number, (account, amount, day) in taken.items():
        bill = came["issued"][account, number]
        by_hand = BY_HAND.get(day) == account
        ceiling = RAISED if account == POWER and day > RAISED_ON else CEILINGS.get(account, 0)
        assert by_hand or amount <= ceiling
        assert by_hand or amount == bill.amount, "no penalty while it is paid by itself"
        assert account != CARD or day == bill.due_on, "the card on its last day"
    done = sum(amount for _, amount, _ in taken.values())
    paid = [(amount, units) for state, amount, units in came["payments"] if state is PaymentState.PAID]
    assert sum(amount for amount, _ in paid) == done
    assert came["paid out"] + came["owed to billers"] == done, "each fen went to the billers, less what is still owed to them"
    announced = [text for text in came["told"] if "将于" in text and "自动缴费，请备足" in text]
    assert len(announced) >= len(taken) - len([day for day in BY_HAND if day <= last])
    assert came["income"] > 0
    assert came["wealth"] == came["moved"] + came["income"] - done, "what is not spent is there, with what it has earned"


def test_a_familys_month_is_paid_by_itself(new_database: Callable[[], str], tmp_path: Path) -> None:
    came = asyncio.run(played(new_database(), tmp_path, 30))
    judged(came)
    assert [number for number, *_ in came["taken"]] == ["P201403", "W201403", "F201403", "C201403"]
    late, water = (next(of for of in came["taken"] if of[1] == account) for account in (FLAT, WATER))
    assert late[2] == 89_00, "five days late at 0.1 % a day, a yuan at least"
    assert business_date_of(water[3]) == date(2014, 3, 13), "told of anew under the other terms, and paid the day after"
    (card,) = (of for of in came["taken"] if of[1] == CARD)
    by_fund = {amount: units for _, amount, units in came["payments"]}
    assert by_fund[card[2]] > 0, "the fund repays the card"
    assert all(units == 0 for _, amount, units in came["payments"] if amount in {of[2] for of in came["taken"] if of[1] == WATER})
    assert any("尚未答复" in text for text in came["told"]), "the biller lost a payment"
    assert came["looks"].count("placed") == 3


@pytest.mark.soak
def test_a_familys_year(new_database: Callable[[], str], tmp_path: Path) -> None:
    came = asyncio.run(played(new_database(), tmp_path, 365))
    judged(came)
    late = [(amount, came["issued"][account, number].amount) for number, account, amount, _ in came["taken"] if number == "P201409"]
    assert [paid - amount for paid, amount in late] == [2_60], "five days late at 0.1 % a day"
    assert sum("超过您约定的每笔上限" in text for text in came["told"]) == 3, "July, August before the change, September"
