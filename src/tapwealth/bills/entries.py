"""Journal entries of a bill payment. Each function's docstring is the recipe.

The payer's money waits in suspense until the biller's word is final: then it is owed to the biller, or the payer has it back. Where a
biller turns out to be paid after the payer had the money back, the payer owes it to us.
"""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from uuid import UUID

from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Line, Op


class BillEntry(IntEnum):
    """Kinds 500 to 599."""

    DEBITED = 501
    PAID = 502
    REFUNDED = 503
    LATE_SUCCESS = 504


@dataclass(frozen=True, slots=True)
class BillMoney:
    """The money side of a payment: `amount` fen from the payer's wallet for the biller's account in the payer's book."""

    book: int
    id: UUID
    amount: int
    wallet: int
    biller: int

    def entry(self, what: str, kind: BillEntry, debit: int, credit: int, day: date, actor: int) -> JournalEntry:
        """One line; the key follows from payment and event, so that no event is posted twice."""
        line = Line(Op.POST, debit, credit, Asset.CNY, self.amount)
        return JournalEntry(self.book, derived(self.id, what), kind, day, actor, self.id, (line,))


def debited(money: BillMoney, day: date, actor: int) -> JournalEntry:
    """Dr wallet / Cr suspense: the payer has paid, the biller has not been heard."""
    return money.entry("debited", BillEntry.DEBITED, money.wallet, _suspense(money), day, actor)


def paid(money: BillMoney, day: date, actor: int) -> JournalEntry:
    """Dr suspense / Cr biller: the biller has written the bill off."""
    return money.entry("settled", BillEntry.PAID, _suspense(money), money.biller, day, actor)


def refunded(money: BillMoney, day: date, actor: int) -> JournalEntry:
    """Dr suspense / Cr wallet: the biller did not take it. Shares its key with `paid`: a payment ends in one of the two."""
    return money.entry("settled", BillEntry.REFUNDED, _suspense(money), money.wallet, day, actor)


def late_success(money: BillMoney, day: date, actor: int) -> JournalEntry:
    """Dr customer_receivable / Cr biller: paid after all, though the payer has the money back and now owes it."""
    receivable = house_account(money.book, Kind.CUSTOMER_RECEIVABLE, Asset.CNY)
    return money.entry("late_success", BillEntry.LATE_SUCCESS, receivable, money.biller, day, actor)


def _suspense(money: BillMoney) -> int:
    return house_account(money.book, Kind.SUSPENSE, Asset.CNY)
