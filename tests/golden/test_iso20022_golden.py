"""One commented message of each type: reading it gives the value below, writing the value gives it back, comments and blanks aside."""

from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from tapwealth.kernel.clock import shanghai
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

DAY = date(2014, 2, 24)
RESERVE = Party("0100000001", "313100000013", "Tapwealth customer reserve")
CARD = Party("6210955881234567", "403100000004", "张伟")

TRANSFER = CreditTransferInitiation(
    "PAY-20140224-1",
    shanghai(DAY, 9, 30),
    "Tapwealth",
    (CreditTransfer("OUT-7", 125_000, RESERVE, CARD, DAY, "cash_out", "提现"),),
)
DEBIT = DirectDebitInitiation(
    "COL-20140224-1",
    shanghai(DAY, 9, 31),
    "Tapwealth",
    (DirectDebit("IN-3", 200_000, RESERVE, CARD, DAY, "MANDATE-3", date(2014, 2, 23), "top_up", "充值"),),
)
REPORT = StatusReport(
    "REP-1",
    shanghai(DAY, 9, 32),
    "PAY-20140224-1",
    MessageType.PAIN_001,
    (
        PaymentOutcome("OUT-7", PaymentStatus.SETTLED, shanghai(DAY, 9, 30, 5)),
        PaymentOutcome("OUT-9", PaymentStatus.PENDING),
        PaymentOutcome("OUT-8", PaymentStatus.REJECTED, None, StatusReason.INSUFFICIENT_FUNDS, "the account has 0.00"),
    ),
)
NOTIFICATION = Notification(
    "NTF-1",
    shanghai(DAY, 10),
    "0100000001",
    (Entry("12", "GIFT-1", 50_000, DAY, "TRANSFER", "6210955881234567", "张伟", "给自己"),),
)
STATEMENT = Statement(
    StatementHead("STM-0100000001-20140224", shanghai(DAY, 24, 0, 1), "0100000001-20140224", "0100000001", DAY, 100_000, 174_975),
    (
        Entry("11", "IN-3", 200_000, DAY, "PAIN008", "6210955881234567", "张伟", "充值"),
        Entry("12", "OUT-7", -125_000, DAY, "PAIN001", "6210955881234567", "张伟", "提现"),
        Entry("13", "", -25, DAY, "FEE", text="wire fee"),
    ),
)

CASES = [
    (MessageType.PAIN_001, TRANSFER, read_credit_transfer, write_credit_transfer),
    (MessageType.PAIN_008, DEBIT, read_direct_debit, write_direct_debit),
    (MessageType.PAIN_002, REPORT, read_status_report, write_status_report),
    (MessageType.CAMT_054, NOTIFICATION, lambda data: read_notifications(data)[0], write_notification),
    (MessageType.CAMT_053, STATEMENT, read_statement, write_statement),
]


def bare(data: bytes) -> bytes:
    """Canonical XML without comments and without blanks between elements."""
    tree = etree.fromstring(data, etree.XMLParser(remove_comments=True, remove_blank_text=True))
    return etree.tostring(tree, method="c14n", with_comments=False)


@pytest.mark.parametrize(("message_type", "value", "read", "write"), CASES, ids=[case[0].value for case in CASES])
def test_the_golden_message(message_type, value, read, write):
    golden = (Path(__file__).parent / "iso20022" / f"{message_type}.xml").read_bytes()
    assert sniff(golden) is message_type
    assert read(golden) == value
    assert bare(write(value)) == bare(golden)
