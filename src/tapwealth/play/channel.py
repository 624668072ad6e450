"""The other distributor's channel: its real order file moved to the played Monday, and the applications of the holders in it.

The holders' TA accounts exist already; their names and identity numbers come from the seed. One application (008) a TA account and trading
account: the same holder may have several.
"""

import io

from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import BadInput
from tapwealth.play.week import Play
from tapwealth.wire.ofd import (
    DataFile,
    DataFileName,
    Header,
    Value,
    fields_of,
    parse_data_file_name,
    read_date,
    read_time,
    write_data_file,
    write_date,
)
from tapwealth.wire.ofd.layout import Record

CODE, REGISTRAR = "996", "H0"
FUND, PURCHASE = "000198", "022"
LATEST_TIME = "143459"
"""The channel sends its file at 14:35: what is ordered later is not in it."""
MONEY = 10_000_000_00
"""Fen on the channel's account at the bank: it pays its orders in from there."""


def check_orders(content: bytes, name: str) -> None:
    """Read an order file to its end before a week is played with it. Raises BadInput with line and field for whatever is wrong."""
    header, records = _orders(content, name)
    if (header.creator, header.receiver, header.file_type) != (CODE, REGISTRAR, "03"):
        what = f"it is of type {header.file_type}, from {header.creator} to {header.receiver}"
        raise BadInput(what, where=name, hint=f"give orders (03) from {CODE} to {REGISTRAR}")
    if not records:
        raise BadInput("there is no order in it", where=name, hint="give at least one")
    for record in records:
        _check_order(record, write_date(header.day))
    total = sum(record.number("ApplicationAmount") for record in records)
    if total > MONEY:
        what = f"the orders come to {format_minor(total)} yuan, the channel has {format_minor(MONEY)}"
        raise BadInput(what, where=name, hint="leave some out")


def _check_order(record: Record, day: str) -> None:
    wanted = {"BusinessCode": PURCHASE, "FundCode": FUND, "DistributorCode": CODE, "TransactionDate": day}
    for field, value in wanted.items():
        if record.text(field) != value:
            raise record.bad(f"{field} is {record.text(field)!r}, expected {value!r}", "give purchases of one fund and one day")
    for field in ("TransactionAccountID", "TAAccountID"):
        if not record.text(field):
            raise record.bad(f"{field} is blank", "name the holder")
    if not read_time(record.text("TransactionTime"), record.where) <= read_time(LATEST_TIME, ""):
        raise record.bad(f"TransactionTime is {record.text('TransactionTime')}, after {LATEST_TIME}", "the file is sent at 14:35")
    if record.number("ApplicationAmount") == 0:
        raise record.bad("ApplicationAmount is zero", "order at least one fen")


def order_file(play: Play) -> tuple[str, bytes]:
    """The 03 file under the name of the played day; only dates differ from the original."""
    header, records = _read(play)
    day = play.day(0)
    moved = Header(header.creator, header.receiver, day, "03", header.fields, header.records)
    shift = day - header.day
    values = [{**record, "TransactionDate": write_date(read_date(record.text("TransactionDate"), "") + shift)} for record in records]
    return str(DataFileName(CODE, REGISTRAR, day, "03")), write_data_file(moved, values)


def orders_sum(play: Play) -> int:
    """Fen that the channel pays in: the sum of its orders."""
    return sum(record.number("ApplicationAmount") for record in _read(play)[1])


def application_file(play: Play) -> tuple[str, bytes]:
    """The 01 file that opens the holders of the order file."""
    day = play.day(0)
    holders = dict.fromkeys((record.text("TAAccountID"), record.text("TransactionAccountID")) for record in _read(play)[1])
    records = [_application(play, number, *holder) for number, holder in enumerate(holders, 1)]
    header = Header(CODE, REGISTRAR, day, "01", tuple(fields_of("01")), len(records))
    return str(DataFileName(CODE, REGISTRAR, day, "01")), write_data_file(header, records)


def _application(play: Play, number: int, ta_account: str, trading_account: str) -> dict[str, Value]:
    name, identity_number = play.stage.cast.holder(f"{ta_account}/{trading_account}")
    day = play.day(0)
    return {
        "AppSheetSerialNo": f"{day:%Y%m%d}{number:016d}",
        "BusinessCode": "008",
        "TransactionAccountID": trading_account,
        "TAAccountID": ta_account,
        "InvestorName": name,
        "CertificateType": "0",
        "CertificateNo": identity_number,
        "TransactionDate": write_date(shanghai(day, 14).date()),
        "TransactionTime": "140000",
        "IndividualOrInstitution": "1",
        "DistributorCode": CODE,
    }


def _read(play: Play) -> tuple[Header, list[Record]]:
    return _orders(play.orders, play.orders_name)


def _orders(content: bytes, name: str) -> tuple[Header, list[Record]]:
    """A file under a name of the standard must agree with its name; under another it may be called as one likes."""
    expected = parse_data_file_name(name) if name.startswith("OFD_") else None
    file = DataFile(io.BytesIO(content), name, expected)
    return file.header, list(file)
