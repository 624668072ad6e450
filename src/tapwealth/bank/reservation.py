"""Money that a customer's bank holds for us under a mandate: asked for at a tap, debited by clearing, or given up."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


class ReservationState(StrEnum):
    """`ASKING`: the bank is being asked; `UNKNOWN`: it has not answered, and is told to give up whatever it holds; `RELEASING`: it holds
    what is wanted no longer, and is told so. `REFUSED`, `RELEASED` (the bank has said so) and `DEBITED` (clearing collects it) are final.
    """

    ASKING = "asking"
    HELD = "held"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    RELEASING = "releasing"
    RELEASED = "released"
    DEBITED = "debited"


@dataclass(frozen=True, slots=True)
class Reservation:
    """`id` is the authorisation's, and `name` the end-to-end id at the bank. `amount` in fen; `ask_until` is an instant of the machine's
    clock after which nobody asks any more, `held_until` one of the platform's."""

    book: int
    id: UUID
    name: str
    mandate: UUID
    person: UUID
    amount: int
    business_date: date
    state: ReservationState
    reason: str
    ask_until: datetime
    held_until: datetime

    @property
    def order(self) -> "ReservationOrder":
        return ReservationOrder(self.name, self.mandate.hex, self.amount, self.held_until)


@dataclass(frozen=True, slots=True)
class ReservationOrder:
    """What the bank is asked: hold so many fen under that mandate until then. Asked again, it is the same reservation."""

    name: str
    mandate: str
    amount: int
    until: datetime


@dataclass(frozen=True, slots=True)
class ReservationSaid:
    """`HELD`, `REFUSED` or `UNKNOWN`, and one line of reason."""

    state: ReservationState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Allowance:
    """A mandate in force: what it lets the bank card pay at one tap and what of the day's ceiling is left, in fen."""

    mandate: UUID
    per_tap: int
    left: int
