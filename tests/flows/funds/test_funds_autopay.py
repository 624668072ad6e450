"""Bills that are paid when they are due, without being asked: by the wallet, and by the fund for what it lacks."""

import asyncio
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from bill_town import BJPOWER, MONDAY, Person, ScriptedBiller
from biller_files import CHECKER, put_in_directory
from fund_town import FUND, FundTown, bought, operator

from tapwealth.bills.autopay import PayWhen
from tapwealth.bills.biller import Category, Rejected, Unknown
from tapwealth.customers import store as customers
from tapwealth.flows import setup
from tapwealth.flows.bills import autopay, autopay_days
from tapwealth.flows.bills import paying as bills
from tapwealth.flows.bills.autopay import AgreeAutopay, AutopayView, ChangeAutopay, EndAutopay
from tapwealth.flows.catalogue import products, sales
from tapwealth.flows.catalogue.products import CloseProduct
from tapwealth.flows.catalogue.sales import SaleShown
from tapwealth.flows.funds.freeze import ProposeFreeze
from tapwealth.flows.rails import Billers
from tapwealth.flows.reports.customers import customer_view
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import BadInput, Refusal

ACCOUNT = "1234567890"
TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (MONDAY + timedelta(days=number) for number in range(1, 5))


async def agree(place: FundTown, person: Person, **change: Any) -> AutopayView | Refusal:
    terms = {"biller": "BJPOWER", "account_number": ACCOUNT, "most": 500_00, "fund": FUND}
    return await autopay.agree(place.house, place.envelope(person), AgreeAutopay(**{**terms, **change}))


async def at(place: FundTown, day: date, hour: int, minute: int = 0) -> list[str]:
    await place.clock(shanghai(day, hour, minute))
    return await autopay_days.run_due(place.house)


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


async def test_its_customer_is_told_a_day_ahead_and_then_wallet_and_fund_pay(place: FundTown) -> None:
    wang = await holder(place, 30_00)
    made = await agree(place, wang)
    assert isinstance(made, AutopayView)
    assert (made.account, made.state, made.when, made.last_day) == ("******7890", "active", "presented", None)
    place.biller.owe(ACCOUNT, "B1", 130_00)
    assert await at(place, TUESDAY, 9, 59) == []
    assert await at(place, TUESDAY, 10) == ["told"]
    assert await place.told(wang) == ["北京电力账单 130.00 元将于 02-26 自动缴费，请备足资金。如不需要，请在此之前终止约定。"]
    assert await place.units(wang) == [5_000_00]
    assert await at(place, WEDNESDAY, 9, 59) == []
    assert await at(place, WEDNESDAY, 10) == ["placed"]
    await place.work("biller", bills.deliver)
    assert (await place.owed(wang.wallet), await place.units(wang)) == ([0], [4_900_00])
    assert (await place.told(wang))[0] == "北京电力账单 130.00 元已按约定自动缴费。"
    view = await seen(place, wang)
    assert (view.last_day, view.last_paid, view.last_zh) == (WEDNESDAY, 130_00, "已缴费")
    assert await at(place, THURSDAY, 10) == ["nothing"], "what is paid is owed no more"
    assert (await seen(place, wang)).bills == []


async def test_a_bill_is_paid_on_its_last_day_without_a_penalty_if_that_is_agreed(place: FundTown) -> None:
    wang = await holder(place, 30_00)
    await agree(place, wang, when=PayWhen.DUE)
    place.biller.owe(ACCOUNT, "B1", 130_00, due_on=FRIDAY)
    assert await at(place, TUESDAY, 10) == ["nothing"]
    (bill,) = (await seen(place, wang)).bills
    assert (bill.state, bill.pay_on, bill.balance) == ("waiting", FRIDAY, 130_00)
    assert await at(place, WEDNESDAY, 10) == ["nothing"]
    assert await at(place, THURSDAY, 10) == ["told"]
    assert await at(place, FRIDAY, 10) == ["placed"]
    assert await place.told(wang) == [
        "北京电力账单 130.00 元已按约定自动缴费。",
        "北京电力账单 130.00 元将于 02-28 自动缴费，请备足资金。如不需要，请在此之前终止约定。",
    ]


async def test_a_credit_card_is_repaid_by_the_fund_on_its_due_day(place: FundTown) -> None:
    wang = await holder(place, 0)
    card = msgspec.structs.replace(
        BJPOWER,
        code="BOBCARD",
        name="京行信用卡",
        category=Category.CREDIT_CARD,
        name_en="Bank card",
        pattern="[0-9]{16}",
        bank_account="0200000009",
        connection="BJPOWER",
    )
    assert await put_in_directory(place.house, card.definition) is None
    made = await agree(place, wang, biller="BOBCARD", account_number="6226090000000012", fund="pocket", most=2_000_00)
    assert isinstance(made, AutopayView)
    assert made.when == "due"
    place.biller.owe("6226090000000012", "C1", 1_800_00, due_on=THURSDAY)
    looks = [await at(place, day, 10) for day in (TUESDAY, WEDNESDAY, THURSDAY)]
    assert looks == [["nothing"], ["told"], ["placed"]]
    await place.work("biller", bills.deliver)
    assert await place.units(wang) == [3_200_00]


async def test_the_pocket_pays_what_is_due_in_its_order(place: FundTown) -> None:
    wang = await holder(place, 30_00)
    made = await agree(place, wang, fund="pocket")
    assert isinstance(made, AutopayView)
    assert made.fund == "pocket"
    place.biller.owe(ACCOUNT, "B1", 130_00)
    assert await at(place, TUESDAY, 10) == ["told"]
    assert await at(place, WEDNESDAY, 10) == ["placed"]
    await place.work("biller", bills.deliver)
    assert (await place.owed(wang.wallet), await place.units(wang)) == ([0], [4_900_00])


async def test_a_day_is_looked_after_once_by_however_many_workers(place: FundTown) -> None:
    wang = await holder(place, 500_00)
    await agree(place, wang)
    place.biller.owe(ACCOUNT, "B1", 130_00)
    await at(place, TUESDAY, 10)
    await place.clock(shanghai(WEDNESDAY, 10))
    done = await asyncio.gather(*(autopay_days.run_due(place.house) for _ in range(4)))
    assert [one for of in done for one in of] == ["placed"]
    await place.work("biller", bills.deliver)
    assert await place.owed(wang.wallet) == [370_00]


async def test_what_is_paid_does_not_hang_on_which_biller_answers_first(place: FundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    wang = await holder(place, 150_00)
    for account, number in ((ACCOUNT, "B1"), ("1234567891", "B2")):
        await agree(place, wang, account_number=account, fund="")
        place.biller.owe(account, number, 130_00)
    assert await at(place, TUESDAY, 10) == ["told", "told"]
    honest, answered = place.biller.inquire, list[str]()

    async def slow_for_the_first(serial: str, account: str, further: Any) -> Any:
        await asyncio.sleep(0.1 if account == ACCOUNT else 0)
        answered.append(account)
        return await honest(serial, account, further)

    monkeypatch.setattr(place.biller, "inquire", slow_for_the_first)
    assert await at(place, WEDNESDAY, 10) == ["placed", "refused"], "the wallet has enough for one of them"
    assert answered == ["1234567891", ACCOUNT]


async def test_a_silent_biller_is_asked_again_and_nothing_is_decided_meanwhile(place: FundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    wang = await holder(place, 500_00)
    await agree(place, wang)
    place.biller.owe(ACCOUNT, "B1", 130_00)
    honest = place.biller.inquire

    async def silent(_serial: str, _account: str, _further: Any) -> Unknown:
        return Unknown("silence")

    monkeypatch.setattr(place.biller, "inquire", silent)
    assert await at(place, TUESDAY, 10) == []
    assert (await seen(place, wang)).last_day is None
    monkeypatch.setattr(place.biller, "inquire", honest)
    assert await at(place, TUESDAY, 10, 5) == ["told"]


async def test_many_accounts_of_a_silent_biller_keep_no_other_from_being_paid(place: FundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many they are, all are asked in turn: nobody twice before everybody was once."""
    wang = await place.person("Wang", 500_00)
    many = 2 * autopay_days.AT_ONCE
    for number in range(many):
        await agree(place, wang, account_number=f"{number:010d}")
    await agree(place, wang)
    place.biller.owe(ACCOUNT, "B1", 130_00)
    honest, asked = place.biller.inquire, list[str]()

    async def silent(serial: str, account: str, _further: Any) -> Any:
        asked.append(account)
        return await honest(serial, account) if account == ACCOUNT else Unknown("silence")

    monkeypatch.setattr(place.biller, "inquire", silent)
    looks = [await at(place, TUESDAY, 10, minute) for minute in range(3)]
    assert [ended for look in looks for ended in look] == ["told"]
    assert (len(set(asked[:many])), len(set(asked))) == (many, many + 1)


async def test_a_silent_biller_with_many_accounts_keeps_no_other_biller_waiting(place: FundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it has been silent, those of the others are asked first, however much later they were agreed to."""
    monkeypatch.setattr(autopay_days, "AT_ONCE", 2)
    silent, water = place.biller, ScriptedBiller()
    object.__setattr__(place.house.rails, "billers", Billers({**place.house.rails.billers.ports, "BJWATER": water}))
    assert await put_in_directory(place.house, msgspec.structs.replace(BJPOWER, code="BJWATER", name="北京水务").definition) is None
    wang = await place.person("Wang", 500_00)
    for number in range(8):
        await agree(place, wang, account_number=f"{number:010d}")
    await place.clock(shanghai(MONDAY, 12))
    await agree(place, wang, biller="BJWATER")
    water.owe(ACCOUNT, "W1", 130_00)

    async def says_nothing(_serial: str, _account: str, _further: Any) -> Unknown:
        return Unknown("silence")

    monkeypatch.setattr(silent, "inquire", says_nothing)
    assert [await at(place, TUESDAY, 10, minute) for minute in range(2)] == [[], ["told"]]


async def test_a_fault_with_one_agreement_is_nobody_elses(place: FundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    wang = await place.person("Wang", 500_00)
    await agree(place, wang, account_number="0000000001")
    await agree(place, wang)
    place.biller.owe(ACCOUNT, "B1", 130_00)
    inputs_of = autopay_days.inputs_of

    def torn(house: Any, one: Any) -> str:
        if one.shown_account.endswith("0001"):
            raise ValueError("cannot be opened")
        return inputs_of(house, one)

    monkeypatch.setattr(autopay_days, "inputs_of", torn)
    assert await at(place, TUESDAY, 10) == ["told"]


async def test_what_is_above_the_agreement_is_left_and_reminded_of(place: FundTown) -> None:
    wang = await place.person("Wang", 500_00)
    await agree(place, wang, most=100_00)
    place.biller.owe(ACCOUNT, "B1", 100_01, due_on=FRIDAY)
    assert await at(place, TUESDAY, 10) == ["refused"]
    view = await seen(place, wang)
    assert (view.last_paid, view.reason) == (0, "100.01 yuan is more than you agreed to; pay it by hand")
    assert [(bill.state, bill.state_zh) for bill in view.bills] == [("left", "请自行缴费")]
    assert [await at(place, day, 10) for day in (WEDNESDAY, THURSDAY, FRIDAY)] == [["nothing"]] * 3
    assert await place.told(wang) == [
        "北京电力账单 100.01 元尚未缴清，请于 02-28 前自行缴费。",
        "北京电力账单 100.01 元尚未缴清，请于 02-28 前自行缴费。",
        "北京电力账单 100.01 元超过您约定的每笔上限 100.00 元，未自动缴费，请自行缴费（02-28 前缴清不产生违约金）。",
    ]
    assert await place.owed(wang.wallet) == [500_00]


async def test_what_cannot_be_paid_is_tried_again_in_the_morning_and_at_last_left(place: FundTown) -> None:
    wang = await place.person("Wang", 30_00)
    await agree(place, wang, fund="")
    place.biller.owe(ACCOUNT, "B1", 40_00)
    place.biller.owe(ACCOUNT, "B2", 25_00)
    looks = [await at(place, TUESDAY + timedelta(days=number), 10) for number in range(6)]
    assert looks == [["told"], ["refused"], ["refused"], ["refused"], ["nothing"], ["nothing"]]
    await place.work("biller", bills.deliver)
    assert await place.owed(wang.wallet) == [5_00], "the smaller one is paid"
    assert [line for line in await place.told(wang) if "40.00" in line][:3] == [
        "北京电力账单 40.00 元未能自动缴费，请自行缴费。",
        "北京电力账单 40.00 元今日未能自动缴费，将于明早再试，请备足资金。",
        "北京电力账单 40.00 元今日未能自动缴费，将于明早再试，请备足资金。",
    ]


async def test_money_that_comes_in_time_pays_at_the_next_try(place: FundTown) -> None:
    wang = await place.person("Wang", 30_00)
    await agree(place, wang, fund="")
    place.biller.owe(ACCOUNT, "B1", 40_00)
    assert [await at(place, day, 10) for day in (TUESDAY, WEDNESDAY)] == [["told"], ["refused"]]
    await place.moved_in(wang, 10_00, WEDNESDAY)
    assert await at(place, THURSDAY, 10) == ["placed"]
    assert await place.owed(wang.wallet) == [0]


async def test_what_the_biller_gave_back_is_tried_again(place: FundTown) -> None:
    wang = await place.person("Wang", 500_00)
    await agree(place, wang)
    place.biller.owe(ACCOUNT, "B1", 40_00)
    place.biller.script.append(Rejected("closed"))
    assert [await at(place, day, 10) for day in (TUESDAY, WEDNESDAY)] == [["told"], ["placed"]]
    await place.work("biller", bills.deliver)
    assert await place.owed(wang.wallet) == [500_00]
    assert await at(place, THURSDAY, 10) == ["placed"]
    await place.work("biller", bills.deliver)
    assert await place.owed(wang.wallet) == [460_00]
    assert await at(place, FRIDAY, 10) == ["nothing"]


async def test_a_bill_in_doubt_is_paid_no_second_time(place: FundTown) -> None:
    wang = await place.person("Wang", 500_00)
    await agree(place, wang)
    place.biller.owe(ACCOUNT, "B1", 40_00)
    place.biller.script.append(Unknown("silence"))
    place.biller.loses = True
    assert [await at(place, day, 10) for day in (TUESDAY, WEDNESDAY)] == [["told"], ["placed"]]
    await place.work("biller", bills.deliver)
    assert [await at(place, day, 10) for day in (THURSDAY, FRIDAY)] == [["nothing"], ["nothing"]]
    assert await place.owed(wang.wallet) == [460_00]


async def test_other_terms_hold_at_once_and_what_is_not_paid_is_told_anew(place: FundTown) -> None:
    wang = await place.person("Wang", 500_00)
    made = await agree(place, wang, most=100_00)
    assert isinstance(made, AutopayView)
    place.biller.owe(ACCOUNT, "B1", 130_00)
    assert await at(place, TUESDAY, 10) == ["refused"]
    envelope = place.envelope(wang)
    changed = await autopay.change(place.house, envelope, ChangeAutopay(UUID(made.autopay), 130_00))
    assert isinstance(changed, AutopayView)
    assert (changed.account, changed.most, changed.fund, changed.state) == ("******7890", 130_00, "", "active")
    assert await autopay.change(place.house, envelope, ChangeAutopay(UUID(made.autopay), 130_00)) == changed, "the same command again"
    again = await autopay.change(place.house, place.envelope(wang), ChangeAutopay(UUID(made.autopay), 200_00))
    assert isinstance(again, Refusal), "what is over is changed no more"
    assert [await at(place, day, 10) for day in (WEDNESDAY, THURSDAY)] == [["told"], ["placed"]]
    await place.work("biller", bills.deliver)
    assert await place.owed(wang.wallet) == [370_00]


async def test_a_bill_that_was_told_is_paid_by_no_lower_agreement(place: FundTown) -> None:
    wang = await place.person("Wang", 500_00)
    made = await agree(place, wang)
    assert isinstance(made, AutopayView)
    place.biller.owe(ACCOUNT, "B1", 130_00)
    assert await at(place, TUESDAY, 10) == ["told"]
    assert isinstance(await autopay.change(place.house, place.envelope(wang), ChangeAutopay(UUID(made.autopay), 129_99)), AutopayView)
    assert [await at(place, day, 10) for day in (WEDNESDAY, THURSDAY)] == [["refused"], ["nothing"]]
    assert await place.owed(wang.wallet) == [500_00]


async def test_a_biller_that_opens_late_is_asked_when_it_opens(place: FundTown) -> None:
    wang = await place.person("Wang", 500_00)
    late = msgspec.structs.replace(BJPOWER, code="LATE", opens=time(14), closes=time(16), bank_account="0200000009", connection="BJPOWER")
    assert await put_in_directory(place.house, late.definition) is None
    assert isinstance(await agree(place, wang, biller="LATE"), AutopayView)
    place.biller.owe(ACCOUNT, "B1", 40_00)
    assert [await at(place, TUESDAY, hour) for hour in (10, 14)] == [[], ["told"]]
    assert [await at(place, WEDNESDAY, hour) for hour in (10, 16)] == [[], []]
    assert await at(place, THURSDAY, 15) == ["placed"]


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

    async def slow(serial: str, account: str, _further: Any) -> Any:
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


async def test_the_phone_shows_the_bill_that_is_paid_next(place: FundTown) -> None:
    wang = await place.person("Wang", 500_00)
    await agree(place, wang)
    place.biller.owe(ACCOUNT, "B1", 130_00)
    await at(place, TUESDAY, 10)
    async with place.house.database.read() as tx:
        person = (await customers.persons(tx, [(wang.book, wang.id)]))[wang.id]
        (shown,) = (await customer_view(place.house, tx, person, 1)).autopays
    assert (shown.next_on, shown.next_balance, shown.next_zh) == (WEDNESDAY, 130_00, "已预告")


async def test_the_phone_shows_the_agreement_and_its_newest_day(place: FundTown) -> None:
    wang = await holder(place, 500_00)
    await agree(place, wang)
    place.biller.owe(ACCOUNT, "B1", 130_00)
    for day in (TUESDAY, WEDNESDAY):
        await at(place, day, 10)
    async with place.house.database.read() as tx:
        person = (await customers.persons(tx, [(wang.book, wang.id)]))[wang.id]
        (shown,) = (await customer_view(place.house, tx, person, 1)).autopays
    assert (shown.biller, shown.account, shown.last_day, shown.last_paid, shown.last_en) == (
        "北京电力", "******7890", WEDNESDAY, 130_00, "paid",
    )  # fmt: skip


async def test_a_fee_counts_against_what_was_agreed_to(place: FundTown) -> None:
    dear = msgspec.structs.replace(BJPOWER, code="DEAR", connection="BJPOWER").definition
    item = msgspec.structs.replace(dear.parameters.items[0], payer_fee=1_00)
    parameters = msgspec.structs.replace(dear.parameters, items=[item])
    assert await put_in_directory(place.house, msgspec.structs.replace(dear, parameters=parameters)) is None
    wang = await place.person("Wang", 500_00)
    assert isinstance(await agree(place, wang, biller="DEAR", most=100_00), AutopayView)
    place.biller.owe(ACCOUNT, "B1", 99_00)
    place.biller.owe(ACCOUNT, "B2", 99_01)
    assert await at(place, TUESDAY, 10) == ["refused"], "the second one would come to 100.01"
    assert await at(place, WEDNESDAY, 10) == ["placed"]
    assert await place.owed(wang.wallet) == [400_00]


async def test_terms_that_are_changed_while_the_biller_is_asked_hold_for_the_debit(
    place: FundTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lower ceiling pays nothing; the same terms anew are told of anew, and pay the day after."""
    wang = await place.person("Wang", 500_00)
    made = await agree(place, wang)
    assert isinstance(made, AutopayView)
    place.biller.owe(ACCOUNT, "B1", 130_00)
    assert await at(place, TUESDAY, 10) == ["told"]
    inquire, terms = place.biller.inquire, [(made.autopay, 129_99)]

    async def slow(*given: Any) -> Any:
        answer = await inquire(*given)
        while terms:
            before, most = terms.pop()
            changed = await autopay.change(place.house, place.envelope(wang), ChangeAutopay(UUID(before), most))
            assert isinstance(changed, AutopayView)
        return answer

    monkeypatch.setattr(place.biller, "inquire", slow)
    assert await at(place, WEDNESDAY, 10) == []
    assert await at(place, WEDNESDAY, 10, 1) == ["refused"]
    terms.append(((await seen(place, wang)).autopay, 130_00))
    assert [await at(place, THURSDAY, 10, minute) for minute in range(2)] == [[], ["told"]]
    assert await place.owed(wang.wallet) == [500_00]
    assert await at(place, FRIDAY, 10) == ["placed"]


async def test_what_is_ended_after_the_notice_is_not_paid_and_said_nothing_more_of(place: FundTown) -> None:
    wang = await place.person("Wang", 500_00)
    made = await agree(place, wang)
    assert isinstance(made, AutopayView)
    place.biller.owe(ACCOUNT, "B1", 130_00, due_on=THURSDAY)
    assert await at(place, TUESDAY, 10) == ["told"]
    await place.clock(shanghai(WEDNESDAY, 9, 59, 59))
    assert isinstance(await autopay.end(place.house, place.envelope(wang), EndAutopay(UUID(made.autopay))), AutopayView)
    told = await place.told(wang)
    assert [await at(place, day, 10) for day in (WEDNESDAY, THURSDAY, FRIDAY)] == [[], [], []]
    assert (await place.owed(wang.wallet), await place.told(wang)) == ([500_00], told)


@pytest.mark.parametrize(
    ("due", "notice"), [(date(2014, 10, 1), 2), (date(2014, 12, 31), 1), (date(2016, 2, 29), 1), (date(2015, 3, 1), 2)], ids=str
)
async def test_a_due_day_is_kept_on_a_holiday_at_a_months_end_and_in_a_leap_year(place: FundTown, due: date, notice: int) -> None:
    """By the wallet; billers serve every day."""
    wang = await place.person("Wang", 500_00)
    await agree(place, wang, when=PayWhen.DUE, notice=notice)
    place.biller.owe(ACCOUNT, "B1", 130_00, due_on=due)
    days = [due - timedelta(days=number) for number in range(notice + 1, -2, -1)]
    looks = [await at(place, day, 10) for day in days]
    assert looks == [["nothing"], ["told"], *[["nothing"]] * (notice - 1), ["placed"], ["nothing"]]


async def test_what_was_agreed_to_goes_on_at_a_biller_that_takes_nobody_new(place: FundTown) -> None:
    wang = await place.person("Wang", 500_00)
    await agree(place, wang)
    closed = await products.close(place.house, operator(place, CHECKER), CloseProduct("BJPOWER", 1, "no new payers"))
    assert not isinstance(closed, Refusal), closed
    refused = await agree(place, wang, account_number="2222222222")
    assert isinstance(refused, Refusal)
    assert refused.code.name == "BILLER_CLOSED"
    place.biller.owe(ACCOUNT, "B1", 130_00)
    assert [await at(place, day, 10) for day in (TUESDAY, WEDNESDAY)] == [["told"], ["placed"]]


async def test_units_that_are_frozen_pay_nothing(place: FundTown) -> None:
    """What an authority has frozen is there, and is not free: the bill waits for other money."""
    wang = await holder(place, 30_00)
    await agree(place, wang)
    place.biller.owe(ACCOUNT, "B1", 130_00)
    assert await at(place, TUESDAY, 10) == ["told"]
    proposed = await setup.propose(place.house, operator(place, "ops.chen"), ProposeFreeze(wang.id, FUND, 4_950_00, "a court", "7"))
    assert not isinstance(proposed, Refusal), proposed
    frozen = await setup.approve(place.house, operator(place, "ops.sun"), setup.Approve(proposed.proposal))
    assert not isinstance(frozen, Refusal), frozen
    assert await at(place, WEDNESDAY, 10) == ["refused"]
    assert (await place.owed(wang.wallet), await place.units(wang)) == ([30_00], [5_000_00])
    await place.moved_in(wang, 60_00, WEDNESDAY)
    assert await at(place, THURSDAY, 10) == ["placed"], "40.00 of the 50.00 units that are free"


async def test_each_agreement_leaves_a_record_of_what_was_shown_and_agreed(place: FundTown) -> None:
    """A change is an agreement of its own, that names the one before."""
    wang = await holder(place, 30_00)
    first = await agree(place, wang)
    assert isinstance(first, AutopayView), first
    later = await autopay.change(place.house, place.envelope(wang), ChangeAutopay(UUID(first.autopay), 900_00))
    assert isinstance(later, AutopayView), later
    async with place.house.database.read() as tx:
        shown = [await sales.shown(place.house, tx, place.house.all_books, UUID(one.autopay), wang.id) for one in (first, later)]
    before, after = shown
    assert isinstance(before, SaleShown)
    assert isinstance(after, SaleShown)
    assert (before.proved, after.proved, before.record["kind"], before.record["product"]) == (True, True, "autopay", "BJPOWER")
    terms = {"account": "******7890", "card": "", "when": "presented", "notice_days": 1}
    assert {name: before.record["terms"][name] for name in terms} == terms
    assert [(one.record["terms"]["most"], one.record["terms"]["fund"]) for one in (before, after)] == [(500_00, FUND), (900_00, "")]
    assert after.record["terms"]["replaces"] == first.autopay
    assert before.shown is not None
    assert (before.shown.language, before.shown.title) == ("zh", "北京电力")
    assert before.shown.confirms == ["我授权在上述条件下自动缴纳账单，直至我终止"]
