"""What an item of the network's clearing file is to us: what we presented, or something that is not as it should be.

Only what we presented and was not cleared before moves a customer's money. Everything else is disputed: named, its effect on what we owe
the network set apart, and put right when the network takes it back under the same key.
"""

from dataclasses import dataclass
from enum import StrEnum

from tapwealth.wire.clearing_file import Item, ItemKind


class Accepted(StrEnum):
    """What is right."""

    SALE = "sale"
    REFUND = "refund"
    MENDED = "mended"
    """It takes back what was disputed."""


class Why(StrEnum):
    """What is wrong with an item, in the order in which it is looked at. Stored, and the name of its break."""

    TAKEN_BACK_UNASKED = "taken_back_unasked"
    """It takes back what was right, or what never was."""
    REFUND_OF_NOBODY = "refund_of_nobody"
    """A refund that no merchant of ours has asked for."""
    NOT_AUTHORISED = "not_authorised"
    """A sale that we never authorised, or that no merchant of ours presented."""
    CLEARED_TWICE = "cleared_twice"
    REFUND_DIFFERS = "refund_differs"
    UNDONE_MEANWHILE = "undone_meanwhile"
    """It was voided or reversed after it had been presented."""
    ABOVE_TOLERANCE = "above_tolerance"


@dataclass(frozen=True, slots=True)
class Ours:
    """What we know of an item's transaction: what we presented, whether it was cleared, whether it stands, the most that may be taken."""

    amount: int
    cleared: bool
    stands: bool
    most: int


def judge(item: Item, ours: Ours | None, disputed: int | None) -> Accepted | Why:
    """`disputed`: the fen of an open dispute about what the item takes back, None if there is none."""
    if item.kind.takes_back is not None:
        return Accepted.MENDED if disputed == item.amount else Why.TAKEN_BACK_UNASKED
    if ours is None:
        return Why.REFUND_OF_NOBODY if item.kind is ItemKind.REFUND else Why.NOT_AUTHORISED
    if ours.cleared:
        return Why.CLEARED_TWICE
    if item.kind is ItemKind.REFUND and item.amount != ours.amount:
        return Why.REFUND_DIFFERS
    if not ours.stands:
        return Why.UNDONE_MEANWHILE
    if item.kind is ItemKind.REFUND:
        return Accepted.REFUND
    return Accepted.SALE if item.amount <= ours.most else Why.ABOVE_TOLERANCE
