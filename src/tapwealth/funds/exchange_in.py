"""Files that come in, read as typed values: 02, 04, 05, 06 and 07 of the registrar; 01 and 03 of another distributor's channel.

An `Incoming` is a stream: its header at once, its values by iterating once. Nothing of it counts before the last value is read, because
only the file's end proves that it is whole: collect (or stage) first, post after. Every defect is a BadInput with file, line and field.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Generic, TypeVar

from tapwealth.funds.exchange_values import (
    UNFINISHED,
    AccountApplication,
    AccountConfirmation,
    ConfirmationRecord,
    DividendRecord,
    HoldingRecord,
    OrderRecord,
    Quotation,
)
from tapwealth.kernel.masked import IdentityNumber, PersonName
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.ofd import DataFile, Header, Record, parse_data_file_name, read_date, read_time

T = TypeVar("T")

_SIGNS = {"": 1, "0": 1, "1": -1}


class Incoming(Generic[T]):
    """One file of a known type. `name` is the file's name; the header must agree with it."""

    def __init__(self, shape: "Shape[T]", stream: BinaryIO, name: str) -> None:
        expected = parse_data_file_name(name)
        if expected.file_type != shape.file_type:
            raise BadInput(f"a file of type {shape.file_type} is wanted", where=name, hint="look at the type in its name")
        self._shape, self._file = shape, DataFile(stream, name, expected)
        self._file.header.require(shape.required, self._file.header_line)

    @property
    def header(self) -> Header:
        return self._file.header

    def __iter__(self) -> Iterator[T]:
        return map(self._shape.read, self._file)


@dataclass(frozen=True, slots=True)
class Shape(Generic[T]):
    """How records of a file type become values, and the fields without which they cannot."""

    file_type: str
    read: Callable[[Record], T]
    required: Sequence[str]

    def open(self, stream: BinaryIO, name: str) -> Incoming[T]:
        """Read the header; the values come by iterating. Raises BadInput."""
        return Incoming(self, stream, name)

    def values(self, content: bytes, name: str) -> list[T]:
        """All values of a whole file. Raises BadInput."""
        return list(self.open(io.BytesIO(content), name))


def _account_application(record: Record) -> AccountApplication:
    return AccountApplication(
        serial=_needed(record, "AppSheetSerialNo"),
        business_code=_needed(record, "BusinessCode"),
        trading_account=_needed(record, "TransactionAccountID"),
        ta_account=record.text("TAAccountID"),
        name=PersonName(_needed(record, "InvestorName")),
        identity_number=IdentityNumber(_needed(record, "CertificateNo")),
        applied_on=read_date(record.text("TransactionDate"), record.where),
        applied_at=read_time(record.text("TransactionTime"), record.where),
        distributor=_needed(record, "DistributorCode"),
        payout_account=_optional(record, "AcctNoOfInvestorInClearingAgency"),
    )


def _account_confirmation(record: Record) -> AccountConfirmation:
    return AccountConfirmation(
        serial=_needed(record, "AppSheetSerialNo"),
        business_code=_needed(record, "BusinessCode"),
        trading_account=_needed(record, "TransactionAccountID"),
        ta_account=record.text("TAAccountID"),
        confirmed_on=read_date(record.text("TransactionCfmDate"), record.where),
        return_code=_needed(record, "ReturnCode"),
        ta_serial=_optional(record, "TASerialNO"),
        distributor=record.text("DistributorCode"),
        reason=_optional(record, "ErrorDetail"),
    )


def _order(record: Record) -> OrderRecord:
    return OrderRecord(
        serial=_needed(record, "AppSheetSerialNo"),
        business_code=_needed(record, "BusinessCode"),
        trading_account=_needed(record, "TransactionAccountID"),
        ta_account=record.text("TAAccountID"),
        fund_code=_needed(record, "FundCode"),
        amount=record.number("ApplicationAmount"),
        volume=record.number("ApplicationVol"),
        ordered_on=read_date(record.text("TransactionDate"), record.where),
        ordered_at=read_time(record.text("TransactionTime"), record.where),
        distributor=_needed(record, "DistributorCode"),
        deposit_account=_optional(record, "DepositAcct"),
        target_trading_account=_optional(record, "TargetTransactionAccountID"),
        target_ta_account=_optional(record, "TargetTAAccountID"),
        target_distributor=_optional(record, "TargetDistributorCode"),
    )


def _confirmation(record: Record) -> ConfirmationRecord:
    return ConfirmationRecord(
        serial=_needed(record, "AppSheetSerialNo"),
        ta_serial=_needed(record, "TASerialNO"),
        business_code=_needed(record, "BusinessCode"),
        trading_account=_needed(record, "TransactionAccountID"),
        ta_account=record.text("TAAccountID"),
        fund_code=record.text("FundCode"),
        volume=record.number("ConfirmedVol"),
        amount=record.number("ConfirmedAmount"),
        ordered_volume=_optional_number(record, "ApplicationVol"),
        ordered_amount=_optional_number(record, "ApplicationAmount"),
        confirmed_on=read_date(record.text("TransactionCfmDate"), record.where),
        return_code=_needed(record, "ReturnCode"),
        distributor=_optional(record, "DistributorCode"),
        reason=_optional(record, "ErrorDetail"),
        finished=_optional(record, "BusinessFinishFlag") != UNFINISHED,
        nav=_optional_number(record, "NAV"),
        charge=_optional_number(record, "Charge"),
    )


def _holding(record: Record) -> HoldingRecord:
    return HoldingRecord(
        ta_account=_needed(record, "TAAccountID"),
        trading_account=_needed(record, "TransactionAccountID"),
        fund_code=_needed(record, "FundCode"),
        total=record.number("TotalVolOfDistributorInTA"),
        available=record.number("AvailableVol"),
        frozen=record.number("TotalFrozenVol"),
        as_of=read_date(record.text("TransactionCfmDate"), record.where),
        distributor=_optional(record, "DistributorCode"),
    )


def _dividend(record: Record) -> DividendRecord:
    return DividendRecord(
        ta_account=_needed(record, "TAAccountID"),
        trading_account=_needed(record, "TransactionAccountID"),
        fund_code=_needed(record, "FundCode"),
        base=_optional_number(record, "BasisforCalculatingDividend"),
        volume=record.number("VolOfDividendforReinvestment"),
        amount=record.number("ConfirmedAmount"),
        record_date=read_date(record.text("RegistrationDate"), record.where),
        paid_on=read_date(record.text("DividentDate"), record.where),
        return_code=_needed(record, "ReturnCode"),
        ta_serial=_optional(record, "TASerialNO"),
        distributor=_optional(record, "DistributorCode"),
    )


def _quotation(record: Record) -> Quotation:
    return Quotation(
        fund_code=_needed(record, "FundCode"),
        day=read_date(record.text("UpdateDate"), record.where),
        income_per_10k=_signed(record, "FundIncome", 10),
        seven_day_yield=_signed(record, "Yield", 100),
        day_income=_signed(record, "FundDayIncome", 1),
        total_units=record.number("TotalFundVol"),
        nav=record.number("NAV"),
        status=record.text("FundStatus"),
    )


def _needed(record: Record, name: str) -> str:
    text = record.text(name)
    if not text:
        raise record.bad(f"{name} is blank", "fill it in")
    return text


def _optional(record: Record, name: str) -> str:
    return record.text(name) if name in record else ""


def _optional_number(record: Record, name: str) -> int:
    return record.number(name) if name in record else 0


def _signed(record: Record, name: str, beyond: int) -> int:
    """A figure with the sign that its flag gives it (0 or blank positive, 1 negative), without the decimals `beyond` what is published."""
    sign = _SIGNS.get(_optional(record, f"{name}Flag"))
    if sign is None:
        raise record.bad(f"{name}Flag is {_optional(record, f'{name}Flag')!r}", "0 is positive, 1 negative")
    value, more = divmod(record.number(name), beyond)
    if more:
        raise record.bad(f"{name} has more decimals than are published", "round it as published")
    return sign * value


ACCOUNT_APPLICATIONS = Shape(
    "01",
    _account_application,
    ("AppSheetSerialNo", "BusinessCode", "TransactionAccountID", "TAAccountID", "InvestorName", "CertificateNo", "TransactionDate",
     "TransactionTime", "DistributorCode"),
)  # fmt: skip
ACCOUNT_CONFIRMATIONS = Shape(
    "02",
    _account_confirmation,
    ("AppSheetSerialNo", "BusinessCode", "TransactionAccountID", "TAAccountID", "TransactionCfmDate", "ReturnCode", "DistributorCode"),
)
ORDERS = Shape(
    "03",
    _order,
    ("AppSheetSerialNo", "BusinessCode", "TransactionAccountID", "TAAccountID", "FundCode", "ApplicationAmount", "ApplicationVol",
     "TransactionDate", "TransactionTime", "DistributorCode"),
)  # fmt: skip
CONFIRMATIONS = Shape(
    "04",
    _confirmation,
    ("AppSheetSerialNo", "TASerialNO", "BusinessCode", "TransactionAccountID", "TAAccountID", "FundCode", "ConfirmedVol",
     "ConfirmedAmount", "TransactionCfmDate", "ReturnCode"),
)  # fmt: skip
HOLDINGS = Shape(
    "05",
    _holding,
    ("TAAccountID", "TransactionAccountID", "FundCode", "AvailableVol", "TotalVolOfDistributorInTA", "TotalFrozenVol",
     "TransactionCfmDate"),
)  # fmt: skip
DIVIDENDS = Shape(
    "06",
    _dividend,
    ("TAAccountID", "TransactionAccountID", "FundCode", "VolOfDividendforReinvestment", "ConfirmedAmount", "RegistrationDate",
     "DividentDate", "ReturnCode"),
)  # fmt: skip
QUOTATIONS = Shape(
    "07", _quotation, ("FundCode", "UpdateDate", "FundIncome", "Yield", "FundDayIncome", "TotalFundVol", "NAV", "FundStatus")
)
