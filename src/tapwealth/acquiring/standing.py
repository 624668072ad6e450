"""Where a merchant and a terminal stand with the house, and where they may go from there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID


class MerchantState(StrEnum):
    """The text is stored. Applied: one operator has proposed it. Approved: another has said yes, it has no terminal yet. Active: it may
    sell. Suspended: it may not, and what it is owed is kept. Closed: its contract is at an end, and what it is owed is paid."""

    APPLIED = "applied"
    APPROVED = "approved"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class TerminalState(StrEnum):
    """The text is stored. Replaced: another one stands in its place."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    REPLACED = "replaced"


MERCHANT_NEXT: Final[Mapping[MerchantState, tuple[MerchantState, ...]]] = {
    MerchantState.APPLIED: (MerchantState.APPROVED,),
    MerchantState.APPROVED: (MerchantState.SUSPENDED, MerchantState.CLOSED),
    MerchantState.ACTIVE: (MerchantState.SUSPENDED, MerchantState.CLOSED),
    MerchantState.SUSPENDED: (MerchantState.ACTIVE, MerchantState.CLOSED),
    MerchantState.CLOSED: (),
}
"""By a person's decision; an approved merchant's first terminal makes it active."""
TERMINAL_NEXT: Final[Mapping[TerminalState, tuple[TerminalState, ...]]] = {
    TerminalState.ACTIVE: (TerminalState.SUSPENDED, TerminalState.CLOSED, TerminalState.REPLACED),
    TerminalState.SUSPENDED: (TerminalState.ACTIVE, TerminalState.CLOSED, TerminalState.REPLACED),
    TerminalState.CLOSED: (),
    TerminalState.REPLACED: (),
}


@dataclass(frozen=True, slots=True)
class Change:
    """Who brought a merchant (or, with a number, its terminal) into a state, when and why. `by` and `approved_by` are operators' numbers;
    the second is None where one person is enough."""

    merchant: UUID
    terminal_number: str
    state: str
    reason: str
    by: int
    approved_by: int | None
    changed_at: datetime
