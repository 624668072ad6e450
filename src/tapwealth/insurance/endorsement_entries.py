"""Journal entries of a policy's changes. Each function's docstring is the recipe.

What a change costs more waits in transit until the insurer has accepted it, and goes to the premium trust by the sweep of premiums. What it
gives back the insurer pays by the bank.
"""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from uuid import UUID

from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Line, Op


class EndorsementEntry(IntEnum):
    """Kinds 660 to 669."""

    CHANGE_TAKEN = 660
    CHANGE_RETURNED = 661
    CHANGE_REFUNDED = 662


@dataclass(frozen=True, slots=True)
class ChangeMoney:
    """The money side of a change: `amount` fen, above zero, of the policyholder's wallet or to it."""

    book: int
    endorsement: UUID
    policy: UUID
    wallet: int
    amount: int


def _entry(one: ChangeMoney, kind: EndorsementEntry, debit: int, credit: int, day: date, actor: int) -> JournalEntry:
    line = Line(Op.POST, debit, credit, Asset.CNY, one.amount)
    return JournalEntry(one.book, derived(one.endorsement, kind.name.lower()), kind, day, actor, one.policy, (line,))


def _in_transit(one: ChangeMoney) -> int:
    return house_account(one.book, Kind.PREMIUM_IN_TRANSIT, Asset.CNY)


def change_taken(one: ChangeMoney, day: date, actor: int) -> JournalEntry:
    """Dr wallet / Cr premium_in_transit: the insurer is asked for the change."""
    return _entry(one, EndorsementEntry.CHANGE_TAKEN, one.wallet, _in_transit(one), day, actor)


def change_returned(one: ChangeMoney, day: date, actor: int) -> JournalEntry:
    """Dr premium_in_transit / Cr wallet: the insurer does not accept it."""
    return _entry(one, EndorsementEntry.CHANGE_RETURNED, _in_transit(one), one.wallet, day, actor)


def change_refunded(one: ChangeMoney, day: date, actor: int) -> JournalEntry:
    """Dr customer_reserve / Cr wallet: what comes back has arrived at the bank."""
    reserve = house_account(one.book, Kind.CUSTOMER_RESERVE, Asset.CNY)
    return _entry(one, EndorsementEntry.CHANGE_REFUNDED, reserve, one.wallet, day, actor)
