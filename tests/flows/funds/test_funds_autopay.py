"""Bills that are paid when they are due, without being asked: by the wallet, and by the fund for what it lacks."""

import asyncio
import doctest
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, Person
from fund_town import FUND, FundTown, bought

from tapwealth.bills import autopay as rule
from tapwealth.bills.biller import Unknown
from tapwealth.customers import store as customers
from tapwealth.flows.bills import autopay
from tapwealth.flows.bills import paying as bills
from tapwealth.flows.bills.autopay import AgreeAutopay, AutopayView, EndAutopay
from tapwealth.flows.reports.customers import customer_view
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import BadInput, Refusal

ACCOUNT = "1234567890"
TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)


async def agree(place: FundTown, person: Person, **change: Any) -> AutopayView | Refusal:
    terms = {"biller": "BJPOWER", "account_number": ACCOUNT, "most": 500_00, "fund": FUND}
    return await autopay.agree(place.house, place.envelope(person), AgreeAutopay(**{**terms, **change}))


async def at(place: FundTown, day: date, hour: int, minute: int = 0) -> list[str]:
    await place.clock(shanghai(day, hour, minute))
    return await autopay.run_due(place.house)


async def seen(place: FundTown, person: Person) -> AutopayView:
    async with place.house.database.read() as tx:
        return (await autopay.held(tx, person.book, person.id))[-1]


async def holder(place: FundTown, wallet: int) -> Person:
    """5,000.00 units on Tuesday, and so much in the wallet."""
    wang = await bought(place, 5_000_00)
    await place.take()
    for number in range(20):
        amount = min(1_000_000, (await place.owed(wang.wallet))[0] - wallet)
        if amount:
            await place.pay_one(wang, await place.bill(wang, f"9{number:09d}", f"W{number}", amount), amount)
    await place.work("biller", bills.deliver)
    return wang


async def test_a_bill_that_is_due_is_paid_by_wallet_and_fund(place: FundTown) -> None:
    wang = await holder(place, 30_00)
    made = await agree(place, wang)
    assert isinstance(made, AutopayView)
    assert (made.account, made.state, made.last_day) == ("******7890", "active", None)
    place.biller.owe(ACCOUNT, "B1", 130_00)
    assert await at(place, TUESDAY, 9, 59) == []
    assert await at(place, TUESDAY, 10) == ["placed"]
    await place.work("biller", bills.deliver)
    assert (await place.owed(wang.wallet), await place.units(wang)) == ([0], [4_900_00])
    assert await place.told(wang) == ["已按约定为您向北京电力缴费 130.00 元。"]
    view = await seen(place, wang)
    assert (view.last_day, view.last_paid, view.last_zh) == (TUESDAY, 130_00, "已缴费")
    assert await at(place, WEDNESDAY, 10) == ["nothing"], "what is paid is owed no more"


async def test_the_pocket_pays_what_is_due_in_its_order(place: FundTown) -> None:
    wang = await holder(place, 30_00)
    made = await agree(place, wang, fund="pocket")
    assert isinstance(made, AutopayView)
    assert made.fund == "pocket"
    place.biller.owe(ACCOUNT, "B1", 130_00)
    assert await at(place, TUESDAY, 10) == ["placed"]
    await place.work("biller", bills.deliver)
    assert (await place.owed(wang.wallet), await place.units(wang)) == ([0], [4_900_00])


async def test_a_day_is_looked_after_once_by_however_many_workers(place: FundTown) -> None:
    wang = await holder(place, 500_00)
    await agree(place, wang)
    place.biller.owe(ACCOUNT, "B1", 130_00)
    await place.clock(shanghai(TUESDAY, 10))
    done = await asyncio.gather(*(autopay.run_due(place.house) for _ in range(4)))
    assert [one for of in done for one in of] == ["placed"]
    await place.work("biller", bills.deliver)
    assert await place.owed(wang.wallet) == [370_00]


async def test_a_silent_biller_is_asked_again_and_nothing_is_decided_meanwhile(place: FundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    wang = await holder(place, 500_00)
    await agree(place, wang)
    place.biller.owe(ACCOUNT, "B1", 130_00)
    honest = place.biller.inquire

    async def silent(_serial: str, _account: str) -> Unknown:
        return Unknown("silence")

    monkeypatch.setattr(place.biller, "inquire", silent)
    assert await at(place, TUESDAY, 10) == []
    assert (await seen(place, wang)).last_day is None
    monkeypatch.setattr(place.biller, "inquire", honest)
    assert await at(place, TUESDAY, 10, 5) == ["placed"]


async def test_many_accounts_of_a_silent_biller_keep_no_other_from_being_paid(place: FundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many they are, all are asked in turn: nobody twice before everybody was once."""
    wang = await place.person("Wang", 500_00)
    many = 2 * autopay.AT_ONCE
    for number in range(many):
        await agree(place, wang, account_number=f"{number:010d}")
    await agree(place, wang)
    place.biller.owe(ACCOUNT, "B1", 130_00)
    honest, asked = place.biller.inquire, list[str]()

    async def silent(serial: str, account: str) -> Any:
        asked.append(account)
        return await honest(serial, account) if account == ACCOUNT else Unknown("silence")

    monkeypatch.setattr(place.biller, "inquire", silent)
    looks = [await at(place, TUESDAY, 10, minute) for minute in range(3)]
    assert [ended for look in looks for ended in look] == ["placed"]
    assert (len(set(asked[:many])), len(set(asked))) == (many, many + 1)


async def test_what_is_above_the_agreement_or_cannot_be_paid_is_told_and_left(place: FundTown) -> None:
    wang = await holder(place, 0)
    await agree(place, wang, most=6_000_00)
    place.biller.owe(ACCOUNT, "B1", 6_000_01)
    place.biller.owe(ACCOUNT, "B2", 5_000_01)
    place.biller.owe(ACCOUNT, "B3", 40_00)
    assert await at(place, TUESDAY, 10) == ["refused"]
    view = await seen(place, wang)
    assert view.last_paid == 40_00
    assert (
        view.reason
        == "5,000.01 yuan is asked, 5,000.00 is there; move money in first; 6,000.01 yuan is more than you agreed to; pay it by hand"
    )
    assert await place.told(wang) == ["北京电力的账单未能全部自动缴费（已缴 40.00 元），请在手机上查看并缴费。"]
    place.biller.bills[ACCOUNT].pop()
    assert await at(place, WEDNESDAY, 10) == ["refused"], "another day, another try"


async def test_what_is_over_pays_no_more_and_one_account_has_one_agreement(place: FundTown) -> None:
    wang = await place.person("Wang", 500_00)
    made = await agree(place, wang)
    assert isinstance(made, AutopayView)
    again = await agree(place, wang)
    assert isinstance(again, Refusal)
    assert again.code.name == "AUTOPAY_STANDS"
    assert isinstance(await agree(place, wang, account_number="2222222222"), AutopayView), "another account"
    ended = await autopay.end(place.house, place.envelope(wang), EndAutopay(UUID(made.autopay)))
    assert isinstance(ended, AutopayView)
    assert ended.state == "ended"
    place.biller.owe(ACCOUNT, "B1", 130_00)
    place.biller.owe("2222222222", "B2", 0)
    assert await at(place, TUESDAY, 10) == ["nothing"]
    assert isinstance(await autopay.end(place.house, place.envelope(wang), EndAutopay(UUID(made.autopay))), Refusal)


async def test_who_ends_it_while_the_biller_is_asked_pays_nothing(place: FundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    wang = await place.person("Wang", 500_00)
    made = await agree(place, wang)
    assert isinstance(made, AutopayView)
    place.biller.owe(ACCOUNT, "B1", 130_00)
    inquire = place.biller.inquire

    async def slow(serial: str, account: str) -> Any:
        answer = await inquire(serial, account)
        assert isinstance(await autopay.end(place.house, place.envelope(wang), EndAutopay(UUID(made.autopay))), AutopayView)
        return answer

    monkeypatch.setattr(place.biller, "inquire", slow)
    assert await at(place, TUESDAY, 10) == []
    assert await place.owed(wang.wallet) == [500_00]


async def test_what_cannot_be_agreed(place: FundTown) -> None:
    wang = await place.person("Wang", 0)
    for change, code in (({"biller": "NOBODY"}, "UNKNOWN_BILLER"), ({"fund": "000999"}, "UNKNOWN_FUND")):
        refused = await agree(place, wang, **change)
        assert isinstance(refused, Refusal)
        assert refused.code.name == code
    with pytest.raises(BadInput, match="10 digits"):
        await agree(place, wang, account_number="12")


def test_the_doctest() -> None:
    assert doctest.testmod(rule).failed == 0


async def test_the_phone_shows_the_agreement_and_its_newest_day(place: FundTown) -> None:
    wang = await holder(place, 500_00)
    await agree(place, wang)
    place.biller.owe(ACCOUNT, "B1", 130_00)
    await at(place, TUESDAY, 10)
    async with place.house.database.read() as tx:
        person = (await customers.persons(tx, [(wang.book, wang.id)]))[wang.id]
        (shown,) = (await customer_view(place.house, tx, person, 1)).autopays
    assert (shown.biller, shown.account, shown.last_day, shown.last_paid, shown.last_en) == (
        "北京电力", "******7890", TUESDAY, 130_00, "paid",
    )  # fmt: skip
