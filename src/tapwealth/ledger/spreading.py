"""Spreads: what many accounts are given at once, as one line for each book with the accounts' shares beside it (migration `spread`).

A share is owed to its account from the moment of the line on, and every reader shows it there. In the books it lies in the *pool* of its
asset until the account is debited: then it is *folded*, moved over by an ordinary entry that comes before the one that needs it.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from tapwealth.kernel.ids import derived
from tapwealth.ledger.chart import POOL, house_account
from tapwealth.ledger.columns import totals
from tapwealth.ledger.port import FOLD_KIND, LEDGER_ACTOR, Answer, JournalEntry, Line, Op, Shares, Spread, book_of_account
from tapwealth.ledger.rules import BATCH_BITS, MONEY
from tapwealth.ledger.share_rows import COPIED, shares_of_books
from tapwealth.storage.columns import columns
from tapwealth.storage.fixed_rows import COPY_HEADER, COPY_TRAILER

GIVEN = """(select s.totals[(a.id & 255) + 1] from spread_share s
  where s.book = a.book and s.asset = a.asset and s.part = a.id >> 8 order by s.no desc limit 1)"""
"""All that spreads ever gave account `a`; null: none did."""
UNFOLDED = f"(case when a.asset = {MONEY} then 0 else coalesce({GIVEN}, 0) - a.folded end)"
"""Of account `a`: what spreads gave it and lies in the pool still."""
EDGES = """select y.book, coalesce(min(y.first_no) filter (where y.business_date > $2), 9223372036854775807) later,
    coalesce(min(y.close_no), 9223372036854775807) ended from book_day y where y.business_date >= $2"""
"""Of books, for a date $2: no line below `later` carries a later date, and none above `ended` that date or an earlier one."""
UNFOLDED_DATED = f"""(case when a.asset = {MONEY} then 0 else case when y.year is null then coalesce((
    select s.totals[(a.id & 255) + 1] from spread_share s
     where s.book = a.book and s.asset = a.asset and s.part = a.id >> 8 and s.no <= (
       select p.no from spread p where p.book = a.book and p.asset = a.asset and p.business_date <= $2
        order by p.business_date desc, p.no desc limit 1)
     order by s.no desc limit 1), 0) else 0 end
  - case when e.book is null then a.folded else
      coalesce((select f.so_far from spread_fold f where f.book = a.book and f.account = a.id and f.no < e.later
                 order by f.no desc limit 1), 0)
    + coalesce((select ledger_total(f.amount) from spread_fold f
                 where f.book = a.book and f.account = a.id and f.no between e.later and e.ended and f.business_date <= $2), 0) end
  end)"""  # noqa: S608
"""The same by what is dated up to $2; in an archived year `y` without what was given, which the year's file knows. `e`: `EDGES` of the
book. Of its folds are read the last one before the first line of a later date, and those from there to the close of $2."""

_IN_POOL = f"""
select a.id, {UNFOLDED}, coalesce({GIVEN}, 0),
       (select key from spread s where s.book = a.book and s.asset = a.asset order by s.no desc limit 1), a.asset,
       (select closed_through from book b where b.book = a.book)
  from unnest($1::bigint[]) x(id) join account a on a.id = x.id and a.book = (x.id >> 48)::int
"""  # noqa: S608


async def write(tx: Any, spread: Spread, shares: Shares) -> list[tuple[int, JournalEntry]]:
    """Write the shares of books that the caller has locked, each under the number that its book's next line will have; the entries to be
    posted at once, each with that number. A book whose shares come to nothing has none."""
    through = await spread_through(tx, spread.asset)
    assert through is None or through <= spread.business_date, f"a later date was spread: {through}"
    books = shares_of_books(shares)
    last = dict(await tx.fetch("select book, batch from book where book = any($1)", list(books)))
    before = await totals(tx, spread.asset, np.concatenate([np.empty(0, np.int64), *(one.parts for one in books.values())]))
    written, noted, rows = [], [], list[bytes]()
    for book, one in books.items():
        no = ((last[book] + 1) << BATCH_BITS) | 1
        mine, before = before[: len(one.parts)], before[len(one.parts) :]
        reference, more = one.rows(no, book, spread, mine)
        rows += more
        noted.append((no, spread.keys[book], one.amount, book, spread.business_date, one.count, spread.asset))
        written.append((no, _entry(spread, book, spread.keys[book], one.amount, reference)))
    await tx.copy_records_to_table("spread", records=noted, columns=_NOTED)
    await tx.copy_to_table("spread_share", source=_copied(rows), columns=COPIED, format="binary")
    return written


_NOTED = ("no", "key", "amount", "book", "business_date", "accounts", "asset")
_AT_ONCE = 256
"""Rows handed over at a time."""


async def _copied(rows: Sequence[bytes]) -> AsyncIterator[bytes]:
    """A binary COPY of these rows."""
    yield COPY_HEADER
    for first in range(0, len(rows), _AT_ONCE):
        yield b"".join(rows[first : first + _AT_ONCE])
    yield COPY_TRAILER


def _entry(spread: Spread, book: int, key: UUID, amount: int, reference: UUID) -> JournalEntry:
    line = Line(Op.POST, house_account(book, spread.source, spread.asset), house_account(book, POOL, spread.asset), spread.asset, amount)
    return JournalEntry(book, key, spread.kind, spread.business_date, spread.actor, reference, (line,))


async def folds(tx: Any, entries: Sequence[JournalEntry], accounts: set[int]) -> list[tuple[JournalEntry, int]]:
    """The entries that move over what lies in the pool for these accounts, each with all that is then folded of its account. They carry the
    latest date of those that debit it, or the first one that is open."""
    found = [row for row in await tx.fetch(_IN_POOL, sorted(accounts)) if row[1]]
    dates = _latest(entries) if found else {}
    made = []
    for account, amount, given, spread, asset, closed in found:
        book = book_of_account(account)
        day = dates[account] if closed is None else max(dates[account], closed + timedelta(days=1))
        line = Line(Op.POST, house_account(book, POOL, asset), account, asset, amount)
        key = derived(spread, f"fold:{account}:{given}")
        made.append((JournalEntry(book, key, FOLD_KIND, day, LEDGER_ACTOR, spread, (line,)), given))
    return made


def _latest(entries: Sequence[JournalEntry]) -> dict[int, date]:
    """By account, the latest date of the entries that debit it."""
    dates: dict[int, date] = {}
    for entry in entries:
        for line in entry.lines:
            dates[line.debit] = max(dates.get(line.debit, entry.business_date), entry.business_date)
    return dates


async def note_folds(tx: Any, folded: Sequence[tuple[JournalEntry, int]], answers: Sequence[Answer]) -> None:
    """Remember them, with the numbers of their lines."""
    rows = []
    for (entry, given), answer in zip(folded, answers, strict=True):
        assert answer.posted, f"a fold in book {entry.book} was refused: {answer.refusal}"
        rows.append((entry.lines[0].credit, answer.no, entry.lines[0].amount, given, entry.book, entry.business_date))
    await tx.execute(
        "insert into spread_fold (account, no, amount, so_far, book, business_date)"
        " select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::int[], $6::date[])",
        *columns(rows, 6),
    )
    await tx.execute(
        "update account a set folded = a.folded + x.amount from unnest($1::bigint[], $2::int[], $3::bigint[]) x(id, book, amount)"
        " where a.id = x.id and a.book = x.book",
        *columns([(account, book, amount) for account, _, amount, _, book, _ in rows], 3),
    )


async def spread_through(tx: Any, asset: int) -> Any:
    """The latest date that a spread of an asset carries, in any book; None: there is none. An earlier date cannot be spread."""
    return await tx.fetchval("select max(business_date) from spread where asset = $1", asset)
