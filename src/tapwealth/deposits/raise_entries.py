"""Journal entries of the bank's wealth products with a raise period. Each function's docstring is the recipe.

The money lies at the bank, on `deposits`, as that of deposits does, and is carried over by the same two payments of a date's end: what a
movement leaves between the reserve and the bank stands on `deposit_in_transit` and, as its image, on `deposit_due`. What the bank has yet
to pay, interest of the raise and gain, stands on `deposit_interest_due`.
"""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from uuid import UUID

from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Line, Op


class RaiseEntry(IntEnum):
    """Kinds 850 to 899."""

    SUBSCRIBED = 850
    CANCELLED = 851
    FORMED = 852
    GIVEN_BACK = 853
    MATURED = 854


@dataclass(frozen=True, slots=True)
class Stake:
    """The money side of a subscription: its owner's wallet, and their money in raises (`raised`) and in formed products (`formed`)."""

    book: int
    subscription: UUID
    wallet: int
    raised: int
    formed: int = 0


def subscribed(stake: Stake, amount: int, day: date, actor: int) -> JournalEntry:
    """Dr wallet / Cr deposit_in_transit; Dr deposit_due / Cr wealth_subscribed."""
    there, due = _between(stake)
    return _entry(stake, RaiseEntry.SUBSCRIBED, day, actor, (stake.wallet, there, amount), (due, stake.raised, amount))


def formed(stake: Stake, allotted: int, day: date, actor: int) -> JournalEntry:
    """Dr wealth_subscribed / Cr wealth: what was allotted is in a product that earns from the next day on."""
    return _entry(stake, RaiseEntry.FORMED, day, actor, (stake.raised, stake.formed, allotted))


def cancelled(stake: Stake, amount: int, interest: int, day: date, actor: int) -> JournalEntry:
    """As `given_back`: its owner has cancelled."""
    return _back(stake, RaiseEntry.CANCELLED, stake.raised, amount, interest, day, actor)


def given_back(stake: Stake, amount: int, interest: int, day: date, actor: int) -> JournalEntry:
    """Dr wealth_subscribed / Cr deposit_due (what was not allotted, or all if nothing was formed); Dr deposit_interest_due / Cr deposit_due
    (the interest of the raise, apart from the principal); Dr deposit_in_transit / Cr wallet (both)."""
    return _back(stake, RaiseEntry.GIVEN_BACK, stake.raised, amount, interest, day, actor)


def matured(stake: Stake, principal: int, gain: int, day: date, actor: int) -> JournalEntry:
    """Dr wealth / Cr deposit_due (principal); Dr deposit_interest_due / Cr deposit_due (gain); Dr deposit_in_transit / Cr wallet (both)."""
    return _back(stake, RaiseEntry.MATURED, stake.formed, principal, gain, day, actor)


def _back(stake: Stake, kind: RaiseEntry, account: int, amount: int, interest: int, day: date, actor: int) -> JournalEntry:
    there, due = _between(stake)
    owing = house_account(stake.book, Kind.DEPOSIT_INTEREST_DUE, Asset.CNY)
    return _entry(stake, kind, day, actor, (account, due, amount), (owing, due, interest), (there, stake.wallet, amount + interest))


def _between(stake: Stake) -> tuple[int, int]:
    """Between wallets and the bank, and its image there."""
    return house_account(stake.book, Kind.DEPOSIT_IN_TRANSIT, Asset.CNY), house_account(stake.book, Kind.DEPOSIT_DUE, Asset.CNY)


def _entry(stake: Stake, kind: RaiseEntry, day: date, actor: int, *said: tuple[int, int, int]) -> JournalEntry:
    """Of (debit, credit, fen); nothing is posted for nothing."""
    lines = tuple(Line(Op.POST, debit, credit, Asset.CNY, amount) for debit, credit, amount in said if amount)
    return JournalEntry(stake.book, derived(stake.subscription, kind.name), kind, day, actor, stake.subscription, lines)
