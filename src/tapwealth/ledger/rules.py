"""What can be said of an entry without any state, shared by both implementations of the ledger."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import chain
from operator import eq

from tapwealth.kernel.money import MAX_AMOUNT
from tapwealth.kernel.refusal import BadInput
from tapwealth.ledger.port import HOUSE, JournalEntry, Line, Op, book_of_account

BATCH_BITS = 20
LINE_MASK = (1 << BATCH_BITS) - 1
"""A line's number is batch << 20 | position in the batch, from 1."""

MAX_LINES = 1000
"""Most lines of one entry."""

MAX_SMALL, MAX_BIG = (1 << 15) - 1, (1 << 63) - 1
FIRST_KIND = 1
MICROSECOND = timedelta(microseconds=1)
FIRST_SERIAL = 1_000_000_000
"""Serial of the first account of a book that belongs to somebody; house accounts lie below."""
SERIAL_MASK = (1 << 48) - 1
"""What of an account's id is its serial."""

MONEY = 1
"""The asset that is never spread: an account in it has no part in a pool."""


def debited(entries: Sequence[JournalEntry]) -> set[int]:
    """Accounts of holders in their entries' own books, from which these take or hold something that can be spread."""
    return {
        line.debit
        for entry in entries
        for line in entry.lines
        if line.asset != MONEY
        and line.op in (Op.POST, Op.HOLD)
        and line.debit & SERIAL_MASK >= FIRST_SERIAL
        and book_of_account(line.debit) == entry.book
    }


def malformed(entry: JournalEntry, books: int) -> bool:
    """Whether no state of the ledger could ever take the entry."""
    book, key, kind, _, actor, _, lines = entry
    if (
        not (0 <= book <= books and FIRST_KIND <= kind <= MAX_SMALL and 0 <= actor <= MAX_BIG and 0 < len(lines) <= MAX_LINES)
        or key == HOUSE
    ):
        return True
    plain = True
    for op, debit, credit, asset, amount, hold, expires_at in lines:
        if not (0 < amount <= MAX_AMOUNT and debit != credit and 0 < debit <= MAX_BIG and 0 < credit <= MAX_BIG and 0 < asset <= MAX_SMALL):
            return True
        if op != 0:
            plain = False
        elif hold is not None or expires_at is not None:
            return True
    return not plain and _holds_malformed(lines)


def plain_and_well_formed(entries: Sequence[JournalEntry], books: int) -> bool:
    """Whether every entry is posting and nothing else, and none is malformed. Decided by column: a third of the time of asking each."""
    book, key, kind, _, actor, _, lines = zip(*entries, strict=True)
    if not min(map(len, lines)):
        return False
    op, debit, credit, asset, amount, hold, expires_at = zip(*chain.from_iterable(lines), strict=True)
    return (
        not any(op)
        and not any(hold)
        and not any(expires_at)
        and _within(0, book, books)
        and _within(FIRST_KIND, kind, MAX_SMALL)
        and _within(0, actor, MAX_BIG)
        and _within(1, debit, MAX_BIG)
        and _within(1, credit, MAX_BIG)
        and _within(1, asset, MAX_SMALL)
        and _within(1, amount, MAX_AMOUNT)
        and not any(map(eq, debit, credit))
        and HOUSE not in key
        and max(map(len, lines)) <= MAX_LINES
    )


def _within(least: int, values: Sequence[int], most: int) -> bool:
    return least <= min(values) and max(values) <= most


def _holds_malformed(lines: Iterable[Line]) -> bool:
    """Every hold has an id, once in an entry; the holds of an entry are linked and share one expiry."""
    ids, expiries = set(), set()
    for line in lines:
        if line.op == Op.POST:
            continue
        if line.op not in Op.__members__.values() or line.hold is None or line.hold == HOUSE or line.hold in ids:
            return True
        ids.add(line.hold)
        if (line.op == Op.HOLD) != (line.expires_at is not None):
            return True
        if line.expires_at is not None:
            expiries.add(line.expires_at)
    return len(expiries) > 1 or any(_naive(at) for at in expiries)


def _naive(at: datetime) -> bool:
    return at.tzinfo is None


def first_line_at(batch_at: datetime, no: int) -> datetime:
    """When line `no` was recorded: each line of a batch takes one microsecond."""
    return batch_at + MICROSECOND * ((no & LINE_MASK) - 1)


def history_cursor(cursor: str) -> int:
    """The line number that a history page's cursor names. Raises BadInput."""
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 20 and 0 < int(cursor) <= MAX_BIG):
        raise BadInput(f"{cursor[:40]!r} is no cursor of this account", where="cursor", hint="take it from the page before")
    return int(cursor)
