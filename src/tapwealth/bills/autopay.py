"""Bills that a customer lets be paid without being asked each time. Nouns and the pure rules; fen.

    waiting ── told ──> told ── paid ──> placed ── owed no more ──> over
       │                 │ ^                │
       │                 └─┘ try again      └── given back: told
       └── too great ──> left to the hand <── tried too often

What wallet and fund lack is collected from a bound card, if one is agreed to: the bill is `collecting` until the bank has booked it.

A bill is paid on its day and not before its customer was told of the amount, a day ahead at least. What could not be paid is tried again
the next morning; what is above the agreement, or was tried too often, is left to the hand, and its customer reminded until it is due.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum, StrEnum, auto
from typing import NamedTuple
from uuid import UUID

from tapwealth.kernel.ids import derived

MOST_TRIES = 3
"""Mornings on which a bill is tried."""
MOST_NOTICE = 7
"""Days ahead that a customer may want to be told."""
REMINDED = (3, 1, 0)
"""So many days before a bill is due its customer is reminded of what is left to the hand."""
_DAY = timedelta(days=1)


class AutopayState(StrEnum):
    ACTIVE = "active"
    ENDED = "ended"


class CardState(StrEnum):
    """Of the bank's mandate to collect from a card: it pays nothing before the bank has confirmed it."""

    NONE = ""
    ASKED = "asked"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


class PayWhen(StrEnum):
    """On the day after its customer was told, as soon as the biller presents it; or on its last day without a penalty."""

    PRESENTED = "presented"
    DUE = "due"


class AutopayRun(StrEnum):
    """How a day's look ended: nothing was to be done, bills were told of, paid, or could not be."""

    NOTHING = "nothing"
    TOLD = "told"
    COLLECTING = "collecting"
    PLACED = "placed"
    REFUSED = "refused"


class AutopayRefusal(Enum):
    """Why nothing is agreed, changed or ended, in the order in which it is looked at."""

    UNKNOWN_FUND = auto()
    UNKNOWN_CARD = auto()
    AUTOPAY_STANDS = auto()
    UNKNOWN_AUTOPAY = auto()


@dataclass(frozen=True, slots=True)
class Autopay:
    """`most`: what one bill may come to. `fund` pays what the wallet does not hold; empty: nothing does. `card` pays what
    both lack, `most` at a bill and in a day. `notice`: days ahead that its customer is told. `replaces`: what stood before a change."""

    book: int
    id: UUID
    person: UUID
    biller: UUID
    sealed: bytes
    lookup: bytes
    shown_account: str
    most: int
    fund: str
    pay_when: PayWhen
    state: AutopayState
    agreed_at: datetime
    ended_at: datetime | None = None
    card: UUID | None = None
    card_state: CardState = CardState.NONE
    card_reason: str = ""
    notice: int = 1
    replaces: UUID | None = None
    item: str = ""

    @property
    def name(self) -> str:
        """What the bank knows the card's mandate by (ISO 20022 Max35Text)."""
        return self.id.hex

    def from_card(self, missing: int, of_bill: int, of_day: int) -> int:
        """What the card is debited for a bill that lacks so much, when so much was for this bill and on this day already: all of it, or
        nothing."""
        there = self.card_state is CardState.CONFIRMED and max(of_bill, of_day) + missing <= self.most
        return missing if there else 0

    def key(self, day: date, what: str) -> UUID:
        """The idempotency key of what a day's look does: the same whoever looks."""
        return derived(self.id, f"autopay:{day}:{what}")

    def pays_on(self, due_on: date | None, day: date) -> date:
        """When a bill that its customer is told of on `day` at the earliest is paid. A notice that would outlast the due day is cut short,
        but never below a day."""
        morning, noticed = day + _DAY, day + self.notice * _DAY
        if due_on is None:
            return noticed
        return max(morning, due_on if self.pay_when is PayWhen.DUE else min(noticed, due_on))


class BillState(StrEnum):
    """`WAITING` for the day on which its customer is told; `LEFT` to the hand."""

    WAITING = "waiting"
    TOLD = "told"
    COLLECTING = "collecting"
    PLACED = "placed"
    LEFT = "left"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class DueBill:
    """A bill under an agreement. `told`: the fen, a penalty apart, that its customer was told of, 0 before; `tries` could
    not pay it, last for `reason`. `faults`: how often in a row it could not be gone on with after its bank had collected."""

    book: int
    bill: UUID
    autopay: UUID
    state: BillState
    pay_on: date
    told: int = 0
    tries: int = 0
    reason: str = ""
    faults: int = 0


class Owed(NamedTuple):
    """What the biller says is owed today. `paying`: a payment of it is under way, or was made."""

    bill: UUID
    amount: int
    balance: int
    due_on: date | None = None
    paying: bool = False


class Step(Enum):
    """What is done with a bill today."""

    WAIT = auto()
    TELL = auto()
    PAY = auto()
    LEAVE = auto()
    REMIND = auto()


class Look(NamedTuple):
    """A day's look: what was paid, and one line where something was not."""

    book: int
    autopay: UUID
    day: date
    paid: int
    state: AutopayRun
    reason: str
    at: datetime


class Attempt(NamedTuple):
    """An effort to pay a bill: a `payment` that was placed, a `debit` that a card's bank was told of (the end-to-end id), or neither, for
    `reason`. Fen."""

    book: int
    id: UUID
    autopay: UUID
    bill: UUID
    day: date
    at: datetime
    amount: int
    payment: UUID | None = None
    debit: str | None = None
    reason: str = ""


def next_step(one: Autopay, known: DueBill | None, owed: Owed, day: date) -> tuple[DueBill, Step]:
    """What is done with a bill on a day on which it is owed, and how it stands then, if a payment succeeds. `known`: how it stood before.

    Under another agreement than before its customer is told anew. A penalty that grows after it was told is paid, within the agreement; a
    greater bill is told anew as soon as it is seen.
    """
    row = _taken_up(one, known, owed, day)
    if owed.paying:
        return replace(row, state=BillState.PLACED), Step.WAIT
    if row.state is BillState.COLLECTING:
        return row, Step.WAIT
    if row.state is BillState.PLACED:  # and yet it is owed: the payment was given back
        row = refused(row, "the biller did not take it", day - _DAY)
    if row.state is BillState.LEFT:
        due = owed.due_on is not None and (owed.due_on - day).days in REMINDED
        left_today = known is None or known.state is not BillState.LEFT
        return row, Step.LEAVE if left_today else Step.REMIND if due else Step.WAIT
    if owed.balance > one.most:
        return replace(row, state=BillState.LEFT, reason=""), Step.LEAVE
    if row.state is BillState.WAITING:
        row = replace(row, pay_on=one.pays_on(owed.due_on, day))
        return (row, Step.WAIT) if day < row.pay_on - one.notice * _DAY else (_told(row, owed), Step.TELL)
    if owed.amount > row.told:
        return replace(_told(row, owed), pay_on=max(row.pay_on, one.pays_on(owed.due_on, day))), Step.TELL
    if day < row.pay_on:
        return row, Step.WAIT
    return replace(row, state=BillState.PLACED, reason=""), Step.PAY


def _told(row: DueBill, owed: Owed) -> DueBill:
    return replace(row, state=BillState.TOLD, told=owed.amount)


def _taken_up(one: Autopay, known: DueBill | None, owed: Owed, day: date) -> DueBill:
    if known is None or known.state is BillState.OVER or (known.autopay != one.id and not owed.paying):
        return DueBill(one.book, owed.bill, one.id, BillState.WAITING, day)
    return known


def refused(row: DueBill, reason: str, day: date) -> DueBill:
    """After a payment that did not come about on that day: tried again the next morning, or left to the hand."""
    tries = row.tries + 1
    state = BillState.LEFT if tries >= MOST_TRIES else BillState.TOLD
    return replace(row, state=state, pay_on=day + _DAY, tries=tries, reason=reason)
