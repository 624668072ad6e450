"""Journal entries of deposits at the partner bank. Each function's docstring is the recipe.

A deposit's money lies at the bank on `deposits`; people pay and are paid by their wallet, on the customer reserve. What one movement
leaves between the two stands on `deposit_in_transit` and, as its image, on `deposit_due`, until a sweep has carried a book's net over.
Interest that a depositor has, and that the bank has yet to pay, stands on `deposit_interest_due`.
"""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from uuid import UUID

from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Line, Op


class DepositEntry(IntEnum):
    """Kinds 810 to 849."""

    OPENED = 810
    WITHDRAWN = 811
    MATURED = 812
    RENEWED = 813
    INTEREST_CREDITED = 814
    PAID_IN = 815
    INTEREST_ARRIVED = 816


@dataclass(frozen=True, slots=True)
class Held:
    """Where a deposit's money is: its account, and its owner's wallet."""

    book: int
    deposit: UUID
    account: int
    wallet: int


def _house(book: int, kind: Kind) -> int:
    return house_account(book, kind, Asset.CNY)


def _lines(*said: tuple[int, int, int]) -> tuple[Line, ...]:
    """Of (debit, credit, fen); nothing is posted for nothing."""
    return tuple(Line(Op.POST, debit, credit, Asset.CNY, amount) for debit, credit, amount in said if amount)


def paid_in(held: Held, key: UUID, amount: int, kind: DepositEntry, day: date, actor: int) -> JournalEntry:
    """Dr wallet / Cr deposit_in_transit; Dr deposit_due / Cr deposit: at its opening, or later where its form allows it."""
    transit, due = _house(held.book, Kind.DEPOSIT_IN_TRANSIT), _house(held.book, Kind.DEPOSIT_DUE)
    lines = _lines((held.wallet, transit, amount), (due, held.account, amount))
    return JournalEntry(held.book, key, kind, day, actor, held.deposit, lines)


def paid_out(held: Held, key: UUID, principal: int, interest: int, kind: DepositEntry, day: date, actor: int) -> JournalEntry:
    """Dr deposit / Cr deposit_due (principal); Dr deposit_interest_due / Cr deposit_due (interest); Dr deposit_in_transit / Cr wallet
    (both): withdrawn, or matured."""
    due, owing = _house(held.book, Kind.DEPOSIT_DUE), _house(held.book, Kind.DEPOSIT_INTEREST_DUE)
    transit = _house(held.book, Kind.DEPOSIT_IN_TRANSIT)
    lines = _lines((held.account, due, principal), (owing, due, interest), (transit, held.wallet, principal + interest))
    return JournalEntry(held.book, key, kind, day, actor, held.deposit, lines)


def credited(held: Held, key: UUID, interest: int, kind: DepositEntry, day: date, actor: int) -> JournalEntry:
    """Dr deposit_interest_due / Cr deposit: interest becomes principal, at a renewal or a settlement."""
    lines = _lines((_house(held.book, Kind.DEPOSIT_INTEREST_DUE), held.account, interest))
    return JournalEntry(held.book, key, kind, day, actor, held.deposit, lines)


def interest_arrived(book: int, key: UUID, amount: int, day: date, actor: int) -> JournalEntry:
    """Dr deposits / Cr deposit_interest_due: the bank has paid a book's interest."""
    lines = _lines((_house(book, Kind.DEPOSITS), _house(book, Kind.DEPOSIT_INTEREST_DUE), amount))
    return JournalEntry(book, key, DepositEntry.INTEREST_ARRIVED, day, actor, key, lines)
