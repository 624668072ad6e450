"""Bills: what an item wants, the life of a payment, the day-end file, the breaks."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from itertools import product
from uuid import UUID

import pytest

from tapwealth.bills.bill import Bill
from tapwealth.bills.biller import AmountTerms, BillerItem, BillRefusal, Category, Hours, NotReceived, Paid, Rejected, Unknown
from tapwealth.bills.day_end import read_day_end
from tapwealth.bills.inputs import InputField, InputSchema, Spoken
from tapwealth.bills.payment import Payment, PaymentEvent, PaymentRefusal, PaymentState, event_of, next_state
from tapwealth.bills.reconcile import BreakKind, compare
from tapwealth.flows.bills.paying import masked
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import BadInput, Refusal

DAY = date(2014, 2, 24)
TITLE, HINT = Spoken("户号", "Account number"), Spoken("户号为10位数字", "10 digits")
TEN_DIGITS = InputField("account_number", TITLE, HINT, InputSchema("^[0-9]{10}$"))
HOURS = Hours(time(0, 5), time(23, 55))
ITEM = BillerItem("power", Spoken("电费", "Electricity"), Category.ELECTRICITY, [TEN_DIGITS], AmountTerms(1_000_000), HOURS)
BILL = Bill("B1", "1234567890", "2014-01", 10_000, 50, 10_050, "*芳", "朝阳区**号")


@pytest.mark.parametrize("text", ["1234567890", " 0000000000 "])
def test_ten_digits_are_an_account_number(text: str) -> None:
    assert ITEM.read(text, {}) == (text.strip(), {})


@pytest.mark.parametrize("text", ["", "123456789", "12345678901", "123456789x", "１２３４５６７８９０", "1234567890\n1"])
def test_anything_else_is_not(text: str) -> None:
    with pytest.raises(BadInput, match=r"^户号 \(Account number\): .* does not fit; 户号为10位数字 \(10 digits\)") as refused:
        ITEM.read(text, {})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("number", "shown"), [("1234567890", "******7890"), ("12345", "***45"), ("1234", "**34"), ("7", "*")])
def test_of_an_account_number_half_is_hidden_at_least(number: str, shown: str) -> None:
    assert masked(number) == shown


def refusal(bill: Bill, amount: int, at: datetime) -> object:
    refused = ITEM.refuse(bill, amount, at)
    return None if refused is None else refused.code


def test_a_bill_is_paid_exactly_within_hours_and_limits() -> None:
    noon, night = shanghai(DAY, 12), shanghai(DAY, 23, 55)
    assert refusal(BILL, 10_050, noon) is None
    assert refusal(BILL, 10_050, shanghai(DAY, 0, 5)) is None
    assert refusal(BILL, 10_050, shanghai(DAY, 23, 54, 59)) is None
    assert refusal(BILL, 10_000, noon) is BillRefusal.NOT_THE_BALANCE
    assert refusal(replace(BILL, balance=1_000_001), 1_000_001, noon) is BillRefusal.ABOVE_MAXIMUM
    assert refusal(replace(BILL, balance=1_000_001), 1, night) is BillRefusal.CLOSED_NOW


S, E = PaymentState, PaymentEvent
MONEY_BACK = {S.REJECTED, S.REFUNDED, S.LATE_SUCCESS}


@pytest.mark.parametrize(("state", "event"), list(product(PaymentState, PaymentEvent)))
def test_every_pair_of_state_and_event_is_decided(state: PaymentState, event: PaymentEvent) -> None:
    after = next_state(state, event)
    assert isinstance(after, PaymentState | Refusal)
    if isinstance(after, Refusal):
        return
    assert next_state(after, event) == after or isinstance(next_state(after, event), Refusal), "the same event twice moves once"
    if state is S.PAID:
        assert after is S.PAID, "what is paid stays paid"
    if state in MONEY_BACK:
        assert after in MONEY_BACK, "the payer gets the money back once"
        assert (event is E.PAID) == (after is S.LATE_SUCCESS) or state is S.LATE_SUCCESS


@pytest.mark.parametrize(
    ("events", "end"),
    [
        ([E.SEND, E.PAID], S.PAID),
        ([E.SEND, E.REJECTED], S.REJECTED),
        ([E.SEND, E.NO_ANSWER, E.NO_ANSWER, E.PAID], S.PAID),
        ([E.SEND, E.NO_ANSWER, E.SEND, E.REJECTED], S.REFUNDED),
        ([E.SEND, E.NO_ANSWER, E.REJECTED, E.PAID, E.PAID], S.LATE_SUCCESS),
        ([E.SEND, E.NO_ANSWER, E.GIVE_UP, E.PAID], S.LATE_SUCCESS),
        ([E.GIVE_UP], S.REFUNDED),
    ],
)
def test_ways_through(events: list[PaymentEvent], end: PaymentState) -> None:
    state = S.PREPARED
    for event in events:
        after = next_state(state, event)
        assert isinstance(after, PaymentState)
        state = after
    assert state is end


@pytest.mark.parametrize(
    ("state", "event", "code"),
    [
        (S.PREPARED, E.PAID, PaymentRefusal.NOT_SENT),
        (S.SENT, E.GIVE_UP, PaymentRefusal.OUTCOME_OPEN),
        (S.PAID, E.GIVE_UP, PaymentRefusal.ALREADY_FINAL),
        (S.PAID, E.REJECTED, PaymentRefusal.CONTRADICTION),
        (S.REFUNDED, E.SEND, PaymentRefusal.ALREADY_FINAL),
    ],
)
def test_refusals(state: PaymentState, event: PaymentEvent, code: PaymentRefusal) -> None:
    refused = next_state(state, event)
    assert isinstance(refused, Refusal)
    assert refused.code is code


def test_what_an_answer_means() -> None:
    answers = [Paid("E1"), Rejected("x"), NotReceived(), Unknown("x")]
    assert [event_of(answer) for answer in answers] == [E.PAID, E.REJECTED, E.NO_ANSWER, E.NO_ANSWER]


FILE = "20140224|2|20100\nS1|B1|1234567890|10050|20140224090000|E1|*芳\nS2|B2|1234567891|10050|20140224120000|E2|*明\n"


def test_a_day_end_file_is_read() -> None:
    read = read_day_end(FILE.encode("gbk"), DAY)
    assert [(line.serial, line.amount, line.owner, line.line) for line in read.lines] == [
        ("S1", 10_050, "*芳", 2),
        ("S2", 10_050, "*明", 3),
    ]
    assert read.lines[0].paid_at == datetime(2014, 2, 24, 1, tzinfo=UTC)
    assert read_day_end(b"20140224|0|0\n", DAY).lines == ()
    assert read_day_end(FILE.replace("\n", "\r\n").encode("gbk"), DAY) == read, "written on Windows"
    rare = read_day_end(FILE.replace("芳", "𬭚").encode("gb18030"), DAY)
    assert rare.lines[0].owner == "*𬭚", "a name that GBK has no character for"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "the last line is torn"),
        (FILE.encode("gbk")[:-1], "the last line is torn"),
        (FILE.encode("gbk")[:60], "the last line is torn"),
        (FILE.encode("utf-8"), "day-end file"),
        (b"\xff\n", "day-end file byte 0: not GBK"),
        (FILE.replace("|2|", "|3|").encode("gbk"), "2 lines, but the summary counts 3"),
        (FILE.replace("20100", "20101").encode("gbk"), "the lines sum to 20100 fen, but the summary says 20101"),
        (FILE.replace("20140224|2", "20140225|2").encode("gbk"), "line 1: the file is of '20140225', not of 20140224"),
        (FILE.replace("|20100", "").encode("gbk"), "line 1: 2 fields instead of 3"),
        (FILE.replace("|E2", "").encode("gbk"), "line 3: 6 fields instead of 7"),
        (FILE.replace("|10050|20140224090000", "|100.50|20140224090000").encode("gbk"), "line 2 amount: '100.50' is not a whole number"),
        (FILE.replace("|10050|20140224090000", "|-1|20140224090000").encode("gbk"), "line 2 amount: '-1' is not a whole number"),
        (FILE.replace("|10050|20140224090000", f"|{10**16}|20140224090000").encode("gbk"), "line 2 amount"),
        (FILE.replace("20140224090000", "20140224250000").encode("gbk"), "line 2 paid_at: '20140224250000' is not a time"),
        (FILE.replace("20140224090000", "2014022409000").encode("gbk"), "line 2 paid_at"),
        (FILE.replace("S2|", "|").encode("gbk"), "line 3: the serial is empty"),
        ((FILE + "\n").encode("gbk"), "line 4: 1 fields instead of 7"),
    ],
)
def test_a_wrong_day_end_file_is_refused_with_its_line(content: bytes, line: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_day_end(content, DAY)
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)


PAYMENT = Payment(UUID(int=1), 1, UUID(int=2), "BJPOWER", "B1", "1234567890", 10_050, "S1", S.PAID, shanghai(DAY, 9), "E1")
OTHER = replace(PAYMENT, id=UUID(int=3), serial="S2", bill_id="B2")


def breaks(content: str, *payments: Payment, paid: tuple[str, ...] = ("S1", "S2")) -> list[tuple[BreakKind, str, int]]:
    found = compare(payments, paid, read_day_end(content.encode("gbk"), DAY))
    assert all("\n" not in one.text and one.serial in one.text for one in found)
    return [(one.kind, one.serial, one.difference) for one in found]


def test_equal_sides_have_no_break() -> None:
    assert breaks(FILE, PAYMENT, OTHER) == []


def test_each_kind_of_break_is_found() -> None:
    assert breaks(FILE, PAYMENT, paid=("S1",)) == [(BreakKind.BILLER_HAS_MORE, "S2", 10_050)]
    assert breaks(FILE, PAYMENT, replace(OTHER, state=S.REFUNDED), paid=("S1",)) == [(BreakKind.STATE_DIFFERS, "S2", 10_050)]
    assert breaks("20140224|0|0\n", PAYMENT, paid=("S1",)) == [(BreakKind.WE_HAVE_MORE, "S1", -10_050)]
    assert breaks(FILE, PAYMENT, replace(OTHER, amount=10_049)) == [(BreakKind.AMOUNT_DIFFERS, "S2", 1)]
    assert breaks(FILE.replace("20140224120000", "20140223120000"), PAYMENT, OTHER) == [(BreakKind.OTHER_DAY, "S2", 0)]
    doubled = "20140224|2|20100\n" + 2 * "S1|B1|1234567890|10050|20140224090000|E1|*芳\n"
    assert breaks(doubled, PAYMENT, paid=("S1",)) == [(BreakKind.DOUBLED, "S1", 10_050)]
