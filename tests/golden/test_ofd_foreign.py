"""Exchange files as other houses' systems write them: put together by hand from the standard, not by our own writer."""

from pathlib import Path

import pytest
from real_files import ORDERS_FILE

from tapwealth.funds.exchange_in import ACCOUNT_APPLICATIONS, ORDERS
from tapwealth.funds.exchange_summary import summarise
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.ofd import read_data_file

LINES = ORDERS_FILE.read_bytes().split(b"\r\n")
FIRST = 85
"""The real file's first record, in `LINES`; before it stand ten lines, 74 names and the record count."""


def file_of(file_type: str, fields: list[str], records: list[bytes], **other: bytes) -> bytes:
    """The lines of a file, version 2.2 unless `version` says otherwise."""
    header = {
        "tag": b"OFDCFDAT",
        "version": b"22      ",
        "creator": b"HXFUND".ljust(20),
        "receiver": b"996".ljust(20),
        "day": b"20140225",
        "summary": b"00000001",
        "type": file_type.encode().ljust(8),
        "sender": b"SYSTEM  ",
        "recipient": b"SYSTEM  ",
        "count": b"%08d" % len(fields),
    }
    lines = [*(header | other).values(), *(name.encode() for name in fields), b"%016d" % len(records), *records, b"OFDCFEND"]
    return b"\r\n".join(lines)


ORDER_FIELDS = [
    "TRANSACTIONTIME", "TRANSACTIONDATE", "APPLICATIONVOL", "TAACCOUNTID", "BUSINESSCODE", "applicationamount", "DistributorCode  ",
    "TRANSACTIONACCOUNTID", "FUNDCODE", "SPECIFICATION", "APPSHEETSERIALNO",
]  # fmt: skip
ORDER = b"".join(
    [
        b"143000", b"20140225", b" " * 16, b" " * 12, b"022", b"0000000000012345", b"996      ", b"10000000000000017", b"000198",
        "十个汉字占二十个字节".encode("gb18030").ljust(60), b"A1".ljust(24),
    ]
)  # fmt: skip


def test_the_header_says_how_records_are_laid_out_in_whatever_order_and_letter_case() -> None:
    """Another order than the dictionary's, names in capitals, one padded; a volume left blank, as of a purchase."""
    content = file_of("03", ORDER_FIELDS, [ORDER], summary=b"1       ")
    (order,) = ORDERS.values(content, "OFD_HXFUND_996_20140225_03.TXT")
    assert (order.serial, order.amount, order.volume, order.distributor, order.ta_account) == ("A1", 123_45, 0, "996", "")
    assert f"{order.ordered:%Y-%m-%d %H:%M}" == "2014-02-25 06:30"
    _, (record,) = read_data_file(content)
    assert record.text("Specification") == "十个汉字占二十个字节"


def test_a_foreign_file_is_written_again_byte_for_byte(tmp_path: Path) -> None:
    """Spelling, blanks for a number and the padding of the summary number included."""
    path, copy = tmp_path / "OFD_HXFUND_996_20140225_03.TXT", tmp_path / "copy"
    content = file_of("03", ORDER_FIELDS, [ORDER, ORDER.replace(b"A1 ", b"A2 ")], summary=b"1       ")
    path.write_bytes(content)
    figures = summarise(path, copy)
    assert (figures["records"], figures["amount_fen"], figures["volume_hundredths"]) == (2, 246_90, 0)
    assert copy.read_bytes() == content


def test_the_real_orders_are_the_same_with_their_fields_in_reverse() -> None:
    """Every record cut apart and put together backwards, under a header that says so."""
    names = [line.decode() for line in LINES[10:84]]
    header, records = read_data_file(ORDERS_FILE.read_bytes())
    places = [header.layout.place(name) for name in names]
    turned = [b"".join(raw[start:end] for _, start, end in reversed(places)) for raw in LINES[FIRST : FIRST + header.records]]
    content = b"\r\n".join([*LINES[:10], *(name.encode() for name in reversed(names)), LINES[84], *turned, b"OFDCFEND", b""])
    _, again = read_data_file(content)
    assert [dict(record) for record in again] == [dict(record) for record in records]
    assert sum(record.number("ApplicationAmount") for record in again) == 645_735_805


def test_a_file_with_fewer_fields_is_read_as_far_as_it_goes() -> None:
    """The optional ones are absent; a name of sixty characters takes its 120 bytes."""
    fields = [
        "BusinessCode", "AppSheetSerialNo", "InvestorName", "CertificateNo", "TransactionAccountID", "TAAccountID", "TransactionDate",
        "TransactionTime", "DistributorCode",
    ]  # fmt: skip
    name = "阿" * 60
    record = b"".join(
        [
            b"001", b"B1".ljust(24), name.encode("gb18030"), b"11010519491231002X".ljust(30), b"T1".ljust(17), b" " * 12, b"20140225",
            b"090000", b"996      ",
        ]
    )  # fmt: skip
    (one,) = ACCOUNT_APPLICATIONS.values(file_of("01", fields, [record]), "OFD_HXFUND_996_20140225_01.TXT")
    assert (one.name.reveal(), one.serial, one.payout_account) == (name, "B1", "")
    assert one.identity_number.reveal() == "11010519491231002X"


def test_another_type_of_the_standard_is_read_too(tmp_path: Path) -> None:
    """25: the settlement of money."""
    fields = ["FundCode", "DistributorCode", "BusinessCode"]
    widths = {"FundCode": 6, "DistributorCode": 9, "BusinessCode": 3}
    record = b"".join(value.ljust(widths[name]) for name, value in zip(fields, (b"000198", b"996", b"122"), strict=True))
    path = tmp_path / "OFD_HXFUND_996_20140225_25.TXT"
    path.write_bytes(file_of("25", fields, [record]))
    assert (summarise(path)["type"], summarise(path)["business_codes"]) == ("25", {"122": 1})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (file_of("94", ["FundCode"], [b"000198"]), "line 7: the file type '94' is not known; known are 01, 02,"),
        (file_of("03", ["FundCode", "FUNDCODE"], [b"000198" * 2]), "line 12: the field FundCode is declared twice"),
        (file_of("03", ["FundCodes"], [b"000198"]), "line 11: the field 'FundCodes' is not known in files of type 03"),
        (file_of("03", ["ApplicationAmount"], [b"           12345"]), "is not digits padded with zeros"),
        (file_of("03", ["ApplicationAmount"], [b"-000000000012345"]), "is negative"),
        (file_of("03", ["ApplicationAmount"], [b"0000000000123.45"]), "is not digits padded with zeros"),
        (file_of("03", ["Specification"], ["汉".encode().ljust(60)]), "is not text of GB18030"),
        (file_of("03", ["FundCode"], [b"000198"], version=b"23      "), "line 2: the version b'23      ' is not known"),
        (file_of("03", ["FundCode"], [b"000198"], version=b"22  "), "line 2: the version b'22  ' is not known"),
        (file_of("03", ["FundCode"], [b"000198"], summary=b"  1     "), "line 6: the summary number b'  1     ' is not 8 digits"),
        (file_of("03", ["FundCode"], [b"000198"]).replace(b"\r\n", b"\n"), "line 1: OFDCFDAT ends with LF alone"),
        (file_of("03", ["FundCode"], [b"000198"]).replace(b"%016d" % 1, b"%08d" % 1), "the record count has 8 bytes, expected 16"),
    ],
)
def test_what_the_standard_does_not_know_is_refused_with_its_line(content: bytes, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_data_file(content)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
