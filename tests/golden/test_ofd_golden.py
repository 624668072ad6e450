"""Exchange files, byte by byte: a real order file, and small files written out line by line."""

from datetime import date, time
from pathlib import Path

import pytest
from real_files import ORDERS_FILE

from tapwealth.funds.exchange_in import ORDERS
from tapwealth.funds.exchange_out import Route, account_file, index_of, order_file, redated
from tapwealth.funds.exchange_summary import summarise
from tapwealth.funds.exchange_values import AccountApplication, BusinessCode, OrderRecord
from tapwealth.kernel.masked import IdentityNumber, PersonName
from tapwealth.wire.ofd import (
    Header,
    Index,
    IndexName,
    fields_of,
    parse_data_file_name,
    parse_index_name,
    read_data_file,
    read_index,
    write_data_file,
    write_index,
)

SMALL = b"\r\n".join(
    [
        b"OFDCFDAT",  # a data file
        b"20  ",  # version 2.0, four bytes
        b"T01      ",  # made by Tapwealth's distributor code, nine bytes
        b"H0       ",  # for the registrar
        b"20140224",  # of this day
        b"001",  # summary number
        b"03",  # orders
        b"T01     ",  # carried by, eight bytes
        b"H0      ",
        b"004",  # four fields, whose names follow and decide the layout
        b"ApplicationAmount",  # N 16.2
        b"BusinessCode",  # A 3
        b"AppSheetSerialNo",  # A 24
        b"Specification",  # C 60
        b"00000002",  # two records
        b"0000000000000100022A1                      " + "买入".encode("gb18030").ljust(60),
        b"0000000000012345022A2                      " + b" " * 60,
        b"OFDCFEND",
        b"",
    ]
)
SMALL_RECORDS = [
    {"ApplicationAmount": 100, "BusinessCode": "022", "AppSheetSerialNo": "A1", "Specification": "买入"},
    {"ApplicationAmount": 12345, "BusinessCode": "022", "AppSheetSerialNo": "A2", "Specification": ""},
]

WIDE = b"\r\n".join(
    [
        b"OFDCFDAT",
        b"22      ",  # version 2.2, eight bytes
        b"996                 ",  # codes have twenty
        b"H0                  ",
        b"20240226",
        b"00000001",  # the summary number has eight
        b"05      ",  # the file type too
        b"996     ",
        b"H0      ",
        b"00000002",  # the field count too
        b"FundCode",
        b"AvailableVol",
        b"0000000000000001",  # the record count has sixteen
        b"0001980000000000000001",
        b"OFDCFEND",  # and no CRLF at the end
    ]
)

INDEX = b"\r\n".join(
    [
        b"OFDCFIDX",
        b"20  ",
        b"T01      ",
        b"H0       ",
        b"20140224",
        b"002",
        b"OFD_T01_H0_20140224_01.TXT",
        b"OFD_T01_H0_20140224_03.TXT",
        b"OFDCFEND",
        b"",
    ]
)


def test_the_real_file_says_what_its_source_says() -> None:
    assert summarise(ORDERS_FILE) == {
        "type": "03",
        "version": "2.0",
        "creator": "996",
        "receiver": "H0",
        "date": "2017-04-27",
        "fields": 74,
        "records": 1006,
        "amount_fen": 645735805,
        "volume_hundredths": 0,
        "business_codes": {"022": 1006},
    }


@pytest.mark.parametrize("end", [b"\r\n", b""])
def test_the_real_file_is_written_again_byte_for_byte(tmp_path: Path, end: bytes) -> None:
    source, copy = tmp_path / ORDERS_FILE.name, tmp_path / "copy.txt"
    source.write_bytes(ORDERS_FILE.read_bytes().removesuffix(b"\r\n") + end)
    summarise(source, copy)
    assert copy.read_bytes() == source.read_bytes()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_its_orders_as_values() -> None:
    orders = ORDERS.values(ORDERS_FILE.read_bytes(), ORDERS_FILE.name)
    assert orders[0] == OrderRecord(
        serial="941031456358884197703957",
        business_code=BusinessCode.PURCHASE,
        trading_account="96532513486283488",
        ta_account="901136019377",
        fund_code="000198",
        amount=1001,
        volume=0,
        ordered_on=date(2017, 4, 27),
        ordered_at=time(14, 1),
        distributor="996",
        deposit_account="2115611085591739",
    )
    assert orders[0].ordered.isoformat() == "2017-04-27T06:01:00+00:00"
    assert sum(order.amount for order in orders) == 645735805
    assert len({order.trading_account for order in orders}) == 826
    assert len({order.ta_account for order in orders}) == 862


def test_moved_to_another_dealing_date_all_other_bytes_stay() -> None:
    moved = redated(ORDERS_FILE.read_bytes(), ORDERS_FILE.name, date(2014, 2, 24))
    assert moved.name == "OFD_996_H0_20140224_03.TXT"
    assert moved.content.replace(b"20140224", b"20170427") == ORDERS_FILE.read_bytes()
    assert moved.content.count(b"20140224") == 1007


def test_a_small_file_line_by_line() -> None:
    header, records = read_data_file(SMALL, "small")
    assert [dict(record) for record in records] == SMALL_RECORDS
    assert header == Header("T01", "H0", date(2014, 2, 24), "03", tuple(SMALL_RECORDS[0]), 2, sender="T01", recipient="H0")
    assert write_data_file(header, SMALL_RECORDS) == SMALL


def test_the_wide_header_of_version_2_2() -> None:
    header, records = read_data_file(WIDE)
    assert (header.version, header.summary, header.file_type, header.records) == ("2.2", "00000001", "05", 1)
    assert dict(records[0]) == {"FundCode": "000198", "AvailableVol": 1}
    assert write_data_file(header, records, end_with_crlf=False) == WIDE


def test_an_index_line_by_line() -> None:
    name = parse_index_name("OFI_T01_H0_20140224.TXT")
    index = read_index(INDEX, name)
    files = ("OFD_T01_H0_20140224_01.TXT", "OFD_T01_H0_20140224_03.TXT")
    assert index == Index(IndexName("T01", "H0", date(2014, 2, 24)), tuple(map(parse_data_file_name, files)))
    assert write_index(index) == INDEX
    assert read_index(INDEX.removesuffix(b"\r\n"), name) == index


def test_what_the_distributor_makes() -> None:
    day, route = date(2014, 2, 24), Route("T01")
    application = AccountApplication(
        "S1", BusinessCode.OPEN_ACCOUNT, "17", PersonName("王伟"), IdentityNumber("11010519491231002X"), day, time(9), "T01",
        payout_account="0100000005",
    )  # fmt: skip
    order = OrderRecord(
        "S2", BusinessCode.FAST_TRANSFER, "17", "", "000198", 0, 250, day, time(23, 59, 59), "T01", target_trading_account="1"
    )
    accounts, orders = account_file(route, day, [application]), order_file(route, day, [order])
    assert (accounts.name, orders.name) == ("OFD_T01_H0_20140224_01.TXT", "OFD_T01_H0_20140224_03.TXT")
    assert index_of(route, day, [accounts, orders]).content == INDEX
    header, records = read_data_file(orders.content)
    assert header.fields == tuple(fields_of("03"))
    assert {name: value for name, value in records[0].items() if value} == {
        "AppSheetSerialNo": "S2",
        "BusinessCode": "098",
        "TransactionAccountID": "17",
        "FundCode": "000198",
        "ApplicationVol": 250,
        "TransactionDate": "20140224",
        "TransactionTime": "235959",
        "DistributorCode": "T01",
        "CurrencyType": "156",
        "IndividualOrInstitution": "1",
        "TargetTransactionAccountID": "1",
    }
    assert ORDERS.values(orders.content, orders.name) == [order]
    assert "王伟" not in repr(application)
    assert "王伟".encode("gb18030") in accounts.content
