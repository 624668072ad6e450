"""Journal entries between the house and the card network. Each function's docstring is the recipe.

All of it is the house's own money: the network is never paid out of what belongs to customers. Amounts are fen that we owe the network by
an item or by a file; below zero, the same entry the other way round.
"""

from datetime import date
from enum import IntEnum
from uuid import UUID

from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Line, Op

HOUSE_BOOK = 0


class ClearingEntry(IntEnum):
    """Kinds 700 to 799."""

    NETWORK_FEES = 701
    DISPUTED = 702
    MENDED = 703
    CONCEDED = 704


def _entry(
    kind: ClearingEntry, key: UUID, debit: Kind, due: int, day: date, actor: int, reference: UUID | None, credit: Kind = Kind.CARD_NETWORK
) -> JournalEntry:
    ours, theirs = house_account(HOUSE_BOOK, debit, Asset.CNY), house_account(HOUSE_BOOK, credit, Asset.CNY)
    line = Line(Op.POST, *((ours, theirs) if due > 0 else (theirs, ours)), Asset.CNY, abs(due))
    return JournalEntry(HOUSE_BOOK, key, kind, day, actor, reference, (line,))


def network_fees(key: UUID, due: int, day: date, actor: int) -> JournalEntry:
    """Dr fees_own / Cr card_network: what the network has of the day's sales, by our own reckoning."""
    return _entry(ClearingEntry.NETWORK_FEES, key, Kind.FEES_OWN, due, day, actor, None)


def disputed(dispute: UUID, due: int, day: date, actor: int) -> JournalEntry:
    """Dr network_disputed / Cr card_network: what the network charges and we say is not due."""
    return _entry(ClearingEntry.DISPUTED, derived(dispute, "disputed"), Kind.NETWORK_DISPUTED, due, day, actor, dispute)


def mended(dispute: UUID, due: int, day: date, actor: int) -> JournalEntry:
    """Dr card_network / Cr network_disputed: the network has taken it back."""
    return _entry(ClearingEntry.MENDED, derived(dispute, "mended"), Kind.NETWORK_DISPUTED, -due, day, actor, dispute)


def conceded(dispute: UUID, due: int, day: date, actor: int) -> JournalEntry:
    """Dr fees_own / Cr network_disputed: the house bears the fee that was disputed; what it owes the network stays as it is."""
    key = derived(dispute, "conceded")
    return _entry(ClearingEntry.CONCEDED, key, Kind.FEES_OWN, due, day, actor, dispute, Kind.NETWORK_DISPUTED)
