"""A payment of a bill that somebody has taken to send it or to ask about it, and who sends it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from tapwealth.bills.payment import PaymentState
from tapwealth.bills.store import BillRow, Key, PaymentRow


@dataclass(frozen=True, slots=True)
class Errand:
    """A payment that was taken, as it is since then, with its bill and the connection to its biller. `due_at`: when it was due."""

    row: PaymentRow
    bill: BillRow
    connection: str
    due_at: datetime

    @property
    def key(self) -> Key:
        return (self.row.book, self.row.id)

    @property
    def in_doubt(self) -> bool:
        """Whether the biller is asked what became of it, instead of being sent it."""
        return self.row.state is PaymentState.UNKNOWN


class Sender(Protocol):
    """Who sends payments from this process, while it does."""

    def room(self, biller: UUID) -> int:
        """How many more payments may be on their way to a biller at once."""
        ...

    def hand(self, errands: Sequence[Errand]) -> None:
        """Send these, which are taken, once their transaction is committed. Never raises: what it cannot send is taken again when its lease
        is over."""
        ...
