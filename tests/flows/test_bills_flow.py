"""Paying a bill: what is refused, what is posted, what an answer does, and that nothing happens twice."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, ScriptedBiller, Town, day_end_file

from tapwealth.bills import store
from tapwealth.bills.biller import AskArrears, NotReceived, Rejected, Unknown
from tapwealth.bills.payment import PaymentState
from tapwealth.flows.bills import bill_lanes, bill_outcomes, billers
from tapwealth.flows.bills import paying as bills
from tapwealth.flows.bills.paying import BillPaymentPlaced, InquireBill, PayBill, Placing
from tapwealth.flows.rails import Billers
from tapwealth.flows.reports.customers import bill_view
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import BadInput, Outage, Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.notices import store as notices

ACCOUNT = "1234567890"
TUESDAY = MONDAY + timedelta(days=1)


async def only_payment(place: Town, person: Any) -> Any:
    """As the payer sees it."""
    async with place.house.database.read() as tx:
        ((payment, bill),) = await store.payments_of(tx, person.book, person.id)
        return bill_view(payment, bill, (await store.billers(tx))[payment.biller])


async def told_to(place: Town, person: Any) -> list[str]:
    """The notices, oldest first."""
    async with place.house.database.read() as tx:
        return [one.text_en for one in reversed(await notices.notices_of(tx, person.book, person.id))]


def code(answer: Any) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code.name


async def test_a_bill_is_presented_paid_and_settled(place: Town) -> None:
    wang = await place.person("Wang", 50_000)
    bill = await place.bill(wang, ACCOUNT, "B1", 10_050)
    placed = await place.pay_one(wang, bill, 10_050)
    assert isinstance(placed, BillPaymentPlaced)
    assert (await place.owed(wang.wallet), await place.total(Kind.SUSPENSE)) == ([39_950], 10_050)
    assert await place.work("biller", bills.deliver) == []
    assert (await place.total(Kind.SUSPENSE), await place.total(Kind.BILLER)) == (0, 10_050)
    seen = await only_payment(place, wang)
    assert (seen.state, seen.state_en, seen.account, seen.biller_en) == ("paid", "paid", "******7890", "Beijing Power")
    assert await told_to(place, wang) == [], "a payment that simply goes through needs no notice"

    report = await bills.settle_billers(place.house, MONDAY)
    assert report.figures == {"billers": 1, "amount": 10_050}
    assert (await bills.settle_billers(place.house, MONDAY)).figures["amount"] == 0, "a rerun finds nothing left"
    assert await place.bank_executes(TUESDAY) == ["BIL-BJPOWER-20140224"]
    assert (await place.total(Kind.BILLER), await place.total(Kind.CUSTOMER_RESERVE)) == (0, -39_950)
    await place.all_books_balance()


async def test_what_is_refused(place: Town) -> None:
    wang, li = await place.person("Wang", 20_000), await place.person("Li", 20_000)
    unverified, poor = await place.person("Zhou", 20_000, level=0), await place.person("Qian", 100)
    bill = await place.bill(wang, ACCOUNT, "B1", 10_050)
    assert code(await place.pay_one(li, bill, 10_050)) == "NOT_PRESENTED"
    assert code(await place.pay_one(wang, UUID(int=5), 10_050)) == "NOT_PRESENTED"
    assert code(await place.pay_one(wang, bill, 10_049)) == "NOT_THE_BALANCE"
    assert code(await place.pay_one(unverified, await place.bill(unverified, "2222222222", "B2", 100), 100)) == "ABOVE_LIMIT"
    assert code(await place.pay_one(poor, await place.bill(poor, "3333333333", "B3", 200), 200)) == "NO_MONEY"
    assert code(await place.pay_one(wang, await place.bill(wang, "4444444444", "B4", 1_000_001), 1_000_001)) == "ABOVE_MAXIMUM"
    night = place.envelope(wang, shanghai(MONDAY, 23, 56))
    assert code((await place.pay(Placing(night, PayBill(bill, 10_050))))[0]) == "CLOSED_NOW"
    assert await place.total(Kind.SUSPENSE) == 0

    assert isinstance(await place.pay_one(wang, bill, 10_050), BillPaymentPlaced)
    assert code(await place.pay_one(wang, bill, 10_050)) == "UNDER_WAY"
    await place.work("biller", bills.deliver)
    assert code(await place.pay_one(wang, bill, 10_050)) == "PAID_ALREADY"
    with pytest.raises(BadInput):
        bills.check(PayBill(bill, 0))


async def test_yearly_limit_counts_what_was_paid_and_not_what_was_refunded(place: Town) -> None:
    """Class II may pay 100,000 yuan a year from balances."""
    wang = await place.person("Wang", 30_000_000, level=2)
    kept = [await place.bill(wang, f"{n:010d}", f"B{n}", 1_000_000) for n in range(11)]
    answers = await place.pay(*(Placing(place.envelope(wang), PayBill(bill, 1_000_000)) for bill in kept))
    assert [isinstance(answer, Refusal) for answer in answers] == [False] * 10 + [True]
    assert code(answers[-1]) == "ABOVE_LIMIT"
    place.biller.script.append(Rejected("not_written_off"))
    await place.work("biller", bills.deliver)
    assert isinstance(await place.pay_one(wang, kept[-1], 1_000_000), BillPaymentPlaced)


async def test_what_is_ordered_before_midnight_counts_in_the_old_year_whenever_it_is_decided(place: Town) -> None:
    wang = await place.person("Wang", 30_000_000, level=2)
    kept = [await place.bill(wang, f"{n:010d}", f"B{n}", 1_000_000) for n in range(12)]
    noon = shanghai(date(2014, 12, 31), 12)
    await place.clock(noon)
    assert not [one for bill in kept[:10] if isinstance(one := await place.pay_one(wang, bill, 1_000_000), Refusal)]
    await place.clock(noon + timedelta(hours=21))
    late, early = place.envelope(wang, noon), place.envelope(wang)
    answers = await place.pay(Placing(late, PayBill(kept[10], 1_000_000)), Placing(early, PayBill(kept[11], 1_000_000)))
    assert code(answers[0]) == "ABOVE_LIMIT"
    assert isinstance(answers[1], BillPaymentPlaced)


async def test_one_batch_pays_a_bill_once_and_a_wallet_within_its_money(place: Town) -> None:
    wang = await place.person("Wang", 15_000)
    first, second = await place.bill(wang, ACCOUNT, "B1", 10_000), await place.bill(wang, "2222222222", "B2", 6_000)
    again = place.envelope(wang)
    answers = await place.pay(
        Placing(again, PayBill(first, 10_000)),
        Placing(again, PayBill(first, 10_000)),
        Placing(place.envelope(wang), PayBill(first, 10_000)),
        Placing(place.envelope(wang), PayBill(second, 6_000)),
        Placing(again, PayBill(second, 6_000)),
    )
    assert answers[0] == answers[1]
    assert [code(answer) for answer in answers[2:]] == ["UNDER_WAY", "NO_MONEY", "KEY_REUSED"]
    (repeated,) = await place.pay(Placing(again, PayBill(first, 10_000)))
    assert repeated == answers[0]
    assert await place.owed(wang.wallet) == [5_000]


async def test_inquiry_refuses_what_cannot_be(place: Town) -> None:
    wang = await place.person("Wang", 0)

    async def inquire(biller: str, account: str) -> Any:
        return await bills.inquire_bill(place.house, place.envelope(wang), bills.InquireBill(biller, account))

    assert code(await inquire("NOBODY", ACCOUNT)) == "UNKNOWN_BILLER"
    assert code(await inquire("BJPOWER", ACCOUNT)) == "UNKNOWN_NUMBER"
    with pytest.raises(BadInput, match="户号: '12345' does not fit; 10 digits"):
        await inquire("BJPOWER", "12345")
    place.biller.bills[ACCOUNT] = []
    assert (await inquire("BJPOWER", ACCOUNT)).bills == []


async def test_no_account_number_lies_open(place: Town) -> None:
    wang = await place.person("Wang", 50_000)
    await place.pay_one(wang, await place.bill(wang, ACCOUNT, "B1", 10_050), 10_050)
    await place.work("biller", bills.deliver)
    async with place.house.database.read() as tx:
        for table in ("bill", "bill_payment", "outbox", "command_log", "notice", "reconciliation_break"):
            rows = await tx.fetch(f"select t::text as text from {table} t")
            leaks = [row["text"] for row in rows if ACCOUNT in row["text"] or ("朝阳区" in row["text"] and table != "command_log")]
            assert leaks == [], table


async def test_rejected_is_refunded_once(place: Town) -> None:
    wang = await place.person("Wang", 50_000)
    bill = await place.bill(wang, ACCOUNT, "B1", 10_050)
    place.biller.script.append(Rejected("wrong_amount"))
    await place.pay_one(wang, bill, 10_050)
    await place.work("biller", bills.deliver)
    assert (await place.owed(wang.wallet), await place.total(Kind.SUSPENSE)) == ([50_000], 0)
    assert (await only_payment(place, wang)).state == "rejected"
    assert await told_to(place, wang) == ["Beijing Power did not take your payment; 100.50 yuan are back in your balance."]
    assert isinstance(await place.pay_one(wang, bill, 10_050), BillPaymentPlaced), "a refunded bill can be paid anew"


async def test_silence_then_found_paid_by_inquiry(place: Town) -> None:
    wang = await place.person("Wang", 50_000)
    place.biller.script.append(Unknown("no answer"))
    place.biller.inquiries.append(Unknown("no answer"))
    await place.pay_one(wang, await place.bill(wang, ACCOUNT, "B1", 10_050), 10_050)
    assert await place.work("biller", bills.deliver) == []
    assert (await only_payment(place, wang)).state == "unknown"
    (failure,) = await place.work("biller", bills.deliver)
    assert "is not known: no answer" in failure
    assert (await place.total(Kind.SUSPENSE), await place.total(Kind.BILLER)) == (10_050, 0)
    assert await place.work("biller", bills.deliver, rounds=3) == []
    assert (await place.total(Kind.SUSPENSE), await place.total(Kind.BILLER)) == (0, 10_050)
    assert len(place.biller.asked) == 1, "what was received is not sent again"
    assert await told_to(place, wang) == [
        "Beijing Power has not answered your payment of 100.50 yuan yet. It is set aside; we keep asking and will tell you.",
        "Beijing Power has confirmed your payment of 100.50 yuan.",
    ]


async def test_what_never_arrived_is_sent_again_and_given_up_in_the_end(place: Town) -> None:
    wang = await place.person("Wang", 50_000)
    place.biller.loses = True
    place.biller.script.extend([Unknown("no answer")] * 20)
    place.biller.inquiries.extend([NotReceived()] * 20)
    await place.pay_one(wang, await place.bill(wang, ACCOUNT, "B1", 10_050), 10_050)
    failures = await place.work("biller", bills.deliver, rounds=12)
    assert len(failures) == bill_lanes.MOST_RESENT
    assert len(set(place.biller.asked)) == 1, "always under the same serial"
    assert len(place.biller.asked) == bill_lanes.MOST_RESENT + 1
    assert (await only_payment(place, wang)).state == "refunded"
    assert await place.owed(wang.wallet) == [50_000]

    li = await place.person("Li", 50_000)
    place.biller.loses = False
    place.biller.script.clear()
    place.biller.inquiries.clear()
    place.biller.script.append(Unknown("no answer"))
    place.biller.inquiries.append(NotReceived())
    await place.pay_one(li, await place.bill(li, "2222222222", "B2", 1_000), 1_000)
    assert await place.work("biller", bills.deliver, rounds=3) == []
    assert (await only_payment(place, li)).state == "paid"


async def test_a_long_silence_before_it_is_no_reason_to_give_up_what_never_arrived(place: Town) -> None:
    wang = await place.person("Wang", 50_000)
    place.biller.loses = True
    place.biller.script.append(Unknown("no answer"))
    place.biller.inquiries.extend([Unknown("no answer")] * 20)
    await place.pay_one(wang, await place.bill(wang, ACCOUNT, "B1", 10_050), 10_050)
    await place.work("biller", bills.deliver, rounds=20)
    assert (await only_payment(place, wang)).state == "unknown"
    place.biller.loses = False
    place.biller.inquiries.clear()
    place.biller.inquiries.append(NotReceived())
    await place.work("biller", bills.deliver, rounds=3)
    assert (await only_payment(place, wang)).state == "paid"


async def test_arrears_are_read_against_what_was_owed_when_it_was_paid(place: Town) -> None:
    """A part was paid at a counter meanwhile, and the customer has looked at the rest."""
    wang = await place.person("Wang", 50_000)
    place.biller.loses = True
    place.biller.script.append(Unknown("no answer"))
    place.biller.inquiries.extend([AskArrears()] * 20)
    await place.pay_one(wang, await place.bill(wang, ACCOUNT, "B1", 10_050), 10_050)
    place.biller.bills[ACCOUNT] = [replace(one, balance=4_000) for one in place.biller.bills[ACCOUNT]]
    await bills.inquire_bill(place.house, place.envelope(wang), InquireBill("BJPOWER", ACCOUNT))
    await place.work("biller", bills.deliver, rounds=5)
    payment = await only_payment(place, wang)
    assert (payment.state, len(place.biller.asked)) == ("unknown", 1), "owed in part: neither paid nor sent again"


async def test_success_after_the_refund_is_a_break_with_the_money_accounted(place: Town) -> None:
    wang = await place.person("Wang", 50_000)
    place.biller.script.append(Unknown("no answer"))
    place.biller.inquiries.append(Rejected("not_written_off"))
    await place.pay_one(wang, await place.bill(wang, ACCOUNT, "B1", 10_050), 10_050)
    await place.work("biller", bills.deliver, rounds=2)
    assert (await only_payment(place, wang)).state == "refunded"
    assert await place.owed(wang.wallet) == [50_000]

    await place.cut(MONDAY)
    for _ in range(3):
        report = await billers.compare_billers(place.house, MONDAY)
        assert report.wrong == []
        assert report.figures["matched"] == 1
        assert await place.breaks(MONDAY) == [("biller", "late_success", True)]
        assert (await place.total(Kind.BILLER), await place.total(Kind.CUSTOMER_RECEIVABLE)) == (10_050, -10_050)
    assert await place.owed(wang.wallet) == [50_000]
    seen = await only_payment(place, wang)
    assert (seen.state, seen.state_en) == ("late_success", "paid after all; the refund is owed back")
    assert (await told_to(place, wang))[-1].startswith("After your refund Beijing Power found")
    assert code(await place.pay_one(wang, UUID(await bill_of(place, wang)), 10_050)) == "PAID_ALREADY"
    await place.all_books_balance()


async def test_success_after_the_refund_may_come_while_the_bill_is_paid_again(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The date's end goes on; the biller, which was paid once, gives the second one back."""
    monkeypatch.setattr("tapwealth.flows.end_of_day.PATIENCE_SECONDS", 0)
    wang = await place.person("Wang", 50_000)
    place.biller.script.append(Unknown("no answer"))
    place.biller.inquiries.append(Rejected("not_written_off"))
    bill = await place.bill(wang, ACCOUNT, "B1", 10_050)
    await place.pay_one(wang, bill, 10_050)
    await place.work("biller", bills.deliver, rounds=2)
    again = await place.pay_one(wang, bill, 10_050)
    assert isinstance(again, BillPaymentPlaced)
    await place.cut(MONDAY)
    for _ in range(2):
        await billers.compare_billers(place.house, MONDAY)
        assert ("biller", "late_success", True) in await place.breaks(MONDAY)
    assert code(await place.pay_one(wang, bill, 10_050)) == "UNDER_WAY"
    place.biller.script.append(Rejected("paid already"))
    await place.work("biller", bills.deliver)
    async with place.house.database.read() as tx:
        rows = [row.state for row, _ in await store.payments_of(tx, wang.book, wang.id)]
    assert sorted(rows) == ["late_success", "rejected"]
    assert code(await place.pay_one(wang, bill, 10_050)) == "PAID_ALREADY"
    assert (await place.owed(wang.wallet), await place.total(Kind.CUSTOMER_RECEIVABLE)) == ([50_000], -10_050)
    await place.all_books_balance()


async def bill_of(place: Town, person: Any) -> str:
    async with place.house.database.read() as tx:
        return str(await tx.fetchval("select id from bill where book = $1 and person = $2", person.book, person.id))


async def test_a_kill_between_sending_and_hearing_sends_the_same_again(place: Town) -> None:
    """The lease runs out and the message comes again: once before the answer was noted, once after."""
    wang = await place.person("Wang", 50_000)
    await place.pay_one(wang, await place.bill(wang, ACCOUNT, "B1", 10_050), 10_050)
    honest = place.biller.pay

    async def dies(*asked: Any) -> Any:
        await honest(*asked)
        raise KeyboardInterrupt

    place.biller.pay = dies
    with pytest.raises(KeyboardInterrupt):
        await place.work("biller", bills.deliver)
    assert (await only_payment(place, wang)).state == "sent"
    place.biller.pay = honest
    async with place.house.database.transaction() as tx:
        await tx.execute("update bill_payment set next_at = received_at")
    await place.work("biller", bills.deliver, rounds=2)
    assert len(place.biller.asked) == 2, "the third time it was settled already"
    assert len(set(place.biller.asked)) == 1
    assert (await place.total(Kind.BILLER), await place.total(Kind.SUSPENSE)) == (10_050, 0)


async def test_a_payment_in_doubt_does_not_stop_the_day(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    wang = await place.person("Wang", 50_000)
    place.biller.loses = True
    place.biller.script.append(Unknown("no answer"))
    place.biller.inquiries.extend([Unknown("no answer")] * 5)
    await place.pay_one(wang, await place.bill(wang, ACCOUNT, "B1", 10_050), 10_050)
    await place.work("biller", bills.deliver, rounds=3)
    await place.cut(MONDAY)
    report = await billers.compare_billers(place.house, MONDAY)
    assert report.wrong == []
    serial = place.biller.asked[0]
    assert report.figures["in_doubt"] == [{"payment": serial, "amount": 10_050, "state": "unknown"}]
    assert report.text == "0 of 0 payments agree with the biller's file, 1 in doubt"
    async with place.house.database.read() as tx:
        assert [row.state for row in await store.in_suspense(tx, list(place.house.all_books), MONDAY)] == [PaymentState.UNKNOWN]
    await place.clock(shanghai(TUESDAY, 9))
    place.biller.loses = False
    place.biller.inquiries.clear()
    await place.work("biller", bills.deliver, rounds=2)
    async with place.house.database.read() as tx:
        assert len(await store.in_suspense(tx, list(place.house.all_books), MONDAY)) == 1, "as of Monday it still was"
        assert await store.in_suspense(tx, list(place.house.all_books), TUESDAY) == []
    assert (await place.total(Kind.SUSPENSE, MONDAY), await place.total(Kind.SUSPENSE, TUESDAY)) == (10_050, 0)


async def paid(place: Town, *amounts: int) -> list[str]:
    """Payments that went through; their serials."""
    wang = await place.person("Wang", 1_000_000)
    for number, amount in enumerate(amounts):
        await place.pay_one(wang, await place.bill(wang, f"{number:010d}", f"B{number}", amount), amount)
    await place.work("biller", bills.deliver)
    of_amount = {paid[2]: serial for serial, paid in place.biller.paid.items()}
    return [of_amount[amount] for amount in amounts]


async def test_each_kind_of_difference_is_named(place: Town) -> None:
    first, second, third = await paid(place, 100, 200, 300)
    await place.cut(MONDAY)
    at = shanghai(MONDAY, 9, 30)

    def line(serial: str, amount: int, when: Any = at) -> tuple[str, str, str, int, Any]:
        return serial, "B", ACCOUNT, amount, when

    async def differences(*lines: Any) -> list[str]:
        place.biller.file = day_end_file(MONDAY, lines)
        report = await billers.compare_billers(place.house, MONDAY)
        kinds = [kind for source, kind, accounted in await place.breaks(MONDAY) if source == billers.DAY_END_FILE and not accounted]
        assert len(report.wrong) == len(kinds)
        return kinds

    whole = [line(first, 100), line(second, 200), line(third, 300)]
    assert await differences(*whole, line("PAY-strange", 50)) == ["biller_has_more"]
    assert await differences(line(first, 101), *whole[1:]) == ["amount_differs"]
    assert await differences(*whole, whole[0]) == ["doubled"]
    assert await differences(*whole) == []
    assert await differences(*whole[:2], line(third, 300, at - timedelta(days=1))) == []
    assert ("biller_file", "other_day", True) in await place.breaks(MONDAY)
    assert await differences(*whole) == [], "a rerun says only what is still wrong"
    assert await place.breaks(MONDAY) == []


async def test_a_file_that_lacks_a_payment_or_is_not_there_stops_the_day(place: Town) -> None:
    first, second = await paid(place, 100, 200)
    await place.cut(MONDAY)
    at = shanghai(MONDAY, 9, 30)
    place.biller.file = day_end_file(MONDAY, [(first, "B", ACCOUNT, 100, at)])
    report = await billers.compare_billers(place.house, MONDAY)
    assert report.wrong == [f"{second} of 2.00 is paid here and not in the biller's file; ask the biller"]
    place.biller.file = b"20140224|1|100\ntorn"
    (wrong,) = (await billers.compare_billers(place.house, MONDAY)).wrong
    assert "the last line is torn" in wrong

    async def nothing(_day: Any) -> None:
        return None

    place.biller.day_end = nothing
    (wrong,) = (await billers.compare_billers(place.house, MONDAY)).wrong
    assert "is not to be had; close 2014-02-24 again when it is" in wrong


async def test_a_payment_told_in_two_files_is_named(place: Town) -> None:
    (serial,) = await paid(place, 100)
    await place.cut(MONDAY)
    assert (await billers.compare_billers(place.house, MONDAY)).wrong == []
    await place.clock(shanghai(TUESDAY, 9))
    place.biller.file = day_end_file(TUESDAY, [(serial, "B", ACCOUNT, 100, shanghai(TUESDAY, 9))])
    await place.cut(TUESDAY)
    assert (await billers.compare_billers(place.house, TUESDAY)).wrong == [
        f"the biller's file of 2014-02-24 had {serial} too; ask the biller"
    ]


async def test_the_answer_of_midnight_is_expected_in_the_next_file(place: Town) -> None:
    await place.clock(shanghai(MONDAY, 23, 58))
    place.biller.now = shanghai(TUESDAY, 0, 1)
    wang = await place.person("Wang", 1_000)
    envelope = place.envelope(wang, shanghai(MONDAY, 23, 54))
    await place.pay(Placing(envelope, PayBill(await place.bill(wang, ACCOUNT, "B1", 100), 100)))
    await place.work("biller", bills.deliver)
    await place.cut(MONDAY)
    monday = await billers.compare_billers(place.house, MONDAY)
    assert (monday.wrong, monday.figures["lines"]) == ([], 0)
    await place.clock(shanghai(TUESDAY, 12))
    await place.cut(TUESDAY)
    assert (await billers.compare_billers(place.house, TUESDAY)).figures["matched"] == 1


async def test_paid_then_rejected_is_a_contradiction_that_moves_nothing(place: Town) -> None:
    wang = await place.person("Wang", 50_000)
    placed = await place.pay_one(wang, await place.bill(wang, ACCOUNT, "B1", 10_050), 10_050)
    assert isinstance(placed, BillPaymentPlaced)
    await place.work("biller", bills.deliver)
    key = (wang.book, UUID(placed.payment))
    for _ in range(2):
        await bill_outcomes.hear(place.house, [bill_outcomes.told(key, Rejected("no"))])
    assert (await place.total(Kind.BILLER), await place.owed(wang.wallet)) == (10_050, [39_950])
    assert await place.breaks(MONDAY) == [("biller", "contradiction", True)]


async def test_an_outage_of_the_inquiry_leaves_nothing(place: Town) -> None:
    wang = await place.person("Wang", 50_000)

    class Silent(ScriptedBiller):
        async def inquire(self, serial: str, account_number: str, further: Any = None) -> Any:
            return Unknown("no answer (ReadTimeout)")

    place.house = replace(place.house, rails=replace(place.house.rails, billers=Billers({"BJPOWER": Silent()})))
    with pytest.raises(Outage, match="北京电力 does not answer"):
        await bills.inquire_bill(place.house, place.envelope(wang), bills.InquireBill("BJPOWER", ACCOUNT))
