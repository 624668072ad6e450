"""ISO 20022 as banks write it whose systems nobody here has seen: everything that the schemas allow is understood, or refused in one line.

The messages in `golden/iso20022/foreign_bank.*` use what real statements have: prefixes, batches, returns, agents, codes, several balances.
"""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso20022.entry import Entry
from tapwealth.wire.iso20022.message_type import MessageType
from tapwealth.wire.iso20022.notification import read_notifications
from tapwealth.wire.iso20022.statement import read_statement
from tapwealth.wire.iso20022.status_report import PaymentOutcome, PaymentStatus, read_status_report

GOLDEN = Path(__file__).parents[1] / "golden" / "iso20022"
DAY = date(2014, 2, 24)
STATEMENT = (GOLDEN / "foreign_bank.camt.053.xml").read_text(encoding="utf-8")
OWN = (GOLDEN / "camt.053.001.08.xml").read_text(encoding="utf-8")


def changed(text: str, *changes: tuple[str, str]) -> bytes:
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text.encode()


def test_a_statement_of_another_bank() -> None:
    found = read_statement(STATEMENT.encode())
    head = found.head
    assert (head.account, head.day, head.opening, head.closing) == ("0100000001", DAY, 1_000_00, 1_499_50)
    assert head.created_at == datetime(2014, 2, 24, 16, 35, 12, 456_789, UTC), "local time, cut off after the microsecond"
    salary, abroad, back, returned, fee, last = found.entries
    kind = "PMNT/RCDT/ESCT"
    words = "first line second <line> & more"
    assert salary == Entry("BJ20140224-000917/1", "SALARY 02/14", 300_00, DAY, kind, "6210955881234567", "张伟", words)
    assert abroad == Entry("BJ20140224-000917/2", "", 201_00, DAY, kind, "DE89370400440532013000")
    assert back == Entry("BJ20140224-000917/3", "订单-7", -50, DAY, kind)
    assert returned == Entry("BJ20140224-000921", "OUT-7", 70_00, DAY, "RETURN"), "the direction is that of the booking"
    assert fee == Entry("3", "", -100_00, DAY, "FEE")
    assert last.amount == 29_00
    assert head.opening + sum(one.amount for one in found.entries) == head.closing


def test_a_notification_of_two_accounts_without_the_payers_ids() -> None:
    reserve, own = read_notifications((GOLDEN / "foreign_bank.camt.054.xml").read_bytes())
    assert reserve.account == "0100000001"
    assert [(one.reference, one.end_to_end_id, one.amount) for one in reserve.entries] == [("1", "", 500_00), ("2", "", 500_00)]
    assert (own.account, [one.amount for one in own.entries]) == ("0100000004", [20_50])


SAME = [
    ("a byte order mark", ("<?xml", "\ufeff<?xml")),
    ("no declaration", ('<?xml version="1.0" encoding="UTF-8"?>', "")),
    ("a declaration in single quotes", ('version="1.0" encoding="UTF-8"', "version='1.0' encoding='utf8'")),
    ("line ends of Windows", ("\n", "\r\n")),
    ("a comment within a value", ("<MsgId>STM-", "<MsgId>S<!-- x -->TM-")),
    ("a value as CDATA", ("STM-0100000001-20140224", "<![CDATA[STM-0100000001-20140224]]>")),
    ("a character reference", ("STM-", "&#83;TM-")),
    ("no decimals", (">1000.00<", ">1000<")),
    ("one decimal", (">1749.75<", ">01749.75<"), (">1000.00<", ">1000.0<")),
    ("a period that ends a second early", ("2014-02-25T00:00:00+08:00", "2014-02-24T23:59:59+08:00")),
    ("a period that ends at 24:00", ("2014-02-25T00:00:00+08:00", "2014-02-24T24:00:00+08:00")),
    ("a period in local time", ("2014-02-25T00:00:00+08:00", "2014-02-25T00:00:00"), ("2014-02-24T00:00:00+08:00", "2014-02-24T00:00:00")),
    ("leading zeros in a count", ("<NbOfNtries>3<", "<NbOfNtries>003<")),
]


@pytest.mark.parametrize("changes", [pytest.param(changes, id=name) for name, *changes in SAME])
def test_the_same_statement_spelt_otherwise_is_the_same(changes: list[tuple[str, str]]) -> None:
    assert read_statement(changed(OWN, *changes)) == read_statement(OWN.encode())


REFUSED = [
    ("parts that do not add up", (">201.00<", ">201.01<"), "its 3 transactions add up to 50051 fen, booked were 50050"),
    ("an earlier version", ("camt.053.001.08", "camt.053.001.02"), "Document"),
    ("a later version", ("camt.053.001.08", "camt.053.001.12"), "Document"),
    (
        "another day's closing balance",
        ("2014-02-24T23:59:59+08:00</c:DtTm>", "2014-02-25T00:00:00+08:00</c:DtTm>"),
        "CLBD is of 2014-02-25",
    ),
    ("an opening balance of tomorrow", ("<c:Dt>2014-02-21<", "<c:Dt>2014-02-25<"), "balance PRCD is of 2014-02-25"),
    ("a second page", ("<c:PgNb>00001<", "<c:PgNb>00002<"), "one page of several"),
    ("a part in another currency", ('<c:Amt Ccy="CNY">201.00', '<c:Amt Ccy="HKD">201.00'), "entry 1, line"),
    ("a part without an amount", ('<c:Amt Ccy="CNY">201.00</c:Amt>', ""), "Amt is missing"),
]


@pytest.mark.parametrize(("change", "said"), [pytest.param(change, said, id=name) for name, change, said in REFUSED])
def test_what_changes_the_meaning_is_refused(change: tuple[str, str], said: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_statement(changed(STATEMENT, change))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "gb18030"])
def test_another_encoding_is_refused(encoding: str) -> None:
    text = STATEMENT.replace('encoding="utf-8"', f'encoding="{encoding}"')
    with pytest.raises(BadInput, match="not well-formed XML"):
        read_statement(text.encode(encoding))


REPORT = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.12">
  <CstmrPmtStsRpt>
    <GrpHdr><MsgId>R-1</MsgId><CreDtTm>2014-02-24T09:31:00+08:00</CreDtTm><InitgPty><Nm>a bank</Nm></InitgPty></GrpHdr>
    <OrgnlGrpInfAndSts><OrgnlMsgId>M-1</OrgnlMsgId><OrgnlMsgNmId>{name}</OrgnlMsgNmId>{group}</OrgnlGrpInfAndSts>
    {blocks}
  </CstmrPmtStsRpt>
</Document>"""


def report(blocks: str, group: str = "", name: str = "pain.001.001.09") -> bytes:
    return REPORT.format(name=name, group=group, blocks=blocks).encode()


def block(inside: str) -> str:
    return f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>OUT-7</OrgnlPmtInfId>{inside}</OrgnlPmtInfAndSts>"


def payment(status: str, more: str = "", name: str = "<OrgnlEndToEndId>OUT-7</OrgnlEndToEndId>") -> str:
    return block(f"<TxInfAndSts>{name}<TxSts>{status}</TxSts>{more}</TxInfAndSts>")


SETTLED = PaymentOutcome("OUT-7", PaymentStatus.SETTLED)
PENDING = PaymentOutcome("OUT-7", PaymentStatus.PENDING)
CLOSED_ACCOUNT = "<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>account</AddtlInf><AddtlInf>closed</AddtlInf></StsRsnInf>"
REJECTED = PaymentOutcome("OUT-7", PaymentStatus.REJECTED, None, "AC04", "account closed")

ANSWERS = [
    ("settled without an instant", payment("ACSC"), SETTLED),
    ("settled at the creditor's", payment("ACCC"), SETTLED),
    ("taken, in work", payment("ACSP"), PENDING),
    ("checked", payment("ACTC", "<AccptncDtTm>2014-02-24T09:30:00</AccptncDtTm>"), PENDING),
    ("of a code of another bank", payment("RJCT", CLOSED_ACCOUNT), REJECTED),
    ("without a reason", payment("RJCT"), PaymentOutcome("OUT-7", PaymentStatus.REJECTED)),
    ("by its block", block("<PmtInfSts>RJCT</PmtInfSts>" + CLOSED_ACCOUNT), REJECTED),
    ("by its block, not its id", payment("ACSC", name=""), SETTLED),
    ("of its block", block("<PmtInfSts>ACSC</PmtInfSts><TxInfAndSts><OrgnlEndToEndId>OUT-7</OrgnlEndToEndId></TxInfAndSts>"), SETTLED),
]


@pytest.mark.parametrize(("blocks", "outcome"), [pytest.param(*case[1:], id=case[0]) for case in ANSWERS])
def test_what_became_of_a_payment(blocks: str, outcome: PaymentOutcome) -> None:
    assert read_status_report(report(blocks)).outcomes == (outcome,)


def test_a_settled_payment_is_dated_by_its_instant() -> None:
    (one,) = read_status_report(report(payment("ACSC", "<AccptncDtTm>2014-02-24T09:30:00</AccptncDtTm>"))).outcomes
    assert one.settled_at == shanghai(DAY, 9, 30)


def test_a_message_that_was_rejected_as_a_whole() -> None:
    found = read_status_report(report("", "<GrpSts>RJCT</GrpSts>" + CLOSED_ACCOUNT, name="pain.001"))
    assert found.original_type is MessageType.PAIN_001
    assert (found.original_message_id, found.outcomes) == ("M-1", ())
    assert found.whole == PaymentOutcome("", PaymentStatus.REJECTED, None, "AC04", "account closed")


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (report(""), "it answers no payment"),
        (report(block("")), "it says nothing about its payments"),
        (report(payment("HUNH")), "'HUNH' is not known as a status"),
        (report(payment("ACSC", name="<OrgnlEndToEndId>OUT-8</OrgnlEndToEndId>")), "OUT-8 is in the block of OUT-7"),
        (report(payment("ACSC"), name="pacs.008.001.08"), "it answers no payment of a pain.001 or pain.008"),
    ],
)
def test_a_report_that_says_nothing_is_refused(message: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_status_report(message)
