"""The shares of a spread as the rows that they stand in, in PostgreSQL's binary form: laid out by column, hashed, ready to be copied.

A row is 256 accounts with neighbouring ids: what this spread gave each and what spreads ever gave it, null where nothing was said. The hash
of a row is that of `ledger_share_digest` (migration `spread`), which the audit computes in the database.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from struct import Struct
from uuid import UUID

import numpy as np

from tapwealth.ledger.columns import NOTHING, SLOTS, part_of, slot_of, total_of
from tapwealth.ledger.port import BOOK_SHIFT, Column, Shares, Spread
from tapwealth.storage.fixed_rows import binary_date

COPIED = ("part", "no", "book", "business_date", "asset", "amounts", "totals")
"""The columns of a row in their order."""
_ROW = Struct("!hiqiqiiiiih")
"""Their number, and each up to the arrays with its width before it."""
_INT8 = 20
"""The type of an array's elements, by its number in PostgreSQL."""


@dataclass(frozen=True, slots=True)
class SharesOfBook:
    """The shares of a book that come to something. `given`: a row for each part, `NOTHING` in the slot of an account that has none."""

    parts: Column
    given: Column
    amount: int
    count: int
    """Accounts that have a share, if one of nothing."""

    def totals(self, before: Column) -> Column:
        """What spreads ever gave, this one too."""
        now: Column = np.where(self.given == NOTHING, before, np.maximum(before, 0) + self.given)
        assert (now >= before).all(), "an account was given more than a number holds"
        return now

    def rows(self, no: int, book: int, spread: Spread, before: Column) -> tuple[UUID, list[bytes]]:
        """The rows under a line's number, and the reference of that line. `before` is what spreads ever gave."""
        digests, rows = [], []
        for part, given, total in zip(self.parts.tolist(), _arrays(self.given), _arrays(self.totals(before)), strict=True):
            digests.append(sha256(part.to_bytes(8) + given).digest())
            head = _ROW.pack(len(COPIED), 8, part, 8, no, 4, book, 4, binary_date(spread.business_date), 2, spread.asset)
            rows.append(b"".join((head, len(given).to_bytes(4), given, len(total).to_bytes(4), total)))
        return UUID(bytes=sha256(b"".join(digests)).digest()[:16]), rows


def shares_of_books(shares: Shares) -> dict[int, SharesOfBook]:
    """By book, in order; of those whose shares come to something."""
    order = np.argsort(shares.accounts)
    accounts, amounts = shares.accounts[order], shares.amounts[order]
    assert (accounts[1:] > accounts[:-1]).all(), "an account stands there twice"
    assert amounts.min(initial=0) >= 0, "a share is below zero"
    books = accounts >> BOOK_SHIFT
    borders = [0, *(np.flatnonzero(np.diff(books)) + 1).tolist(), len(books)]
    found = {}
    for first, last in pairwise(borders):
        if amount := total_of(amounts[first:last]):
            found[int(books[first])] = _of_book(accounts[first:last], amounts[first:last], amount)
    return found


def _of_book(accounts: Column, amounts: Column, amount: int) -> SharesOfBook:
    parts, row = np.unique(part_of(accounts), return_inverse=True)
    given = np.full((len(parts), SLOTS), NOTHING, np.int64)
    given[row, slot_of(accounts)] = amounts
    return SharesOfBook(parts, given, amount, len(accounts))


def _arrays(table: Column) -> Iterator[bytes]:
    """Each row as the binary form of a bigint[], `NOTHING` as null."""
    nothing = table == NOTHING
    words = np.empty((len(table), 5 + 3 * SLOTS), ">i4")
    words[:, :5] = (1, 0, _INT8, SLOTS, 1)
    words[:, 1] = nothing.any(axis=1)
    slots = words[:, 5:].reshape(len(table), SLOTS, 3)
    slots[:, :, 0] = np.where(nothing, -1, 8)
    slots[:, :, 1:] = table.astype(">i8").view(">i4").reshape(len(table), SLOTS, 2)
    for row, empty in zip(words, nothing, strict=True):
        there = np.ones(words.shape[1], bool)
        there[5:].reshape(SLOTS, 3)[empty, 1:] = False
        yield row[there].tobytes()
