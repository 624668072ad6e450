"""How much is paid of which bill: in full, in part, more, in faces, all at once; with a fee of the payer's; and what is refused."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec
import pytest
from bill_town import BJPOWER, MONDAY, Person, Town
from biller_files import put_in_directory
from rows_read import know_sizes

from tapwealth.bills import store
from tapwealth.bills.bill import Bill
from tapwealth.bills.biller import AmountMode, AmountTerms, AskArrears, BillerItem, BillRefusal, Inquiry, NotReceived, Rejected, Unknown
from tapwealth.bills.payment import PaymentState
from tapwealth.flows.bills import directory
from tapwealth.flows.bills import paying as bills
from tapwealth.flows.bills.autopay import AgreeAutopay, agree
from tapwealth.flows.bills.biller_settlement import settle_billers
from tapwealth.flows.bills.paying import BillPaymentPlaced, BillsPresented, InquireBill, PayAccount, PayBill, Placing
from tapwealth.flows.clearing.captures import sweep_fees
from tapwealth.flows.frame import moment
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.ledger.chart import Kind

ACCOUNT, PHONE = "1234567890", "13800138000"
OWED = Bill("B1", ACCOUNT, "2014-02", 10_000, 50, 10_050, "*", "*")
NO_BILL = replace(OWED, bill_id="")
FACES = [1_000, 2_000, 5_000]


def code(answer: Any) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code.name


def terms(mode: AmountMode, faces: list[int] | None = None) -> AmountTerms:
    return AmountTerms(1_000_000, mode, 500, faces or [])


@pytest.mark.parametrize(
    ("mode", "bill", "amount", "refused"),
    [
        ("exact", OWED, 10_050, None),
        ("exact", OWED, 10_049, "NOT_THE_BALANCE"),
        ("exact", replace(OWED, balance=100), 100, None),
        ("all_arrears", OWED, 10_050, None),
        ("all_arrears", OWED, 10_051, "NOT_THE_BALANCE"),
        ("up_to", OWED, 10_050, None),
        ("up_to", OWED, 500, None),
        ("up_to", OWED, 499, "BELOW_MINIMUM"),
        ("up_to", OWED, 10_051, "ABOVE_THE_BILL"),
        ("up_to", replace(OWED, balance=100), 100, None),
        ("from", OWED, 10_049, "BELOW_THE_BILL"),
        ("from", OWED, 20_000, None),
        ("from", NO_BILL, 500, None),
        ("from", NO_BILL, 499, "BELOW_MINIMUM"),
        ("from", NO_BILL, 1_000_001, "ABOVE_MAXIMUM"),
        ("presets", NO_BILL, 2_000, None),
        ("presets", NO_BILL, 3_000, "NOT_A_FACE"),
        ("up_to", replace(OWED, balance=2_000_000), 2_000_000, "ABOVE_MAXIMUM"),
    ],
)
def test_each_mode_takes_what_it_takes(mode: str, bill: Bill, amount: int, refused: str | None) -> None:
    found = terms(AmountMode(mode), FACES if mode == "presets" else None).refuse(bill, amount)
    assert (found.code.name if found else None) == refused
    assert found is None or isinstance(found.code, BillRefusal)


def item(base: BillerItem, **change: Any) -> BillerItem:
    return msgspec.structs.replace(base, **change)


async def put(place: Town, code: str, **change: Any) -> None:
    """A biller at the town's connection, its item changed."""
    plain = msgspec.structs.replace(BJPOWER, code=code, name=code, connection="BJPOWER").definition
    changed = msgspec.structs.replace(plain.parameters, items=[item(plain.parameters.items[0], **change)])
    assert await put_in_directory(place.house, msgspec.structs.replace(plain, parameters=changed)) is None


async def shown(place: Town, person: Person, biller: str) -> BillsPresented:
    found = await bills.inquire_bill(place.house, place.envelope(person), InquireBill(biller, ACCOUNT))
    assert isinstance(found, BillsPresented), found
    return found


async def payments(place: Town, person: Person) -> list[tuple[PaymentState, int, bool]]:
    async with place.house.database.read() as tx:
        return [(one.state, one.amount, one.part) for one, _ in reversed(await store.payments_of(tx, person.book, person.id))]


async def test_a_bill_is_paid_in_parts_and_never_beyond_what_is_left(place: Town) -> None:
    await put(place, "WATER", amount=terms(AmountMode.UP_TO))
    wang = await place.person("Wang", 500_00)
    place.biller.owe(ACCOUNT, "W1", 100_00)
    bill = UUID((await shown(place, wang, "WATER")).bills[0].bill)
    assert isinstance(await place.pay_one(wang, bill, 40_00), BillPaymentPlaced)
    assert code(await place.pay_one(wang, bill, 10_00)) == "UNDER_WAY"
    assert await place.work("biller", bills.deliver) == []
    assert code(await place.pay_one(wang, bill, 60_01)) == "ABOVE_THE_BILL"
    assert isinstance(await place.pay_one(wang, bill, 60_00), BillPaymentPlaced)
    assert await place.work("biller", bills.deliver) == []
    assert code(await place.pay_one(wang, bill, 5_00)) == "PAID_ALREADY"
    assert await payments(place, wang) == [(PaymentState.PAID, 40_00, True), (PaymentState.PAID, 60_00, False)]
    assert (await place.total(Kind.BILLER), await place.owed(wang.wallet)) == (100_00, [400_00])


async def test_all_arrears_are_paid_in_one_sum_and_none_of_them_beside_it(place: Town) -> None:
    await put(place, "HEAT", amount=terms(AmountMode.ALL_ARREARS))
    wang = await place.person("Wang", 500_00)
    for number, amount in (("H1", 100_00), ("H2", 50_00), ("H3", 25_00)):
        place.biller.owe(ACCOUNT, number, amount)
    found = await shown(place, wang, "HEAT")
    assert found.together is not None
    assert (found.together.number, found.together.balance) == ("*", 175_00)
    every, first = UUID(found.together.bill), UUID(found.bills[0].bill)
    both = [Placing(place.envelope(wang), PayBill(bill, amount)) for bill, amount in ((first, 100_00), (every, 175_00))]
    placed = await place.pay(*both)
    assert isinstance(placed[0], BillPaymentPlaced)
    assert code(placed[1]) == "UNDER_WAY", "in one batch as well"
    place.biller.script.append(Rejected("no"))
    await place.work("biller", bills.deliver)
    assert isinstance(await place.pay_one(wang, every, 175_00), BillPaymentPlaced)
    assert code(await place.pay_one(wang, first, 100_00)) == "UNDER_WAY"
    place.biller.owe(ACCOUNT, "H4", 10_00)
    later = await shown(place, wang, "HEAT")
    assert later.together is not None
    assert code(await place.pay_one(wang, UUID(later.together.bill), 185_00)) == "UNDER_WAY", "a sum with some of the same bills"
    place.biller.script.append(Unknown("silence"))
    await place.work("biller", bills.deliver)
    place.biller.inquiries.append(AskArrears())
    place.biller.bills[ACCOUNT] = [one for one in place.biller.bills[ACCOUNT] if one.bill_id == "H4"]
    assert await place.work("biller", bills.deliver) == [], "H4 has come since, and is not what was paid"
    assert [one[0] for one in await payments(place, wang)] == [PaymentState.REJECTED, PaymentState.PAID]
    assert code(await place.pay_one(wang, first, 100_00)) == "PAID_ALREADY"


async def test_a_top_up_is_paid_without_a_bill_at_the_carrier_of_its_number(place: Town) -> None:
    faces = AmountTerms(50_00, AmountMode.PRESETS, 1, [10_00, 50_00])
    for carrier, prefixes in (("MOBILE", ["138", "139"]), ("UNICOM", ["130", "1300"]), ("VIRTUAL", ["1390"])):
        plain = msgspec.structs.replace(BJPOWER, code=carrier, name=carrier, connection="BJPOWER", pattern="1[0-9]{10}").definition
        topped = item(plain.parameters.items[0], amount=faces, inquiry=Inquiry.NONE, prefixes=prefixes, payer_fee=50)
        parameters = msgspec.structs.replace(plain.parameters, items=[topped])
        assert await put_in_directory(place.house, msgspec.structs.replace(plain, parameters=parameters)) is None
    wang = await place.person("Wang", 100_00)

    async def top_up(amount: int, biller: str = "MOBILE", number: str = PHONE, key: UUID | None = None) -> Any:
        return await bills.pay_account(place.house, place.envelope(wang, key=key), PayAccount(biller, number, amount))

    assert code(await top_up(20_00)) == "NOT_A_FACE"
    other = await top_up(10_00, "UNICOM")
    assert code(other) == "OTHER_CARRIER"
    assert "it is of MOBILE (MOBILE)" in other.text
    assert "no carrier here has it" in (await top_up(10_00, number="17700000000")).text
    assert "it is of VIRTUAL" in (await top_up(10_00, number="13900000000")).text, "whose prefix is the longer one"
    async with place.house.database.read() as tx:
        whose = [[one.biller for one in await directory.listed(tx, {"prefix": number})] for number in ("1390000", "1391000", "177")]
    assert whose == [["VIRTUAL"], ["MOBILE"], []]
    assert code(await top_up(10_00, "BJPOWER", ACCOUNT)) == "INQUIRY_REQUIRED"
    assert code(await top_up(10_00, "NOBODY")) == "UNKNOWN_BILLER"
    with pytest.raises(BadInput, match="'1380013800x' does not fit"):
        await top_up(10_00, number="1380013800x")
    key = UUID(int=77)
    first, again = await top_up(50_00, key=key), await top_up(50_00, key=key)
    assert first == again
    assert (first.amount, first.fee) == (50_00, 50)
    assert code(await top_up(10_00, key=key)) == "KEY_REUSED"
    assert code(await top_up(50_00)) == "NO_MONEY", "49.50 are left, and a fee is paid on top"
    place.biller.script.append(Unknown("in_progress", there=True))
    await place.work("biller", bills.deliver)
    place.biller.inquiries.append(AskArrears())
    assert len(await place.work("biller", bills.deliver)) == 1, "arrears tell nothing of a top-up"
    assert await place.work("biller", bills.deliver) == []
    assert await payments(place, wang) == [(PaymentState.PAID, 50_00, False)]
    assert (await place.owed(wang.wallet), await place.total(Kind.BILL_FEES)) == ([49_50], 50)
    refused = await agree(place.house, place.envelope(wang), AgreeAutopay("MOBILE", PHONE, 100_00))
    assert code(refused) == "NOT_BILLED"


async def test_a_fee_is_given_back_with_the_bill_and_goes_to_our_own_money_when_kept(place: Town) -> None:
    await put(place, "GAS", payer_fee=1_00)
    wang = await place.person("Wang", 201_99)
    place.biller.owe(ACCOUNT, "G1", 100_00)
    place.biller.owe(ACCOUNT, "G2", 100_00)
    found = await shown(place, wang, "GAS")
    assert found.fee == 1_00
    first, second = (UUID(one.bill) for one in found.bills)
    assert isinstance(await place.pay_one(wang, first, 100_00), BillPaymentPlaced)
    assert code(await place.pay_one(wang, second, 100_00)) == "NO_MONEY"
    async with place.house.database.transaction() as tx:
        await place.house.ledger.lock_books(tx, [wang.book])
        short = Placing(place.envelope(wang), PayBill(second, 101_00))
        assert await bills.missing(place.house, tx, await moment(tx), short) == 1_01, "of 102.00 with the fee, 100.99 are there"
    place.biller.script.append(Rejected("no"))
    await place.work("biller", bills.deliver)
    assert (await place.owed(wang.wallet), await place.total(Kind.BILL_FEES)) == ([201_99], 0)
    assert isinstance(await place.pay_one(wang, first, 100_00), BillPaymentPlaced)
    place.biller.script.append(Unknown("silence"))
    await place.work("biller", bills.deliver)
    place.biller.inquiries.append(NotReceived())
    await place.work("biller", bills.deliver)
    assert (await place.owed(wang.wallet), await place.total(Kind.BILLER), await place.total(Kind.BILL_FEES)) == ([100_99], 100_00, 1_00)
    await place.cut(MONDAY)
    await settle_billers(place.house, MONDAY)
    assert (await sweep_fees(place.house, MONDAY)).figures == {"amount": 1_00}
    assert await place.total(Kind.BILL_FEES) == 0
    li = await place.person("Li", 1_500_00, level=1, identity="11010519860115104X")
    place.biller.owe(PHONE[:10], "G3", 1_000_00)
    owed = await bills.inquire_bill(place.house, place.envelope(li), InquireBill("GAS", PHONE[:10]))
    assert isinstance(owed, BillsPresented)
    assert code(await place.pay_one(li, UUID(owed.bills[0].bill), 1_000_00)) == "ABOVE_LIMIT", "of 1,000.00 in all, which the fee exceeds"
    await place.all_books_balance()


async def test_outside_its_hours_nothing_is_paid(place: Town) -> None:
    await put(place, "LATE", inquiry=Inquiry.NONE, amount=terms(AmountMode.FROM))
    wang = await place.person("Wang", 500_00)
    await place.clock(shanghai(MONDAY, 23, 56))
    answer = await bills.pay_account(place.house, place.envelope(wang), PayAccount("LATE", ACCOUNT, 10_00))
    assert code(answer) == "CLOSED_NOW"
    assert "from 00:05 to 23:55" in answer.text


async def test_looking_whether_a_bill_is_being_paid_costs_the_same_however_many_were_paid(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    bill = await place.bill(wang, "0000000001", "B1", 100)
    await place.pay(Placing(place.envelope(wang), PayBill(bill, 100)))
    async with place.house.database.transaction() as tx:
        few = await pages_read(tx, [(wang.book, bill)])
        await copied(tx, "bill", {"id": "md5(n::text)::uuid", "bill_number": "n::text"})
        await copied(tx, "bill_payment", {"id": "md5(n::text)::uuid", "bill": "md5(n::text)::uuid", "serial": "n::text"})
        await know_sizes(tx, "bill", "bill_payment")
        many = await pages_read(tx, [(wang.book, bill)])
    assert many <= few + 20


async def copied(tx: Any, table: str, fresh: dict[str, str]) -> None:
    """3,000 more rows like the one that is there, but for these."""
    others = "select string_agg(column_name, ', ') from information_schema.columns where table_name = $1 and not column_name = any($2)"
    columns = await tx.fetchval(others, table, list(fresh))
    made = f"select {', '.join(fresh.values())}, {columns} from {table}, generate_series(1, 3000) n"
    await tx.execute(f"insert into {table} ({', '.join(fresh)}, {columns}) {made}")


async def pages_read(tx: Any, keys: list[tuple[int, UUID]]) -> int:
    """By the look at live payments, as its plan says."""

    class Explaining:
        async def fetch(self, query: str, *args: Any) -> list[Any]:
            plan = msgspec.json.decode(await tx.fetchval(f"explain (analyze, buffers, format json) {query}", *args))[0]["Plan"]
            pages.append(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
            return []

    pages: list[int] = []
    await store.live_payments(Explaining(), keys)
    return pages[0]
