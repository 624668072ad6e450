"""A customer's mandate to collect from a bound bank account at a tap: nouns, and what the bank says to it.

The bank confirms a mandate before it is used, and knows by it whose account it is: whatever follows names the mandate alone.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from tapwealth.kernel.masked import Pan, PersonName


class MandateState(StrEnum):
    """`ASKED` until the bank has answered; a mandate that was refused or revoked is over."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    REVOKED = "revoked"


STANDING = frozenset({MandateState.ASKED, MandateState.CONFIRMED})
"""A customer has at most one of these."""


@dataclass(frozen=True, slots=True)
class Mandate:
    """`card` is a bound bank card; `per_tap` and `per_day` are ceilings in fen. `reason` is the bank's, where it refused."""

    book: int
    id: UUID
    person: UUID
    card: UUID
    per_tap: int
    per_day: int
    given_on: date
    state: MandateState
    reason: str
    given_at: datetime

    @property
    def name(self) -> str:
        """What the bank knows it by (ISO 20022 Max35Text)."""
        return self.id.hex


@dataclass(frozen=True, slots=True)
class MandateOrder:
    """What the bank is asked to confirm: its customer lets us collect at most so many fen at a tap and in a day."""

    name: str
    account: Pan
    holder: PersonName
    per_tap: int
    per_day: int
    given_on: date


@dataclass(frozen=True, slots=True)
class BankSaid:
    """The bank's word on a mandate; one line says why where it refused."""

    state: MandateState
    reason: str = ""
