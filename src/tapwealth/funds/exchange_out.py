"""Files the distributor makes: 01 accounts, 03 orders, and the index that makes them count. Pure: values in, named bytes out.

Every field of the dictionary is declared, in the standard's order; those that a record does not speak of are zero or blank.
"""

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from typing import BinaryIO, NamedTuple, Protocol

import numpy as np

from tapwealth.funds.exchange_values import CNY, AccountApplication, BusinessCode, OrderRecord
from tapwealth.wire.ofd import (
    DataFile,
    DataFileName,
    DataWriter,
    Header,
    Index,
    IndexName,
    Numbers,
    Record,
    Table,
    Value,
    fields_of,
    parse_data_file_name,
    read_date,
    write_data_file,
    write_date,
    write_index,
    write_time,
)

PERSON, IDENTITY_CARD = "1", "0"
"""JR/T 0017: IndividualOrInstitution 1 is a person; CertificateType 0 is the resident identity card."""


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file to be left for the receiver, complete."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Route:
    """Whose file (the distributor's code) for whom (the registrar's)."""

    creator: str
    receiver: str = "H0"


def account_file(route: Route, day: date, applications: Sequence[AccountApplication]) -> OutgoingFile:
    """01 of `day`. Raises BadInput for a value that its field cannot hold."""
    return _file(route, day, "01", [_account_fields(application) for application in applications])


def order_file(route: Route, day: date, orders: Sequence[OrderRecord]) -> OutgoingFile:
    """03 of the dealing date `day`. Raises BadInput for a value that its field cannot hold."""
    return _file(route, day, "03", [_order_fields(order) for order in orders])


def order_file_name(route: Route, day: date) -> str:
    """The name of the 03 of that dealing date."""
    return str(DataFileName(route.creator, route.receiver, day, "03"))


class HasName(Protocol):
    """A file as an index sees it."""

    @property
    def name(self) -> str: ...


class Purchases(NamedTuple):
    """Purchases of a distributor by column; instants in microseconds since 2000 by the clock of Greenwich."""

    serials: Table
    trading_accounts: Table
    ta_accounts: Table
    funds: Table
    amounts: Numbers
    received: Numbers


_OF_PURCHASES = "AppSheetSerialNo", "TransactionAccountID", "TAAccountID", "FundCode", "ApplicationAmount"
_SECOND, _DAY = 1_000_000, 86_400
_SHANGHAI = 8 * 3_600
"""Seconds by which its clock is ahead, since 1992."""
_FIRST = date(2000, 1, 1)


class OrderWriter:
    """03 of the dealing date `day` as a stream: so many orders, added as they come, then `end`. Its hash is that of all it has written."""

    def __init__(self, stream: BinaryIO, route: Route, day: date, orders: int) -> None:
        self._stream, self._hash = stream, hashlib.sha256()
        self._day, self._creator = day, route.creator
        self._writer = DataWriter(self, _header(route, day, "03", orders))

    def write(self, part: bytes) -> None:
        self._stream.write(part)
        self._hash.update(part)

    def add(self, orders: Iterable[OrderRecord]) -> None:
        """Raises BadInput for a value that its field cannot hold."""
        self._writer.add(map(_order_fields, orders))

    def add_purchases(self, purchases: "Purchases") -> bool:
        """The same of purchases (022), by column. False, and none is added, where one of them is not plainly right."""
        alike = OrderRecord("", BusinessCode.PURCHASE.value, "", "", "", 0, 0, self._day, time(0), self._creator)
        columns: dict[str, Sequence[Value] | Table | Numbers] = {name: [value] for name, value in _order_fields(alike).items()}
        said, received = purchases[:-1], purchases.received
        columns |= zip(_OF_PURCHASES, said, strict=True)
        return self._writer.add_columns(columns | _written(received), len(received))

    def end(self) -> bytes:
        """The file's SHA-256."""
        self._writer.end()
        return self._hash.digest()


def _written(received: Numbers) -> dict[str, Numbers]:
    """Days and times of instants, as the digits that are written."""
    days, seconds = np.divmod(received // _SECOND + _SHANGHAI, _DAY)
    known, which = np.unique(days, return_inverse=True)
    dates = np.array([int(write_date(_FIRST + timedelta(days=day))) for day in known.tolist()], np.int64)
    times = seconds // 3_600 * 10_000 + seconds // 60 % 60 * 100 + seconds % 60
    return {"TransactionDate": dates[which], "TransactionTime": times}


def index_of(route: Route, day: date, files: Iterable[HasName]) -> OutgoingFile:
    """The index of the day's files, to be left after all of them; of none, it says that nothing will come."""
    index = Index(IndexName(route.creator, route.receiver, day), tuple(parse_data_file_name(file.name) for file in files))
    return OutgoingFile(str(index.name), write_index(index))


def redated(content: bytes, name: str, day: date) -> OutgoingFile:
    """A distributor's 03 file moved to another dealing date: the header's date, and each order's by as many days; all other bytes stay.
    Raises BadInput if `content` is no whole file of that name."""
    file = DataFile(io.BytesIO(content), name, parse_data_file_name(name))
    header = file.header
    header.require(("TransactionDate",), file.header_line)
    shift = day - header.day
    records = [_moved(record, shift) for record in file]
    moved = replace(header, day=day)
    return OutgoingFile(str(moved.name), write_data_file(moved, records, end_with_crlf=file.ends_with_crlf))


def _moved(record: Record, shift: timedelta) -> Mapping[str, Value]:
    ordered_on = read_date(record.text("TransactionDate"), record.where)
    return {**record, "TransactionDate": write_date(ordered_on + shift)}


def _file(route: Route, day: date, file_type: str, records: Sequence[Mapping[str, Value]]) -> OutgoingFile:
    header = _header(route, day, file_type, len(records))
    return OutgoingFile(str(header.name), write_data_file(header, records))


def _header(route: Route, day: date, file_type: str, records: int) -> Header:
    return Header(route.creator, route.receiver, day, file_type, tuple(fields_of(file_type)), records)


def _account_fields(application: AccountApplication) -> dict[str, Value]:
    return {
        "AppSheetSerialNo": application.serial,
        "BusinessCode": application.business_code,
        "TransactionAccountID": application.trading_account,
        "TAAccountID": application.ta_account,
        "InvestorName": application.name.reveal(),
        "CertificateType": IDENTITY_CARD,
        "CertificateNo": application.identity_number.reveal(),
        "TransactionDate": write_date(application.applied_on),
        "TransactionTime": write_time(application.applied_at),
        "IndividualOrInstitution": PERSON,
        "DistributorCode": application.distributor,
        "AcctNoOfInvestorInClearingAgency": application.payout_account,
    }


def _order_fields(order: OrderRecord) -> dict[str, Value]:
    return {
        "AppSheetSerialNo": order.serial,
        "BusinessCode": order.business_code,
        "TransactionAccountID": order.trading_account,
        "TAAccountID": order.ta_account,
        "FundCode": order.fund_code,
        "ApplicationAmount": order.amount,
        "ApplicationVol": order.volume,
        "TransactionDate": write_date(order.ordered_on),
        "TransactionTime": write_time(order.ordered_at),
        "DistributorCode": order.distributor,
        "DepositAcct": order.deposit_account,
        "CurrencyType": CNY,
        "LargeRedemptionFlag": order.large_flag,
        "IndividualOrInstitution": PERSON,
        "DefDividendMethod": order.dividend_method,
        "TargetTransactionAccountID": order.target_trading_account,
        "TargetTAAccountID": order.target_ta_account,
        "TargetDistributorCode": order.target_distributor,
        "CodeOfTargetFund": order.target_fund,
        "RationProtocolNo": order.plan,
    }
