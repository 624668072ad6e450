"""The ledger's door: its words, its answers, and what both of its implementations can do.

A *transfer* moves a positive amount of one asset from a debit account to a credit account, so every entry balances by construction. A
*journal entry* is an atomic list of lines; a line posts, places a hold, captures one, or sets one free. *Books* balance by themselves.
`memory.MemoryLedger` is the oracle, `postgres.PostgresLedger` the one that runs; what either promises is stated in `invariants`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import IntEnum
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.int64]
"""A whole number for each account."""

BOOK_SHIFT = 48
"""An account's id is its book, shifted by so many bits, and its serial."""

HOUSE = UUID(int=0)
"""The owner of house accounts."""

LEDGER_ACTOR = 0
"""Who acts when the ledger itself ends a hold whose time has passed."""

EXPIRY_KIND = 0
"""The kind of entries the ledger makes itself: it only ever ends holds. Callers' kinds begin at 1."""


FOLD_KIND = 495
"""The kind of the entries by which the ledger moves an account's shares out of the pool, before the account is debited."""


ARCHIVE_KIND = 496
"""The kind of the entries by which the ledger seals an archived year: in and out again, the reference is the file's hash."""


class Op(IntEnum):
    """What a line does."""

    POST = 0
    """Moves `amount` from debit to credit."""
    HOLD = 1
    """Sets `amount` aside between the two accounts, under the id `hold`, until `expires_at`."""
    CAPTURE = 2
    """Moves `amount`, at most what is held, and sets the rest of the hold free."""
    RELEASE = 3
    """Sets all of the hold free; `amount` repeats what is held."""
    EXPIRE = 4
    """The same, because its time has passed."""


class Limit(IntEnum):
    """Which side of an account may not outgrow the other; what is held counts."""

    NONE = 0
    DEBITS_WITHIN_CREDITS = 1
    CREDITS_WITHIN_DEBITS = 2


class LedgerRefusal(IntEnum):
    """Why an entry does not stand. Where several apply, the lowest number is the answer."""

    MALFORMED = 1
    """No state of the ledger could take it (see `rules.malformed`). Not remembered."""
    KEY_REUSED = 2
    """The key has been answered before, for other content. Not remembered: the key keeps its first answer."""
    DATE_CLOSED = 3
    UNKNOWN_HOLD = 4
    """There is no such hold, or it lies between other accounts, or is of another asset."""
    HOLD_EXISTS = 5
    HOLD_CLOSED = 6
    """Captured, released or expired before; for a capture also: its time has passed."""
    HOLD_NOT_DUE = 7
    HOLD_AMOUNT = 8
    """A capture of more than is held, or a release or expiry of another amount than is held."""
    HOLD_LINKED = 9
    """Holds placed by one entry end by one entry."""
    UNKNOWN_ACCOUNT = 10
    ASSET_MISMATCH = 11
    EXCEEDS_LIMIT = 12
    """An account would be overdrawn, judged on the net effect of the whole entry, after its expired holds were set free."""


class CloseRefusal(IntEnum):
    """Why a business date cannot be closed."""

    EARLIER_DATE_OPEN = 1


class Line(NamedTuple):
    """One operation of an entry. `amount` in the asset's smallest part, 1 to 10^15.

    `hold` stands with every op but POST, `expires_at` with HOLD alone. The holds of one entry share it: they are linked.
    """

    op: Op
    debit: int
    credit: int
    asset: int
    amount: int
    hold: UUID | None = None
    expires_at: datetime | None = None


class JournalEntry(NamedTuple):
    """An atomic list of lines within one book. `key` is the caller's idempotency key: time-ordered, unique in the book."""

    book: int
    key: UUID
    kind: int
    business_date: date
    actor: int
    reference: UUID | None
    lines: tuple[Line, ...]


class Spread(NamedTuple):
    """What many accounts get at once from the house account of kind `source`, in every book that `keys` names: an entry of one line for
    each, of that kind and date, under the book's key."""

    keys: Mapping[int, UUID]
    kind: int
    business_date: date
    actor: int
    asset: int
    source: int


class Shares(NamedTuple):
    """What a spread gives: accounts, none twice, and beside them amounts, none below zero."""

    accounts: Column
    amounts: Column

    @classmethod
    def of(cls, pairs: Sequence[tuple[int, int]]) -> "Shares":
        """Of (account, amount)."""
        return cls(*np.array(pairs, np.int64).reshape(-1, 2).T)

    def of_books(self, books: Sequence[int]) -> "Shares":
        """Those of these books."""
        mine = np.isin(self.accounts >> BOOK_SHIFT, books)
        return Shares(self.accounts[mine], self.amounts[mine])


class Answer(NamedTuple):
    """What became of an entry. `no` and `recorded_at` are its first line's; 0 and None for what is not remembered.

    `replay`: it was answered before, and this is that answer.
    """

    refusal: LedgerRefusal | None
    recorded_at: datetime | None
    no: int
    replay: bool = False

    @property
    def posted(self) -> bool:
        return self.refusal is None


class Share(NamedTuple):
    """So much of an asset out of one of several accounts that share in a payment."""

    account: int
    amount: int
    asset: int


class NewAccount(NamedTuple):
    """What an account is found by (book, kind, owner, asset), and its limit. `owner` None: the house."""

    book: int
    kind: int
    owner: UUID | None
    asset: int
    limit: Limit


class Totals(NamedTuple):
    """What was ever debited to and credited to an account, up to some point."""

    debits: int
    credits: int

    @property
    def owed(self) -> int:
        """What the house owes its holder (a credit-normal account's balance)."""
        return self.credits - self.debits

    @property
    def held(self) -> int:
        """What the house has there (a debit-normal account's balance)."""
        return self.debits - self.credits


class Balance(NamedTuple):
    """An account as it stands."""

    account: int
    asset: int
    limit: Limit
    debits_posted: int
    credits_posted: int
    debits_pending: int
    credits_pending: int

    @property
    def totals(self) -> Totals:
        return Totals(self.debits_posted, self.credits_posted)

    @property
    def available(self) -> int:
        """What can still be taken, counting holds: from the credit side, or for a debit-normal account from the debit side."""
        if self.limit is Limit.CREDITS_WITHIN_DEBITS:
            return self.debits_posted - self.credits_posted - self.credits_pending
        return self.credits_posted - self.debits_posted - self.debits_pending


class HistoryLine(NamedTuple):
    """A line seen from one of its accounts, with the account's totals after it."""

    no: int
    recorded_at: datetime
    business_date: date
    key: UUID
    seq: int
    op: Op
    kind: int
    actor: int
    reference: UUID | None
    debited: bool
    other: int
    amount: int
    hold: UUID | None
    totals: Totals

    @property
    def moved(self) -> int:
        """The change of what is owed on the account: 0 for a line that only holds or sets free."""
        if self.op not in (Op.POST, Op.CAPTURE):
            return 0
        return -self.amount if self.debited else self.amount


class HistoryPage(NamedTuple):
    """Newest first. `next_cursor` None: the account's first line has been reached."""

    lines: tuple[HistoryLine, ...]
    next_cursor: str | None


class TrialLine(NamedTuple):
    """All accounts of one kind of a book, in one asset."""

    kind: int
    accounts: int
    totals: Totals


TrialBalances = Mapping[tuple[int, int], Sequence[TrialLine]]
"""By book and asset, where there is an account; lines by kind."""


class Hold(NamedTuple):
    """Reserved money. `state` is Op.HOLD while it is open, then the op that ended it. Holds placed by one entry share `link`, its key."""

    id: UUID
    book: int
    link: UUID
    debit: int
    credit: int
    asset: int
    amount: int
    captured: int
    expires_at: datetime
    state: Op


class Recorded(NamedTuple):
    """An entry as it was decided, and what the decision was."""

    entry: JournalEntry
    answer: Answer


class Head(NamedTuple):
    """The end of a book's chain."""

    book: int
    batch: int
    digest: str


class Ledger(Protocol):
    """`tx` is a connection of asyncpg, in a transaction where more than this one call is to be atomic; the oracle ignores it.

    `now` is the platform's clock. Lists may mix books. Who posts to several books in several calls of one transaction locks them first.
    """

    @property
    def books(self) -> int:
        """The number of people's books; book 0 is the house's."""

    async def install(self, tx: Any) -> None:
        """Make the rows of the books and the house accounts of the chart; what exists is left alone."""

    async def lock_books(self, tx: Any, books: Iterable[int]) -> None:
        """Take the rows of the books, in ascending order, for the rest of the transaction."""

    async def open_accounts(self, tx: Any, accounts: Sequence[NewAccount]) -> list[int]:
        """Their ids, in order; those that exist are found, not opened again."""

    async def find_accounts(self, tx: Any, accounts: Sequence[NewAccount]) -> list[int | None]:
        """Their ids where they exist. The limit is not looked at."""

    async def accounts_of_kind(self, tx: Any, kind: int) -> Mapping[int, Mapping[UUID, int]]:
        """All accounts of a kind, in every book: by asset, and by whose they are."""

    async def post(self, tx: Any, now: datetime, entries: Sequence[JournalEntry]) -> list[Answer]:
        """Judge and post, as if one after the other; one answer each, in order."""

    async def spread(self, tx: Any, now: datetime, spread: Spread, shares: Shares) -> Mapping[int, Answer]:
        """Give each account its share; by book. Dates of an asset's spreads never fall, and nothing is refused: a spread follows from what
        has happened, and its shares are new."""

    async def recorded(self, tx: Any, book: int, key: UUID) -> Recorded | None:
        """What was decided under a key: how a caller left in doubt finds out."""

    async def balances(self, tx: Any, accounts: Sequence[int]) -> dict[int, Balance]:
        """Those that exist."""

    async def find_balances(self, tx: Any, accounts: Sequence[NewAccount]) -> list[Balance | None]:
        """`find_accounts` and `balances` in one, in order; None where there is no such account."""

    async def free(self, tx: Any, now: datetime, accounts: Sequence[int]) -> dict[int, int]:
        """What could be taken from each that exists: `available`, and what is held there by holds whose time has passed at `now`, as `post`
        sets these free before it refuses."""

    async def find_free(self, tx: Any, now: datetime, accounts: Sequence[NewAccount]) -> list[tuple[int, int] | None]:
        """`find_accounts` and `free` in one: (id, what could be taken from it), in order; None where there is no such account."""

    async def totals_at(self, tx: Any, accounts: Sequence[int], instant: datetime) -> dict[int, Totals]:
        """As of an instant of the recording clock: all entries recorded at or before it."""

    async def totals_dated(self, tx: Any, accounts: Sequence[int], business_date: date) -> dict[int, Totals]:
        """As of a business date: all entries dated up to it, whenever they were recorded. Of a closed date it never changes."""

    async def account_history(self, tx: Any, account: int, cursor: str | None = None, limit: int = 50) -> HistoryPage:
        """A page of an account's lines, newest first, from where `cursor` says. Raises BadInput for what is no cursor."""

    async def archived_shares(self, tx: Any, account: int) -> list[tuple[int, int]]:
        """What spreads of archived years said of an account, newest first: (number of the spread's line, amount). Raises Outage where a
        year's file is not to be had."""

    async def trial_balances(self, tx: Any, books: Sequence[int], business_date: date | None = None) -> TrialBalances:
        """All accounts of books by kind, as they stand or as of a business date. Of each book and asset the debits equal the credits."""

    async def holds(self, tx: Any, account: int) -> list[Hold]:
        """The open holds that debit an account, by expiry."""

    async def holds_by_id(self, tx: Any, holds: Sequence[tuple[int, UUID]]) -> Mapping[tuple[int, UUID], Hold]:
        """Holds in whatever state, by book and id."""

    async def expire_due(self, tx: Any, now: datetime, book: int, business_date: date, limit: int = 1000) -> int:
        """End what has passed its time, oldest first, at most `limit` links; how many holds ended. Nobody's answer depends on it."""

    async def close_date(self, tx: Any, now: datetime, book: int, business_date: date) -> int | CloseRefusal:
        """Make a date of a book immutable; the number of balances written, 0 on a repetition."""

    async def heads(self, tx: Any) -> list[Head]:
        """The end of every book's chain."""


def account_id(book: int, serial: int) -> int:
    """An account's id carries its book in the upper 16 bits."""
    return book << BOOK_SHIFT | serial


def book_of_account(account: int) -> int:
    """The book an account lies in."""
    return account >> BOOK_SHIFT
