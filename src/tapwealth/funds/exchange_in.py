"""Files that come in, read as typed values: 02, 04, 05, 06 and 07 of the registrar; 01 and 03 of another distributor's channel.

An `Incoming` is a stream: its header at once, its values by iterating once. Nothing of it counts before the last value is read, because
only the file's end proves that it is whole: collect (or stage) first, post after. Every defect is a BadInput with file, line and field.
"""

import io
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import repeat
from typing import Any, BinaryIO, Generic, TypeVar

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
from tapwealth.wire.ofd import Block, DataFile, Header, Record, parse_data_file_name, read_date, read_time

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
        for block in self.blocks():
            yield from self._shape.block(block)

    def some(self, places: Sequence[int]) -> Iterator[T]:
        """The values of these records (counted from 1, in order) alone; instead of iterating, and once."""
        before = done = 0
        for block in self.blocks():
            here = places[done : bisect_right(places, before + len(block), done)]
            values = list(self._shape.block(block)) if here else []
            yield from (values[place - before - 1] for place in here)
            before, done = before + len(block), done + len(here)

    def blocks(self, *, looking_for_doubles: bool = True) -> Iterator[Block]:
        """The records that the values are made of, many at once; instead of iterating, and once (see `DataFile.blocks`)."""
        return self._file.blocks(looking_for_doubles=looking_for_doubles)


class Take(Enum):
    """How a field becomes an attribute of a value."""

    NEEDED = auto()
    """Text that may not be blank."""
    TEXT = auto()
    NUMBER = auto()
    DATE = auto()
    TIME = auto()
    OPTIONAL = auto()
    """Text, empty if the header does not declare the field."""
    OPTIONAL_NUMBER = auto()
    """Zero if the header does not declare the field."""
    FINISHED = auto()
    """Whether no other answer follows: yes, unless the flag is there and says otherwise."""


_DEFAULTS: Mapping[Take, Any] = {Take.OPTIONAL: "", Take.OPTIONAL_NUMBER: 0, Take.FINISHED: True}
"""What stands for a field that the header does not declare; whatever is not here has to be declared."""
Plan = Sequence[tuple[str, Take]]
"""A field for each argument of a value, in their order."""


@dataclass(frozen=True, slots=True)
class Shape(Generic[T]):
    """How records of a file type become values, and the fields without which they cannot. `columns` does the same for many at once, or
    gives None where one of them is no value: then `read` says which and why."""

    file_type: str
    read: Callable[[Record], T]
    required: Sequence[str]
    columns: Callable[[Block], Iterable[T] | None] = lambda _: None

    def block(self, block: Block) -> Iterable[T]:
        """The values of a block. Raises BadInput for the first record that is none."""
        values = self.columns(block)
        return map(self.read, block.records()) if values is None else values

    def open(self, stream: BinaryIO, name: str) -> Incoming[T]:
        """Read the header; the values come by iterating. Raises BadInput."""
        return Incoming(self, stream, name)

    def values(self, content: bytes | BinaryIO, name: str) -> list[T]:
        """All values of a whole file at once: for files that are short, or that tests read. Raises BadInput."""
        return list(self.open(io.BytesIO(content) if isinstance(content, bytes) else content, name))


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


def planned(file_type: str, of: Callable[..., T], plan: Plan) -> Shape[T]:
    """A shape whose values are nothing but fields of their records."""

    def read(record: Record) -> T:
        return of(*(_TAKERS[take](record, name) for name, take in plan))

    def columns(block: Block) -> Iterable[T] | None:
        decoded = block.columns([name for name, _ in plan if name in block.layout])
        taken = []
        for name, take in plan:
            column = _column(take, decoded[name]) if name in decoded else repeat(_DEFAULTS[take], len(block))
            if column is None:
                return None
            taken.append(column)
        return map(of, *taken)

    return Shape(file_type, read, [name for name, take in plan if take not in _DEFAULTS], columns)


_TAKERS: Mapping[Take, Callable[[Record, str], Any]] = {
    Take.NEEDED: _needed,
    Take.TEXT: Record.text,
    Take.NUMBER: Record.number,
    Take.DATE: lambda record, name: read_date(record.text(name), record.where),
    Take.TIME: lambda record, name: read_time(record.text(name), record.where),
    Take.OPTIONAL: _optional,
    Take.OPTIONAL_NUMBER: _optional_number,
    Take.FINISHED: lambda record, name: _optional(record, name) != UNFINISHED,
}


def _column(take: Take, column: list[Any]) -> Iterable[Any] | None:
    """The same of a whole column; None if one of it does not do."""
    match take:
        case Take.NEEDED:
            return None if "" in column else column
        case Take.DATE | Take.TIME:
            return _instants(read_date if take is Take.DATE else read_time, column)
        case Take.FINISHED:
            return [flag != UNFINISHED for flag in column]
    return column


def _instants(read: Callable[[str, str], Any], column: list[str]) -> Iterable[Any] | None:
    """Each spelling is read once: the records of a file share a few."""
    try:
        known = {spelt: read(spelt, "") for spelt in set(column)}
    except BadInput:
        return None
    return map(known.__getitem__, column)


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
ORDERS = planned(
    "03",
    OrderRecord,
    (
        ("AppSheetSerialNo", Take.NEEDED),
        ("BusinessCode", Take.NEEDED),
        ("TransactionAccountID", Take.NEEDED),
        ("TAAccountID", Take.TEXT),
        ("FundCode", Take.NEEDED),
        ("ApplicationAmount", Take.NUMBER),
        ("ApplicationVol", Take.NUMBER),
        ("TransactionDate", Take.DATE),
        ("TransactionTime", Take.TIME),
        ("DistributorCode", Take.NEEDED),
        ("DepositAcct", Take.OPTIONAL),
        ("TargetTransactionAccountID", Take.OPTIONAL),
        ("TargetTAAccountID", Take.OPTIONAL),
        ("TargetDistributorCode", Take.OPTIONAL),
    ),
)
CONFIRMATIONS = planned(
    "04",
    ConfirmationRecord,
    (
        ("AppSheetSerialNo", Take.NEEDED),
        ("TASerialNO", Take.NEEDED),
        ("BusinessCode", Take.NEEDED),
        ("TransactionAccountID", Take.NEEDED),
        ("TAAccountID", Take.TEXT),
        ("FundCode", Take.TEXT),
        ("ConfirmedVol", Take.NUMBER),
        ("ConfirmedAmount", Take.NUMBER),
        ("ApplicationVol", Take.OPTIONAL_NUMBER),
        ("ApplicationAmount", Take.OPTIONAL_NUMBER),
        ("TransactionCfmDate", Take.DATE),
        ("ReturnCode", Take.NEEDED),
        ("DistributorCode", Take.OPTIONAL),
        ("ErrorDetail", Take.OPTIONAL),
        ("BusinessFinishFlag", Take.FINISHED),
        ("NAV", Take.OPTIONAL_NUMBER),
        ("Charge", Take.OPTIONAL_NUMBER),
        ("CodeOfTargetFund", Take.OPTIONAL),
        ("CfmVolOfTargetFund", Take.OPTIONAL_NUMBER),
        ("TargetNAV", Take.OPTIONAL_NUMBER),
        ("RecuperateFee", Take.OPTIONAL_NUMBER),
        ("FromTAFlag", Take.OPTIONAL),
        ("RaiseInterest", Take.OPTIONAL_NUMBER),
        ("RefundAmount", Take.OPTIONAL_NUMBER),
    ),
)
HOLDINGS = planned(
    "05",
    HoldingRecord,
    (
        ("TAAccountID", Take.NEEDED),
        ("TransactionAccountID", Take.NEEDED),
        ("FundCode", Take.NEEDED),
        ("TotalVolOfDistributorInTA", Take.NUMBER),
        ("AvailableVol", Take.NUMBER),
        ("TotalFrozenVol", Take.NUMBER),
        ("TransactionCfmDate", Take.DATE),
        ("DistributorCode", Take.OPTIONAL),
    ),
)
DIVIDENDS = planned(
    "06",
    DividendRecord,
    (
        ("TAAccountID", Take.NEEDED),
        ("TransactionAccountID", Take.NEEDED),
        ("FundCode", Take.NEEDED),
        ("BasisforCalculatingDividend", Take.OPTIONAL_NUMBER),
        ("VolOfDividendforReinvestment", Take.NUMBER),
        ("ConfirmedAmount", Take.NUMBER),
        ("RegistrationDate", Take.DATE),
        ("DividentDate", Take.DATE),
        ("ReturnCode", Take.NEEDED),
        ("TASerialNO", Take.OPTIONAL),
        ("DistributorCode", Take.OPTIONAL),
        ("XRDate", Take.OPTIONAL),
        ("DividendPerUnit", Take.OPTIONAL_NUMBER),
        ("DrawBonusUnit", Take.OPTIONAL_NUMBER),
        ("DefDividendMethod", Take.OPTIONAL),
        ("NAV", Take.OPTIONAL_NUMBER),
    ),
)
QUOTATIONS = Shape(
    "07", _quotation, ("FundCode", "UpdateDate", "FundIncome", "Yield", "FundDayIncome", "TotalFundVol", "NAV", "FundStatus")
)
