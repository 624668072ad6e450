"""Bills that a customer lets be paid without being asked each time. Nouns and the pure choice; fen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, StrEnum, auto
from typing import NamedTuple
from uuid import UUID

from tapwealth.kernel.ids import derived


class AutopayState(StrEnum):
    ACTIVE = "active"
    ENDED = "ended"


class AutopayRun(StrEnum):
    """How a day's look ended: nothing was owed, what was owed is being paid, or some of it could not be."""

    NOTHING = "nothing"
    PLACED = "placed"
    REFUSED = "refused"


class AutopayRefusal(Enum):
    """Why nothing is agreed, or ended, in the order in which it is looked at."""

    UNKNOWN_BILLER = auto()
    UNKNOWN_FUND = auto()
    AUTOPAY_STANDS = auto()
    UNKNOWN_AUTOPAY = auto()


@dataclass(frozen=True, slots=True)
class Autopay:
    """`most`: what one bill may come to. `fund` pays what the wallet does not hold; empty: nothing does."""

    book: int
    id: UUID
    person: UUID
    biller: UUID
    sealed: bytes
    lookup: bytes
    shown_account: str
    most: int
    fund: str
    state: AutopayState
    agreed_at: datetime

    def key(self, day: date, what: str) -> UUID:
        """The idempotency key of what a day's look does: the same whoever looks."""
        return derived(self.id, f"autopay:{day}:{what}")


class Look(NamedTuple):
    """A day's look: what was paid, and one line where something was not."""

    book: int
    autopay: UUID
    day: date
    paid: int
    state: AutopayRun
    reason: str
    at: datetime


def within(balances: Sequence[int], most: int) -> tuple[list[int], list[int]]:
    """The places of the bills that may be paid unasked, and of those that are too great.

    >>> within([100, 301, 300], 300)
    ([0, 2], [1])
    """
    places = range(len(balances))
    return [place for place in places if balances[place] <= most], [place for place in places if balances[place] > most]
