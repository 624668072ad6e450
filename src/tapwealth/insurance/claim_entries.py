"""Journal entries of a claim's money. Each function's docstring is the recipe.

The insurer pays a claim by the bank under its serial, into the customer reserve. What comes back of it, from who caused the loss or from
the insured, is the insurer's: it lies apart in the reserve until the day's end pays it to the insurer, by a payment through the bank.
"""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from uuid import UUID

from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Line, Op


class ClaimEntry(IntEnum):
    """Kinds 640 to 659."""

    CLAIM_PAID = 640
    CLAIM_RECOVERED = 641
    CLAIM_GIVEN_BACK = 642


@dataclass(frozen=True, slots=True)
class ClaimMoney:
    """`amount` fen of a claim, under the serial that names them; `wallet` is the insured's."""

    book: int
    claim: UUID
    serial: str
    wallet: int
    amount: int


def _entry(money: ClaimMoney, kind: ClaimEntry, debit: int, credit: int, day: date, actor: int) -> JournalEntry:
    line = Line(Op.POST, debit, credit, Asset.CNY, money.amount)
    return JournalEntry(money.book, derived(money.claim, f"{kind}:{money.serial}"), kind, day, actor, money.claim, (line,))


def _house(money: ClaimMoney, kind: Kind) -> int:
    return house_account(money.book, kind, Asset.CNY)


def claim_paid(money: ClaimMoney, day: date, actor: int) -> JournalEntry:
    """Dr customer_reserve / Cr wallet: the insurer's money has arrived at the bank."""
    return _entry(money, ClaimEntry.CLAIM_PAID, _house(money, Kind.CUSTOMER_RESERVE), money.wallet, day, actor)


def claim_recovered(money: ClaimMoney, day: date, actor: int) -> JournalEntry:
    """Dr customer_reserve / Cr claim_recovered: who caused the loss has paid; it is the insurer's."""
    debit, credit = _house(money, Kind.CUSTOMER_RESERVE), _house(money, Kind.CLAIM_RECOVERED)
    return _entry(money, ClaimEntry.CLAIM_RECOVERED, debit, credit, day, actor)


def claim_given_back(money: ClaimMoney, day: date, actor: int) -> JournalEntry:
    """Dr wallet / Cr claim_recovered: the insured has got the money elsewhere, and gives the insurer's back."""
    return _entry(money, ClaimEntry.CLAIM_GIVEN_BACK, money.wallet, _house(money, Kind.CLAIM_RECOVERED), day, actor)
