"""Every way an exchange file can be wrong is one line: the file, the line, the field and the width expected."""

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from real_files import ORDERS_FILE

from tapwealth.funds.exchange_in import CONFIRMATIONS, ORDERS, QUOTATIONS
from tapwealth.funds.exchange_out import redated
from tapwealth.funds.exchange_summary import summarise
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.ofd import DataFile, Header, parse_data_file_name, parse_index_name, read_data_file, read_index, write_data_file

LINES = ORDERS_FILE.read_bytes().split(b"\r\n")
FIRST = 85
"""The real file's first record, in `LINES`; its line number is one more."""


def edited(change: Callable[[list[bytes]], object]) -> bytes:
    lines = list(LINES)
    change(lines)
    return b"\r\n".join(lines)


def with_bytes(at: int, new: bytes, line: int = FIRST) -> bytes:
    def change(lines: list[bytes]) -> None:
        lines[line] = lines[line][:at] + new + lines[line][at + len(new) :]

    return edited(change)


def with_line(line: int, new: bytes) -> bytes:
    return edited(lambda lines: lines.__setitem__(line, new))


AMOUNT, TEXT = 87, 332

DEFECTS = {
    "torn within a record": (
        b"\r\n".join(LINES)[:100_000],
        "f line 233: the file ends within record 148 of 1006, after 587 bytes in field FrequencyOfPeSubs (N 5)",
    ),
    "torn between records": (
        b"\r\n".join(LINES[: FIRST + 3]) + b"\r\n",
        "f line 89: the file ends where record 4 of 1006 should stand; it is torn",
    ),
    "torn before its end": (b"\r\n".join(LINES[:-2]) + b"\r\n", "f line 1092: the file ends where OFDCFEND should stand"),
    "torn within its end": (b"\r\n".join(LINES)[:-4], "f line 1092: OFDCFEND should stand after the 1006 records"),
    "torn within the header": (b"\r\n".join(LINES[:20]), "f line 20: the file ends within field name 10 of 74, after 12 bytes"),
    "padded": (
        with_line(FIRST, LINES[FIRST] + b"  "),
        "f line 86: record 1 of 1006 has 667 bytes, expected 665 in field SpecifyFee (N 16.2)",
    ),
    "padded inside": (
        with_line(FIRST, LINES[FIRST][:24] + b" " + LINES[FIRST][24:]),
        "f line 86: record 1 of 1006 has 666 bytes, expected 665 in field TransactionDate (A 8)",
    ),
    "very long": (with_line(FIRST, LINES[FIRST] * 500), "f line 86: record 1 of 1006 has 332500 bytes, expected 665"),
    "short": (with_line(FIRST, LINES[FIRST][:-3]), "f line 86: the record has 662 bytes, expected 665 in field SpecifyFee (N 16.2)"),
    "a record doubled": (
        edited(lambda lines: lines.insert(FIRST, lines[FIRST])),
        "f line 87: this record was here before: AppSheetSerialNo 941031456358884197703957",
    ),
    "a serial doubled": (
        with_line(FIRST + 9, LINES[FIRST][:24] + LINES[FIRST + 9][24:]),
        "f line 95: this record was here before: AppSheetSerialNo 941031456358884197703957",
    ),
    "one record less": (
        edited(lambda lines: lines.pop(FIRST)),
        "f line 1091: OFDCFEND comes after 1005 records, the header counts 1006",
    ),
    "count too low": (with_line(84, b"00001005"), "f line 1091: OFDCFEND should stand after the 1005 records that the header counts"),
    "count too high": (with_line(84, b"00001007"), "f line 1092: OFDCFEND comes after 1006 records, the header counts 1007"),
    "count of another width": (with_line(84, b"1006"), "f line 85: the record count has 4 bytes, expected 8"),
    "count no number": (with_line(84, b"0000100x"), "f line 85: the record count b'0000100x' is not 8 digits"),
    "field count too low": (with_line(9, b"073"), "f line 84: the record count has 10 bytes, expected 8"),
    "field count too high": (with_line(9, b"075"), "f line 85: the field '00001006' is not known in files of type 03"),
    "unknown field": (with_line(12, b"FundCod"), "f line 13: the field 'FundCod' is not known in files of type 03"),
    "field of another type": (with_line(12, b"InvestorName"), "f line 13: the field 'InvestorName' is not known in files of type 03"),
    "field declared twice": (with_line(12, b"TransactionDate"), "the field TransactionDate is declared twice"),
    "no field": (with_line(9, b"000"), "no field is declared"),
    "unknown type": (with_line(6, b"99"), "f line 7: the file type '99' is not known"),
    "unknown version": (with_line(1, b"19  "), "f line 2: the version b'19  ' is not known; known are 2.0, 2.1, 2.2"),
    "version of another width": (with_line(1, b"20"), "f line 2: the version b'20' is not known"),
    "an index": (with_line(0, b"OFDCFIDX"), "f line 1: b'OFDCFIDX' where OFDCFDAT should stand"),
    "creator of another width": (with_line(2, b"996"), "f line 3: the creator has 3 bytes, expected 9"),
    "creator not padded with blanks": (with_line(2, b"996\x00\x00\x00\x00\x00\x00"), "f line 3: the creator"),
    "no day of the calendar": (with_line(4, b"20170229"), "f line 5: '20170229' is not a day of the calendar"),
    "an LF alone": (b"\n".join(LINES), "f line 1: OFDCFDAT ends with LF alone; end each line with CRLF"),
    "two files in one": (b"\r\n".join(LINES) * 2, "f line 1093: there is text after the end of the file"),
    "empty": (b"", "f line 1: the file ends where OFDCFDAT should stand"),
    "an amount below zero": (
        with_bytes(AMOUNT, b"-000000000001001"),
        "f line 86: '-000000000001001' is negative in field ApplicationAmount (N 16.2), 16 bytes wide",
    ),
    "a huge amount": (
        with_bytes(AMOUNT, b"1000000000000001"),
        "f line 86: '1000000000000001' is more than one movement can carry in field ApplicationAmount (N 16.2)",
    ),
    "an amount with a point": (
        with_bytes(AMOUNT, b"0000000000010.01"),
        "f line 86: '0000000000010.01' is not digits padded with zeros in field ApplicationAmount (N 16.2), 16 bytes wide",
    ),
    "an amount padded with blanks": (with_bytes(AMOUNT, b"            1001"), "in field ApplicationAmount (N 16.2), 16 bytes wide"),
    "a serial not left-aligned": (
        with_bytes(0, b" 94103145635888419770395"),
        "is not letters and digits padded with blanks in field AppSheetSerialNo (A 24), 24 bytes wide",
    ),
    "a bar in a serial": (
        with_bytes(5, b"|"),
        "is not letters and digits padded with blanks in field AppSheetSerialNo (A 24), 24 bytes wide",
    ),
    "no GB18030": (with_bytes(TEXT, b"\xff"), "is not text of GB18030 in field Specification (C 60), 60 bytes wide"),
    "half a character": (with_bytes(TEXT + 59, b"\xbb"), "is not text of GB18030 in field Specification (C 60), 60 bytes wide"),
    "a control character": (with_bytes(TEXT, b"\x00"), "is not text of GB18030 in field Specification (C 60), 60 bytes wide"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_one_line_that_says_where(defect: str) -> None:
    content, text = DEFECTS[defect]
    with pytest.raises(BadInput) as caught:
        read_data_file(content, "f")
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_renamed_file() -> None:
    with pytest.raises(BadInput, match=r"OFD_996_H0_20170428_03\.TXT: the header belongs to OFD_996_H0_20170427_03\.TXT"):
        ORDERS.values(ORDERS_FILE.read_bytes(), "OFD_996_H0_20170428_03.TXT")
    with pytest.raises(BadInput, match=r"a file of type 04 is wanted"):
        CONFIRMATIONS.values(ORDERS_FILE.read_bytes(), ORDERS_FILE.name)


NO_NAMES = [
    "",
    "OFD_996_H0_20170427_3.TXT",
    "OFD_996_H0_2017042_03.TXT",
    "ofd_996_H0_20170427_03.TXT",
    "OFD_9_6_H0_20170427_03.TXT",
    "OFD_996_H0_20170427_03.TXT\n",
    "OFD_996_H0_20171327_03.TXT",
    "OFD_996_H0_２０１７０４２７_03.TXT",
]


@pytest.mark.parametrize("name", NO_NAMES)
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(BadInput):
        parse_data_file_name(name)


INDEX = (
    b"OFDCFIDX\r\n20  \r\nT01      \r\nH0       \r\n20140224\r\n002\r\n"
    b"OFD_T01_H0_20140224_01.TXT\r\nOFD_T01_H0_20140224_03.TXT\r\nOFDCFEND\r\n"
)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (b"002", b"003", "line 9: 'OFDCFEND' is not the name of a data file"),
        (b"002", b"001", "line 8: OFDCFEND should stand after the 1 names"),
        (b"_03.TXT", b"_01.TXT", "OFD_T01_H0_20140224_01.TXT is named twice"),
        (b"H0_20140224_03", b"H1_20140224_03", "OFD_T01_H1_20140224_03.TXT is not of this index"),
        (b"H0       ", b"H1       ", "the index belongs to OFI_T01_H1_20140224.TXT"),
        (b"OFDCFEND\r\n", b"", "line 9: the file ends where OFDCFEND should stand"),
        (b"_03.TXT", b"_03.TXT/../../x", "is not the name of a data file"),
    ],
)
def test_an_index_with_a_defect(old: bytes, new: bytes, text: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_index(INDEX.replace(old, new, 1), parse_index_name("OFI_T01_H0_20140224.TXT"))
    assert text in str(caught.value)


DAY = date(2014, 2, 24)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"ApplicationAmount": -1}, "-1: '-000000000000001' is negative in field ApplicationAmount (N 16.2), 16 bytes wide"),
        ({"ApplicationAmount": 10**16}, "17 bytes in field ApplicationAmount (N 16.2), 16 bytes wide"),
        ({"ApplicationAmount": 10**15 + 1}, "is more than one movement can carry"),
        ({"ApplicationAmount": "1"}, "is not of the kind of field ApplicationAmount"),
        ({"AppSheetSerialNo": "x" * 25}, "25 bytes in field AppSheetSerialNo (A 24), 24 bytes wide"),
        ({"AppSheetSerialNo": "王"}, "is not letters and digits padded with blanks"),
        ({"Specification": "王" * 31}, "62 bytes in field Specification (C 60), 60 bytes wide"),
        ({"Specification": "a\r\nb"}, "is not text of GB18030"),
        ({"Specification": "\ud800"}, "is not in GB18030"),
        ({"FundCode": "000198"}, "the header does not declare FundCode"),
    ],
)
def test_a_value_that_does_not_fit_is_not_written(values: dict[str, int | str], text: str) -> None:
    header = Header("T01", "H0", DAY, "03", ("ApplicationAmount", "AppSheetSerialNo", "Specification"), 1)
    with pytest.raises(BadInput) as caught:
        write_data_file(header, [values])
    assert text in str(caught.value)
    assert "record 1" in str(caught.value)


def test_a_file_without_a_field_that_is_needed() -> None:
    header, records = read_data_file(ORDERS_FILE.read_bytes())
    fewer = tuple(name for name in header.fields if name != "ApplicationAmount")
    content = write_data_file(Header("996", "H0", header.day, "03", fewer, 1), [{name: records[0][name] for name in fewer}])
    with pytest.raises(BadInput, match="the header does not declare ApplicationAmount"):
        ORDERS.values(content, ORDERS_FILE.name)


@pytest.mark.parametrize(("field", "value"), [("TransactionDate", "20170431"), ("TransactionTime", "240000"), ("AppSheetSerialNo", "")])
def test_a_value_that_means_nothing(field: str, value: str) -> None:
    header, records = read_data_file(ORDERS_FILE.read_bytes())
    content = write_data_file(Header("996", "H0", header.day, "03", header.fields, 1), [{**records[0], field: value}])
    with pytest.raises(BadInput, match="line 86"):
        ORDERS.values(content, ORDERS_FILE.name)


@pytest.mark.parametrize(
    ("figures", "text"),
    [({"FundIncome": 157871}, "FundIncome has more decimals"), ({"FundIncomeFlag": "9"}, "FundIncomeFlag is '9'")],
)
def test_a_quotation_with_a_figure_that_cannot_be(figures: dict[str, int | str], text: str) -> None:
    fields = ("FundCode", "UpdateDate", "FundIncome", "FundIncomeFlag", "Yield", "FundDayIncome", "TotalFundVol", "NAV", "FundStatus")
    content = write_data_file(Header("H0", "T01", DAY, "07", fields, 1), [{"FundCode": "000198", "UpdateDate": "20140223", **figures}])
    with pytest.raises(BadInput, match=text):
        QUOTATIONS.values(content, "OFD_H0_T01_20140224_07.TXT")


def test_a_negative_day_reads_as_negative() -> None:
    record: dict[str, int | str] = {
        "FundCode": "000198", "UpdateDate": "20140223", "FundIncome": 157870, "FundIncomeFlag": "1", "Yield": 630700, "YieldFlag": "0",
        "FundDayIncome": 12, "FundDayIncomeFlag": "1", "TotalFundVol": 100, "NAV": 10000, "FundStatus": "0",
    }  # fmt: skip
    content = write_data_file(Header("H0", "T01", DAY, "07", tuple(record), 1), [record])
    (quotation,) = QUOTATIONS.values(content, "OFD_H0_T01_20140224_07.TXT")
    assert (quotation.income_per_10k, quotation.seven_day_yield, quotation.day_income) == (-15787, 6307, -12)


def test_a_copy_appears_only_of_a_whole_file(tmp_path: Path) -> None:
    torn, copy = tmp_path / "torn.txt", tmp_path / "copy.txt"
    torn.write_bytes(ORDERS_FILE.read_bytes()[:-200])
    with pytest.raises(BadInput):
        summarise(torn, copy)
    assert [path.name for path in tmp_path.iterdir()] == ["torn.txt"]
    with pytest.raises(BadInput, match="the file cannot be opened"):
        summarise(tmp_path / "none.txt")
    with pytest.raises(BadInput, match="the file cannot be opened"):
        redated_to_nowhere(tmp_path)


def redated_to_nowhere(folder: Path) -> None:
    moved = redated(ORDERS_FILE.read_bytes(), ORDERS_FILE.name, DAY)
    source = folder / moved.name
    source.write_bytes(moved.content)
    summarise(source, folder / "no such folder" / "copy.txt")


@pytest.mark.parametrize(
    ("field", "new", "text"),
    [
        ("AppSheetSerialNo", b" " * 24, "f line 786: AppSheetSerialNo is blank; fill it in"),
        ("TransactionDate", b"20170231", "f line 786: '20170231' is not a day of the calendar"),
        ("TransactionTime", b"246000", "f line 786: '246000' is not a time of the day"),
    ],
)
def test_one_order_of_many_that_is_none_is_named(field: str, new: bytes, text: str) -> None:
    """Also where records are read many at once."""
    start = read_data_file(ORDERS_FILE.read_bytes())[0].layout.place(field)[1]
    content = with_bytes(start, new, FIRST + 700)
    with pytest.raises(BadInput, match=text):
        [list(ORDERS.block(block)) for block in DataFile(io.BytesIO(content), "f").blocks()]


def test_orders_read_many_at_once_are_those_read_one_by_one() -> None:
    content = ORDERS_FILE.read_bytes()
    assert ORDERS.values(content, ORDERS_FILE.name) == [ORDERS.read(record) for record in read_data_file(content)[1]]
    blank = with_bytes(AMOUNT, b" " * 16, FIRST + 700)
    assert ORDERS.values(blank, ORDERS_FILE.name)[700].amount == 0
