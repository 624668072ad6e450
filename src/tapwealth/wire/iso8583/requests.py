"""What a terminal asks and what it is answered, apart from any network: flows and edges speak of these.

Amounts are in fen. `stan` and `batch` keep their leading zeros, as terminals print them. `received_at` is the platform clock's instant at
which the request's last byte was read; it decides the business date.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from tapwealth.kernel.masked import Pan

APPROVED = "00"
YUAN = "156"
"""ISO 4217 number of the renminbi."""


class MtiClass(StrEnum):
    """The first two digits of a message type: what kind of thing is asked (ISO 8583:1987)."""

    AUTHORISATION = "01"
    FINANCIAL = "02"
    BATCH_UPLOAD = "03"
    REVERSAL = "04"
    RECONCILIATION = "05"
    MANAGEMENT = "08"


class TransactionKind(StrEnum):
    """Field 60.1: what a cardholder's transaction is (Q/CUP 009)."""

    BALANCE = "01"
    PREAUTHORISATION = "10"
    CANCELLATION = "11"
    COMPLETION = "20"
    COMPLETION_VOID = "21"
    SALE = "22"
    VOID = "23"
    REFUND = "25"
    OFFLINE_SALE = "36"

    @property
    def mti_class(self) -> MtiClass:
        """0100 for what only sets money aside, 0200 and 0220 for the rest."""
        before = self in (TransactionKind.PREAUTHORISATION, TransactionKind.CANCELLATION)
        return MtiClass.AUTHORISATION if before else MtiClass.FINANCIAL


class RequestKey(NamedTuple):
    """By which the same request is recognised when it comes again: terminal messages have no transmission time (field 7)."""

    mti_class: MtiClass
    merchant_id: str
    terminal_id: str
    batch: str
    stan: str

    def __str__(self) -> str:
        return "/".join(self)


class OriginalReference(NamedTuple):
    """Field 61: the request that this one is about. `date` is the terminal's MMDD, empty where the terminal left it out."""

    batch: str
    stan: str
    date: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalRequest:
    """What every request says. `merchant_id` has 15 characters, `terminal_id` 8, `batch` and `stan` 6 digits."""

    merchant_id: str
    terminal_id: str
    batch: str
    stan: str
    received_at: datetime

    @property
    def mti_class(self) -> MtiClass:
        """Of the message it came in."""
        raise NotImplementedError

    @property
    def key(self) -> RequestKey:
        """The key of this request."""
        return RequestKey(self.mti_class, self.merchant_id, self.terminal_id, self.batch, self.stan)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorisationRequest(TerminalRequest):
    """By chip: a sale (0200), a pre-authorisation (0100), an inquiry after the balance (0200, `amount` 0): may this card pay that much?
    Or an advice (0220): this card has paid that much, offline.

    `psn` has two digits, as card keys are derived with it; `expiry_date` is YYMM; `entry_mode` is the first two digits of field 22 (05
    contact, 07 contactless); `icc_data` is the TLV of field 55 as the terminal gave it, not yet looked into.
    """

    pan: Pan
    psn: str
    expiry_date: str
    amount: int
    currency: str
    entry_mode: str
    icc_data: bytes = field(repr=False)
    kind: TransactionKind = TransactionKind.SALE

    @property
    def mti_class(self) -> MtiClass:
        return self.kind.mti_class


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpRequest(TerminalRequest):
    """What follows an earlier transaction of the same terminal: void, cancellation, completion and its void, refund.

    `original` (field 61) and `rrn` (field 37 of its answer) name it; `amount` is what is to be undone, completed or given back, in fen.
    """

    pan: Pan
    amount: int
    currency: str
    original: OriginalReference
    rrn: str
    kind: TransactionKind

    @property
    def mti_class(self) -> MtiClass:
        return self.kind.mti_class

    @property
    def original_key(self) -> RequestKey:
        """The key of the transaction that this one follows."""
        return RequestKey(MtiClass.FINANCIAL, self.merchant_id, self.terminal_id, self.original.batch, self.original.stan)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorisationResponse:
    """0110, 0210, 0230. `response_code` is field 39; `authorisation_code` (6) and `rrn` (12) are set on approval; `icc_data` is TLV for the
    card; `balance` (fen, field 54) answers an inquiry alone."""

    response_code: str
    authorisation_code: str = ""
    rrn: str = ""
    icc_data: bytes = field(default=b"", repr=False)
    balance: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversalRequest(TerminalRequest):
    """0400: the transaction with this terminal, batch and STAN shall be as if it had never been.

    `stan` is the original's, and `original` names it once more (batch, STAN, date); `reason` is field 39 (98 no answer came, A0 the
    answer's MAC was wrong, 06 the terminal failed).
    """

    @property
    def mti_class(self) -> MtiClass:
        return MtiClass.REVERSAL

    pan: Pan
    amount: int
    currency: str
    reason: str
    original: OriginalReference
    kind: TransactionKind = TransactionKind.SALE

    @property
    def reversed_key(self) -> RequestKey:
        """The key of the transaction that is undone."""
        return RequestKey(MtiClass.FINANCIAL, self.merchant_id, self.terminal_id, self.original.batch, self.original.stan)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversalResponse:
    """0410. 00: undone (now or before); 25: there is no such sale and never will be one."""

    response_code: str
    rrn: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchUploadRequest(TerminalRequest):
    """0320: one sale of the batch, that the merchant claims the money of. `amount` is the final one, in fen."""

    @property
    def mti_class(self) -> MtiClass:
        return MtiClass.BATCH_UPLOAD

    pan: Pan
    psn: str
    amount: int
    currency: str
    entry_mode: str
    original: OriginalReference
    rrn: str
    authorisation_code: str

    @property
    def captured_key(self) -> RequestKey:
        """The key of the sale whose hold is claimed."""
        return RequestKey(MtiClass.FINANCIAL, self.merchant_id, self.terminal_id, self.original.batch, self.original.stan)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchUploadResponse:
    """0330. 00: taken (now or before)."""

    response_code: str
    rrn: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Field 48 of a settlement: sales (debits) and refunds (credits) of the batch, in fen and in number."""

    debit_amount: int
    debit_count: int
    credit_amount: int = 0
    credit_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementRequest(TerminalRequest):
    """0500: the batch is at its end, and this is what the terminal counted."""

    @property
    def mti_class(self) -> MtiClass:
        return MtiClass.RECONCILIATION

    currency: str
    totals: Totals


class Reconciliation(StrEnum):
    """The last digit of field 48 in 0510: whether both sides count the same."""

    EQUAL = "1"
    DIFFERENT = "2"
    FAILED = "3"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementResponse:
    """0510. 00 with EQUAL or DIFFERENT: the batch is closed; anything else: come again."""

    response_code: str
    reconciliation: Reconciliation
    totals: Totals | None = None
    """What the host counted; None echoes the terminal's."""


class Management(StrEnum):
    """What a terminal asks apart from any transaction: message type and field 60.3."""

    SIGN_ON = "0800/003"
    SIGN_OFF = "0820/002"
    LINE_TEST = "0820/301"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagementRequest(TerminalRequest):
    """0800 and 0820: without a MAC, since a terminal may have no key yet."""

    kind: Management

    @property
    def mti_class(self) -> MtiClass:
        return MtiClass.MANAGEMENT


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagementResponse:
    """0810 and 0830. `keys` is field 62 in the answer to a sign-on: working keys under the terminal's master key."""

    response_code: str
    keys: bytes = field(default=b"", repr=False)
