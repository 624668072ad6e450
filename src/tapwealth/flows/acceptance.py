"""A break that nobody can mend: two of the bank's people answer for it, and the date may close.

What the bank has more or less than we is carried to the next date's proof (`mirrors`), so that it is recognised when it comes right; units
that differ are named again each day until the register is right.
"""

from datetime import date
from enum import Enum, auto

import msgspec

from tapwealth.bank import store as bank
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage.database import Tx


class AcceptanceRefusal(Enum):
    """Why a break cannot be accepted."""

    UNKNOWN_BREAK = auto()


class ProposeAcceptance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`source`, `kind` and `item` name the break as the day board does; `reason` says what the two know about it."""

    business_date: date
    source: str
    kind: str
    item: str
    reason: str


def check(command: ProposeAcceptance) -> None:
    """Raises BadInput where no reason is given."""
    if not command.reason.strip():
        raise BadInput("an acceptance needs its reason", where="reason", hint="say what is known about the break and who will mend it")


async def accept(tx: Tx, one: ProposeAcceptance) -> Refusal | None:
    """It no longer keeps its date from closing."""
    if await bank.accept(tx, one.business_date, one.source, one.kind, one.item):
        return None
    text = f"there is no open break {one.source}/{one.kind} of {one.item} on {one.business_date}; look at the day's list"
    return Refusal(AcceptanceRefusal.UNKNOWN_BREAK, text)
