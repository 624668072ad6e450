"""How a till's calls end: what the merchant is told of a voucher, a settlement and a sign-on, and why something is not even asked for."""

from dataclasses import dataclass
from enum import Enum, auto

from tapwealth.acquiring.day_report import DayReport
from tapwealth.acquiring.receipt import Receipt
from tapwealth.wire.iso8583.requests import Totals


class VoucherOutcome(Enum):
    """How it ended for the merchant: only APPROVED gives goods or takes them back."""

    APPROVED = auto()
    DECLINED = auto()
    REVERSED = auto()
    REVERSAL_PENDING = auto()
    DISPUTED = auto()
    """There was no answer, and the host does not undo it: the acquirer must say whether the customer has paid."""
    UNDECIDED = auto()
    """The card has paid by itself and the terminal wants the issuer's word, which has not come. It is asked for until it comes."""
    NOT_SENT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherResult:
    """`receipt` is None if nothing was sent; `note` says in one line why it did not go well. `icc_data` is for the card."""

    outcome: VoucherOutcome
    batch: str = ""
    stan: str = ""
    invoice: str = ""
    response_code: str = ""
    authorisation_code: str = ""
    rrn: str = ""
    icc_data: bytes = b""
    receipt: Receipt | None = None
    note: str = ""


class TillRefusal(Enum):
    """Why a void or a refund is not even asked for."""

    NOT_SOLD_HERE = auto()
    NOT_A_SALE = auto()
    ALREADY_VOIDED = auto()
    PAID_OFFLINE = auto()
    NOT_SETTLED = auto()
    NOT_TAKEN = auto()
    ABOVE_SALE = auto()
    OTHER_CARD = auto()


class SettleOutcome(Enum):
    """EQUAL and DIFFERENT close the batch; after UNFINISHED the same call goes on where it stopped."""

    EQUAL = auto()
    DIFFERENT = auto()
    UNFINISHED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleResult:
    """`totals` is the till's own count in fen; `host_totals` what the host answered."""

    outcome: SettleOutcome
    batch: str
    totals: Totals
    host_totals: Totals | None = None
    report: DayReport | None = None
    note: str = ""


class SignOnOutcome(Enum):
    """NEW_KEY: a new working key is in use. LINE_GOOD: the host answers, and the key stays as it is."""

    NEW_KEY = auto()
    LINE_GOOD = auto()
    REFUSED = auto()
    NO_ANSWER = auto()


@dataclass(frozen=True, slots=True)
class SignOnResult:
    """`due` says what could not be caught up with, empty when nothing waits any more."""

    outcome: SignOnOutcome
    note: str = ""
    due: str = ""
