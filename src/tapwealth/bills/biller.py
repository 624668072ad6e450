"""Billers, the items one can pay there, what each item wants to be filled in, and the port through which a biller is reached."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum, StrEnum, auto
from types import MappingProxyType
from typing import Annotated, NamedTuple, Protocol

import msgspec

from tapwealth.bills.bill import Bill
from tapwealth.bills.inputs import ACCOUNT_NUMBER, InputField, Spoken, read_inputs
from tapwealth.bills.settlement import Cycle
from tapwealth.kernel.clock import SHANGHAI
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import Refusal
from tapwealth.kernel.units import Yuan

NOTHING_ELSE: Mapping[str, str] = MappingProxyType({})
"""Of an item that asks for the account's number alone."""


class BillRefusal(Enum):
    """Why a bill cannot be paid here and now, in the order in which it is looked at."""

    NOT_OFFERED = auto()
    CLOSED_NOW = auto()
    ABOVE_MAXIMUM = auto()
    NOT_THE_BALANCE = auto()


class Category(StrEnum):
    """What is paid for."""

    ELECTRICITY = "electricity"
    WATER = "water"
    GAS = "gas"
    HEATING = "heating"
    TELECOM = "telecom"
    BROADBAND = "broadband"
    TELEVISION = "television"
    CREDIT_CARD = "credit_card"

    @property
    def words(self) -> tuple[str, str]:
        """Chinese, English."""
        return _CATEGORIES[self]


_CATEGORIES = {
    Category.ELECTRICITY: ("电费", "electricity"),
    Category.WATER: ("水费", "water"),
    Category.GAS: ("燃气费", "gas"),
    Category.HEATING: ("供暖费", "heating"),
    Category.TELECOM: ("话费", "telephone"),
    Category.BROADBAND: ("宽带费", "broadband"),
    Category.TELEVISION: ("有线电视费", "television"),
    Category.CREDIT_CARD: ("信用卡还款", "credit card"),
}


class AmountMode(StrEnum):
    """How much may be paid."""

    EXACT = "exact"
    """What the bill comes to."""


class AmountTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one payment may come to, in fen."""

    maximum: Yuan
    mode: AmountMode = AmountMode.EXACT
    minimum: Yuan = 1


class Hours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the biller serves, in Shanghai; `closes` is not included, and 00:00 is the day's end."""

    opens: time = time(0)
    closes: time = time(0)

    def cover(self, at: datetime) -> bool:
        now = at.astimezone(SHANGHAI).time()
        return self.opens <= now and (now < self.closes or self.closes == time(0))

    def __str__(self) -> str:
        return f"{self.opens:%H:%M} to {self.closes:%H:%M}"


class BillerItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something one can pay at a biller: what is filled in, how much may be paid, and when. One that is not `offered` any more stays for
    those who agreed to it before."""

    code: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,31}$", description="small letters, digits and _, a letter first")]
    name: Spoken
    category: Category
    fields: list[InputField]
    amount: AmountTerms
    hours: Hours = Hours()
    offered: bool = True

    def read(self, account_number: str, further: Mapping[str, str]) -> "Inputs":
        """What a payer filled in. Raises BadInput."""
        given = {ACCOUNT_NUMBER: account_number, **further}
        read = read_inputs(self.fields, given)
        return Inputs(read.pop(ACCOUNT_NUMBER), read)

    def refuse(self, bill: Bill, amount: int, at: datetime) -> Refusal | None:
        """Why this bill cannot be paid with `amount` at that instant; None if it can."""
        if not self.hours.cover(at):
            return Refusal(BillRefusal.CLOSED_NOW, f"the biller serves from {self.hours}; pay then")
        if amount > self.amount.maximum:
            most = format_minor(self.amount.maximum)
            return Refusal(BillRefusal.ABOVE_MAXIMUM, f"{format_minor(amount)} is above {most}, the most for one bill")
        if amount != bill.balance:
            return Refusal(BillRefusal.NOT_THE_BALANCE, f"the bill is paid by exactly {format_minor(bill.balance)}; inquire again")
        return None


class Inputs(NamedTuple):
    """What a payer filled in, as it fits: the account's number, and by name what else the biller asks for."""

    account_number: str
    further: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Biller:
    """Who issues bills and is owed what was paid; `bank_account` is where it gets the money at the end of each `cycle`, less `fee` fen for
    every payment. `connection` names the port by which it is reached, which other billers may share."""

    code: str
    name: str
    bank_account: str
    items: tuple[BillerItem, ...]
    connection: str
    cycle: Cycle = Cycle.NEXT_DAY
    fee: int = 0

    def item(self, code: str) -> BillerItem | None:
        """The item of that code; without one, the biller's only one that is offered."""
        if code:
            return next((one for one in self.items if one.code == code), None)
        offered = [one for one in self.items if one.offered]
        return offered[0] if len(offered) == 1 else None


class InquiryState(StrEnum):
    """What a biller says of an account."""

    ARREARS = "arrears"
    NO_ARREARS = "no_arrears"
    UNKNOWN_ACCOUNT = "unknown_account"


@dataclass(frozen=True, slots=True)
class Inquired:
    """The biller's answer to an inquiry; `bills` are the unpaid ones."""

    state: InquiryState
    bills: tuple[Bill, ...] = ()


def trusted(answer: Inquired, account_number: str) -> "Inquired | Unknown":
    """An answer about that account, each bill once; Unknown where it has another account's bill, tells one bill in two ways, or contradicts
    itself: nothing of such an answer is shown to anybody."""
    if any(bill.account_number != account_number for bill in answer.bills):
        return Unknown("the answer has another account's bill", there=True)
    once = {bill.bill_id: bill for bill in answer.bills}
    if any(once[bill.bill_id] != bill for bill in answer.bills):
        return Unknown("the answer tells one bill in two ways", there=True)
    if bool(once) is not (answer.state is InquiryState.ARREARS):
        return Unknown(f"the answer says {answer.state} and has {len(once)} bills", there=True)
    return Inquired(answer.state, tuple(once.values()))


@dataclass(frozen=True, slots=True)
class Paid:
    """The biller has written the bill off."""

    biller_reference: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The biller did not take the payment, and says why."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotReceived:
    """The biller says that no payment with this serial ever came."""


@dataclass(frozen=True, slots=True)
class AskArrears:
    """The biller looks nothing up by serial: what the account still owes tells whether a payment arrived."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing is known of the outcome, and why; never a failure: inquire later. `there`: the biller did answer, that it does not know."""

    why: str
    there: bool = False


PaymentAnswer = Paid | Rejected | NotReceived | AskArrears | Unknown


class BillerPort(Protocol):
    """Reaches a biller. No method raises for what happens on the way; none is called inside a database transaction."""

    async def inquire(self, serial: str, account_number: str, further: Mapping[str, str] = NOTHING_ELSE) -> Inquired | Unknown:
        """The unpaid bills of an account; `further` is what else the payer filled in, by name."""
        ...

    async def pay(
        self, serial: str, bill_id: str, account_number: str, amount: int, further: Mapping[str, str] = NOTHING_ELSE
    ) -> PaymentAnswer:
        """Pay a bill with `amount` fen. The same serial may be sent again: the biller decides it once."""
        ...

    async def inquire_payment(self, serial: str) -> PaymentAnswer:
        """What became of a payment."""
        ...

    async def day_end(self, day: date) -> bytes | None:
        """The biller's file of a day; None while there is none. Raises Outage when the biller does not answer."""
        ...

    async def close(self) -> None:
        """Let go of the connections."""
        ...
