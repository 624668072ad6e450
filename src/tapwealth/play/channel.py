"""The other distributor's channel: its real order file moved to the played Monday, and the applications of the holders in it.

The holders' TA accounts exist already; their names and identity numbers come from the seed. One application (008) a TA account and trading
account: the same holder may have several.
"""

import io

from tapwealth.kernel.clock import shanghai
from tapwealth.play.week import Play
from tapwealth.wire.ofd import (
    DataFile,
    DataFileName,
    Header,
    Value,
    fields_of,
    parse_data_file_name,
    read_date,
    write_data_file,
    write_date,
)
from tapwealth.wire.ofd.layout import Record

CODE, REGISTRAR = "996", "H0"


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
    file = DataFile(io.BytesIO(play.orders), play.orders_name, parse_data_file_name(play.orders_name))
    return file.header, list(file)
