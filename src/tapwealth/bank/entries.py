"""Journal entries for money that moves through the partner bank. Each function's docstring is the recipe.

A bank account of ours has a mirror account (debit-normal) and an `…_out` account (payments instructed and not executed yet). A payment is
set aside when it is instructed and leaves the mirror when the bank says that it was executed, on the bank's booking date: so a mirror moves
exactly as the statement does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from uuid import UUID

from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Line, Op, book_of_account


class BankEntry(IntEnum):
    """Kinds 100 to 199."""

    INSTRUCTED = 101
    EXECUTED = 102
    REJECTED = 103
    MONEY_IN = 104
    NOT_COLLECTED = 108
    RECEIVED = 105
    RECEIVED_UNKNOWN = 106
    ALLOTTED = 107
    SENT = 110
    SENT_TO_BOOK = 111
    RECEIVED_FROM_BOOK = 112
    TRANSIT_EVENED = 113
    INTEREST_ACCRUED = 114
    INTEREST_CHARGED = 115


ACCOUNTS: dict[str, tuple[Kind, Kind]] = {
    "0100000001": (Kind.CUSTOMER_RESERVE, Kind.CUSTOMER_RESERVE_OUT),
    "0100000002": (Kind.FUND_COLLECTION, Kind.FUND_COLLECTION_OUT),
    "0100000003": (Kind.PREMIUM_TRUST, Kind.PREMIUM_TRUST_OUT),
    "0100000004": (Kind.OWN_MONEY, Kind.OWN_MONEY_OUT),
    "0100000005": (Kind.ADVANCE, Kind.ADVANCE_OUT),
    "0100000006": (Kind.DEPOSITS, Kind.DEPOSITS_OUT),
}
"""Our accounts at the partner bank: mirror, and payments on their way out of it. The numbers are the installation's."""

NUMBER_OF = {mirror: number for number, (mirror, _out) in ACCOUNTS.items()}
"""The bank account behind a mirror."""


@dataclass(frozen=True, slots=True)
class Part:
    """The share of one book in a payment. `source`: where the money comes from and returns to (0: nowhere, a direct debit brings it); of a
    direct debit that is counted on, what is debited if the bank rejects it.
    `target`: the account credited on arrival at an account of ours (0: it leaves the house)."""

    book: int
    amount: int
    source: int
    target: int = 0


def _entry(
    part: Part, key: UUID, kind: BankEntry, day: date, actor: int, reference: UUID, lines: Sequence[tuple[int, int]]
) -> JournalEntry:
    return JournalEntry(
        part.book, key, kind, day, actor, reference, tuple(Line(Op.POST, debit, credit, Asset.CNY, part.amount) for debit, credit in lines)
    )


def instructed(part: Part, index: int, account: str, day: date, actor: int, instruction: UUID) -> JournalEntry:
    """Dr source / Cr <mirror>_out: set aside until the bank has executed it."""
    out = house_account(part.book, ACCOUNTS[account][1], Asset.CNY)
    return _entry(part, derived(instruction, f"instructed:{index}"), BankEntry.INSTRUCTED, day, actor, instruction, [(part.source, out)])


def executed(part: Part, index: int, account: str, arrives: str, day: date, actor: int, instruction: UUID) -> JournalEntry:
    """Dr <mirror>_out / Cr <mirror>; and, when it arrives at another account of ours, Dr <its mirror> / Cr target."""
    mirror, out = ACCOUNTS[account]
    lines = [(house_account(part.book, out, Asset.CNY), house_account(part.book, mirror, Asset.CNY))]
    if part.target:
        lines.append((house_account(part.book, ACCOUNTS[arrives][0], Asset.CNY), part.target))
    return _entry(part, derived(instruction, f"executed:{index}"), BankEntry.EXECUTED, day, actor, instruction, lines)


def rejected(part: Part, index: int, account: str, day: date, actor: int, instruction: UUID) -> JournalEntry:
    """Dr <mirror>_out / Cr source: the money is back where it came from."""
    out = house_account(part.book, ACCOUNTS[account][1], Asset.CNY)
    return _entry(part, derived(instruction, f"rejected:{index}"), BankEntry.REJECTED, day, actor, instruction, [(out, part.source)])


def money_in(part: Part, index: int, account: str, day: date, actor: int, instruction: UUID) -> JournalEntry:
    """Dr <mirror> / Cr target: a direct debit from a bound card was executed."""
    mirror = house_account(part.book, ACCOUNTS[account][0], Asset.CNY)
    return _entry(part, derived(instruction, f"money_in:{index}"), BankEntry.MONEY_IN, day, actor, instruction, [(mirror, part.target)])


def not_collected(part: Part, index: int, day: date, actor: int, instruction: UUID) -> JournalEntry:
    """Dr source / Cr target: the bank rejected a direct debit that was counted on; who should have paid owes it."""
    lines = [(part.source, part.target)]
    return _entry(part, derived(instruction, f"not_collected:{index}"), BankEntry.NOT_COLLECTED, day, actor, instruction, lines)


def received(
    book: int, key: UUID, account: str, target: int, amount: int, day: date, actor: int, *, known: bool, reference: UUID | None = None
) -> JournalEntry:
    """Dr <mirror> / Cr target: money pushed to us; target is suspense while nobody knows whose it is."""
    kind = BankEntry.RECEIVED if known else BankEntry.RECEIVED_UNKNOWN
    mirror = house_account(book, ACCOUNTS[account][0], Asset.CNY)
    return _entry(Part(book, amount, 0, target), key, kind, day, actor, reference or key, [(mirror, target)])


def allotted(source: int, target: int, account: str, amount: int, key: UUID, day: date, actor: int) -> tuple[JournalEntry, JournalEntry]:
    """The source's book: Dr source / Cr <mirror>. The target's: Dr <mirror> / Cr target. What is owed changes books with its cover; at the
    bank nothing moves."""
    mirror, giver, taker = ACCOUNTS[account][0], book_of_account(source), book_of_account(target)
    away = (source, house_account(giver, mirror, Asset.CNY))
    here = (house_account(taker, mirror, Asset.CNY), target)
    return (
        _entry(Part(giver, amount, 0), derived(key, f"away:{taker}"), BankEntry.ALLOTTED, day, actor, key, [away]),
        _entry(Part(taker, amount, 0), derived(key, f"here:{taker}"), BankEntry.ALLOTTED, day, actor, key, [here]),
    )


def sent(book: int, payer: int, payee: int, amount: int, key: UUID, day: date, actor: int) -> JournalEntry:
    """Dr wallet / Cr wallet: both people's accounts lie in one book."""
    return _entry(Part(book, amount, payer), key, BankEntry.SENT, day, actor, key, [(payer, payee)])


def sent_to_book(book: int, payer: int, amount: int, key: UUID, day: date, actor: int) -> JournalEntry:
    """Dr wallet / Cr book_transit: the payee's wallet lies in another book."""
    transit = house_account(book, Kind.BOOK_TRANSIT, Asset.CNY)
    return _entry(Part(book, amount, payer), key, BankEntry.SENT_TO_BOOK, day, actor, key, [(payer, transit)])


def received_from_book(book: int, payee: int, amount: int, key: UUID, day: date, actor: int) -> JournalEntry:
    """Dr book_transit / Cr wallet. `key` is that of the sending entry: however often it is delivered, it is credited once."""
    transit = house_account(book, Kind.BOOK_TRANSIT, Asset.CNY)
    delivered = derived(key, "delivered")
    return _entry(Part(book, amount, 0), delivered, BankEntry.RECEIVED_FROM_BOOK, day, actor, key, [(transit, payee)])


def evened(book: int, owed_by_book: int, key: UUID, day: date, actor: int) -> JournalEntry:
    """Transit in credit (the book sent more than it got): Dr book_transit / Cr customer_reserve. In debit: the other way round."""
    transit, mirror = house_account(book, Kind.BOOK_TRANSIT, Asset.CNY), house_account(book, Kind.CUSTOMER_RESERVE, Asset.CNY)
    lines = [(transit, mirror)] if owed_by_book > 0 else [(mirror, transit)]
    return _entry(Part(book, abs(owed_by_book), 0), key, BankEntry.TRANSIT_EVENED, day, actor, key, lines)


def interest_accrued(book: int, key: UUID, amount: int, day: date, actor: int) -> JournalEntry:
    """Dr advance_interest / Cr advance_interest_due: what the used part of the bank's line cost us that day."""
    cost, due = (house_account(book, kind, Asset.CNY) for kind in (Kind.ADVANCE_INTEREST, Kind.ADVANCE_INTEREST_DUE))
    return _entry(Part(book, amount, 0), key, BankEntry.INTEREST_ACCRUED, day, actor, key, [(cost, due)])


def interest_charged(book: int, key: UUID, amount: int, day: date, actor: int) -> JournalEntry:
    """Dr advance_interest_due / Cr own_money: the bank has taken it from our account."""
    due, mirror = (house_account(book, kind, Asset.CNY) for kind in (Kind.ADVANCE_INTEREST_DUE, Kind.OWN_MONEY))
    return _entry(Part(book, amount, 0), key, BankEntry.INTEREST_CHARGED, day, actor, key, [(due, mirror)])
