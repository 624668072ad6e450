"""Billers, the items one can pay there, what each item wants to be filled in, and the port through which a biller is reached."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum, StrEnum, auto
from typing import Protocol

from tapwealth.bills.bill import Bill
from tapwealth.bills.settlement import Cycle
from tapwealth.kernel.clock import SHANGHAI
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import BadInput, Refusal


class BillRefusal(Enum):
    """Why a bill cannot be paid here and now, in the order in which it is looked at."""

    CLOSED_NOW = auto()
    ABOVE_MAXIMUM = auto()
    NOT_THE_BALANCE = auto()


class Category(StrEnum):
    """What is paid for."""

    ELECTRICITY = "electricity"
    WATER = "water"
    GAS = "gas"
    TELECOM = "telecom"
    CREDIT_CARD = "credit_card"


@dataclass(frozen=True, slots=True)
class InputField:
    """One thing the payer fills in. `pattern` must match the whole of it."""

    name: str
    title: str
    hint: str
    pattern: str

    def read(self, text: str) -> str:
        """The value without surrounding blanks. Raises BadInput with the field's own hint."""
        value = text.strip()
        if not re.fullmatch(self.pattern, value, re.ASCII):
            raise BadInput(f"{value[:40]!r} does not fit", where=self.title, hint=self.hint)
        return value


@dataclass(frozen=True, slots=True)
class BillerItem:
    """Something one can pay at a biller: its input, its greatest amount in fen, its service hours (Shanghai, `closes` not included)."""

    biller: str
    category: Category
    account_number: InputField
    maximum: int
    opens: time
    closes: time

    def is_open(self, at: datetime) -> bool:
        return self.opens <= at.astimezone(SHANGHAI).time() < self.closes

    def refuse(self, bill: Bill, amount: int, at: datetime) -> Refusal | None:
        """Why this bill cannot be paid with `amount` at that instant; None if it can. The amount must be exact."""
        if not self.is_open(at):
            return Refusal(BillRefusal.CLOSED_NOW, f"the biller serves from {self.opens:%H:%M} to {self.closes:%H:%M}; pay then")
        if amount > self.maximum:
            return Refusal(
                BillRefusal.ABOVE_MAXIMUM, f"{format_minor(amount)} is above {format_minor(self.maximum)}, the most for one bill"
            )
        if amount != bill.balance:
            return Refusal(BillRefusal.NOT_THE_BALANCE, f"the bill is paid by exactly {format_minor(bill.balance)}; inquire again")
        return None


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

    async def inquire(self, serial: str, account_number: str) -> Inquired | Unknown:
        """The unpaid bills of an account."""
        ...

    async def pay(self, serial: str, bill_id: str, account_number: str, amount: int) -> PaymentAnswer:
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
