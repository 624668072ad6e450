"""Everything the ledger on PostgreSQL can be asked: balances now, at an instant, on a date; history, trial balances, holds, heads.

Two anchors keep the cost of a question about the past independent of how long ago the past began. Closed dates have their balances
(`balance_day`). For an instant, one counts back along the account's own linked list, from the first close after the instant that wrote a
row for the account, or from the account as it stands.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tapwealth.kernel.refusal import BadInput
from tapwealth.ledger.port import (
    Answer,
    Balance,
    Head,
    HistoryLine,
    HistoryPage,
    Hold,
    JournalEntry,
    LedgerRefusal,
    Limit,
    Line,
    Op,
    Recorded,
    Totals,
    TrialLine,
    book_of_account,
)
from tapwealth.ledger.rules import BATCH_BITS, FIRST_SERIAL, LINE_MASK, MICROSECOND, first_line_at, history_cursor

_SERIAL_MASK = (1 << 48) - 1


async def find_accounts(
    tx: Any, books: Sequence[int], kinds: Sequence[int], owners: Sequence[UUID], assets: Sequence[int]
) -> list[int | None]:
    """Ids by name, None where there is no such account."""
    rows = await tx.fetch(
        """select a.id from unnest($1::int[], $2::smallint[], $3::uuid[], $4::smallint[]) with ordinality x(book, kind, owner, asset, ord)
             left join account a on a.book = x.book and a.kind = x.kind and a.owner = x.owner and a.asset = x.asset order by x.ord""",
        books,
        kinds,
        owners,
        assets,
    )
    return [row[0] for row in rows]


async def balances(tx: Any, accounts: Sequence[int]) -> dict[int, Balance]:
    """Accounts as they stand."""
    rows = await tx.fetch(
        """select a.id, a.asset, a.side, a.debits_posted, a.credits_posted, a.debits_pending, a.credits_pending
             from unnest($1::bigint[]) x(id) join account a on a.id = x.id and a.book = (x.id >> 48)::int""",
        accounts,
    )
    return {row[0]: Balance(row[0], row[1], Limit(row[2]), *row[3:]) for row in rows}


_FREE = """case a.side
  when 2 then a.debits_posted - a.credits_posted - a.credits_pending + case when a.credits_pending > 0 then coalesce((
    select ledger_total(h.amount) from hold h
     where h.book = a.book and h.credit = a.id and h.state = 1 and h.expires_at <= $1), 0) else 0 end
  else a.credits_posted - a.debits_posted - a.debits_pending + case when a.debits_pending > 0 then coalesce((
    select ledger_total(h.amount) from hold h
     where h.book = a.book and h.debit = a.id and h.state = 1 and h.expires_at <= $1), 0) else 0 end
  end"""
"""What is available on account `a`, and what holds that are due at $1 still keep."""
_FREE_BY_ID = f"select a.id, {_FREE} from unnest($2::bigint[]) x(id) join account a on a.id = x.id and a.book = (x.id >> 48)::int"  # noqa: S608
_FREE_BY_NAME = (
    f"select a.id, {_FREE} from unnest($2::int[], $3::smallint[], $4::uuid[], $5::smallint[])"  # noqa: S608 - an expression, above
    " with ordinality x(book, kind, owner, asset, ord)"
    " left join account a on a.book = x.book and a.kind = x.kind and a.owner = x.owner and a.asset = x.asset order by x.ord"
)


async def free(tx: Any, now: datetime, accounts: Sequence[int]) -> dict[int, int]:
    """By id; those that exist."""
    return {row[0]: row[1] for row in await tx.fetch(_FREE_BY_ID, now, accounts)}


async def find_free(
    tx: Any, now: datetime, books: Sequence[int], kinds: Sequence[int], owners: Sequence[UUID], assets: Sequence[int]
) -> list[tuple[int, int] | None]:
    """(id, free) by name, None where there is no such account."""
    return [None if row[0] is None else (row[0], row[1]) for row in await tx.fetch(_FREE_BY_NAME, now, books, kinds, owners, assets)]


async def totals_dated(tx: Any, accounts: Sequence[int], business_date: date) -> dict[int, Totals]:
    """As of a business date: the closed balance; of a date that is open, the running balance less what carries a later date."""
    rows = await tx.fetch(
        """select a.id,
                  case when closed then coalesce(d.debits_posted, 0)  else a.debits_posted  - coalesce(l.debits, 0)  end,
                  case when closed then coalesce(d.credits_posted, 0) else a.credits_posted - coalesce(l.credits, 0) end
             from unnest($1::bigint[]) x(id) join account a on a.id = x.id and a.book = (x.id >> 48)::int
             join book b on b.book = a.book, lateral (select $2 <= b.closed_through is true closed) c
             left join lateral (select * from balance_day d where closed and d.book = a.book and d.account = a.id and d.business_date <= $2
                                 order by d.business_date desc limit 1) d on true
             left join lateral (
               select ledger_total(t.amount) filter (where t.debit = a.id) debits,
                      ledger_total(t.amount) filter (where t.credit = a.id) credits
                 from transfer t
                where not closed and t.book = a.book and t.business_date > $2 and t.op in (0, 2) and a.id in (t.debit, t.credit)
                  and t.no >= (select min(first_no) from book_day y where y.book = a.book and y.business_date > $2)) l on true""",
        accounts,
        business_date,
    )
    return {row[0]: Totals(row[1], row[2]) for row in rows}


async def totals_at(tx: Any, accounts: Sequence[int], instant: datetime) -> dict[int, Totals]:
    """As of an instant: what was recorded at or before it."""
    last = {book: await _last_line_at(tx, book, instant) for book in {book_of_account(account) for account in accounts}}
    known = await balances(tx, accounts)
    return {account: await _totals_up_to(tx, account, last[book_of_account(account)]) for account in accounts if account in known}


async def _last_line_at(tx: Any, book: int, instant: datetime) -> int:
    """The book's last line of an entry recorded at or before the instant (0: none). Each line of a batch takes a microsecond."""
    batch = await tx.fetchrow(
        "select batch, recorded_at from batch where book = $1 and recorded_at <= $2 order by recorded_at desc limit 1", book, instant
    )
    if batch is None:
        return 0
    place = min((instant - batch["recorded_at"]) // MICROSECOND + 1, LINE_MASK)
    until = (batch["batch"] << BATCH_BITS) + place
    rest = await tx.fetchval(  # the entry that is open at that place is recorded as a whole
        """select min(no) from (select min(no) no from transfer where book = $1 and no > $2 and seq = 0 and no < $3
                      union all select min(no)    from refusal  where book = $1 and no > $2 and seq = 0 and no < $3) x""",
        book,
        until,
        (batch["batch"] + 1) << BATCH_BITS,
    )
    end: int = batch["batch"] << BATCH_BITS | LINE_MASK
    return end if rest is None else int(rest) - 1


_ANCHOR = """
select d.debits_so_far, d.credits_so_far, d.last_no
  from book_day y join balance_day d on d.book = y.book and d.business_date = y.business_date and d.account = $2
 where y.book = $1 and y.close_no >= $3 order by y.business_date limit 1
"""

_NEWEST = "select debits_posted, credits_posted, last_no from account where book = $1 and id = $2"

_BACK = """
with recursive back as (
  select $2::bigint no, 0::bigint debits, 0::bigint credits
  union all
  select case when t.debit = $3 then t.debit_before else t.credit_before end,
         case when t.debit = $3  and t.op in (0, 2) then t.amount else 0 end,
         case when t.credit = $3 and t.op in (0, 2) then t.amount else 0 end
    from back join transfer t on t.book = $1 and t.no = back.no where back.no > $4)
select ledger_total(debits), ledger_total(credits) from back
"""

_SCAN = """
select coalesce(ledger_total(amount) filter (where debit = $3), 0), coalesce(ledger_total(amount) filter (where credit = $3), 0)
  from transfer where book = $1 and no > $4 and no <= $2 and op in (0, 2) and $3 in (debit, credit)
"""


async def _totals_up_to(tx: Any, account: int, until: int) -> Totals:
    """Of the lines numbered up to `until`. A house account meets many of its book's lines: for it, reading the range beats the list."""
    book = book_of_account(account)
    debits, credits, last = await tx.fetchrow(_ANCHOR, book, account, until) or await tx.fetchrow(_NEWEST, book, account)
    if last <= until:
        return Totals(debits, credits)
    since = _SCAN if account & _SERIAL_MASK < FIRST_SERIAL else _BACK
    less_debits, less_credits = await tx.fetchrow(since, book, last, account, until)
    return Totals(debits - less_debits, credits - less_credits)


_HISTORY = """
with recursive back as (
  select t.*, case when t.debit = $2 then t.debit_before else t.credit_before end before, 1 n
    from transfer t where t.book = $1 and t.no = $3
  union all
  select t.*, case when t.debit = $2 then t.debit_before else t.credit_before end, back.n + 1
    from back join transfer t on t.book = $1 and t.no = back.before where back.n < $4)
select b.no, k.recorded_at, b.business_date, b.key, b.seq, b.op, b.kind, b.actor, b.reference, b.debit, b.credit, b.amount, b.hold, b.before
  from back b join batch k on k.book = $1 and k.batch = b.no >> 20 order by b.n
"""


async def account_history(tx: Any, account: int, cursor: str | None, limit: int) -> HistoryPage:
    """A page along the account's linked list; the running totals follow by subtraction from those at its head."""
    book = book_of_account(account)
    if cursor is None:
        head = await tx.fetchrow(_NEWEST, book, account)
        if head is None:
            return HistoryPage((), None)
        totals, start = Totals(head[0], head[1]), head[2]
    else:
        start = history_cursor(cursor)
        await _check_cursor(tx, book, account, start, cursor)
        totals = await _totals_up_to(tx, account, start)
    lines, before = [], 0
    for row in await tx.fetch(_HISTORY, book, account, start, limit):
        seen = _seen(account, row, totals)
        lines.append(seen)
        moved = seen.amount if seen.moved else 0
        totals = Totals(totals.debits - moved * seen.debited, totals.credits - moved * (not seen.debited))
        before = row["before"]
    return HistoryPage(tuple(lines), str(before) if before else None)


async def _check_cursor(tx: Any, book: int, account: int, no: int, cursor: str) -> None:
    if not await tx.fetchval("select true from transfer where book = $1 and no = $2 and $3 in (debit, credit)", book, no, account):
        raise BadInput(f"{cursor[:40]!r} is no cursor of this account", where="cursor", hint="take it from the page before")


def _seen(account: int, row: Any, totals: Totals) -> HistoryLine:
    debited = row["debit"] == account
    return HistoryLine(
        no=row["no"],
        recorded_at=first_line_at(row["recorded_at"], row["no"] - row["seq"]),
        business_date=row["business_date"],
        key=row["key"],
        seq=row["seq"],
        op=Op(row["op"]),
        kind=row["kind"],
        actor=row["actor"],
        reference=row["reference"],
        debited=debited,
        other=row["credit"] if debited else row["debit"],
        amount=row["amount"],
        hold=row["hold"],
        totals=totals,
    )


async def trial_balance(tx: Any, book: int, asset: int, business_date: date | None) -> list[TrialLine]:
    """Summed by kind over the book's accounts in the asset."""
    if business_date is None:
        rows = await tx.fetch(
            """select kind, count(*), ledger_total(debits_posted), ledger_total(credits_posted)
                 from account where book = $1 and asset = $2 group by kind order by kind""",
            book,
            asset,
        )
        return [TrialLine(row[0], row[1], Totals(row[2], row[3])) for row in rows]
    kinds = {row[0]: row[1] for row in await tx.fetch("select id, kind from account where book = $1 and asset = $2", book, asset)}
    sums: dict[int, tuple[int, int, int]] = {}
    for account, totals in (await totals_dated(tx, list(kinds), business_date)).items():
        accounts, debits, credits = sums.get(kinds[account], (0, 0, 0))
        sums[kinds[account]] = (accounts + 1, debits + totals.debits, credits + totals.credits)
    return [TrialLine(kind, accounts, Totals(debits, credits)) for kind, (accounts, debits, credits) in sorted(sums.items())]


_HOLD = "select id, book, link, debit, credit, asset, amount, captured, expires_at, state from hold "


async def holds(tx: Any, account: int) -> list[Hold]:
    """Open ones that debit the account."""
    where = "where book = $1 and debit = $2 and state = 1 order by expires_at, id"
    return [_hold(row) for row in await tx.fetch(_HOLD + where, book_of_account(account), account)]


async def holds_by_id(tx: Any, holds: Sequence[tuple[int, UUID]]) -> dict[tuple[int, UUID], Hold]:
    """In whatever state."""
    rows = await tx.fetch(
        _HOLD + "join unnest($1::int[], $2::uuid[]) x(book, id) using (book, id)", [book for book, _ in holds], [one for _, one in holds]
    )
    return {(row["book"], row["id"]): _hold(row) for row in rows}


def _hold(row: Any) -> Hold:
    return Hold(**{**row, "state": Op(row["state"])})


_RECORDED = """
select x.*, b.recorded_at from (
  select no, seq, kind, business_date, actor, reference, op, debit, credit, asset, amount, hold, expires_at, 0::smallint code
    from transfer where book = $1 and key = $2
  union all
  select no, seq, kind, business_date, actor, reference, op, debit, credit, asset, amount, hold, expires_at, code
    from refusal where book = $1 and key = $2) x
  join batch b on b.book = $1 and b.batch = x.no >> 20 order by seq
"""


async def recorded(tx: Any, book: int, key: UUID) -> Recorded | None:
    """What was decided under a key."""
    rows = await tx.fetch(_RECORDED, book, key)
    if not rows:
        return None
    first = rows[0]
    lines = tuple(Line(Op(row["op"]), *row[7:13]) for row in rows)
    entry = JournalEntry(book, key, first["kind"], first["business_date"], first["actor"], first["reference"], lines)
    refusal = LedgerRefusal(first["code"]) if first["code"] else None
    return Recorded(entry, Answer(refusal, first_line_at(first["recorded_at"], first["no"]), first["no"]))


async def heads(tx: Any) -> list[Head]:
    """The end of every book's chain."""
    return [Head(row[0], row[1], row[2].hex()) for row in await tx.fetch("select book, batch, digest from book order by book")]
