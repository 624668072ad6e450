"""The life of a bill payment. A pure table: every state, every event.

    prepared ── send ──> sent ── paid ──────────────> paid
        │                 ├──── rejected ───────────> rejected
        │                 └──── no answer ──> unknown ── paid ──> paid
        └── give up ──> refunded <─ rejected, give up ──┘

In `rejected` and `refunded` the payer has the money back. If the biller then turns out to have been paid after all, the payment becomes a
`late_success`: a break that an accountant sees, with the payer owing the amount.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum, auto
from uuid import UUID

from tapwealth.bills.biller import AskArrears, NotReceived, Paid, PaymentAnswer, Rejected, Unknown
from tapwealth.kernel.refusal import Refusal


class PaymentState(StrEnum):
    """Where a payment stands."""

    PREPARED = "prepared"
    """Debited, not sent yet."""
    SENT = "sent"
    UNKNOWN = "unknown"
    """Sent, and no answer is known: in doubt, its money in suspense."""
    PAID = "paid"
    REJECTED = "rejected"
    REFUNDED = "refunded"
    LATE_SUCCESS = "late_success"


class PaymentEvent(StrEnum):
    """What can happen to it."""

    SEND = "send"
    PAID = "paid"
    REJECTED = "rejected"
    NO_ANSWER = "no_answer"
    GIVE_UP = "give_up"
    """The house refunds without knowing the outcome."""


class PaymentRefusal(Enum):
    """Why an event cannot happen in a state."""

    NOT_SENT = auto()
    OUTCOME_OPEN = auto()
    ALREADY_FINAL = auto()
    CONTRADICTION = auto()


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment of one bill; `amount` in fen. `serial` names it at the biller, `biller_reference` is empty until it is paid."""

    id: UUID
    book: int
    payer: UUID
    biller: str
    bill_id: str
    account_number: str
    amount: int
    serial: str
    state: PaymentState
    received_at: datetime
    biller_reference: str = ""


_S, _E = PaymentState, PaymentEvent
_NOT_SENT = Refusal(PaymentRefusal.NOT_SENT, "the payment was not sent; the biller cannot have answered it")
_OPEN = Refusal(PaymentRefusal.OUTCOME_OPEN, "the biller was asked just now; inquire before refunding")
_FINAL = Refusal(PaymentRefusal.ALREADY_FINAL, "the payment is over; make another one")
_CONTRADICTION = Refusal(PaymentRefusal.CONTRADICTION, "the biller said before that it was paid; settle it with the biller")

_NEXT: dict[PaymentState, dict[PaymentEvent, PaymentState | Refusal]] = {
    _S.PREPARED: {_E.SEND: _S.SENT, _E.PAID: _NOT_SENT, _E.REJECTED: _NOT_SENT, _E.NO_ANSWER: _NOT_SENT, _E.GIVE_UP: _S.REFUNDED},
    _S.SENT: {_E.SEND: _S.SENT, _E.PAID: _S.PAID, _E.REJECTED: _S.REJECTED, _E.NO_ANSWER: _S.UNKNOWN, _E.GIVE_UP: _OPEN},
    _S.UNKNOWN: {_E.SEND: _S.UNKNOWN, _E.PAID: _S.PAID, _E.REJECTED: _S.REFUNDED, _E.NO_ANSWER: _S.UNKNOWN, _E.GIVE_UP: _S.REFUNDED},
    _S.PAID: {_E.SEND: _FINAL, _E.PAID: _S.PAID, _E.REJECTED: _CONTRADICTION, _E.NO_ANSWER: _S.PAID, _E.GIVE_UP: _FINAL},
    _S.REJECTED: {_E.SEND: _FINAL, _E.PAID: _S.LATE_SUCCESS, _E.REJECTED: _S.REJECTED, _E.NO_ANSWER: _S.REJECTED, _E.GIVE_UP: _FINAL},
    _S.REFUNDED: {_E.SEND: _FINAL, _E.PAID: _S.LATE_SUCCESS, _E.REJECTED: _S.REFUNDED, _E.NO_ANSWER: _S.REFUNDED, _E.GIVE_UP: _FINAL},
    _S.LATE_SUCCESS: {
        _E.SEND: _FINAL, _E.PAID: _S.LATE_SUCCESS, _E.REJECTED: _CONTRADICTION, _E.NO_ANSWER: _S.LATE_SUCCESS, _E.GIVE_UP: _FINAL,
    },
}  # fmt: skip


def next_state(state: PaymentState, event: PaymentEvent) -> PaymentState | Refusal:
    """Where the event leads. The same state again: it was known already. Total over all pairs."""
    return _NEXT[state][event]


def event_of(answer: PaymentAnswer) -> PaymentEvent:
    """What a biller's answer means. Only a final word is more than no answer: what was not received may still be on its way."""
    match answer:
        case Paid():
            return PaymentEvent.PAID
        case Rejected():
            return PaymentEvent.REJECTED
        case NotReceived() | AskArrears() | Unknown():
            return PaymentEvent.NO_ANSWER
