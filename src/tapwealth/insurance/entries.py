"""Journal entries of an insurance premium. Each function's docstring is the recipe.

A premium waits in transit until the insurer has issued the policy. Then a sweep takes it to the premium trust, and the day after it is paid
to the insurer; both are payments through the bank, whose entries stand in `bank.entries`. A refund comes back by the bank.
"""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from uuid import UUID

from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Line, Op


class InsuranceEntry(IntEnum):
    """Kinds 600 to 699."""

    PREMIUM_TAKEN = 601
    PREMIUM_RETURNED = 602
    REFUND_RECEIVED = 603


@dataclass(frozen=True, slots=True)
class Premium:
    """The money side of a policy: `amount` fen of the policyholder's wallet."""

    book: int
    policy: UUID
    wallet: int
    amount: int


def _entry(premium: Premium, what: str, kind: InsuranceEntry, debit: int, credit: int, day: date, actor: int) -> JournalEntry:
    line = Line(Op.POST, debit, credit, Asset.CNY, premium.amount)
    return JournalEntry(premium.book, derived(premium.policy, what), kind, day, actor, premium.policy, (line,))


def _in_transit(premium: Premium) -> int:
    return house_account(premium.book, Kind.PREMIUM_IN_TRANSIT, Asset.CNY)


def premium_taken(premium: Premium, day: date, actor: int) -> JournalEntry:
    """Dr wallet / Cr premium_in_transit: the insurer is asked for the policy."""
    return _entry(premium, "taken", InsuranceEntry.PREMIUM_TAKEN, premium.wallet, _in_transit(premium), day, actor)


def premium_returned(premium: Premium, day: date, actor: int) -> JournalEntry:
    """Dr premium_in_transit / Cr wallet: the insurer does not take the risk."""
    return _entry(premium, "returned", InsuranceEntry.PREMIUM_RETURNED, _in_transit(premium), premium.wallet, day, actor)


def refund_received(refund: Premium, day: date, actor: int) -> JournalEntry:
    """Dr customer_reserve / Cr wallet: the insurer's refund has arrived at the bank."""
    reserve = house_account(refund.book, Kind.CUSTOMER_RESERVE, Asset.CNY)
    return _entry(refund, "refund", InsuranceEntry.REFUND_RECEIVED, reserve, refund.wallet, day, actor)
