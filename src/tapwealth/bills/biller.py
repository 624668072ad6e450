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

    CLOSED_NOW = auto()
    ABOVE_MAXIMUM = auto()
    NOT_A_FACE = auto()
    BELOW_MINIMUM = auto()
    ABOVE_THE_BILL = auto()
    BELOW_THE_BILL = auto()
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
    TOP_UP = "top_up"

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
    Category.TOP_UP: ("充值", "top-up"),
}


class AmountMode(StrEnum):
    """How much may be paid."""

    EXACT = "exact"
    """What the bill comes to."""
    UP_TO = "up_to"
    """That, or a part of it."""
    FROM = "from"
    """That or more; without a bill, the minimum or more."""
    PRESETS = "presets"
    """One of the faces."""
    ALL_ARREARS = "all_arrears"
    """What the bill comes to; or all bills of the account in one sum."""


class Inquiry(StrEnum):
    """Whether the biller is asked first what is owed, or an account is paid without a bill."""

    REQUIRED = "required"
    NONE = "none"


class AmountTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one payment may come to, in fen. `faces`: of a top-up."""

    maximum: Yuan
    mode: AmountMode = AmountMode.EXACT
    minimum: Yuan = 1
    faces: list[Yuan] = []

    def refuse(self, bill: Bill, amount: int) -> Refusal | None:
        """Why so many fen do not pay this bill, or, where it has no number, this account."""
        owed, said = format_minor(bill.balance), format_minor(amount)
        if amount > self.maximum:
            return Refusal(BillRefusal.ABOVE_MAXIMUM, f"{said} is above {format_minor(self.maximum)}, the most for one payment")
        if self.mode is AmountMode.PRESETS:
            faces = ", ".join(format_minor(one) for one in self.faces)
            return None if amount in self.faces else Refusal(BillRefusal.NOT_A_FACE, f"{said} is not to be had; choose one of {faces}")
        if amount < self.minimum and (amount != bill.balance or not bill.bill_id):
            return Refusal(BillRefusal.BELOW_MINIMUM, f"{said} is below {format_minor(self.minimum)}, the least for one payment")
        if not bill.bill_id:
            return None
        match self.mode:
            case AmountMode.UP_TO if amount > bill.balance:
                return Refusal(BillRefusal.ABOVE_THE_BILL, f"{said} is more than the {owed} that are owed; pay at most that")
            case AmountMode.FROM if amount < bill.balance:
                return Refusal(BillRefusal.BELOW_THE_BILL, f"{said} is less than the {owed} that are owed; pay that or more")
            case AmountMode.EXACT | AmountMode.ALL_ARREARS if amount != bill.balance:
                return Refusal(BillRefusal.NOT_THE_BALANCE, f"the bill is paid by exactly {owed}; inquire again")
        return None


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
    """Something one can pay at a biller: what is filled in, how much may be paid, and when. The payer pays `payer_fee` fen on top of each
    payment. `prefixes`: with which the account numbers of a carrier begin. One that is not `offered` any more stays for those who agreed to
    it before."""

    code: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,31}$", description="small letters, digits and _, a letter first")]
    name: Spoken
    category: Category
    fields: list[InputField]
    amount: AmountTerms
    hours: Hours = Hours()
    payer_fee: Yuan = 0
    inquiry: Inquiry = Inquiry.REQUIRED
    prefixes: list[Annotated[str, msgspec.Meta(pattern="^[0-9]{3,7}$", description="3 to 7 digits")]] = []
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
        return self.amount.refuse(bill, amount)

    def carries(self, account_number: str) -> int:
        """How many of the first digits say that this carrier has that number; 0: none."""
        return max((len(one) for one in self.prefixes if account_number.startswith(one)), default=0)


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
