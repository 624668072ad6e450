"""The ledger on PostgreSQL: turns entries into columns, calls the posting function, reads its answer.

What is decided is decided in SQL (migrations/sql/0002_ledger.sql). Here a list is ordered by book, malformed entries are answered, and
the list is cut where one entry depends on an earlier one of it (the same key, the same hold); then each part is one statement.
A call that is one statement needs no transaction around it.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import date, datetime
from itertools import chain
from operator import itemgetter
from typing import Any
from uuid import UUID

from tapwealth.ledger import reading, spreading
from tapwealth.ledger.archives import Archives
from tapwealth.ledger.install import house_accounts
from tapwealth.ledger.port import (
    HOUSE,
    Answer,
    Balance,
    CloseRefusal,
    Head,
    HistoryPage,
    Hold,
    JournalEntry,
    LedgerRefusal,
    NewAccount,
    Recorded,
    Shares,
    Spread,
    Totals,
    TrialBalances,
)
from tapwealth.ledger.rules import LINE_MASK, MAX_BIG, MICROSECOND, debited, malformed, plain_and_well_formed
from tapwealth.storage.books import lock_books
from tapwealth.storage.columns import shortened

_POST = "select * from ledger_post($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
_EXPIRE = "select ledger_expire($1, $2, $3, $4, $5)"

_MALFORMED = Answer(LedgerRefusal.MALFORMED, None, 0)
_KEY_REUSED = Answer(LedgerRefusal.KEY_REUSED, None, 0)
_REFUSALS = {0: None, **{int(code): code for code in LedgerRefusal}}

_NOTHING_SPECIAL = (0, None, None)
_BOOK, _KEY = itemgetter(0), itemgetter(1)

Part = list[int]
"""Positions in the caller's list, grouped by book."""


class PostgresLedger:
    """See `port.Ledger` for what each method does. `books` is the number fixed at installation; `archives`: the files of archived years."""

    def __init__(self, books: int, archives: Archives | None = None) -> None:
        self._books = books
        self.archives = archives or Archives()

    @property
    def books(self) -> int:
        return self._books

    async def install(self, tx: Any) -> None:
        await tx.execute("insert into book (book) select generate_series(0, $1::int) on conflict do nothing", self._books)
        await self.open_accounts(tx, house_accounts(self._books))

    async def lock_books(self, tx: Any, books: Iterable[int]) -> None:
        await lock_books(tx, books)

    async def open_accounts(self, tx: Any, accounts: Sequence[NewAccount]) -> list[int]:
        if not accounts:
            return []
        books, kinds, owners, assets, limits = _account_columns(accounts)
        ids: list[int] = await tx.fetchval("select ledger_open_accounts($1, $2, $3, $4, $5)", books, kinds, owners, assets, limits)
        return ids

    async def find_accounts(self, tx: Any, accounts: Sequence[NewAccount]) -> list[int | None]:
        if not accounts:
            return []
        books, kinds, owners, assets, _ = _account_columns(accounts)
        return await reading.find_accounts(tx, books, kinds, owners, assets)

    async def accounts_of_kind(self, tx: Any, kind: int) -> dict[int, dict[UUID, int]]:
        return await reading.accounts_of_kind(tx, kind)

    async def post(self, tx: Any, now: datetime | None, entries: Sequence[JournalEntry]) -> list[Answer]:
        """As `port.Ledger.post`. `now` None: what the platform clock shows, read in the same statement."""
        sound = [entries[place] for place in _well_formed(entries, self._books)] if debited(entries) else []
        accounts = debited(sound)
        if not accounts:
            return await self._post(tx, now, entries)
        async with _atomic(tx):
            await self.lock_books(tx, sorted({entry.book for entry in sound}))
            if folds := await spreading.folds(tx, sound, accounts):
                await spreading.note_folds(tx, folds, await self._post(tx, now, [entry for entry, _ in folds]))
            return await self._post(tx, now, entries)

    async def spread(self, tx: Any, now: datetime, spread: Spread, shares: Shares) -> Mapping[int, Answer]:
        await self.lock_books(tx, sorted(spread.keys))
        written = await spreading.write(tx, spread, shares.of_books(list(spread.keys)))
        answers = await self._post(tx, now, [entry for _, entry in written])
        for (no, entry), answer in zip(written, answers, strict=True):
            assert answer.posted, f"the spread of book {entry.book} was refused: {answer.refusal}"
            assert answer.no == no, f"the spread of book {entry.book} has line {answer.no}, its shares {no}"
        return {entry.book: answer for (_, entry), answer in zip(written, answers, strict=True)}

    async def _post(self, tx: Any, now: datetime | None, entries: Sequence[JournalEntry]) -> list[Answer]:
        answers = [_MALFORMED] * len(entries)
        parts = _parts(entries, _well_formed(entries, self._books))
        if len(parts) == 1:
            due = await _call(tx, now, entries, parts[0], answers)
            if due is None:
                return answers
        if parts:
            async with _atomic(tx):
                await self.lock_books(tx, sorted({entry.book for entry in entries}))
                for part in parts:
                    await _post_in_turn(tx, now, entries, part, answers)
        return answers

    async def post_batch(self, tx: Any, entries: list[JournalEntry]) -> list[Answer]:
        """The flow of group commit for callers that have nothing but an entry; one statement, mostly."""
        return await self.post(tx, None, entries)

    async def expire_due(self, tx: Any, now: datetime, book: int, business_date: date, limit: int = 1000) -> int:
        ended: int = await tx.fetchval(_EXPIRE, now, book, None, business_date, limit)
        return ended

    async def close_date(self, tx: Any, now: datetime, book: int, business_date: date) -> int | CloseRefusal:
        rows: int | None = await tx.fetchval("select ledger_close_date($1, $2, $3)", now, book, business_date)
        return CloseRefusal.EARLIER_DATE_OPEN if rows is None else rows

    async def recorded(self, tx: Any, book: int, key: UUID) -> Recorded | None:
        return await reading.recorded(tx, book, key)

    async def balances(self, tx: Any, accounts: Sequence[int]) -> dict[int, Balance]:
        return await reading.balances(tx, accounts)

    async def find_balances(self, tx: Any, accounts: Sequence[NewAccount]) -> list[Balance | None]:
        if not accounts:
            return []
        books, kinds, owners, assets, _ = _account_columns(accounts)
        return await reading.find_balances(tx, books, kinds, owners, assets)

    async def free(self, tx: Any, now: datetime, accounts: Sequence[int]) -> dict[int, int]:
        return await reading.free(tx, now, accounts)

    async def find_free(self, tx: Any, now: datetime, accounts: Sequence[NewAccount]) -> list[tuple[int, int] | None]:
        if not accounts:
            return []
        books, kinds, owners, assets, _ = _account_columns(accounts)
        return await reading.find_free(tx, now, books, kinds, owners, assets)

    async def totals_at(self, tx: Any, accounts: Sequence[int], instant: datetime) -> dict[int, Totals]:
        return await reading.totals_at(tx, self.archives, accounts, instant)

    async def totals_dated(self, tx: Any, accounts: Sequence[int], business_date: date) -> dict[int, Totals]:
        return await reading.totals_dated(tx, self.archives, accounts, business_date)

    async def archived_shares(self, tx: Any, account: int) -> list[tuple[int, int]]:
        return [(one.no, amount) for one, amount in await self.archives.shares(tx, account, MAX_BIG)]

    async def account_history(self, tx: Any, account: int, cursor: str | None = None, limit: int = 50) -> HistoryPage:
        return await reading.account_history(tx, self.archives, account, cursor, limit)

    async def trial_balances(self, tx: Any, books: Sequence[int], business_date: date | None = None) -> TrialBalances:
        return await reading.trial_balances(tx, books, business_date)

    async def holds(self, tx: Any, account: int) -> list[Hold]:
        return await reading.holds(tx, account)

    async def holds_by_id(self, tx: Any, holds: Sequence[tuple[int, UUID]]) -> Mapping[tuple[int, UUID], Hold]:
        return await reading.holds_by_id(tx, holds)

    async def heads(self, tx: Any) -> list[Head]:
        return await reading.heads(tx)


def _account_columns(accounts: Sequence[NewAccount]) -> tuple[list[Any], ...]:
    books, kinds, owners, assets, limits = zip(*accounts, strict=True)
    return list(books), list(kinds), [owner or HOUSE for owner in owners], list(assets), list(limits)


def _atomic(tx: Any) -> AbstractAsyncContextManager[Any]:
    """A transaction, unless the caller has one open."""
    return nullcontext() if tx.is_in_transaction() else tx.transaction()


def _well_formed(entries: Sequence[JournalEntry], books: int) -> Part:
    """The places of those that the ledger could take."""
    if entries and plain_and_well_formed(entries, books):
        return list(range(len(entries)))
    return [place for place, entry in enumerate(entries) if not malformed(entry, books)]


def _parts(entries: Sequence[JournalEntry], places: Part) -> list[Part]:
    """The list by book, cut where an entry repeats a key or touches a hold of an earlier one. Mostly one part."""
    chosen = [entries[place] for place in places]
    order = _by_book(chosen, places)
    touched = [line.hold for entry in chosen for line in entry.lines if line.hold is not None]
    if len(set(map(_KEY, chosen))) == len(chosen) and len(set(touched)) == len(touched):
        return [order] if order else []
    return _cut(entries, order)


def _by_book(chosen: list[JournalEntry], places: Part) -> Part:
    books = list(map(_BOOK, chosen))
    if books == sorted(books):
        return places
    return [places[index] for index in sorted(range(len(books)), key=books.__getitem__)]


def _cut(entries: Sequence[JournalEntry], order: Part) -> list[Part]:
    parts: list[Part] = [[]]
    seen: set[tuple[int, UUID, bool]] = set()
    for place in order:
        entry = entries[place]
        names = {(entry.book, entry.key, True), *((entry.book, line.hold, False) for line in entry.lines if line.hold is not None)}
        if not seen.isdisjoint(names):
            parts.append([])
            seen.clear()
        parts[-1].append(place)
        seen |= names
    return parts


async def _post_in_turn(tx: Any, now: datetime | None, entries: Sequence[JournalEntry], part: Part, answers: list[Answer]) -> None:
    """Post a part; where an account lacks what expired holds still keep, set these free and go on from that entry."""
    while part:
        due = await _call(tx, now, entries, part, answers)
        if due is None:
            return
        place, account = due
        before, part = part[:place], part[place:]
        if before:
            again = await _call(tx, now, entries, before, answers)
            assert again is None, "an entry judged before was judged otherwise under the same lock"
        entry = entries[part[0]]
        await tx.fetchval(_EXPIRE, now, entry.book, account, entry.business_date, None)


async def _call(
    tx: Any, now: datetime | None, entries: Sequence[JournalEntry], part: Part, answers: list[Answer]
) -> tuple[int, int] | None:
    """One statement. Fills in the answers; or writes nothing and returns (place in the part, account with expired holds in the way)."""
    row = await tx.fetchrow(_POST, now, *_columns(entries, part))
    if row["o_due"] is not None:
        return _place_of_line(entries, part, row["o_due"]), row["o_account"]
    _read(entries, part, row, answers)
    return None


def _columns(entries: Sequence[JournalEntry], part: Part) -> list[Any]:
    """A list per parameter of ledger_post(): an element per line, or one for all if they are the same; None where nothing is set."""
    book, key, *same, reference, lines = zip(*[entries[place] for place in part], strict=True)
    same = [shortened(column) for column in same]
    widths = list(map(len, lines))
    seq: tuple[int, ...] = (0,)
    if max(widths) > 1:
        seq = tuple(chain.from_iterable(map(range, widths)))
        each = itemgetter(*[index for index, width in enumerate(widths) for _ in range(width)])
        book, key, reference = each(book), each(key), each(reference)
        same = [column if len(column) == 1 else each(column) for column in same]
    op, debit, credit, asset, amount, hold, expires_at = zip(*chain.from_iterable(lines), strict=True)
    kind, business_date, actor = same
    with_holds = any(op)
    return [
        *(book, key, shortened(seq), shortened(op), kind, business_date, actor, shortened(asset), debit, credit, amount),
        *(hold if with_holds else None, expires_at if with_holds else None, reference if any(reference) else None),
    ]


def _place_of_line(entries: Sequence[JournalEntry], part: Part, position: int) -> int:
    """Which entry of the part opens at that line, counted from 1."""
    line = 1
    for index, place in enumerate(part):
        if line == position:
            return index
        line += len(entries[place].lines)
    raise AssertionError(f"no entry opens at line {position}")


def _read(entries: Sequence[JournalEntry], part: Part, row: Any, answers: list[Answer]) -> None:
    """What is new is numbered on from its book's base; the exceptions are listed by the position of their first line."""
    bases = {book: (base, at) for book, base, at in zip(row["o_book"] or (), row["o_base"] or (), row["o_at"] or (), strict=True)}
    if row["o_pos"]:
        _read_with_exceptions(entries, part, row, bases, answers)
        return
    current, position = None, 1
    for place in part:  # a book's lines stand together, and their instants follow each other
        book, _, _, _, _, _, lines = entries[place]
        if book != current:
            current = book
            base, recorded_at = bases[book]
        answers[place] = Answer(None, recorded_at, base + position)
        width = len(lines)
        position += width
        recorded_at += MICROSECOND if width == 1 else MICROSECOND * width


def _read_with_exceptions(
    entries: Sequence[JournalEntry], part: Part, row: Any, bases: Mapping[int, tuple[int, datetime]], answers: list[Answer]
) -> None:
    """Repetitions and refusals among them: a repetition takes no number."""
    exceptions = dict(zip(row["o_pos"], zip(row["o_code"], row["o_no"], row["o_recorded"], strict=True), strict=True))
    position, number = 1, 1
    for place in part:
        entry = entries[place]
        width = len(entry.lines)
        code, no, recorded_at = exceptions.get(position, _NOTHING_SPECIAL)
        if no is None:
            base, at = bases[entry.book]
            no = base + number
            answers[place] = Answer(_REFUSALS[code], at + MICROSECOND * ((no & LINE_MASK) - 1), no)
            number += width
        else:
            answers[place] = Answer(_REFUSALS[code], recorded_at, no, True) if no else _KEY_REUSED
        position += width
