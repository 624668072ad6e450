"""ISO 20022: what is written is read back the same, and whatever happens to the bytes, only BadInput in one line comes out."""

from datetime import UTC, date, datetime, timedelta

from dear import dear
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.kernel.money import MAX_AMOUNT
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso20022.credit_transfer import CreditTransfer, CreditTransferInitiation, read_credit_transfer, write_credit_transfer
from tapwealth.wire.iso20022.direct_debit import DirectDebit, DirectDebitInitiation, read_direct_debit, write_direct_debit
from tapwealth.wire.iso20022.entry import Entry
from tapwealth.wire.iso20022.message_type import MessageType, sniff
from tapwealth.wire.iso20022.notification import Notification, read_notifications, write_notification
from tapwealth.wire.iso20022.party import Party
from tapwealth.wire.iso20022.statement import Statement, StatementHead, read_statement, write_statement
from tapwealth.wire.iso20022.status_report import (
    PaymentOutcome,
    PaymentStatus,
    StatusReason,
    StatusReport,
    read_status_report,
    write_status_report,
)


def identifiers(length: int = 35) -> st.SearchStrategy[str]:
    printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=length)
    return printable.filter(lambda text: text == text.strip() and text != "NOTPROVIDED")


def texts(length: int = 140) -> st.SearchStrategy[str]:
    return st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cn")), max_size=length)


AMOUNTS = st.integers(1, MAX_AMOUNT)
SIGNED = st.builds(lambda amount, sign: amount * sign, AMOUNTS, st.sampled_from((1, -1)))
BALANCES = st.integers(-MAX_AMOUNT, MAX_AMOUNT)
DATES = st.dates(date(2000, 1, 1), date(2099, 12, 31))
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
PARTIES = st.builds(Party, identifiers(34), identifiers(), texts())
ENTRIES = st.builds(
    Entry, identifiers(), identifiers() | st.just(""), SIGNED, DATES, identifiers(), identifiers(34) | st.just(""), texts(), texts()
)

TRANSFERS = st.builds(CreditTransfer, identifiers(), AMOUNTS, PARTIES, PARTIES, DATES, texts(35), texts())
DEBITS = st.builds(DirectDebit, identifiers(), AMOUNTS, PARTIES, PARTIES, DATES, identifiers(), DATES, texts(35), texts())
OUTCOMES = st.one_of(
    st.builds(PaymentOutcome, identifiers(), st.just(PaymentStatus.SETTLED), INSTANTS, st.none(), texts(105)),
    st.builds(PaymentOutcome, identifiers(), st.just(PaymentStatus.PENDING), st.none(), st.none(), texts(105)),
    st.builds(PaymentOutcome, identifiers(), st.just(PaymentStatus.REJECTED), st.none(), st.sampled_from(StatusReason), texts(105)),
)


def some(items: st.SearchStrategy) -> st.SearchStrategy[tuple]:
    return st.lists(items, min_size=1, max_size=4).map(tuple)


def one_line(bad: BadInput) -> None:
    assert "\n" not in str(bad)
    assert len(str(bad)) < 600


ANSWERED = st.sampled_from((MessageType.PAIN_001, MessageType.PAIN_008))
TRANSFER_MESSAGES = st.builds(CreditTransferInitiation, identifiers(), INSTANTS, texts(), some(TRANSFERS))
DEBIT_MESSAGES = st.builds(DirectDebitInitiation, identifiers(), INSTANTS, texts(), some(DEBITS))
REPORTS = st.builds(StatusReport, identifiers(), INSTANTS, identifiers(), ANSWERED, some(OUTCOMES))
NOTIFICATIONS = st.builds(Notification, identifiers(), INSTANTS, identifiers(34), some(ENTRIES))
HEADS = st.builds(StatementHead, identifiers(), INSTANTS, identifiers(), identifiers(34), DATES, BALANCES, BALANCES)
STATEMENTS = st.builds(Statement, HEADS, st.lists(ENTRIES, max_size=4).map(tuple))

KINDS = {
    MessageType.PAIN_001: (TRANSFER_MESSAGES, read_credit_transfer, write_credit_transfer),
    MessageType.PAIN_008: (DEBIT_MESSAGES, read_direct_debit, write_direct_debit),
    MessageType.PAIN_002: (REPORTS, read_status_report, write_status_report),
    MessageType.CAMT_054: (NOTIFICATIONS, lambda data: read_notifications(data)[0], write_notification),
    MessageType.CAMT_053: (STATEMENTS, read_statement, write_statement),
}
MESSAGES = st.one_of([st.tuples(st.just(kind), messages) for kind, (messages, _, _) in KINDS.items()])


@given(MESSAGES)
@dear(300, some=75, deadline=timedelta(seconds=5))
def test_what_is_written_is_read_back(kind_and_message):
    kind, message = kind_and_message
    _, read, write = KINDS[kind]
    data = write(message)
    assert sniff(data) is kind
    assert read(data) == message
    assert write(read(data)) == data


@given(MESSAGES, st.data())
@dear(300, some=75, deadline=timedelta(seconds=5))
def test_damaged_bytes_are_bad_input_or_another_valid_message(kind_and_message, data):
    """Cut, doubled or overwritten anywhere: one line of BadInput, or a message that is written back as something equal."""
    kind, message = kind_and_message
    _, read, write = KINDS[kind]
    whole = write(message)
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = data.draw(
        st.sampled_from((whole[:at], whole + whole[at:], whole[:at] + whole[at + 1 :]))
        | st.binary(min_size=1, max_size=4).map(lambda b: whole[:at] + b + whole[at + len(b) :])
    )
    try:
        found = read(damaged)
    except BadInput as bad:
        one_line(bad)
    else:
        assert read(write(found)) == found


@given(st.binary(max_size=200))
def test_noise_is_bad_input(noise):
    for _, read, _ in KINDS.values():
        try:
            read(noise)
        except BadInput as bad:
            one_line(bad)
        else:
            raise AssertionError("noise was read as a message")
